// Packs the extension for a platform: production bundles, the native packages of that platform only, media and texts.
//   node scripts/package.mjs [--target NAME]… [--all] [--channel stable|pre-release] [--python]
// writes artifacts/flowscope-<target>-<version>.vsix; with --python, the Python package instead
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVSIX } from '@vscode/vsce';
import { build } from './build.mjs';
import { root } from './esbuild-options.mjs';
import {
  bundledPackages,
  copyNativePackages,
  copyNativeSources,
  copyPythonPackage,
  targetOfThisMachine,
  targets,
} from './package-contents.mjs';
import { packagePython } from './package-python.mjs';
import { packageReadme, readmeSources } from './package-readme.mjs';
import { withAddresses } from './project-address.mjs';
import { main, seconds, Stop } from './run.mjs';
import { sbomOf } from './sbom.mjs';
import { describePackage, noticesOf } from './third-party-notices.mjs';

/** Files at the root that are packed in addition to dist/ and media/. CHANGELOG and LICENSE are shown by VS Code. */
const texts = /^(CHANGELOG\.md|LICENSE|package\.nls(\..+)?\.json)$/;

/** Resolves to { target, file, bytes }, with `file` the absolute path of the VSIX. */
export async function packageExtension(target = targetOfThisMachine(), { preRelease = false } = {}) {
  if (!(target in targets))
    throw new Stop(`Unknown target ${target}. Known: ${Object.keys(targets).join(', ')}.`);
  const folder = path.join(root, 'out', 'package', target);
  fs.rmSync(folder, { recursive: true, force: true });
  const dist = path.join(folder, 'dist');
  const { modules } = await build({ production: true, outdir: dist });
  const copied = await copyNativePackages(path.join(dist, 'node_modules'), target);
  copied.push(...copyNativeSources(path.join(dist, 'native-sources')));
  copyPythonPackage(folder);
  for (const name of ['media', 'l10n']) {
    if (fs.existsSync(path.join(root, name)))
      fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  for (const name of fs.readdirSync(root).filter((entry) => texts.test(entry))) {
    fs.copyFileSync(path.join(root, name), path.join(folder, name));
  }
  const manifest = packagedManifest();
  const readme = fs.readFileSync(path.join(root, ...readmeSources.extension.split('/')), 'utf8');
  const packages = [...bundledPackages(modules), ...copied.map(describePackage)];
  const write = (name, text) => fs.writeFileSync(path.join(folder, name), text);
  write('README.md', packageReadme(readme, manifest.repository));
  write('THIRD_PARTY_NOTICES.txt', noticesOf(packages));
  write('sbom.cdx.json', await sbomOf(manifest, packages));
  write('package.json', `${JSON.stringify(manifest, undefined, 2)}\n`);
  fs.copyFileSync(path.join(root, '.vscodeignore'), path.join(folder, '.vscodeignore'));

  const file = path.join(root, 'artifacts', `${manifest.name}-${target}-${manifest.version}.vsix`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.rmSync(file, { force: true });
  await createVSIX({
    cwd: folder,
    packagePath: file,
    target,
    preRelease,
    dependencies: false,
    // Relative links are checked by vsce where there is an address, and left out by us where there is none.
    allowMissingRepository: manifest.repository === undefined,
    allowStarActivation: false,
  });
  return { target, file, bytes: fs.statSync(file).size };
}

/** Everything that runs is bundled or copied, so the manifest names no packages and no scripts. */
function packagedManifest() {
  const manifest = withAddresses(JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')));
  for (const key of [
    'scripts',
    'dependencies',
    'optionalDependencies',
    'devDependencies',
    'bin',
    'private',
  ]) {
    delete manifest[key];
  }
  manifest.engines = { vscode: manifest.engines.vscode };
  return manifest;
}

const channels = ['stable', 'pre-release'];

function readArguments(given) {
  const chosen = [];
  let channel = 'stable';
  let python = false;
  for (let index = 0; index < given.length; index++) {
    if (given[index] === '--all') chosen.push(...Object.keys(targets));
    else if (given[index] === '--target') chosen.push(given[++index]);
    else if (given[index] === '--channel') channel = given[++index];
    else if (given[index] === '--python') python = true;
    else
      throw new Stop(
        `Unknown option ${given[index]}. Known: --target NAME, --all, --channel NAME, --python.`,
      );
  }
  if (!channels.includes(channel))
    throw new Stop(`Unknown channel ${channel}. Known: ${channels.join(', ')}.`);
  if (chosen.length === 0 && !python) chosen.push(targetOfThisMachine());
  return { chosen, preRelease: channel === 'pre-release', python };
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => {
    const started = performance.now();
    const { chosen, preRelease, python } = readArguments(process.argv.slice(2));
    if (python) for (const file of await packagePython()) console.log(path.relative(root, file));
    for (const target of chosen) {
      const { file, bytes } = await packageExtension(target, { preRelease });
      console.log(`${path.relative(root, file)}  ${(bytes / 1e6).toFixed(1)} MB`);
    }
    console.log(`packaged in ${seconds(started)}`);
  });
}
