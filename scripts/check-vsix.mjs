// Checks packages as users get them: what is in it, how large it is, and that its engine and its command line run from a folder
// that has nothing else around. In one for another platform, which cannot be run, its libraries are looked at.
//   node scripts/check-vsix.mjs [FILE.vsix]…      without a file, this platform's package is made first
import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createBirpc } from 'birpc';
import { unzipSync } from 'fflate';
import { binaryTarget } from './binary-target.mjs';
import { build } from './build.mjs';
import { root } from './esbuild-options.mjs';
import { bundledPackages, targetOfThisMachine, targets } from './package-contents.mjs';
import { packageExtension } from './package.mjs';
import { readmeProblems } from './package-readme.mjs';
import { main, run, seconds, Stop } from './run.mjs';
import { heading, missingFrom } from './third-party-notices.mjs';
import { unusedFiles } from './unused-files.mjs';

/** In bytes. ONNX Runtime and libvips are nearly all of it, and larger on Windows and macOS. */
const largest = { 'linux-x64': 30e6, others: 60e6 };

const required = [
  'package.json',
  'package.nls.json',
  'readme.md',
  'changelog.md',
  'LICENSE.txt',
  'THIRD_PARTY_NOTICES.txt',
  'sbom.cdx.json',
  'dist/extension.js',
  'dist/onnx-thread.js',
  'dist/cli.js',
  'dist/native.js',
  'dist/webview/engine.js',
  'dist/webview/inspector.js',
  'dist/webview/inspector.css',
  'dist/webview/preview.js',
  'dist/webview/preview.css',
  'l10n/bundle.l10n.json',
  'dist/native-sources/@tensorflow/tfjs-node/binding/tfjs_backend.cc',
  'dist/native-sources/node-api-headers/include/node_api.h',
  'dist/node_modules/onnxruntime-node/dist/index.js',
  'dist/node_modules/sharp/dist/index.mjs',
  'media/icon.png',
  'python/flowscope/train.py',
  'python/flowscope/train_processes.py',
  'python/flowscope/train_ray.py',
  'python/flowscope/training/loop.py',
  'media/data/digits.csv.gz',
];

/** Sources, maps, tests and other platforms' binaries have no business in a package. */
const forbidden = /\.(ts|tsx|map|vsix)$|^(src|test|scripts|bench|out|node_modules)\//;

export function contentsProblems(names, bytes, target) {
  const problems = required.filter((name) => !names.includes(name)).map((name) => `${name} is missing`);
  problems.push(
    ...names.filter((name) => forbidden.test(name)).map((name) => `${name} does not belong in a package`),
  );
  const [platform, arch] = target.split('-');
  for (const name of names) {
    const [, itsPlatform, itsArch] = /onnxruntime-node\/bin\/napi-v\d+\/([^/]+)\/([^/]+)\//.exec(name) ?? [];
    if (itsPlatform && (itsPlatform !== platform || itsArch !== arch))
      problems.push(`${name} is for another platform`);
  }
  const limit = largest[target] ?? largest.others;
  if (bytes > limit)
    problems.push(`the package has ${(bytes / 1e6).toFixed(1)} MB, more than ${limit / 1e6} MB`);
  return problems;
}

const library = /\.(node|dylib|dll)$|\.so(\.\d+)*$/;
/** Libraries of the two native packages. */
const libraries = ['onnxruntime_binding', 'onnxruntime', 'sharp', 'vips'];

/** What is wrong with the native libraries of a package, by their first bytes. @param read resolves a name to bytes */
export function libraryProblems(names, read, target) {
  const found = names.filter((name) => library.test(name));
  const files = found.map((name) => path.posix.basename(name));
  return [
    ...libraries
      .filter((wanted) => !files.some((file) => file.replace(/^lib/, '').startsWith(wanted)))
      .map((wanted) => `there is no library ${wanted}`),
    ...found.flatMap((name) => {
      const built = binaryTarget(read(name));
      return built === target ? [] : [`${name} is for ${built ?? 'no known system'}`];
    }),
  ];
}

/** The platform that a package is for, by its file name. */
function targetOf(file) {
  const found = Object.keys(targets).find((target) => path.basename(file).includes(`-${target}-`));
  if (!found)
    throw new Stop(`${file}: the name says no platform. Platforms: ${Object.keys(targets).join(', ')}.`);
  return found;
}

/** The npm packages that lie in the package as folders. */
function copiedPackages(names, read) {
  const manifest = /^dist\/(?:node_modules|native-sources)\/(?:@[^/]+\/)?[^/@]+\/package\.json$/;
  return names.filter((name) => manifest.test(name)).map((name) => JSON.parse(read(name)));
}

function unpack(file, folder) {
  const entries = unzipSync(fs.readFileSync(file), { filter: ({ name }) => name.startsWith('extension/') });
  for (const [name, data] of Object.entries(entries)) {
    const target = path.join(folder, ...name.split('/').slice(1));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, data);
  }
  return Object.keys(entries).map((name) => name.slice('extension/'.length));
}

