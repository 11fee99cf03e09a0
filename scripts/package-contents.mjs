// What a package needs of the native npm packages on each platform, and nothing more: the engine loads onnxruntime-node and
// sharp at run time, from dist/node_modules next to it.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './esbuild-options.mjs';
import { npm, run, Stop } from './run.mjs';
import { describePackage, packageFolder } from './third-party-notices.mjs';

/** VS Code's names of the platforms for which both native packages have binaries. */
export const targets = {
  'linux-x64': { platform: 'linux', arch: 'x64' },
  'linux-arm64': { platform: 'linux', arch: 'arm64' },
  'win32-x64': { platform: 'win32', arch: 'x64' },
  'win32-arm64': { platform: 'win32', arch: 'arm64' },
  'darwin-arm64': { platform: 'darwin', arch: 'arm64' },
};

export function targetOfThisMachine() {
  const target = `${process.platform}-${process.arch}`;
  if (!(target in targets))
    throw new Stop(`There is no package for ${target}. There are: ${Object.keys(targets).join(', ')}.`);
  return target;
}

/** The packages that the bundled modules come from. */
export function bundledPackages(bundled) {
  const folders = new Set(bundled.map(packageFolder).filter((folder) => folder !== undefined));
  return [...folders].map((folder) => describePackage(path.join(root, folder)));
}

const modules = path.join(root, 'node_modules');
// sharp is imported as an ES module, ONNX Runtime is required. sharp has each module in both forms.
const code = /\.(js|cjs|mjs|node|json)$|^LICENSE/i;
const isCode = (name) => code.test(path.basename(name));

/** Copies the files of a folder that `wanted` (given the name relative to it, with `/`) says yes to. */
function copy(from, to, wanted) {
  for (const entry of fs.readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const name = path.relative(from, path.join(entry.parentPath, entry.name));
    if (!wanted(name.split(path.sep).join('/'))) continue;
    const target = path.join(to, name);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.copyFileSync(path.join(from, name), target);
  }
}

/** Fills `folder` (the package's dist/node_modules) for the target. Resolves to the folders that were copied from. */
export async function copyNativePackages(folder, target) {
  const { platform, arch } = targets[target];
  const to = (name) => path.join(folder, ...name.split('/'));
  const from = (name) => path.join(modules, ...name.split('/'));

  const binaries = `bin/napi-v6/${platform}/${arch}/`;
  copy(from('onnxruntime-node'), to('onnxruntime-node'), (name) => {
    if (name.startsWith('bin/')) {
      // The same library under its full version: nothing is linked to that name. CUDA's are not ours to ship.
      return name.startsWith(binaries) && !/\.\d+\.\d+\.\d+\.dylib$|cuda|tensorrt/.test(name);
    }
    return isCode(name) && (name.startsWith('dist/') || !name.includes('/'));
  });
  // Two of its files hold nothing but comments of types, and nothing loads them.
  const onlyTypes = /\/(type-helper|tensor-utils)\.js$/;
  const common = (name) =>
    isCode(name) && !onlyTypes.test(name) && (name.startsWith('dist/cjs/') || !name.includes('/'));
  copy(from('onnxruntime-common'), to('onnxruntime-common'), common);

  copy(
    from('sharp'),
    to('sharp'),
    (name) => isCode(name) && !name.endsWith('.cjs') && (name.startsWith('dist/') || !name.includes('/')),
  );
  const pure = ['@img/colour', 'detect-libc', 'semver'];
  const program = /^(bin\/|preload\.js$)/;
  for (const name of pure) copy(from(name), to(name), (file) => isCode(file) && !program.test(file));
  const copied = ['onnxruntime-node', 'onnxruntime-common', 'sharp', ...pure].map(from);
  const sharp = JSON.parse(fs.readFileSync(path.join(from('sharp'), 'package.json'), 'utf8'));
  for (const name of [`@img/sharp-${target}`, `@img/sharp-libvips-${target}`]) {
    const version = sharp.optionalDependencies[name];
    // On Windows libvips is part of sharp's own package.
    if (!version) continue;
    const source = await installed(name, version);
    copy(source, to(name), (file) => !/\.(h|md)$/.test(file));
    copied.push(source);
  }
  return copied;
}

/** Folder of an npm package: node_modules has this machine's, packages of other platforms are fetched. */
async function installed(name, version) {
  const here = path.join(modules, ...name.split('/'));
  if (fs.existsSync(here)) return here;
  const cache = path.join(root, 'out', 'packages', `${name.replaceAll('/', '+')}-${version}`);
  const unpacked = path.join(cache, 'package');
  if (fs.existsSync(path.join(unpacked, 'package.json'))) return unpacked;
  fs.rmSync(cache, { recursive: true, force: true });
  fs.mkdirSync(cache, { recursive: true });
  const packed = await npm(['pack', '--silent', '--pack-destination', cache, `${name}@${version}`], {
    cwd: cache,
    quiet: true,
  });
  if (packed.code !== 0)
    throw new Stop(`npm pack ${name}@${version} ended with ${packed.code}: ${packed.output.trim()}`);
  const archive = fs.readdirSync(cache).find((file) => file.endsWith('.tgz'));
  const { code: ended, output } = await run('tar', ['-xf', archive], { cwd: cache, quiet: true });
  if (ended !== 0) throw new Stop(`tar -xf ${archive} ended with ${ended}: ${output.trim()}`);
  fs.rmSync(path.join(cache, archive));
  return unpacked;
}

/** Our Python package, which trainings with PyTorch start, to `python/` in a folder. */
export function copyPythonPackage(folder) {
  const place = path.join('python', 'flowscope');
  copy(path.join(root, place), path.join(folder, place), (name) => /\.(py|typed|js)$/.test(name));
}

/**
 * The sources from which the native ladder compiles the add-on on the user's machine: 200 kB. Returns the folders that were
 * copied from.
 */
export function copyNativeSources(folder) {
  const tfjsNode = path.join('@tensorflow', 'tfjs-node');
  const apiHeaders = 'node-api-headers';
  const used = /^(binding\/|package\.json$|scripts\/(install|deps-constants)\.js$)/;
  copy(path.join(modules, tfjsNode), path.join(folder, tfjsNode), (name) => used.test(name));
  const headers = /^(include\/|package\.json$|LICENSE)/;
  copy(path.join(modules, apiHeaders), path.join(folder, apiHeaders), (name) => headers.test(name));
  return [tfjsNode, apiHeaders].map((name) => path.join(modules, name));
}
