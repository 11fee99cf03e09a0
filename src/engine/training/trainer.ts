/** A flow being trained: its compiled functions and its state on a backend. Knows nothing of files or of time. */
import { isReverse } from '../../config/check-target';
import type { StoredConfig } from '../../config/schema';
import { several, UserError } from '../../base/user-error';
import { blocks } from '../../data/blocks';
import type { Dataset, Split } from '../../data/dataset';
import { splitContext } from '../../data/context';
import { stream } from '../../data/random';
import type { Flow } from '../../flow/built-flow';
import type { Graph } from '../../graph/ir';
import { buildFlow, buildPreprocess, quantizationNats } from '../../flow/flow';
import { isMatched } from '../../flow/matching';
import { integersOf, type Standardization } from '../../config/standardization';
import { sizeOf } from '../../base/shape';
import type { NotFinite, RateChange } from '../../protocol/run';
import type { NdArray } from '../../protocol/tensors';
import type { Backend, Feeds, StatefulProgram } from '../backends/backend';
import type { FlowParts } from '../model/flow-graphs';
import { cropImages, dequantize, padImages, roundDown } from '../model/inputs';
import { checkReverse, drawnBatches, weighedDraws, weighedRow } from './against';
import { trainingBatches, type Batch, type Batches } from './batches';
import { initialTensors, setByFirstBatch, type TensorTable } from './initialize';
import { createLines } from './lines';
import { createLossScale } from './loss-scale';
import { describeNonFinite } from './non-finite';
import { averageDecayAt, learningRateAt } from './schedule';
import { packTensors, underStoredNames, unpackTensors } from './packed';
import {
  diagnosisGraph,
  evaluationVectors,
  lossScale,
  outcomeNames,
  outcomeState,
  stepGraph,
  trainingSampleGraph,
  trainingVectors,
  validationGraph,
  weighGraph,
} from './step-graph';

/** Nats per example, for one step or averaged over several. `nats` = −prior − logDet − preprocessing + quantization. */
export interface Likelihood {
  nats: number;
  prior: number;
  logDet: number;
  preprocessing: number;
}

export interface StepResult extends Partial<Likelihood> {
  /** For vector fields in place of a likelihood: the mean squared error of the velocity. */
  velocityError?: number;
  /** On a target: KL(q‖p) − log Z, nats. */
  reverseKl?: number;
  gradientNorm: number;
  learningRate: number;
  finite: boolean;
}

export interface Trainer {
  readonly flow: Flow;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  /** Takes back all steps. */
  restart(): Promise<void>;
  /** Bytes that a step takes on a device of its own; absent where that is not looked at. */
  readonly bytes?: number;
  /** How many steps it can run before it looks at what came of them. */
  readonly stepsAhead: number;
  /**
   * Runs steps number `first`, `first + 1`, … counted from 1, and gives what came of each up to the first that was not finite; nothing
   * changes after that one. `count` is at most `stepsAhead`. `rates`: learning rates that the run was given.
   */
  steps(first: number, count: number, rates?: readonly RateChange[]): Promise<StepResult[]>;
  /** Mean over a split, evaluation mode, with the same noise every time. */
  evaluate(split: Split): Promise<Likelihood>;
  /** On a target: what draws of the flow say, evaluation mode, the same noise every time. */
  weigh?(): Promise<ReturnType<typeof weighedRow>>;
  /** [count, …] in data units, padding cut off. The same latents every time. */
  samples(count: number): Promise<NdArray<Float32Array>>;
  /** After a step that was not finite: where it went wrong. */
  diagnose(step: number): Promise<Omit<NotFinite, 'step'>>;
  /** What a checkpoint stores: parameters (their average, if kept) and running statistics. */
  weights(): Promise<TensorTable>;
  /** Everything, for going on later. */
  fullState(): Promise<TensorTable>;
  /** bits/dim of nats per example, for images. */
  bitsPerDim(nats: number): number | undefined;
  dispose(): Promise<void>;
}

