/** A flow being trained: its compiled functions and its state on a backend. Knows nothing of files or of time. */
import type { RunConfig } from '../../config/schema';
import { UserError } from '../../base/user-error';
import { blocks } from '../../data/blocks';
import type { Dataset, Split } from '../../data/dataset';
import { splitContext } from '../../data/context';
import { stream } from '../../data/random';
import type { Flow } from '../../flow/built-flow';
import { buildFlow, buildPreprocess, quantizationNats } from '../../flow/flow';
import { isMatched } from '../../flow/matching';
import { integersOf, type Standardization } from '../../config/standardization';
import { sizeOf } from '../../base/shape';
import type { NotFinite, RateChange } from '../../protocol/run';
import type { NdArray } from '../../protocol/tensors';
import type { Backend, Feeds, StatefulProgram } from '../backends/backend';
import type { FlowParts } from '../model/flow-graphs';
import { cropImages, dequantize, padImages, roundDown } from '../model/inputs';
import { trainingBatches, type Batch, type Batches } from './batches';
import { initialTensors, setByFirstBatch, type TensorTable } from './initialize';
import { createLines } from './lines';
import { describeNonFinite } from './non-finite';
import { averageDecayAt, learningRateAt } from './schedule';
import { packTensors, underStoredNames, unpackTensors } from './packed';
import {
  diagnosisGraph,
  evaluationVectors,
  stepGraph,
  trainingSampleGraph,
  trainingVectors,
  validationGraph,
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
  /** Runs step number `step`, counted from 1. `rates`: learning rates that the run was given. */
  step(step: number, rates?: readonly RateChange[]): Promise<StepResult>;
  /** Mean over a split, evaluation mode, with the same noise every time. */
  evaluate(split: Split): Promise<Likelihood>;
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
  config: RunConfig;
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

function number(feeds: Feeds, name: string): number {
  return feeds[name]!.data[0]!;
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
  const parts = { flow, preprocess: buildPreprocess(config.model, flow, options.standardization) };
  const integers = integersOf(parts.preprocess ?? {});
  const discrete = { config: config.model, integers };
  const batches = trainingBatches(dataset, config, integers);
  const functions = {
    step: stepGraph(parts, config.training, batches.size),
    validate: validationGraph(parts, config.training),
    sample: trainingSampleGraph(parts, config.training),
  };
  const vectors = trainingVectors(flow, config.training);
  const state = vectors.map(({ name, size: length }) => ({ name, shape: [length] }));
  const program: StatefulProgram = await backend.compileStateful({ state, functions });
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
  const batchFeeds = async (step: number): Promise<Feeds> => {
    const examples = examplesOf(await batches.at(step), batches.size);
    return lines ? lines.at(step, examples) : examples;
  };

  /** Those of the data, so that samples are as the data are. */
  const contextsToSample = async (count: number): Promise<Feeds> => {
    if (!flow.context) return {};
    const { train } = dataset;
    const rows = await train.read(Array.from({ length: count }, (_, i) => i % train.count));
    return contextFeeds(splitContext(rows, dataset), count);
  };

  // Made again each time: as large as the whole state, it is not kept for a training that never restarts.
  const restart = async (): Promise<void> =>
    program.set(packTensors(vectors, options.state ?? (await startingState(options, parts, batches))));
  await restart();

  return {
    flow,
    batchSize: batches.size,
    stepsPerEpoch: batches.perEpoch,
    restart,
    async step(step, rates) {
      const learningRate = learningRateAt(step, config.training, rates);
      const { beta1, beta2, ema } = config.training;
      const out = await program.run('step', {
        ...(await batchFeeds(step)),
        learningRate: scalar(learningRate),
        beta1Power: scalar(beta1 ** step),
        beta2Power: scalar(beta2 ** step),
        ...(ema > 0 ? { averageDecay: scalar(averageDecayAt(step, config.training)) } : {}),
      });
      const terms = lines
        ? { velocityError: number(out, 'loss') }
        : likelihood(number(out, 'prior'), number(out, 'logDet'), number(out, 'preprocessing'));
      const gradientNorm = number(out, 'gradientNorm');
      const finite = Number.isFinite(number(out, 'loss')) && Number.isFinite(gradientNorm);
      return { ...terms, gradientNorm, learningRate, finite };
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
    async samples(count) {
      const { noiseShape } = flow.base;
      const data = stream(config.training.seed, 'samples').normal(count * sizeOf(noiseShape));
      const { x } = await program.run('sample', {
        noise: { shape: [count, ...noiseShape], data },
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
      return { ...unpackTensors(vectors, (await program.get()) as TensorTable), ...lines?.kept };
    },
    bitsPerDim: (nats) => (config.model.kind === 'image' ? nats / (dimensions * Math.LN2) : undefined),
    async dispose() {
      await batches.close();
      await lines?.dispose();
      await program.dispose();
    },
  };
}

function contextFeeds({ context }: Pick<Batch, 'context'>, count: number): Feeds {
  return context ? { context: { shape: [count, context.length / count], data: context } } : {};
}

function feedsOf(flow: Flow, batch: Batch, count: number): Feeds {
  return { x: { shape: [count, ...flow.inputShape], data: batch.features }, ...contextFeeds(batch, count) };
}

/** State of a run before its first step: from the weights of a checkpoint, or drawn and set by the first batch. */
export async function startingState(
  { config, dataset, backend, weights }: Pick<TrainerOptions, 'config' | 'dataset' | 'backend' | 'weights'>,
  parts: FlowParts,
  sharedBatches?: Batches,
): Promise<TensorTable> {
  if (weights) return initialState(parts.flow, config, weights);
  const batches = sharedBatches ?? trainingBatches(dataset, config, integersOf(parts.preprocess ?? {}));
  const first = async (): Promise<Feeds> => feedsOf(parts.flow, await batches.at(1), batches.size);
  const drawn = initialTensors(parts.flow, config.training.seed);
  try {
    return initialState(parts.flow, config, await setByFirstBatch({ ...parts, backend }, drawn, first));
  } finally {
    if (!sharedBatches) await batches.close();
  }
}

/** Moments start at zero, the moving average at the weights. */
export function initialState(flow: Flow, config: RunConfig, weights?: TensorTable): TensorTable {
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
