/** Answers the inspector's programs from a file's own tensors: it runs with them as additional outputs. */
import { countNonFinite, finiteOrNaN } from '../../base/finite';
import { range } from '../../base/order';
import { concatenated, rowAt } from '../../base/rows';
import { UserError } from '../../base/user-error';
import { isNorm } from '../../protocol/model';
import type { NdArray } from '../../protocol/tensors';
import type { Feeds, Program } from '../backends/backend';
import type {
  ExampleValues,
  InspectorPrograms,
  HealthRecord,
  LayerRecord,
  PassRecord,
  Values,
} from '../model/inspected-flow';
import { sizeOf } from '../../base/shape';
import { contextFeed } from '../model/context';
import type { FlowRunner } from '../model/runner';
import type { OutsideStep } from './directions';
import { lacksLogDet } from './log-det';
import {
  coupledValues,
  logDetOf,
  quantitiesOf,
  rowExtremes,
  slopesIn,
  undone,
  type RowEnds,
  type RowSource,
} from './row-values';
import type { FlowRows } from './rows';
import type { BatchValues } from './values';

/** One for each example, or one for all; the usual one without. */
type Context = ArrayLike<number> | undefined;

export interface ProgramSource {
  /** Named in messages. */
  file: string;
  inputShape: readonly number[];
  rows: FlowRows;
  sources: readonly RowSource[];
  /** Values of all tensors of the flow for its input. @param context of the examples, where it takes one */
  values(x: Float32Array, count: number, context: Float32Array | undefined): Promise<BatchValues>;
  /** Absent where data units are the flow's input. */
  outside: OutsideStep | undefined;
  runner: FlowRunner;
  /** The context of examples that come without one. */
  chosenContext?: readonly number[] | undefined;
  /** Whether both directions can be run. */
  goesBack: boolean;
  /** Whether the first row, inside of the file, is preprocessing. */
  standardizes: boolean;
}

/** What a row was given and gave, for each of some examples. */
interface RowExamples {
  values: BatchValues;
  pairs: readonly RowEnds[];
  weight: Float32Array;
  preprocessing: Float32Array | undefined;
}