export interface TrainerOptions {
  config: StoredConfig;
  dataset: Dataset;
  standardization?: Standardization;
  backend: Backend;
  /** From an interrupted run; initial values are drawn without it. */
  state?: TensorTable;
  /** Parameters and running statistics of a checkpoint to start with, instead of drawn ones. */
  weights?: TensorTable;
}

const evaluationBatch = 256;

function scalar(value: number): NdArray<Float32Array> {
  return { shape: [], data: Float32Array.of(value) };
}

function mean(values: NdArray): number {
  let sum = 0;
  for (const value of values.data) sum += value;
  return sum / values.data.length;
}

/** @throws UserError when the backend cannot train. */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { config, dataset, backend } = options;
  if (!backend.compileStateful) {
    throw new UserError(
      `${backend.info.library} was opened for running flows only. Train in a process of its own.`,
    );
  }
  const flow = buildFlow(config.model);
  const { training } = config;
  const reverse = isReverse(training);
  if (reverse) checkReverse(flow);
  const parts = { flow, preprocess: buildPreprocess(config.model, flow, options.standardization) };
  const integers = integersOf(parts.preprocess ?? {});
  const discrete = { config: config.model, integers };
  const ofTarget = training.objective === 'reverseKl';
  const batches = batchesOf(dataset, config, integers);
  const { stepsAhead = 1 } = backend;
  // With one step, its outcome is what the function gives.
  const kept = stepsAhead > 1 ? stepsAhead : 0;
  const outcomes = outcomeState(flow, training, kept);
  const stepOf = (batch: number): Graph => stepGraph(parts, config.training, batch, kept);
  const scale = config.training.precision === 'float16' ? await createLossScale(options) : undefined;
  const functions = {
    step: stepOf(batches.size),
    validate: validationGraph(parts, config.training),
    sample: trainingSampleGraph(parts, config.training),
    ...(reverse ? { weigh: weighGraph(parts, training) } : {}),
  };
  const vectors = trainingVectors(flow, config.training);
  const state = [
    ...vectors.map(({ name, size: length }) => ({ name, shape: [length] })),
    ...(kept > 0 ? [outcomes] : []),
  ];
  const bytes = await roomFor(backend, functions.step, batches.size, stepOf);
  const program: StatefulProgram = await backend.compileStateful({
    state,
    functions,
    ...(scale ? { half: 'step' } : {}),
  });
  const dimensions = sizeOf(flow.inputShape);
  const quantization = quantizationNats(config.model, dimensions);
  const likelihood = (prior: number, logDet: number, preprocessing: number): Likelihood => ({
    nats: quantization - prior - logDet - preprocessing,
    prior,
    logDet,
    preprocessing,
  });
  const examplesOf = (batch: Batch, count: number): Feeds => feedsOf(flow, batch, count);
  const lines = isMatched(flow) ? await createLines({ ...options, parts, size: batches.size }) : undefined;
  const { noiseShape } = flow.base;
  const noiseOf = (count: number, ...purpose: [string, ...number[]]): NdArray<Float32Array> => ({
    shape: [count, ...noiseShape],
    data: stream(training.seed, ...purpose).normal(count * sizeOf(noiseShape)),
  });
  const batchFeeds = async (step: number): Promise<Feeds> => {
    const noise: Feeds = reverse ? { noise: noiseOf(batches.size, 'latents', step) } : {};
    if (ofTarget) return noise;
    const examples = { ...examplesOf(await batches.at(step), batches.size), ...noise };
    return lines ? lines.at(step, examples) : examples;
  };

  /** Those of the data, so that samples are as the data are. */
  const contextsToSample = async (count: number): Promise<Feeds> => {
    if (!flow.context) return {};
    const { train } = dataset;
    const rows = await train.read(Array.from({ length: count }, (_, i) => i % train.count));
    return contextFeeds(splitContext(rows, dataset), count);
  };

  const noOutcomes = (): Feeds =>
    kept > 0 ? { [outcomes.name]: { ...outcomes, data: new Float32Array(sizeOf(outcomes.shape)) } } : {};

  // Made again each time: as large as the whole state, it is not kept for a training that never restarts.
  const restart = async (): Promise<void> =>
    program.set({
      ...packTensors(vectors, options.state ?? (await startingState(options, parts, batches))),
      ...noOutcomes(),
    });
  await restart();

  const names = outcomeNames(flow, training);
  const send: Trainer['steps'] = async (first, count, rates) => {
    const { beta1, beta2, ema } = config.training;
    const learningRates: number[] = [];
    let out: Feeds = {};
    for (let step = first; step < first + count; step++) {
      const learningRate = learningRateAt(step, config.training, rates);
      learningRates.push(learningRate);
      out = await program.run('step', {
        ...(await batchFeeds(step)),
        learningRate: scalar(learningRate),
        beta1Power: scalar(beta1 ** step),
        beta2Power: scalar(beta2 ** step),
        ...(ema > 0 ? { averageDecay: scalar(averageDecayAt(step, config.training)) } : {}),
        ...(scale ? { [lossScale]: scalar(scale.value()) } : {}),
      });
    }
    const rows =
      kept > 0
        ? (await program.get([outcomes.name]))[outcomes.name]!.data.slice(-count * names.length)
        : names.map((name) => out[name]!.data[0]!);
    const results = learningRates.map((learningRate, i): StepResult => {
      const [loss, gradientNorm, prior, logDet, preprocessing, kl] = rows.slice(i * names.length) as number[];
      const reverseKl = ofTarget ? loss! : kl!;
      const terms = {
        ...(lines ? { velocityError: loss! } : ofTarget ? {} : likelihood(prior!, logDet!, preprocessing!)),
        ...(reverse ? { reverseKl } : {}),
      };
      const finite = Number.isFinite(loss) && Number.isFinite(gradientNorm);
      return { ...terms, gradientNorm: gradientNorm!, learningRate, finite };
    });
    const bad = results.findIndex(({ finite }) => !finite);
    return bad < 0 ? results : results.slice(0, bad + 1);
  };

  return {
    flow,
    batchSize: batches.size,
    stepsPerEpoch: batches.perEpoch,
    restart,
    ...(bytes === undefined ? {} : { bytes }),
    stepsAhead,
    async steps(first, count, rates) {
      const results = await send(first, count, rates);
      while (scale && overflows(results.at(-1)!) && scale.value() > 1) {
        // Nothing has changed since the step before: it is done again, and those after it.
        scale.lower();
        await program.set(noOutcomes());
        results.pop();
        results.push(...(await send(first + results.length, count - results.length, rates)));
      }
      return results;
    },
    async evaluate(split) {
      const sums = { prior: 0, logDet: 0, preprocessing: 0 };
      for await (const { start, count, values } of blocks(split, evaluationBatch)) {
        const { features, ...contexts } = splitContext(values, dataset);
        const x = dequantize(
          padImages(features, count, config.model),
          discrete,
          stream(config.training.seed, 'validation-noise', start),
        );
        const out = await program.run('validate', examplesOf({ features: x, ...contexts }, count));
        for (const part of ['prior', 'logDet', 'preprocessing'] as const)
          sums[part] += count * mean(out[part]!);
      }
      return likelihood(
        sums.prior / split.count,
        sums.logDet / split.count,
        sums.preprocessing / split.count,
      );
    },
    ...(reverse && {
      async weigh() {
        const { logWeights } = await program.run('weigh', { noise: noiseOf(weighedDraws, 'weighed') });
        return weighedRow(Float64Array.from(logWeights!.data));
      },
    }),
    async samples(count) {
      const { x } = await program.run('sample', {
        noise: noiseOf(count, 'samples'),
        ...(await contextsToSample(count)),
      });
      return {
        shape: [count, ...dataset.shape],
        data: roundDown(cropImages(x!.data as Float32Array, count, config.model), discrete),
      };
    },
    async diagnose(step) {
      const graph = diagnosisGraph(parts, config.training, batches.size);
      const diagnosis = await backend.compileStateful!({ state, functions: { diagnose: graph } });
      try {
        await diagnosis.set(await program.get());
        return describeNonFinite(flow, await diagnosis.run('diagnose', await batchFeeds(step)));
      } finally {
        await diagnosis.dispose();
      }
    },
    async weights() {
      const used = evaluationVectors(flow, config.training);
      const values = await program.get(used.map(({ name }) => name));
      return unpackTensors(underStoredNames(used), values as TensorTable);
    },
    async fullState() {
      return {
        ...unpackTensors(vectors, (await program.get()) as TensorTable),
        ...lines?.kept,
        ...scale?.kept(),
      };
    },
    bitsPerDim: (nats) => (config.model.kind === 'image' ? nats / (dimensions * Math.LN2) : undefined),
    async dispose() {
      await batches.close();
      await lines?.dispose();
      await program.dispose();
    },
  };
}

