// The tests of the Python package, by the Python that has the libraries of flows: pytest, and ruff as one test more.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { root } from './esbuild-options.mjs';
import { packagePython } from './package-python.mjs';
import { ensurePeersPython } from './peers-python.mjs';
import { run, seconds, Stop } from './run.mjs';
import { nativeModule } from './setup.mjs';
import { bundleTests } from './test-bundles.mjs';

const folder = path.join(root, 'python');

export function pythonSources() {
  const tests = path.join(folder, 'tests');
  return fs
    .readdirSync(tests)
    .filter((name) => /^test_.*\.py$/.test(name))
    .map((name) => path.join(tests, name));
}

/** The scripts, of test/python, that make what tests are given, and the variable that says where it is. */
const flows = { script: 'emit-flows.ts', variable: 'FLOWSCOPE_EMITTED' };
const runs = { script: 'prepare-runs.ts', variable: 'FLOWSCOPE_RUNS' };

const givenTo = {
  'test_emitted.py': flows,
  'test_notebooks_live.py': {
    script: 'drive-notebook.ts',
    variable: 'FLOWSCOPE_DRIVE_NOTEBOOK',
    isAsked: true,
  },
  'test_launchers.py': runs,
  'test_live.py': { script: 'ask-live.ts', variable: 'FLOWSCOPE_ASK_LIVE', isAsked: true },
  'test_ray.py': runs,
  'test_slurm.py': runs,
  'test_train.py': runs,
  'test_train_target.py': runs,
};

/** What takes longest goes first and by itself, so that nothing long is left when one of the two has nothing more to do. */
const longest = [
  'test_notebooks_live.py',
  'test_fresh_environment.py',
  'test_ray.py',
  'test_launchers.py',
  'test_emitted.py',
  'test_train.py',
];

/** Files for one pytest each. The others share two, which import PyTorch and the libraries once. */
function grouped(files) {
  const alone = longest.flatMap((name) => files.filter((file) => path.basename(file) === name));
  const others = files.filter((file) => !alone.includes(file));
  const shared = [0, 1].map((half) => others.filter((_, i) => i % 2 === half));
  return [...alone.map((file) => [file]), ...shared.filter(({ length }) => length > 0)];
}

/** @param files of tests. Two at once: most of them wait for other processes, or compute on one thread. */
export async function runPythonTests(files, { env = {}, onCut = () => undefined } = {}) {
  const python = await ensurePeersPython();
  onCut(() => undefined);
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-python-'));
  try {
    // Kept for the next clone, and none of it among our files.
    options.env.PYTHONPYCACHEPREFIX = path.join(nativeModule().cacheRoot(), 'python-bytecode');
    const given = await prepare(files, place, env);
    const waiting = grouped(files);
    const results = [await lint(python)];
    const next = async () => {
      for (let group = waiting.shift(); group; group = waiting.shift()) {
        const needed = await Promise.all(group.map((file) => given(path.basename(file))));
        results.push(await runPytest(python, group, Object.assign({}, env, ...needed)));
      }
    };
    await Promise.all([next(), next()]);
    const sum = (key) => results.reduce((total, result) => total + result[key], 0);
    return {
      passed: sum('passed'),
      failed: sum('failed'),
      skipped: sum('skipped'),
      failures: results.flatMap(({ failures }) => failures),
    };
  } finally {
    fs.rmSync(place, { recursive: true, force: true });
  }
}

/** Resolves to what says which variables a file is given. Each thing is made once, when it is first asked for. */
async function prepare(files, place, env) {
  const wanted = [...new Set(files.flatMap((file) => givenTo[path.basename(file)] ?? []))];
  const bundles = await bundleTests(
    'python',
    wanted.map(({ script }) => path.join('test', 'python', script)),
  );
  const made = new Map();
  const once = (what, make) => made.get(what) ?? made.set(what, make()).get(what);
  return (file) => {
    if (file === 'test_fresh_environment.py') return wheel(place);
    const what = givenTo[file];
    return (
      what &&
      once(what, () => make(what, bundles[wanted.indexOf(what)], path.join(place, what.variable), env))
    );
  };
}

async function make({ script, variable, isAsked }, bundle, place, env) {
  // Tests run it themselves.
  if (isAsked)
    return {
      [variable]: bundle,
      ...(script === 'drive-notebook.ts' ? { CHROMIUM: await ensureBrowser() } : {}),
    };
  fs.mkdirSync(place);
  const { code, output } = await run(process.execPath, [bundle, place], { cwd: root, quiet: true, env });
  if (code !== 0) throw new Stop(`${script} ended with ${code}: ${output.trim()}`);
  return { [variable]: place };
}

async function wheel(place) {
  const built = await packagePython(place);
  return { FLOWSCOPE_WHEEL: built.find((file) => file.endsWith('.whl')) };
}

const options = {
  cwd: folder,
  quiet: true,
  env: {
    OMP_NUM_THREADS: '1',
    // Without processes that help to compile, each of which loads PyTorch.
    TORCHINDUCTOR_COMPILE_THREADS: '1',
    PYTHONPATH: folder,
    // Most of PyTorch's start is its compilation by Python, which an installation may lack.
    PYTHONDONTWRITEBYTECODE: '',
  },
};

/** Options that leave out the tests that only --full runs; pytest takes the beginnings of their names. */
function deselected(file, { FLOWSCOPE_TEST_LEFT_OUT }) {
  const tests = JSON.parse(FLOWSCOPE_TEST_LEFT_OUT || '[]');
  return tests.map((test) => `--deselect=${path.relative(folder, file).replaceAll('\\', '/')}::${test}`);
}

async function runPytest(python, files, env) {
  const started = performance.now();
  const leftOut = files.flatMap((file) => deselected(file, env));
  const { output } = await run(
    python,
    ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--durations=5', ...leftOut, ...files],
    { ...options, env: { ...options.env, ...env } },
  );
  const name = files.map((file) => path.basename(file, '.py')).join(', ');
  console.log(`${output.trim()}\n${name} in ${seconds(started)}`);
  const counts = /^(?=.*\b(?:passed|failed|errors?)\b).* in [\d.]+s.*$/m.exec(output)?.[0];
  if (!counts) {
    const reason = `${name}: pytest ended before it counted anything: ${output.trim().split('\n').at(-1)}`;
    return { passed: 0, failed: 1, skipped: 0, failures: [reason] };
  }
  const numberOf = (what) => Number(new RegExp(`(\\d+) ${what}`).exec(counts)?.[1] ?? 0);
  return {
    passed: numberOf('passed'),
    failed: numberOf('failed') + numberOf('errors?'),
    skipped: numberOf('skipped'),
    failures: output.split('\n').filter((line) => /^(FAILED|ERROR) /.test(line)),
  };
}

/** Counts as one more test. */
async function lint(python) {
  const { code, output } = await run(python, ['-m', 'ruff', 'check', '--no-cache', '.'], options);
  if (code !== 0) console.error(output.trim());
  const failed = Number(code !== 0);
  return { passed: 1 - failed, failed, skipped: 0, failures: failed ? ['ruff check'] : [] };
}
