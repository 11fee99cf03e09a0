// Where the project is on the web. The one place that says it is `repository.url` of package.json, which is empty until there
// is an address. What is published names issues, homepage and questions by it.

/**
 * Where the files of a repository are on the web, from the `repository` of a package.json: { base, issues, page, raw }, the
 * last two to be followed by a path. Undefined without one, and for hosts other than GitHub and GitLab, whose addresses are
 * not known.
 */
export function webAddresses(repository) {
  const given = (typeof repository === 'string' ? repository : repository?.url) ?? '';
  const url = given.replace(/^(github|gitlab):/, 'https://$1.com/').replace(/^git@([^:]+):/, 'https://$1/');
  const [, host, project] = /\b(github|gitlab)\.com\/(.+?)(?:\.git)?\/?$/.exec(url) ?? [];
  if (!host) return undefined;
  const base = `https://${host}.com/${project}`;
  const inside = host === 'gitlab' ? `${base}/-` : base;
  return { base, issues: `${inside}/issues`, page: `${inside}/blob/HEAD/`, raw: `${inside}/raw/HEAD/` };
}

/** The manifest with every address that follows from `repository.url`, and with none where that is empty. */
export function withAddresses(manifest) {
  const { repository, ...rest } = manifest;
  const url = typeof repository === 'string' ? repository : repository?.url;
  if (!url) return rest;
  const addresses = webAddresses(url);
  if (!addresses) return { ...rest, repository };
  return {
    ...rest,
    repository: { type: 'git', url: `${addresses.base}.git` },
    homepage: `${addresses.base}#readme`,
    bugs: { url: addresses.issues },
    qna: addresses.issues,
  };
}