/** Whether a gradient became too large, and the loss did not. */
const overflows = ({ nats, velocityError, gradientNorm }: StepResult): boolean =>
  !Number.isFinite(gradientNorm) && Number.isFinite(nats ?? velocityError);

/** Bytes that a step takes, where the backend tells. @throws UserError where it lacks them, with a batch that fits */
async function roomFor(
  backend: Backend,
  step: Graph,
  batch: number,
  stepOf: (batch: number) => Graph,
): Promise<number | undefined> {
  const room = await backend.room?.(step);
  if (room?.lacking === undefined) return room?.bytes;
  let fitting = batch;
  do fitting = Math.floor(fitting / 2);
  while (fitting > 0 && (await backend.room!(stepOf(fitting))).lacking !== undefined);
  const hint = fitting > 0 ? `Set training.batch to ${fitting}, which fits, or train` : 'Nor does one: train';
  throw new UserError(
    `A step of ${several(batch, 'example')} does not fit on the GPU: ${room.lacking}. ${hint} on the processor ` +
      'with --backend auto.',
  );
}

function contextFeeds({ context }: Pick<Batch, 'context'>, count: number): Feeds {
  return context ? { context: { shape: [count, context.length / count], data: context } } : {};
}

function feedsOf(flow: Flow, batch: Batch, count: number): Feeds {
  return { x: { shape: [count, ...flow.inputShape], data: batch.features }, ...contextFeeds(batch, count) };
}

