/**
 * Trains several presets on the same data for the same time, one after the other, and measures what each costs. A short
 * pilot of each says how many steps fit, so that schedules of the learning rate end when the time does.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readMetrics, runPaths } from '../checkpoint/run-folder';
import { findPreset, requestedData } from '../config/build';
import { UserError } from '../base/user-error';
import { openDataset } from '../data/open/open';
import type { TrainProgress, TrainRequest, TrainResult } from '../protocol/engine';
import type { ComparePresetsRequest, PresetComparison, PresetResult } from '../protocol/compare-presets';
import type { Backend } from './backends/backend';
import { drawLatents } from './model/latents';
import { openModel } from './open/open-model';
import { describeModel } from './open/describe-model';
import { train } from './training/train';

/** Share of the time that a pilot takes, and its bounds in seconds. */
const pilot = { share: 0.1, least: 0.5, most: 10 };
/** Steps of a pilot before which a graph's first runs would count as its pace. */
const settledSteps = 5;
const never = 1e9;
/** Share of the steps that would fit: better to end a little early than with a learning rate that has not fallen. */
const margin = 0.9;
/** Validations of a training, which its curve is of. */
const validations = 25;
/** Examples that costs are measured with, and how often. */
const measured = { examples: 1000, times: 5 };

export interface ComparePresetsOptions {
  backend: Backend;
  /** Runs the trained flows to measure what they cost; each is opened by its path. */
  inference: Backend;
  signal: AbortSignal;
  onProgress?: (preset: string, progress: TrainProgress) => void;
  /** After each preset. */
  onResult?: (result: PresetResult) => void;
  log?: (line: string) => void;
}

/** @throws UserError when presets, data or folder are wrong; nothing is trained then */
export async function comparePresets(
  request: ComparePresetsRequest,
  options: ComparePresetsOptions,
): Promise<PresetComparison> {
  const { presets, output, seconds } = request;
  const { kind, name } = await checkPresets(request);
  await refuseFull(output);
  const results: PresetResult[] = [];
  for (const preset of presets) {
    if (options.signal.aborted) break;
    const result = await trainOne(preset, request, options);
    if (!result) break;
    results.push(result);
    options.onResult?.(result);
  }
  const cost = ({ best }: PresetResult): number => best?.nats ?? Infinity;
  return {
    data: name,
    seconds,
    unit: kind === 'image' ? 'bits/dim' : 'nats',
    results: results.sort((a, b) => cost(a) - cost(b)),
    left: presets.filter((preset) => !results.some((result) => result.preset === preset)),
  };
}

/** All of them before the first is trained. */
async function checkPresets({ data, presets }: ComparePresetsRequest) {
  const twice = presets.find((preset, i) => presets.indexOf(preset) < i);
  if (twice !== undefined) throw new UserError(`The preset "${twice}" is named twice; expected each once.`);
  const looksLikePath = data.includes('/') || data.includes('\\') || path.extname(data) !== '';
  const source = looksLikePath ? path.resolve(data) : data;
  const dataset = await openDataset(requestedData({ data: source }), process.cwd());
  try {
    for (const preset of presets) findPreset(preset, dataset);
    return { kind: dataset.kind, name: dataset.name };
  } finally {
    await dataset.close();
  }
}

async function refuseFull(output: string): Promise<void> {
  const found = await readdir(output).catch(() => []);
  if (found.length > 0)
    throw new UserError(`--output ${output}: is not empty; choose a new folder, or an empty one.`);
}

/** Undefined when it was ended before anything was trained. */
async function trainOne(
  preset: string,
  { data, output, seconds, seed }: ComparePresetsRequest,
  options: ComparePresetsOptions,
): Promise<PresetResult | undefined> {
  const { backend, signal } = options;
  const request: Omit<TrainRequest, 'output'> = { data, preset, ...(seed === undefined ? {} : { seed }) };
  const steps = await stepsIn(seconds, request, options);
  if (steps === undefined) return undefined;
  const run = path.join(output, preset);
  const result = await train(
    {
      ...request,
      output: run,
      maxSeconds: seconds,
      training: {
        steps,
        // Equal time for all: none ends early, and all validate as often.
        patience: 0,
        validateEvery: Math.max(1, Math.floor(steps / validations)),
        checkpointEvery: steps,
        sampleEvery: steps,
      },
    },
    { ...options, backend, signal, onProgress: (progress) => options.onProgress?.(preset, progress) },
  );
  return describe(preset, run, result, options);
}

