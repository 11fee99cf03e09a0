/** Answers the inspector's programs from a recording: what they are fed has to be in it. */
import { countNonFinite, finiteOrNaN } from '../../base/finite';
import { UserError } from '../../base/user-error';
import type { RecordedLayer, Recording, Rows } from '../../checkpoint/recording/read';
import type { NdArray } from '../../protocol/tensors';
import type { Feeds, Program } from '../backends/backend';
import type {
  ExampleValues,
  InspectorPrograms,
  HealthRecord,
  LayerExtremes,
  LayerRecord,
  Values,
} from '../model/inspected-flow';
import { standardLogProb, standardBase, type RunningBase } from '../model/running-base';
import { type Finders, type Found, beside, gathered, picked, rowAt, rowSize, rowFinder } from './rows';
import type { RunningFlow } from './running-flow';
import { range } from '../../base/order';
import { sizeOf } from '../../base/shape';
import type { ModelConfig } from '../../config/schema';
import type { FlowRunner } from '../model/runner';
import { contextFeed } from '../model/context';
import type { ContextInfo } from '../../protocol/model';

/** @param running of the flow, where it still runs */
export function recordedPrograms(
  recording: Recording,
  find: Finders,
  running: RunningFlow | undefined,
): InspectorPrograms {
  const { file, layers } = recording;
  const only = (what: string) => () => Promise.reject(notRecorded(file, what));
  const found = ({ data, shape, context }: ExampleValues): Promise<Found> =>
    find.examples(data, shape[0]!, context);
  /** A program that gives the rows which belong to those that it is fed as `name`, for each layer. */
  const perLayer =
    (name: 'x' | 'z', search: Finders[keyof Finders], rowsOf: (from: Recording) => Rows[]) => () =>
      programOf(async ({ [name]: fed, context }) => {
        const { shape, data } = fed as Values;
        const { recording: from, indices } = await search(data, shape[0]!, context as Values | undefined);
        return named(
          rowsOf(from).map((rows) => ({
            shape: [indices.length, ...rows.shape.slice(1)],
            data: gathered(rows, indices),
          })),
        );
      });
  return {
    pass(mode) {
      if (mode.kind === 'train') return only('statistics of the batch')();
      return Promise.resolve(async (x, weight) => {
        const { recording: from, indices } = await found(x);
        return {
          z: gathered(from.z, indices),
          prior: priorOf(from, indices),
          layers: from.layers.map((layer) => recordOf(layer, indices, weight)),
        };
      });
    },
    way: perLayer('z', find.samples, (from) => from.samples!.inputs),
    wayError() {
      if (layers.some(({ wayError }) => !wayError)) return only('the inverse of every layer')();
      return Promise.resolve(async (x) => {
        const { recording: from, indices } = await found(x);
        return from.layers.map(({ wayError }) =>
          wayError ? picked(wayError, indices).map(finiteOrNaN) : new Float32Array(indices.length).fill(NaN),
        );
      });
    },
    health: () =>
      Promise.resolve(async (x): Promise<HealthRecord> => {
        const { recording: from, indices } = await found(x);
        return { layers: from.layers.map(({ input }) => extremesOf(input, indices)), units: new Map() };
      }),
    // Without a path, where examples come into the slice and go out.
    states: perLayer('x', find.examples, (from) =>
      from.layers.map(({ input, output, path = beside(input, output) }) => path),
    ),
    ...(running
      ? planeOf(running)
      : { points: only('what the plane becomes'), density: only('the density of the plane') }),
  };
}

/** What a plane is drawn from, which no recording holds. */
function planeOf(running: RunningFlow): Pick<InspectorPrograms, 'points' | 'density' | 'rest' | 'before'> {
  const logDensity = async (
    from: number,
    h: NdArray,
    context: NdArray | undefined,
  ): Promise<Float32Array> => {
    const { logDets, prior } = await running.forward(from, h as Values, context as Values | undefined);
    return prior.map((value, i) => logDets.reduce((sum, logDet) => sum + logDet[i]!, value));
  };
  return {
    points: () =>
      programOf(async ({ x, context }) =>
        named((await running.forward(0, x as Values, context as Values | undefined)).outputs),
      ),
    density: () =>
      programOf(async ({ x, context }) => {
        const data = (await logDensity(0, x!, context)).map(Math.exp);
        return { density: { shape: [data.length], data } };
      }),
    rest: (stage) =>
      programOf(async ({ h, context }) => {
        const data = await logDensity(stage, h!, context);
        return { logDensity: { shape: [data.length], data } };
      }),
    before: (stage) =>
      programOf(async ({ h, context }) => ({
        x: (await running.backward(stage, h as Values, context as Values | undefined))[0]!,
      })),
  };
}

const programOf = (run: Program['run']): Promise<Program> =>
  Promise.resolve({ run, dispose: () => Promise.resolve() });

const named = (values: readonly NdArray[]): Feeds =>
  Object.fromEntries(values.map((value, i): [string, NdArray] => [String(i), value]));

export function notRecorded(file: string, what: string): UserError {
  return new UserError(`${file}: the recording does not hold ${what}.`);
}

/** ln p(z) of examples. */
export function priorOf(recording: Recording, indices: readonly number[]): Float32Array {
  const { prior, z } = recording;
  return prior ? picked(prior, indices) : standardLogProb(gathered(z, indices), rowSize(z));
}