const batchesOf = (...[dataset, config, integers]: Parameters<typeof trainingBatches>): Batches =>
  config.training.objective === 'reverseKl'
    ? drawnBatches(config)
    : trainingBatches(dataset, config, integers);

/** State of a run before its first step: from the weights of a checkpoint, or drawn and set by the first batch. */
export async function startingState(
  { config, dataset, backend, weights }: Pick<TrainerOptions, 'config' | 'dataset' | 'backend' | 'weights'>,
  parts: FlowParts,
  sharedBatches?: Batches,
): Promise<TensorTable> {
  if (weights) return initialState(parts.flow, config, weights);
  const batches = sharedBatches ?? batchesOf(dataset, config, integersOf(parts.preprocess ?? {}));
  const first = async (): Promise<Feeds> => feedsOf(parts.flow, await batches.at(1), batches.size);
  const drawn = initialTensors(parts.flow, config.training.seed);
  try {
    return initialState(parts.flow, config, await setByFirstBatch({ ...parts, backend }, drawn, first));
  } finally {
    if (!sharedBatches) await batches.close();
  }
}

/** Moments start at zero, the moving average at the weights. */
export function initialState(flow: Flow, config: StoredConfig, weights?: TensorTable): TensorTable {
  const stored = weights ?? initialTensors(flow, config.training.seed);
  const state: TensorTable = { ...stored };
  for (const { name, members } of trainingVectors(flow, config.training)) {
    for (const { name: member, stored: of, shape } of members) {
      state[member] ??= {
        shape: [...shape],
        data: name === 'ema' ? stored[of]!.data.slice() : new Float32Array(sizeOf(shape)),
      };
    }
  }
  return state;
}
