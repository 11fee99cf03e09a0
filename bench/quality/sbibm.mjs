// Posteriors of the benchmark of simulation-based inference (Lueckmann et al. 2021, arXiv:2101.04653): flows that are trained on
// simulations are compared with its reference posteriors by a classifier, C2ST. 0.5 is perfect; at 1 no sample passes for the other kind.
//   npm run quality -- sbibm [TASK]… [--simulations 10000] [--presets nsf,flow-matching] [--seconds 120] [--seed 1]
//                            [--classifiers scikit-learn,flowscope] [--seeds 1] [--keep FOLDER]
// scikit-learn's classifier is that of the benchmark; that of flowscope check takes a ninth of its time. With both, each is trained
// with several seeds on the same samples, and the result says how far they are apart. The runs of the flows that are measured are kept in FOLDER.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePeersPython } from '../../scripts/peers-python.mjs';
import { flowscope, inTemporaryFolder, mergedRows, root, runProgram, saveResult, table } from './support.mjs';

/** C2ST of NPE as published, mean of ten observations: sbi-benchmark/results, main_paper.csv. */
const published = {
  two_moons: { 1000: 0.725, 10000: 0.606, 100000: 0.542 },
  slcp: { 1000: 0.975, 10000: 0.901, 100000: 0.831 },
  gaussian_linear: { 1000: 0.694, 10000: 0.552, 100000: 0.506 },
  gaussian_linear_uniform: { 1000: 0.696, 10000: 0.553, 100000: 0.509 },
  gaussian_mixture: { 1000: 0.731, 10000: 0.661, 100000: 0.555 },
  bernoulli_glm: { 1000: 0.863, 10000: 0.678, 100000: 0.559 },
};
const observations = Array.from({ length: 10 }, (_, i) => i + 1);
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Settings to train with, by name; the flow with the best validation is the one that is measured. */
function candidates(preset, simulations) {
  const training = { steps: 1_000_000, patience: 20, checkpointEvery: 1_000_000, sampleEvery: 1_000_000 };
  const ofPreset = { training: { ...training, batch: 256, validateEvery: Math.min(250, simulations / 40) } };
  if (preset !== 'nsf') return { preset: ofPreset };
  // A tenth is held out.
  const batch = 200;
  const onePass = Math.ceil((0.9 * simulations) / batch);
  const sbi = {
    model: { couplings: 5, hidden: [50, 50] },
    training: { ...training, batch, learningRate: 0.0005, validateEvery: onePass },
  };
  // The defaults of sbi's NPE, since the larger nets of the preset learn a wide posterior by heart.
  return { preset: ofPreset, sbi };
}

/** The lowest negative log-likelihood of held-out simulations, in nats. */
function bestValidation(run) {
  const lines = fs.readFileSync(path.join(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const losses = lines.map((line) => JSON.parse(line).validationNats);
  return Math.min(...losses.filter((loss) => loss !== undefined));
}

/** The package as an archive; nothing of it is run. */
async function archive(python) {
  const folder = path.join(root, 'out', 'sbibm');
  const file = path.join(folder, 'sbibm-1.1.0-py2.py3-none-any.whl');
  if (!fs.existsSync(file))
    await runProgram(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', '-d', folder, 'sbibm==1.1.0']);
  return file;
}

/** By observation and seed. Each function takes the folder of the pairs, and how many seeds. */
const classifiers = {
  'scikit-learn': async (folder, seeds, { script }) =>
    JSON.parse(await script('c2st', folder, String(seeds))),
  flowscope: async (folder, seeds) => {
    const main = path.join(root, 'bench', 'check', 'main.mjs');
    const half = observations.length / 2;
    const halves = [observations.slice(0, half), observations.slice(half)].map(async (part) => {
      const files = part.map((k) => path.join(folder, `pair-${k}.npy`));
      return JSON.parse(
        await runProgram(process.execPath, [main, 'c2st', String(seeds), ...files], { cwd: root }),
      );
    });
    return (await Promise.all(halves)).flat();
  },
};

/** Prints how far both are apart, beside what seeds do to each. */
function printBoth(theirs, ours, seeds) {
  const deviation = (values) =>
    Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)) * (seeds / (seeds - 1)));
  // One seed has no deviation.
  const digits = (value) => (Number.isNaN(value) ? '–' : value.toFixed(4));
  const rows = observations.map((k, i) => [
    String(k),
    ...[theirs[i], ours[i]].flatMap((values) => [digits(mean(values)), digits(deviation(values))]),
  ]);
  console.log(table([['observation', 'scikit-learn', 'deviation', 'flowscope', 'deviation'], ...rows]));
  const apart = observations.map((_, i) => mean(ours[i]) - mean(theirs[i]));
  console.log(
    `flowscope less scikit-learn: ${digits(mean(apart))} on average, ${digits(Math.max(...apart.map(Math.abs)))} at most`,
  );
}

