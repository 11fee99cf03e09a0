// Steps of a release that need more than a line.
//   node scripts/release.mjs check v1.2.3[-pre]    the tag against the version; tells the workflow the channel
//   node scripts/release.mjs notes                 writes checksums and notes about the packages in artifacts/
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './esbuild-options.mjs';
import { main, Stop } from './run.mjs';

const artifacts = path.join(root, 'artifacts');
const checksums = 'SHA256SUMS.txt';

/** The channel of a tag. @throws Stop if the tag is of another version */
export function channelOf(tag, version) {
  const [, ofTag, pre] = /^v(\d+\.\d+\.\d+)(-pre)?$/.exec(tag) ?? [];
  if (!ofTag) throw new Stop(`The tag ${tag} is not of the form v1.2.3 or v1.2.3-pre.`);
  if (ofTag !== version)
    throw new Stop(
      `The tag ${tag} is not of version ${version}, which package.json names. Change one of them.`,
    );
  return pre ? 'pre-release' : 'stable';
}

/** The section of a version in the changelog, without its heading. @throws Stop if there is none */
export function changesOf(changelog, version) {
  const start = changelog.split('\n').findIndex((line) => line.startsWith(`## ${version}`));
  if (start < 0) throw new Stop(`CHANGELOG.md has no section "## ${version}".`);
  const lines = changelog.split('\n').slice(start + 1);
  const end = lines.findIndex((line) => line.startsWith('## '));
  return lines
    .slice(0, end < 0 ? undefined : end)
    .join('\n')
    .trim();
}

function writeNotes(version) {
  const names = fs
    .readdirSync(artifacts)
    .filter((name) => /-([^-]+?)(-py3-none-any)?\.(vsix|tgz|whl|tar\.gz)$/.exec(name)?.[1] === version);
  if (names.length === 0) throw new Stop(`There are no packages of version ${version} in artifacts/.`);
  const packages = names.sort().map((name) => {
    const bytes = fs.readFileSync(path.join(artifacts, name));
    return { name, size: bytes.length, sha: createHash('sha256').update(bytes).digest('hex') };
  });
  const changes = changesOf(fs.readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'), version);
  const rows = packages.map(
    ({ name, size }) => `| ${name} | ${(size / 1e6).toFixed(size < 1e5 ? 2 : 1)} MB |`,
  );
  const table = ['| package | size |', '| --- | --- |', ...rows].join('\n');
  fs.writeFileSync(
    path.join(artifacts, checksums),
    packages.map(({ name, sha }) => `${sha}  ${name}\n`).join(''),
  );
  fs.writeFileSync(path.join(artifacts, 'release-notes.md'), `${changes}\n\n## Packages\n\n${table}\n`);
  console.log(table);
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => {
    const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
    const [what, tag = ''] = process.argv.slice(2);
    if (what === 'check') {
      const channel = channelOf(tag, version);
      console.log(`${tag}: ${channel}`);
      const output = process.env.GITHUB_OUTPUT;
      if (output) fs.appendFileSync(output, `channel=${channel}\n`);
    } else if (what === 'notes') writeNotes(version);
    else throw new Stop(`Unknown step ${what}. Known: check TAG, notes.`);
  });
}