function recordOf(layer: RecordedLayer, indices: readonly number[], weight: Float32Array): LayerRecord {
  const { input, output, elements, logDet, roundTrip } = layer;
  const first = (rows: Rows): Values => ({
    shape: rows.shape.slice(1),
    data: rowAt(rows, indices[0]!).slice(),
  });
  return {
    input: first(input),
    output: first(output),
    logDet: { layer: picked(logDet, indices), norm: new Float32Array(indices.length) },
    ...(elements && { elements: { first: first(elements), sum: weightedSum(elements, indices, weight) } }),
    nonFinite: Float32Array.from(indices, (index) => countNonFinite(rowAt(output, index))),
    ...(roundTrip ? { roundTrip: picked(roundTrip, indices).map(finiteOrNaN) } : {}),
    quantities: [],
  };
}

function weightedSum(rows: Rows, indices: readonly number[], weight: Float32Array): Values {
  const sum = new Float32Array(rowSize(rows));
  indices.forEach((index, i) => {
    const row = rowAt(rows, index);
    for (let k = 0; k < sum.length; k++) sum[k]! += row[k]! * weight[i]!;
  });
  return { shape: rows.shape.slice(1), data: sum };
}

function extremesOf(input: Rows, indices: readonly number[]): LayerExtremes {
  const over = (pick: (a: number, b: number) => number, start: number): Float32Array =>
    // `reduce` gives the array too, which Math.min would take for a number.
    Float32Array.from(indices, (index) => rowAt(input, index).reduce((a, b) => pick(a, b), start));
  return { input: { low: over(Math.min, Infinity), high: over(Math.max, -Infinity) }, quantities: [] };
}

/** The part of a config that views need. */
export function recordedConfig({ shape }: Recording): ModelConfig {
  const [height = 0, width = 0, channels = 0] = shape;
  return (
    shape.length === 3
      ? // Nothing is added for pixels that were counted: the log-dets are the flow's.
        { kind: 'image', height, width, channels, levels: 1, pad: 0 }
      : { kind: 'vector', dim: sizeOf(shape) }
  ) as ModelConfig;
}

/**
 * @param running of the flow, where it still runs
 * @param info of a conditional flow that still runs
 */
export function recordedRunner(
  recording: Recording,
  find: Finders,
  running: RunningFlow | undefined,
  info: ContextInfo | undefined,
): FlowRunner {
  const { file, samples, shape, z, about } = recording;
  const contexts = (count: number, context: ArrayLike<number> | undefined): Values | undefined =>
    info && context && contextFeed(info, context, count);
  return {
    config: recordedConfig(recording),
    inputShape: shape,
    outputShape: z.shape.slice(1),
    ...(about.parameterCount === undefined ? {} : { parameterCount: about.parameterCount }),
    couplings: [],
    base: recordedBase(recording, running, info),
    ...(info ? { context: info } : {}),
    preprocesses: false,
    async forward(x, count, _, { context } = {}) {
      const { recording: from, indices } = await find.examples(x, count, contexts(count, context));
      return {
        z: gathered(from.z, indices),
        logDet: Float32Array.from(indices, (index) =>
          from.layers.reduce((sum, layer) => sum + layer.logDet[index]!, 0),
        ),
        preprocessing: new Float32Array(count),
        prior: priorOf(from, indices),
        couplings: [],
        norms: [],
      };
    },
    async inverse(latents, count, _, { context } = {}) {
      if (!samples) throw notRecorded(file, 'its way from z to x');
      const { recording: from, indices } = await find.samples(latents, count, contexts(count, context));
      return { x: gathered(from.samples!.inputs[0]!, indices), logDet: new Float32Array(count).fill(NaN) };
    },
  };
}

/** Draws are the recorded samples, whatever the seed; where the flow still runs, those of seed 0 are. */
function recordedBase(
  recording: Recording,
  running: RunningFlow | undefined,
  info: ContextInfo | undefined,
): RunningBase {
  const { file, samples, z, prior } = recording;
  const standard = standardBase(sizeOf(z.shape.slice(1)));
  const draws: Pick<RunningBase, 'noise' | 'draw'> = {
    noise: running && !prior ? standard.noise : 0,
    async draw(noise, count, temperature, context, seed) {
      if (!samples) throw notRecorded(file, 'its way from z to x');
      const isRecorded = count <= samples.count && temperature === 1 && !info;
      if (isRecorded && (!running || seed === 0)) return gathered(samples.z, range(count));
      if (!running) {
        throw new UserError(
          `${file}: is a recording of ${samples.count} samples at temperature 1; ${count} at ${temperature} were asked for.`,
        );
      }
      if (!prior) return standard.draw(noise, count, temperature);
      if (temperature !== 1) {
        throw new UserError(
          `A temperature of ${temperature} was asked for; this flow's base is no normal distribution, so that 1 is the only one.`,
        );
      }
      return running.draw(count, seed ?? 0, info && context && contextFeed(info, context, count));
    },
  };
  if (!prior) return { ...standard, ...draws };
  const find = rowFinder(z);
  const { logProbByElement, ...rest } = standard;
  return {
    ...rest,
    ...draws,
    shape: 'other',
    async logProb(latents, count, context) {
      const found = find(latents, count);
      if (found) return picked(prior, found);
      if (!running) throw notRecorded(file, 'ln p of this z');
      const h = { shape: [count, ...z.shape.slice(1)], data: latents };
      const { prior: logProb } = await running.forward(
        recording.layers.length,
        h,
        info && context && contextFeed(info, context, count),
      );
      return logProb;
    },
    // How they are distributed is not recorded.
    scores: (latents) => Promise.resolve(latents.map(() => NaN)),
  };
}
