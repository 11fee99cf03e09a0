// Many seeds of every preset that has data of its own, and of every set of conventions, through the first steps, where
// trainings break: nothing may become NaN. Then learning rates that are far too large: each run has to end in an error
// that says which layer broke, with the last good checkpoint kept.
//   npm run quality -- stability [--seeds N] [--steps N] [--jobs N] [NAME]…
// Named presets replace their rows in the results. Runs are spread over as many processes of one thread each as there are cores.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { flowscope, inTemporaryFolder, mergedRows, readMetrics, saveResult, table } from './support.mjs';

const plane = ['moons', 'circles', 'spirals', 'pinwheel', 'checkerboard', 'gaussians'];
const subjects = [
  ...['digits', ...plane].map((data) => ({ name: data, data })),
  ...['paper', 'tensorflow', 'chrischute', 'fmu2', 'glow'].map((name) => ({ name, data: 'digits' })),
  ...['nflows', 'normflows', 'zuko', 'freia'].map((name) => ({ name, data: 'gaussians' })),
];

/** Like Promise.all of `work` for each item, with so many at a time. */
async function spread(items, jobs, work) {
  const results = [];
  const left = [...items.entries()];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

/** Enough to leave the warm-up and for running statistics to settle. */
const defaultSteps = { digits: 60, other: 300 };

const badRates = [
  { data: 'moons', learningRate: 100 },
  { data: 'digits', learningRate: 100 },
];
const located =
  /Step \d+ is not finite: (NaN or Inf first appears in the output of layer \S+|the loss is finite, but the gradient of layer \S+|every layer is finite but the loss is not)/;

async function trainOnce({ name, data }, seed, steps, folder) {
  const run = path.join(folder, `${name}-${seed}`);
  try {
    const preset = name === data ? [] : ['--preset', name];
    await flowscope(
      ...['train', '--data', data, ...preset, '--output', run, '--seed', String(seed)],
      ...['--max-steps', String(steps), '--threads', '1', '--quiet', '--json'],
    );
    const rows = readMetrics(run);
    const numbers = rows.flatMap((row) => Object.values(row));
    const last = rows.findLast((row) => row.validationNats !== undefined);
    return {
      seed,
      ok: last !== undefined && numbers.every(Number.isFinite),
      validation: last?.validationBitsPerDim ?? last?.validationNats,
      gradientNorm: Math.max(...rows.map((row) => row.gradientNorm ?? 0)),
    };
  } catch (error) {
    return { seed, ok: false, message: error.message };
  } finally {
    fs.rmSync(run, { recursive: true, force: true });
  }
}

async function breakOnce({ data, learningRate }, folder) {
  const run = path.join(folder, `${data}-broken`);
  const config = path.join(folder, `${data}-broken.json`);
  const training = { learningRate, clipNorm: 1e9, warmupSteps: 0, checkpointEvery: 1 };
  fs.writeFileSync(config, JSON.stringify({ data: { source: data }, training }));
  try {
    await flowscope(
      ...['train', '--preset', data, '--config', config, '--output', run, '--max-steps', '300', '--quiet'],
    );
    return { data, learningRate, ok: false, message: 'trained to the end' };
  } catch (error) {
    const message = located.exec(error.message)?.[0];
    return { data, learningRate, ok: message !== undefined, message: message ?? error.message };
  } finally {
    fs.rmSync(run, { recursive: true, force: true });
  }
}

const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '–');

export async function run(options) {
  const { values, positionals } = parseArgs({
    args: options,
    options: {
      seeds: { type: 'string', default: '20' },
      steps: { type: 'string' },
      jobs: { type: 'string', default: String(os.availableParallelism()) },
    },
    allowPositionals: true,
  });
  const wanted = subjects.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const measured = [];
  const broken = [];
  await inTemporaryFolder(async (folder) => {
    for (const subject of wanted) {
      const steps = Number(values.steps ?? defaultSteps[subject.data] ?? defaultSteps.other);
      const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
      const runs = await spread(seeds, Number(values.jobs), (seed) =>
        trainOnce(subject, seed, steps, folder),
      );
      const failed = runs.filter(({ ok }) => !ok);
      console.log(`${subject.name} on ${subject.data}: ${runs.length - failed.length} of ${runs.length}`);
      for (const { seed, message } of failed) console.log(`  seed ${seed}: ${message ?? 'not finite'}`);
      measured.push({ ...subject, steps, runs });
    }
    for (const rate of badRates) {
      broken.push(await breakOnce(rate, folder));
      console.log(`${rate.data} at learning rate ${rate.learningRate}: ${broken.at(-1).message}`);
    }
  });
  const results = mergedRows(
    'stability.json',
    subjects.map(({ name }) => name),
    measured,
  );
  const rows = results.map(({ name, data, steps, runs }) => {
    const good = runs.filter(({ ok }) => ok);
    const validation = good.map((one) => one.validation).sort((a, b) => a - b);
    return [
      name,
      data,
      String(steps),
      `${good.length} of ${runs.length}`,
      `${fixed(validation[0], 3)} to ${fixed(validation.at(-1), 3)}`,
      fixed(Math.max(...good.map((one) => one.gradientNorm)), 1),
    ];
  });
  const head = ['preset', 'data', 'steps', 'finite', 'validation, best to worst', 'largest gradient norm'];
  const breaks = broken.map(({ data, learningRate, ok, message }) => [
    data,
    String(learningRate),
    ok ? 'located' : 'not located',
    message,
  ]);
  const text = `${table([head, ...rows])}\n\n${table([['data', 'learning rate', 'error', 'what it says'], ...breaks])}\n`;
  console.log(text);
  saveResult('stability.json', results);
  saveResult('stability.md', text);
  const bad = [...results.flatMap(({ runs }) => runs), ...broken].filter(({ ok }) => !ok);
  if (bad.length > 0) {
    console.error(`${bad.length} runs did not end as they should.`);
    process.exitCode = 1;
  }
}