async function measure({ task, preset, simulations, seconds, seed, seeds, chosen, keep }, python, package_) {
  const script = (...rest) => runProgram(python, [path.join(root, 'bench', 'peer', 'sbibm.py'), ...rest]);
  return inTemporaryFolder(async (folder) => {
    const { parameters, observed, bound } = JSON.parse(
      await script('data', package_, task, String(simulations), String(seed), folder),
    );
    const inBox = parameters.map((name) => `${name}=logit:${-bound}:${bound}`).join();
    const started = performance.now();
    const trials = [];
    for (const [settings, config] of Object.entries(candidates(preset, simulations))) {
      const file = path.join(folder, `${settings}.json`);
      fs.writeFileSync(file, JSON.stringify(config));
      const run = path.join(folder, settings);
      await flowscope(
        ...['train', '--data', path.join(folder, 'train.csv'), '--condition', observed.join()],
        ...(bound === null ? [] : ['--transform', inBox]),
        ...['--preset', preset, '--config', file, '--output', run, '--seed', String(seed), '--quiet'],
        ...['--max-seconds', String(seconds)],
      );
      trials.push({ settings, run, validation: bestValidation(run) });
    }
    const trained = (performance.now() - started) / 1000;
    const { run, settings } = trials.reduce((a, b) => (b.validation < a.validation ? b : a));
    const validations = Object.fromEntries(trials.map((trial) => [trial.settings, trial.validation]));
    for (const k of observations)
      await flowscope(
        ...['sample', run, '--count', '10000', '--seed', String(k), '--quiet'],
        ...['--condition', path.join(folder, `context-${k}.npy`)],
        ...['--output', path.join(folder, `samples-${k}.csv`)],
      );
    const inside = JSON.parse(await script('pairs', package_, task, folder));
    const name = [task, simulations, preset].join(' ');
    if (keep) fs.cpSync(run, path.join(keep, name.replaceAll(' ', '-')), { recursive: true });
    const [rows, all] = [[], []];
    for (const classifier of chosen) {
      const found = await classifiers[classifier](folder, seeds, { script });
      const c2st = found.map((values) => values[0]);
      console.log(
        `${name}: C2ST by ${classifier} ${mean(c2st).toFixed(3)}, published NPE ${published[task][simulations]}; ${settings}, ${trained.toFixed(0)} s`,
      );
      all.push(found);
      rows.push({ name: `${name} ${classifier}`, c2st, inside, trained, seed, settings, validations });
    }
    if (rows.length > 1) printBoth(...all, seeds);
    return rows;
  });
}

export async function run(options) {
  const { values, positionals } = parseArgs({
    args: options,
    allowPositionals: true,
    options: {
      simulations: { type: 'string', default: '10000' },
      presets: { type: 'string', default: 'nsf,flow-matching' },
      seconds: { type: 'string', default: '120' },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      classifiers: { type: 'string', default: 'scikit-learn' },
      keep: { type: 'string' },
    },
  });
  const tasks = positionals.length > 0 ? positionals : Object.keys(published);
  for (const task of tasks) {
    if (!published[task])
      throw new Error(`There is no task "${task}". Tasks: ${Object.keys(published).join(', ')}.`);
  }
  const python = await ensurePeersPython();
  const package_ = await archive(python);
  const listed = (key) => values[key].split(',');
  const chosen = Object.keys(classifiers).filter((name) => listed('classifiers').includes(name));
  if (chosen.length === 0) throw new Error(`Classifiers: ${Object.keys(classifiers).join(', ')}.`);
  const file = 'sbibm.json';
  for (const task of tasks)
    for (const simulations of listed('simulations').map(Number))
      for (const preset of listed('presets')) {
        const seed = Number(values.seed);
        const seeds = Number(values.seeds);
        const rows = await measure(
          {
            ...{ task, preset, simulations, seconds: Number(values.seconds), seed, seeds, chosen },
            keep: values.keep,
          },
          python,
          package_,
        );
        const measured = mergedRows(file, undefined, rows);
        saveResult(file, measured);
        const cells = measured.map(({ name, c2st, trained, settings }) => {
          const [named, count, kind, classifier] = name.split(' ');
          const range = [Math.min(...c2st), Math.max(...c2st)].map((value) => value.toFixed(2)).join(' to ');
          return [
            named,
            count,
            kind,
            classifier,
            mean(c2st).toFixed(3),
            range,
            published[named][count],
            settings ?? '',
            `${trained.toFixed(0)} s`,
          ];
        });
        const head = [
          'task',
          'simulations',
          'preset',
          'classifier',
          'C2ST',
          'range',
          'published NPE',
          'settings of',
          'training',
        ];
        saveResult('sbibm.md', `${table([head, ...cells])}\n`);
      }
}
