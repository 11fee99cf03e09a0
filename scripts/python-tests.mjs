// The tests of the Python package, by the Python that has the libraries of flows: pytest, and ruff as one test more.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './esbuild-options.mjs';
import { packagePython } from './package-python.mjs';
import { ensurePeersPython } from './peers-python.mjs';
import { run, Stop } from './run.mjs';
import { bundleTests } from './test-bundles.mjs';

const folder = path.join(root, 'python');

export function pythonSources() {
  const tests = path.join(folder, 'tests');
  return fs
    .readdirSync(tests)
    .filter((name) => /^test_.*\.py$/.test(name))
    .map((name) => path.join(tests, name));
}

/** @param files of tests */
export async function runPythonTests(files, { env = {}, onCut = () => undefined } = {}) {
  const python = await ensurePeersPython();
  onCut(() => undefined);
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-python-'));
  try {
    const made = {};
    for (const [file, { script, variable }] of Object.entries(makers)) {
      if (!files.some((name) => path.basename(name) === file)) continue;
      made[variable] = path.join(place, variable);
      await make(script, made[variable]);
    }
    if (files.some((name) => path.basename(name) === 'test_fresh_environment.py')) {
      const built = await packagePython(place);
      made.FLOWSCOPE_WHEEL = built.find((file) => file.endsWith('.whl'));
    }
    return await runPytest(python, files, { ...env, ...made });
  } finally {
    fs.rmSync(place, { recursive: true, force: true });
  }
}

/** What tests are given: the script that makes it, of test/python, and the variable that says where it is. */
const makers = {
  'test_emitted.py': { script: 'emit-flows.ts', variable: 'FLOWSCOPE_EMITTED' },
  'test_train.py': { script: 'prepare-runs.ts', variable: 'FLOWSCOPE_RUNS' },
};

async function make(source, place) {
  fs.mkdirSync(place);
  const [script] = await bundleTests('python', [path.join('test', 'python', source)]);
  const { code, output } = await run(process.execPath, [script, place], { cwd: root, quiet: true });
  if (code !== 0) throw new Stop(`${source} ended with ${code}: ${output.trim()}`);
}

async function runPytest(python, files, env) {
  const options = {
    cwd: folder,
    quiet: true,
    env: { ...env, OMP_NUM_THREADS: '1', PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
  };
  const { output } = await run(
    python,
    ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--durations=5', ...files],
    options,
  );
  console.log(output.trim());
  const counts = /^(?=.*\b(?:passed|failed|errors?)\b).* in [\d.]+s.*$/m.exec(output)?.[0];
  if (!counts) throw new Stop(`pytest ended before it counted anything: ${output.trim().split('\n').at(-1)}`);
  const numberOf = (what) => Number(new RegExp(`(\\d+) ${what}`).exec(counts)?.[1] ?? 0);
  const failures = output.split('\n').filter((line) => /^(FAILED|ERROR) /.test(line));
  const lint = await run(python, ['-m', 'ruff', 'check', '--no-cache', '.'], options);
  if (lint.code !== 0) {
    console.error(lint.output.trim());
    failures.push('ruff check');
  }
  return {
    passed: numberOf('passed') + Number(lint.code === 0),
    failed: numberOf('failed') + numberOf('errors?') + Number(lint.code !== 0),
    skipped: numberOf('skipped'),
    failures,
  };
}
