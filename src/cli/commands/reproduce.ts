import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError, messageOf } from '../../base/user-error';
import { isRunFolder, readStatus, runPaths } from '../../checkpoint/run-folder';
import { parseJsonText } from '../../config/json-text';
import { largestJson } from '../../config/run-status';
import { toFloat32, readNpy } from '../../data/npy';
import { crossValidated } from '../../engine/check/against-examples';
import { findPython, pythonPlace } from '../../engine/training/launch/python';
import { train } from '../../engine/training/train';
import { sample } from '../../engine/use/sample';
import { writeAtomically } from '../../files/atomic';
import { readText } from '../../files/read';
import { runCommand } from '../../native/run-command';
import { openBackend, openInferenceBackend } from '../backend';
import { type Outcome, defineCommand, integerOption, numberOption, textOption } from '../command';
import { fixed, table } from '../format';
import type { Session } from '../session';
import { openRunner } from '../model';

/** C2ST of NPE, mean of ten observations: sbi-benchmark/results, main_paper.csv. */
const published: Record<string, Record<number, number>> = {
  two_moons: { 1000: 0.725, 10000: 0.606, 100000: 0.542 },
  slcp: { 1000: 0.975, 10000: 0.901, 100000: 0.831 },
  gaussian_linear: { 1000: 0.694, 10000: 0.552, 100000: 0.506 },
  gaussian_linear_uniform: { 1000: 0.696, 10000: 0.553, 100000: 0.509 },
  gaussian_mixture: { 1000: 0.731, 10000: 0.661, 100000: 0.555 },
  bernoulli_glm: { 1000: 0.863, 10000: 0.678, 100000: 0.559 },
};

interface Cell {
  task: string;
  simulations: number;
  preset: string;
  seed: number;
  seconds: number;
}

interface Measured extends Cell, Pick<Simulated, 'bound' | 'observations'> {
  /** Of each observation. */
  c2st: number[];
  published: number;
  /** The settings with the lower loss on held-out simulations, and the checkpoint trained with them. */
  settings: string;
  checkpoint: string;
  /** Seconds of training, all settings together. */
  trained: number;
}

export const reproduceCommand = defineCommand({
  name: 'reproduce',
  summary: 'Train flows on the tasks of a benchmark, beside its published numbers',
  argument: { name: 'BENCHMARK', help: 'sbibm: posteriors of simulators (Lueckmann et al. 2021).' },
  about:
    'Trains a conditional flow on simulations of each task. A classifier then has to tell 10,000 of its samples from the 10,000 of the reference posterior, for ten observations. Its accuracy, C2ST, is 0.5 where the flow is perfect; the table has its mean beside the published one for as many simulations.\n\n' +
    'With the preset nsf two flows are trained, one with the settings of the preset and one with the defaults of sbi; the one that has the lower loss on held-out simulations is measured. ' +
    'Simulators run in Python with NumPy (bernoulli_glm needs torch), and pip downloads observations and references, 18 MB, into the folder. What was measured is kept there, and the same command goes on after a Ctrl-C.',
  options: {
    output: textOption('FOLDER', 'Folder of the runs and results.', { required: true }),
    tasks: textOption('A,B,…', `Of ${Object.keys(published).join(', ')}; all by default.`),
    simulations: textOption('N,M,…', 'Of 1000, 10000 and 100000.', { default: '1000,10000' }),
    preset: textOption('NAME', 'As for train.', { default: 'nsf' }),
    'max-seconds': numberOption('S', 'Seconds of each training at most.', { above: 0, default: 240 }),
    seed: integerOption('S', 'Seed of simulations, training and classifiers.', { min: 0, default: 1 }),
  },
  examples: {
    'One task, in a few minutes:':
      'flowscope reproduce sbibm --tasks two_moons --simulations 1000 --output runs/sbibm',
    'All of them, for some hours:': 'flowscope reproduce sbibm --output runs/sbibm',
  },
  async run(session, benchmark, options): Promise<Outcome> {
    if (benchmark !== 'sbibm') throw new UserError(`${benchmark}: expected sbibm.`);
    const { preset, seed, 'max-seconds': seconds, output } = options;
    const tasks = options.tasks?.split(',') ?? Object.keys(published);
    const cells = tasks.flatMap((task) =>
      options.simulations.split(',').map((simulations): Cell => {
        if (published[task]?.[Number(simulations)] === undefined)
          throw new UserError(
            `No number is published for ${task} with ${simulations} simulations; expected tasks of ${Object.keys(published).join(', ')}, and 1000, 10000 or 100000.`,
          );
        return { task, simulations: Number(simulations), preset, seed, seconds };
      }),
    );
    const rows: Measured[] = [];
    for (const cell of cells) {
      const place = path.join(
        path.resolve(output),
        [cell.task, cell.simulations, preset, seed, seconds].join('-'),
      );
      const file = path.join(place, 'result.json');
      const known = existsSync(file) && (parseJsonText(await readText(file, largestJson), file) as Measured);
      const measured = known || (await measure(session, place, cell));
      if (!measured) break;
      if (!known) await writeAtomically(file, JSON.stringify(measured, null, 1));
      rows.push(measured);
    }
    return {
      json: rows,
      text: `${table([head, ...rows.map(inALine)])}\n\nruns, numbers of each observation and checkpoints: ${output}`,
      interrupted: session.signal.aborted,
    };
  },
});

const head = ['task', 'simulations', 'C2ST', 'from', 'to', 'published', 'settings', 'training'];

