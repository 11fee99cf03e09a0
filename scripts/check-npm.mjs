// Checks the npm package as users get it: installs it into an empty folder and runs it there as `npx flowscope`.
//   node scripts/check-npm.mjs [FILE.tgz]      without a file, the package is made first
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './esbuild-options.mjs';
import { packageNpm } from './package-npm.mjs';
import { readmeProblems } from './package-readme.mjs';
import { main, npm, run, seconds, Stop } from './run.mjs';

const largest = 3e6;

async function inFolder(folder, args) {
  const npx = path.join(folder, 'node_modules', '.bin', 'flowscope');
  const windows = process.platform === 'win32';
  const env = {
    FLOWSCOPE_NATIVE: path.join(folder, 'no-native'),
    NODE_PATH: '',
    NODE_OPTIONS: '',
    TF_CPP_MIN_LOG_LEVEL: '2',
  };
  const result = await run(windows ? `${npx}.cmd` : npx, args, {
    cwd: folder,
    env,
    quiet: true,
    shell: windows,
  });
  if (result.code !== 0)
    throw new Stop(`flowscope ${args.join(' ')} ended with ${result.code}: ${result.output.trim()}`);
  return result.output;
}

function has(text, pattern, what) {
  if (!pattern.test(text)) throw new Stop(`${what} does not say ${pattern}: ${text.trim()}`);
  return what;
}

/** What is checked, in order: [what, function that resolves to a line of words]. */
const checks = (file, folder) => [
  [
    'size',
    () => {
      const bytes = fs.statSync(file).size;
      if (bytes > largest) throw new Stop(`${(bytes / 1e6).toFixed(1)} MB, more than ${largest / 1e6} MB`);
      return `${(bytes / 1e6).toFixed(1)} MB packed`;
    },
  ],
  [
    'install into an empty folder',
    async () => {
      fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
      // Without scripts: ONNX Runtime's scripts download libraries for GPUs, which Flowscope does not use.
      const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', file];
      const { code, output } = await npm(args, { cwd: folder, quiet: true });
      if (code !== 0) throw new Stop(`npm install ended with ${code}: ${output.trim()}`);
      const problems = readmeProblems(
        fs.readFileSync(path.join(folder, 'node_modules/flowscope/README.md'), 'utf8'),
      );
      if (problems.length > 0) throw new Stop(problems.join('; '));
      return 'installed';
    },
  ],
  [
    'npx',
    async () =>
      has(
        (await npm(['exec', '--', 'flowscope', '--version'], { cwd: folder, quiet: true })).output,
        /\d+\.\d+\.\d+/,
        'npx flowscope --version',
      ),
  ],
  ['help', async () => has(await inFolder(folder, ['--help']), /compare-presets/, '--help')],
  [
    'train',
    async () => {
      const args = ['train', '--data', 'moons', '--max-seconds', '5', '--output', 'run'];
      return has(await inFolder(folder, args), /Checkpoint\s+run/, args.join(' '));
    },
  ],
  ['data', async () => has(await inFolder(folder, ['data', 'digits']), /1,?438/, 'data digits')],
  ['info', async () => has(await inFolder(folder, ['info', 'run']), /RealNVP|couplings/, 'info run')],
  [
    'inspect',
    async () => {
      await inFolder(folder, ['inspect', 'run', '--output', 'run.html']);
      return `${(fs.statSync(path.join(folder, 'run.html')).size / 1e6).toFixed(1)} MB of HTML`;
    },
  ],
  [
    'doctor',
    async () => {
      const { ok } = JSON.parse(await inFolder(folder, ['doctor', '--json']));
      if (!ok) throw new Stop('doctor finds something missing');
      return 'nothing is missing';
    },
  ],
];

main(async () => {
  const file = path.resolve(process.argv[2] ?? (await packageNpm()).file);
  console.log(path.relative(root, file));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-npm-'));
  let failed = 0;
  const list = checks(file, folder);
  try {
    for (const [what, body] of list) {
      const started = performance.now();
      try {
        console.log(`ok    ${what}: ${await body()} (${seconds(started)})`);
      } catch (error) {
        failed++;
        console.log(`FAIL  ${what}: ${error.message}`);
      }
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${list.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
});