/** Starts the engine as the extension does and asks it what it found. */
async function engineInfo(folder, env) {
  const child = fork(path.join(folder, 'dist', 'cli.js'), ['engine'], {
    cwd: folder,
    env,
    execArgv: [],
    serialization: 'advanced',
    silent: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const ended = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Stop(`the engine ended (${signal ?? code}): ${output.trim()}`)),
    );
  });
  const engine = createBirpc(
    {},
    { post: (data) => child.send(data), on: (listener) => child.on('message', listener) },
  );
  try {
    return await Promise.race([engine.info(), ended]);
  } finally {
    ended.catch(() => undefined);
    child.kill();
  }
}

/** Resolves to { passed, failed, lines }. */
export async function checkVsix(file) {
  const target = targetOf(file);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-vsix-'));
  const lines = [];
  let failed = 0;
  const check = async (what, body) => {
    const started = performance.now();
    try {
      lines.push(`ok    ${what}: ${await body()} (${seconds(started)})`);
    } catch (error) {
      failed++;
      lines.push(`FAIL  ${what}: ${error.message}`);
    }
  };
  try {
    const names = unpack(file, folder);
    const bytes = fs.statSync(file).size;
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    await check('contents', () => {
      const problems = contentsProblems(names, bytes, target);
      if (problems.length > 0) throw new Stop(problems.join('; '));
      return `${names.length} files, ${(bytes / 1e6).toFixed(1)} MB packed`;
    });
    const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
    await check('page of the extension', () => {
      const problems = readmeProblems(read('readme.md'));
      if (problems.length > 0) throw new Stop(problems.join('; '));
      return 'no relative link, no SVG, no command for a clone';
    });
    await check('third-party notices and SBOM', async () => {
      const { modules } = await build({ production: true, outdir: path.join(folder, 'again') });
      const shipped = [...bundledPackages(modules), ...copiedPackages(names, read)];
      const missing = missingFrom(read('THIRD_PARTY_NOTICES.txt'), shipped);
      if (missing.length > 0) throw new Stop(`${missing.map(heading).join(', ')} not named`);
      const { components } = JSON.parse(read('sbom.cdx.json'));
      const unlisted = shipped.filter((one) => !components.some((other) => heading(other) === heading(one)));
      if (unlisted.length > 0) throw new Stop(`${unlisted.map(heading).join(', ')} not in sbom.cdx.json`);
      return `${shipped.length} packages named, also in the SBOM`;
    });
    await check('nothing unused', async () => {
      const unused = await unusedFiles(folder, names);
      if (unused.length > 0) throw new Stop(`nothing uses ${unused.join(', ')}`);
      return `each of ${names.length} files is used`;
    });
    await check('libraries', () => {
      const problems = libraryProblems(names, (name) => fs.readFileSync(path.join(folder, name)), target);
      if (problems.length > 0) throw new Stop(problems.join('; '));
      return `${names.filter((name) => library.test(name)).length} for ${target}`;
    });
    if (target !== targetOfThisMachine()) return { passed: lines.length - failed, failed, lines };
    // No native TensorFlow and no packages of the checkout: what a fresh machine has.
    const env = {
      ...process.env,
      FLOWSCOPE_NATIVE: path.join(folder, 'no-native'),
      NODE_PATH: '',
      NODE_OPTIONS: '',
    };
    await check('engine', async () => {
      const { backend } = await engineInfo(folder, env);
      return `answers with ${backend.library}`;
    });
    await check('command line', async () => {
      const args = [path.join(folder, 'dist', 'cli.js'), '--version'];
      const { code, output } = await run(process.execPath, args, { cwd: folder, env, quiet: true });
      if (code !== 0 || !output.includes(manifest.version))
        throw new Stop(`--version ended with ${code}: ${output}`);
      return output.trim();
    });
    await check('native libraries', async () => {
      const program =
        "const ort = require('onnxruntime-node'); import('sharp').then(({ default: sharp }) => " +
        "sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } }).png().toBuffer()" +
        ".then((png) => console.log('onnxruntime ' + ort.env.versions.common + ', sharp ' + sharp.versions.sharp + ', PNG of ' + png.length + ' bytes')))";
      const cwd = path.join(folder, 'dist');
      const { code, output } = await run(process.execPath, ['-e', program], { cwd, env, quiet: true });
      if (code !== 0) throw new Stop(output.trim());
      return output.trim();
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return { passed: lines.length - failed, failed, lines };
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => {
    const files = process.argv.length > 2 ? process.argv.slice(2) : [(await packageExtension()).file];
    let [passed, failed] = [0, 0];
    for (const file of files) {
      console.log(path.relative(root, path.resolve(file)));
      const result = await checkVsix(file);
      for (const line of result.lines) console.log(line);
      passed += result.passed;
      failed += result.failed;
    }
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed > 0 ? 1 : 0;
  });
}