export function onnxPrograms(source: ProgramSource): InspectorPrograms {
  const { inputShape, rows, sources, runner, outside } = source;
  const size = sizeOf(inputShape);
  const { backward } = rows;

  /** The flow's values for x in data units. */
  const run = async (x: Float32Array, count: number, context: Context) => {
    const step = await outside?.forward(x, count);
    const inside = step?.value ?? x;
    const values = await source.values(inside, count, contextsOf(context, count));
    return { values, inside, ...(step ? { preprocessing: step.logDet } : {}) };
  };
  const contextsOf = (context: Context, count: number): Float32Array | undefined =>
    runner.context && contextFeed(runner.context, context ?? source.chosenContext, count).data;
  const inputOf = (feeds: Feeds, name: string): { data: Float32Array; count: number; context: Context } => {
    const { data, shape } = feeds[name] as NdArray<Float32Array>;
    return { data, count: shape[0]!, context: feeds['context']?.data };
  };
  /** Input and output of a row for one example. */
  const ends = (
    { row, before, after }: RowSource,
    { values, inside }: { values: BatchValues; inside: Float32Array },
    x: Float32Array,
    example: number,
  ): RowEnds =>
    row.outside
      ? { x: rowAt(x, size, example), y: rowAt(inside, size, example) }
      : { x: values.elements(before, example), y: values.elements(after, example) };
  const byRow = (values: readonly Float32Array[], shapeOf: (row: RowSource) => number[]): Feeds =>
    Object.fromEntries(values.map((data, i) => [String(i), { shape: shapeOf(sources[i]!), data }]));
  const program = (answer: (feeds: Feeds) => Promise<Feeds>): Promise<Program> =>
    Promise.resolve({ run: answer, dispose: () => Promise.resolve() });
  const needsBack = (): void => {
    if (source.goesBack) return;
    throw new UserError(
      `${source.file}: has no counterpart that runs the other way, so there are no samples and no way back from z. Put ` +
        'the file of the other direction beside it.',
    );
  };
  /** Values at the input of every row, [count, …]. */
  const atInputs = async (x: Float32Array, count: number, context: Context): Promise<Float32Array[]> => {
    const state = await run(x, count, context);
    return sources.map((row) => joined(count, (i) => ends(row, state, x, i).x));
  };

  return {
    pass(mode) {
      if (mode.kind === 'train') {
        throw new UserError(
          `${source.file}: an ONNX file holds running statistics only; statistics of the batch need a checkpoint.`,
        );
      }
      return Promise.resolve(
        async ({ data: x, shape, context: contextRows }, weight): Promise<PassRecord> => {
          const count = shape[0]!;
          const context = contextRows?.data;
          const state = await run(x, count, context);
          const { values } = state;
          const latent = backward ? values.input : values.output;
          const layers = sources.map((one, index) => {
            const pairs = Array.from({ length: count }, (_, i) => ends(one, state, x, i));
            return recordOf(one, index, { values, pairs, weight, preprocessing: state.preprocessing });
          });
          // Where the file's log-det is not a sum over the layers, what is in no layer that was understood is where one was not.
          const first = sources.findIndex(
            ({ row: { found } }) => found && lacksLogDet(found) && !found.terms,
          );
          const { logDet } = values;
          if (first >= 0 && logDet) {
            const known = (i: number): number =>
              layers.reduce(
                (sum, { logDet: { layer, norm } }, k) =>
                  sources[k]!.row.outside ? sum : sum + layer[i]! + norm[i]!,
                0,
              );
            // Nothing is known of the others.
            sources.forEach(({ row: { found } }, k) => {
              if (found && lacksLogDet(found) && !found.terms) layers[k]!.logDet.layer.fill(0);
            });
            layers[first]!.logDet.layer = logDet.map((total, i) => (backward ? -total : total) - known(i));
          }
          return {
            z: latent,
            prior: await runner.base.logProb(latent, count, context ?? source.chosenContext),
            layers,
          };
        },
      );
    },
    way() {
      needsBack();
      return program(async (feeds) => {
        const { data: z, count, context } = inputOf(feeds, 'z');
        const { x } = await runner.inverse(z, count, 'data', { context });
        const inputs = await atInputs(x, count, context);
        return byRow(inputs, ({ row }) => [count, ...row.info.inputShape]);
      });
    },
    wayError() {
      needsBack();
      return Promise.resolve(
        async ({ data: x, shape, context: contextRows }: ExampleValues): Promise<Float32Array[]> => {
          const count = shape[0]!;
          const context = contextRows?.data;
          const there = await atInputs(x, count, context);
          const { z } = await runner.forward(x, count, 'data', { context });
          const back = await atInputs(
            (await runner.inverse(z, count, 'data', { context })).x,
            count,
            context,
          );
          return there.map((values, index) => {
            const length = values.length / count;
            const largest = new Float32Array(count);
            values.forEach((value, k) => {
              const i = Math.floor(k / length);
              // NaN, as of a value that is not finite, stays.
              largest[i] = Math.max(largest[i]!, finiteOrNaN(Math.abs(value - back[index]![k]!)));
            });
            return largest;
          });
        },
      );
    },
    health() {
      return Promise.resolve(async ({ data: x, shape, context }: ExampleValues): Promise<HealthRecord> => {
        const count = shape[0]!;
        const state = await run(x, count, context?.data);
        return {
          layers: sources.map((one) => {
            const extremes = rowExtremes(count);
            for (let i = 0; i < count; i++) {
              const both = ends(one, state, x, i);
              extremes.add(i, both.x, coupledValues(one, state.values, i, both));
            }
            return extremes.record();
          }),
          units: new Map(),
        };
      });
    },
    points() {
      return program(async (feeds) => {
        const { data: x, count, context } = inputOf(feeds, 'x');
        const state = await run(x, count, context);
        const outputs = sources.map((row) => joined(count, (i) => ends(row, state, x, i).y));
        return byRow(outputs, () => [count, 2]);
      });
    },
    density() {
      return program(async (feeds) => {
        const { data: x, count, context } = inputOf(feeds, 'x');
        const { prior, logDet, preprocessing } = await runner.forward(x, count, 'data', { context });
        const data = prior.map((value, i) => Math.exp(value + logDet[i]! + preprocessing[i]!));
        return { density: { shape: [count], data } };
      });
    },
  };

  /** What a row does to examples, from its input and output for each. */
  function recordOf(
    one: RowSource,
    index: number,
    { values, pairs, weight, preprocessing }: RowExamples,
  ): LayerRecord {
    const { row, norm, constantLogDet } = one;
    const { found, info } = row;
    const count = pairs.length;
    const perExample = (value: (i: number) => number): Float32Array =>
      Float32Array.from({ length: count }, (_, i) => value(i));
    const inRow = (data: Float32Array): Values => ({ shape: [...info.inputShape], data });
    const coupled = pairs.map((pair, i) => coupledValues(one, values, i, pair));
    const backs = pairs.map(({ y }, i) => undone(one, y, coupled[i]));
    const quantities = coupled.map((coupling) => (coupling ? quantitiesOf(coupling) : []));
    const scales = coupled.flatMap((coupling, i) => {
      const slopes = found?.lacksLogScale ? slopesIn(one, values, i) : coupling?.s;
      return slopes ? [slopes] : [];
    });
    const standardizes = found?.kind === 'norm' && index === 0 && source.standardizes;
    const scalesAlike =
      (found?.kind === 'norm' || found?.kind === 'coupling' || found?.kind === 'autoregressive') &&
      !standardizes &&
      !lacksLogDet(found);
    const constant = scalesAlike ? constantLogDet : 0;
    // What scales every example alike is a norm where the row has one; a fixed scale is the layer's own.
    const ofNorm = info.hasNorm || isNorm(info);
    const layerLogDet = row.outside
      ? preprocessing!
      : standardizes
        ? perExample(() => constantLogDet)
        : perExample((i) =>
            found && lacksLogDet(found)
              ? logDetOf(one, values, i)
              : found?.kind === 'mixing'
                ? constantLogDet
                : (scales[i]?.reduce((a, b) => a + b, 0) ?? 0) + (ofNorm ? 0 : constant),
          );
    const used =
      norm && !standardizes && byChannel(norm, info.inputShape, found?.kind === 'norm' ? undefined : row);
    const head = pairs[0]!;
    return {
      input: inRow(head.x.slice()),
      output: { shape: [...info.outputShape], data: head.y.slice() },
      logDet: { layer: layerLogDet, norm: perExample(() => (ofNorm ? constant : 0)) },
      ...(scales.length > 0 && {
        elements: {
          first: inRow(scales[0]!),
          sum: inRow(scales[0]!.map((_, k) => scales.reduce((sum, s, i) => sum + s[k]! * weight[i]!, 0))),
        },
      }),
      nonFinite: perExample((i) => countNonFinite(pairs[i]!.y)),
      ...(backs[0] ? { roundTrip: perExample((i) => largestDifference(backs[i]!, pairs[i]!.x)) } : {}),
      quantities: quantities[0]!.map(({ name, role, values: first }, q) => ({
        name,
        role,
        first: inRow(first),
        largest: perExample((i) => quantities[i]![q]!.values.reduce((a, b) => Math.max(a, b), -Infinity)),
        nonFinite: perExample((i) => countNonFinite(quantities[i]![q]!.values)),
      })),
      ...(used ? { norm: used } : {}),
    };
  }
}

