// The software bill of materials of a package, in CycloneDX: npm writes one from the lockfile, and what is not shipped is taken out.
import { root } from './esbuild-options.mjs';
import { npm, Stop } from './run.mjs';
import { heading } from './third-party-notices.mjs';

/**
 * The text of the SBOM that names `packages` ({ name, version }) as parts of the manifest's package.
 * @throws Stop if the lockfile lacks one of them
 */
export async function sbomOf(manifest, packages) {
  // All packages, and not `--omit dev`: npm then leaves out some that are a dependency of a development tool as well.
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const { code, output } = await npm(args, { cwd: root, quiet: true });
  if (code !== 0) throw new Stop(`npm sbom ended with ${code}: ${output.trim()}`);
  const all = JSON.parse(output.slice(output.indexOf('{')));
  return `${JSON.stringify(onlyShipped(all, manifest, packages), undefined, 2)}\n`;
}

/** npm's document without the packages that are not in the list. */
export function onlyShipped(all, manifest, packages) {
  const wanted = new Set(packages.map(heading));
  const components = all.components.filter((component) => wanted.has(heading(component)));
  const found = new Set(components.map(heading));
  const missing = [...wanted].filter((name) => !found.has(name));
  if (missing.length > 0)
    throw new Stop(`the lockfile lacks ${missing.join(', ')}, which the package contains`);

  const own = `${manifest.name}@${manifest.version}`;
  const kept = new Set(components.map((component) => component['bom-ref']));
  const dependencies = all.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
  const component = {
    'bom-ref': own,
    type: 'application',
    name: manifest.name,
    version: manifest.version,
    description: manifest.description,
    purl: `pkg:npm/${own}`,
    licenses: [{ license: { id: manifest.license } }],
  };
  return {
    ...all,
    metadata: { ...all.metadata, component },
    components: components.map((one) => ({ ...one, scope: 'required' })),
    dependencies: [{ ref: own, dependsOn: [...kept] }, ...dependencies],
  };
}