const inALine = ({ task, simulations, c2st, published: theirs, settings, trained }: Measured): string[] => {
  const mean = c2st.reduce((a, b) => a + b) / c2st.length;
  const numbers = [mean, Math.min(...c2st), Math.max(...c2st), theirs].map((value) => fixed(value, 3));
  return [task, String(simulations), ...numbers, settings, `${fixed(trained, 0)} s`];
};

/** Undefined where it was interrupted. @throws UserError */
async function measure(session: Session, place: string, cell: Cell): Promise<Measured | undefined> {
  const { task, simulations, preset, seed, seconds } = cell;
  const { signal, progress } = session;
  const label = `${task}, ${simulations} simulations`;
  const { observed, bound, transforms, observations } = await simulated(session, place, cell);
  const backend = await openBackend(session);
  const trials: { settings: string; nats: number; seconds: number; checkpoint: string }[] = [];
  for (const [settings, config] of Object.entries(candidates(preset, simulations))) {
    const output = path.join(place, settings);
    const file = path.join(place, `${settings}.json`);
    await writeAtomically(file, JSON.stringify(config));
    const resume = await isRunFolder(output);
    if (!resume || (await readStatus(runPaths(output)))?.status !== 'finished')
      await train(
        resume
          ? { output, resume }
          : {
              ...{ output, preset, config: file, seed, maxSeconds: seconds },
              data: path.join(place, 'simulations.csv'),
              context: { columns: observed },
              reading: { transforms },
            },
        {
          ...{ backend, signal, log: session.log },
          onProgress: ({ fraction, step, etaSeconds }) =>
            progress.show({ fraction, label: `${label}: ${settings}`, note: `step ${step}`, etaSeconds }),
        },
      );
    const { status, message, best, seconds: took } = (await readStatus(runPaths(output)))!;
    if (signal.aborted) return undefined;
    if (status !== 'finished' || !best) throw new UserError(`${output}: ${message ?? status}`);
    trials.push({ settings, nats: best.nats, seconds: took, checkpoint: runPaths(output).best });
  }
  const { settings, checkpoint } = trials.reduce((a, b) => (b.nats < a.nats ? b : a));
  const { runner } = await openRunner(session, checkpoint, 'inverse');
  const c2st: number[] = [];
  for (const [k, observation] of observations.entries()) {
    progress.show({ fraction: k / 10, label: `${label}: classifiers of observation ${k + 1}` });
    const reference = toFloat32(await readNpy(path.join(place, `reference-${k + 1}.npy`))).data;
    const context = Float32Array.from(observation);
    const { x } = await sample(runner, { count: 10_000, seed: k + 1, temperature: 1 }, { signal, context });
    const rows = pairsOf(reference, x.data, x.shape[1]!, bound ?? Infinity);
    const options = { backend: await openInferenceBackend(session), seed, signal };
    c2st.push((await crossValidated(options, rows, 'examples')).accuracy);
  }
  const trained = trials.reduce((sum, trial) => sum + trial.seconds, 0);
  const measured = { c2st, published: published[task]![simulations]!, settings, checkpoint, trained };
  return { ...cell, ...measured, bound, observations };
}

/** As many references as samples within the prior's bounds, one behind the other. */
function pairsOf(reference: Float32Array, samples: Float32Array, size: number, bound: number) {
  const inside: number[] = [];
  for (let at = 0; at < samples.length; at += size) {
    const row = samples.subarray(at, at + size);
    if (row.every((value) => Math.abs(value) <= bound)) inside.push(...row);
  }
  const length = Math.min(reference.length, inside.length);
  const data = Float32Array.from([...reference.subarray(0, length), ...inside.slice(0, length)]);
  return { count: (2 * length) / size, size, data };
}

interface Simulated {
  observed: string[];
  /** Of a prior that is a box. */
  bound: number | null;
  transforms: Record<string, string>;
  observations: number[][];
}

async function simulated(
  session: Session,
  place: string,
  { task, simulations, seed }: Cell,
): Promise<Simulated> {
  const needs = task === 'bernoulli_glm' ? ['numpy', 'torch'] : ['numpy'];
  const { command } = await findPython(process.env, { purpose: 'A simulator', needs });
  session.progress.show({ fraction: 0, label: `${task}: ${simulations} simulations` });
  await mkdir(place, { recursive: true });
  const words = ['-m', 'flowscope.sbibm', place, task, String(simulations), String(seed)];
  try {
    const options = { ...pythonPlace(), signal: session.signal };
    return JSON.parse(await runCommand(command, words, options)) as Simulated;
  } catch (error) {
    if (session.signal.aborted) throw error;
    throw new UserError(`The simulator of ${task} failed. ${messageOf(error)}`);
  }
}

/** Settings to train with, by name. */
function candidates(preset: string, simulations: number): Record<string, object> {
  const training = { steps: 1_000_000, patience: 20, checkpointEvery: 1_000_000, sampleEvery: 1_000_000 };
  const validateEvery = Math.min(250, simulations / 40);
  const ofPreset = { preset: { training: { ...training, batch: 256, validateEvery } } };
  if (preset !== 'nsf') return ofPreset;
  // A tenth is held out, and a validation follows each pass.
  const batch = 200;
  const onePass = Math.ceil((0.9 * simulations) / batch);
  return {
    ...ofPreset,
    // The larger nets of the preset learn a wide posterior by heart.
    sbi: {
      model: { couplings: 5, hidden: [50, 50] },
      training: { ...training, batch, learningRate: 0.0005, validateEvery: onePass },
    },
  };
}