function joined(count: number, part: (i: number) => Float32Array): Float32Array {
  return concatenated(range(count).map(part));
}

/** NaN where any difference is not finite. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, k) => Math.max(most, finiteOrNaN(Math.abs(value - b[k]!))), 0);
}

/** By channel, where all elements of one that change do so alike. */
function byChannel(
  { mean, deviation }: { mean: Float64Array; deviation: Float64Array },
  shape: readonly number[],
  coupling: RowSource['row'] | undefined,
): { mean: Float32Array; variance: Float32Array } | undefined {
  const channels = shape[shape.length - 1]!;
  const means = new Float32Array(channels);
  const deviations = new Float32Array(channels).fill(1);
  const seen = new Set<number>();
  const mask = coupling?.flow?.mask?.data;
  for (let k = 0; k < mean.length; k++) {
    if (mask?.[k] === 1) continue;
    const c = k % channels;
    if (!seen.has(c)) {
      seen.add(c);
      means[c] = mean[k]!;
      deviations[c] = deviation[k]!;
    } else if (
      Math.abs(means[c]! - mean[k]!) > 1e-3 * (1 + Math.abs(mean[k]!)) ||
      Math.abs(deviations[c]! - deviation[k]!) > 1e-3 * Math.abs(deviation[k]!)
    ) {
      return undefined;
    }
  }
  return { mean: means, variance: deviations.map((value) => value * value) };
}
