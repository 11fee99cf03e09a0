// Packs the command line as the npm package: its bundles and data, with ONNX Runtime and sharp as dependencies.
//   node scripts/package-npm.mjs      writes artifacts/flowscope-<version>.tgz
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { root } from './esbuild-options.mjs';
import { bundledPackages, copyPythonPackage } from './package-contents.mjs';
import { packageReadme, readmeSources } from './package-readme.mjs';
import { withAddresses } from './project-address.mjs';
import { main, npm, Stop } from './run.mjs';
import { sbomOf } from './sbom.mjs';
import { noticesOf } from './third-party-notices.mjs';

/** The command line, its thread, the page that `inspect` saves, and what `doctor` runs. */
const bundles = ['cli.js', 'onnx-thread.js', 'webview/inspector.js'];

/** Loaded at run time from node_modules. */
const loaded = ['onnxruntime-node', 'sharp'];

/** Resolves to { file, bytes, names }, with `file` the absolute path of the archive. */
export async function packageNpm() {
  const folder = path.join(root, 'out', 'package', 'npm');
  fs.rmSync(folder, { recursive: true, force: true });
  const { modules } = await build({ production: true, outdir: path.join(folder, 'dist'), only: bundles });
  for (const name of ['media/data', 'CHANGELOG.md', 'LICENSE'])
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });

  copyPythonPackage(folder);
  const manifest = npmManifest();
  const write = (name, text) => fs.writeFileSync(path.join(folder, name), text);
  const readme = fs.readFileSync(path.join(root, ...readmeSources.npm.split('/')), 'utf8');
  write('README.md', packageReadme(readme, manifest.repository));
  const packages = bundledPackages(modules);
  write('THIRD_PARTY_NOTICES.txt', noticesOf(packages));
  write('sbom.cdx.json', await sbomOf(manifest, packages));
  write('package.json', `${JSON.stringify(manifest, undefined, 2)}\n`);
  return pack(folder, manifest);
}

function npmManifest() {
  const manifest = withAddresses(JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')));
  const { name, version, description, author, license, keywords, bin, dependencies } = manifest;
  const { repository, homepage, bugs } = manifest;
  return {
    ...{ name, version, description, author, license, keywords, repository, homepage, bugs, bin },
    engines: { node: manifest.engines.node },
    dependencies: Object.fromEntries(loaded.map((one) => [one, dependencies[one]])),
  };
}

async function pack(folder, manifest) {
  const to = path.join(root, 'artifacts');
  fs.mkdirSync(to, { recursive: true });
  const file = path.join(to, `${manifest.name}-${manifest.version}.tgz`);
  fs.rmSync(file, { force: true });
  const args = ['pack', '--json', '--silent', '--pack-destination', to];
  const { code, output } = await npm(args, { cwd: folder, quiet: true });
  if (code !== 0 || !fs.existsSync(file)) throw new Stop(`npm pack ended with ${code}: ${output.trim()}`);
  return { file, bytes: fs.statSync(file).size };
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => {
    const { file, bytes } = await packageNpm();
    console.log(`${path.relative(root, file)}  ${(bytes / 1e6).toFixed(1)} MB`);
  });
}