/** How many steps of a preset fit in the time, by a short training that is thrown away. */
async function stepsIn(
  seconds: number,
  request: Omit<TrainRequest, 'output'>,
  { backend, signal }: ComparePresetsOptions,
): Promise<number | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), 'flowscope-pilot-'));
  const enough = new AbortController();
  const short = Math.min(pilot.most, Math.max(pilot.least, seconds * pilot.share));
  /** When the first steps, which compile and warm up, were done, by the clock of steps alone. */
  let settled: { step: number; at: number } | undefined;
  let last: { step: number; at: number } | undefined;
  try {
    const { step, seconds: took } = await train(
      {
        ...request,
        output: path.join(folder, 'run'),
        maxSeconds: seconds,
        training: { patience: 0, validateEvery: never, checkpointEvery: never, sampleEvery: never },
      },
      {
        backend,
        signal: AbortSignal.any([signal, enough.signal]),
        onProgress: ({ phase, step: done }) => {
          if (phase !== 'training') return;
          last = { step: done, at: performance.now() / 1000 };
          if (done >= settledSteps) settled ??= last;
          if (settled && last.at - settled.at >= short && done >= 2 * settledSteps) enough.abort();
        },
      },
    );
    if (signal.aborted) return undefined;
    if (step === 0) return 1;
    if (!settled || !last || last.step === settled.step)
      return Math.max(1, Math.floor((step / took) * seconds));
    const pace = (last.step - settled.step) / (last.at - settled.at);
    const before = Math.max(0, took - (step - settled.step) / pace);
    return Math.max(1, Math.floor(margin * (settled.step + pace * Math.max(0, seconds - before))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function describe(
  preset: string,
  run: string,
  { status, message, step, seconds, best, bestCheckpoint }: TrainResult,
  { inference }: ComparePresetsOptions,
): Promise<PresetResult> {
  const curve = (await readMetrics(runPaths(run))).flatMap(
    ({ step: at, seconds: after, validationNats, validationBitsPerDim }) =>
      validationNats === undefined
        ? []
        : [{ step: at, seconds: after, validationNats, validationBitsPerDim }],
  );
  // A training that ends before its first validation is validated at its end.
  if (curve.length === 0 && best)
    curve.push({ step, seconds, validationNats: best.nats, validationBitsPerDim: best.bitsPerDim });
  const { parameterCount } = bestCheckpoint ? await describeModel(bestCheckpoint) : { parameterCount: 0 };
  return {
    preset,
    run,
    status,
    message,
    steps: step,
    seconds,
    parameters: parameterCount,
    ...(best ? { best } : {}),
    ...(bestCheckpoint ? { cost: await costOf(bestCheckpoint, inference) } : {}),
    curve,
  };
}

async function costOf(file: string, backend: Backend): Promise<NonNullable<PresetResult['cost']>> {
  const model = await openModel(file, backend);
  try {
    const { runner } = model.flow!;
    const { examples, times } = measured;
    const z = await drawLatents(runner, { count: examples, seed: 1, temperature: 1 });
    const { x } = await runner.inverse(z, examples, 'data');
    const best = async (once: () => Promise<unknown>): Promise<number> => {
      let least = Infinity;
      // The first run compiles.
      for (let i = 0; i <= times; i++) {
        const start = performance.now();
        await once();
        if (i > 0) least = Math.min(least, performance.now() - start);
      }
      return least;
    };
    return {
      examples,
      sample: await best(() => runner.inverse(z, examples, 'data')),
      score: await best(() => runner.forward(x, examples, 'data')),
    };
  } finally {
    await model.dispose();
  }
}
