/** Answers the inspector's programs from a file's own tensors: it runs with them as additional outputs. */
import { standardNormal } from '../model/standard-normal';
import { UserError } from '../../base/user-error';
import type { NdArray } from '../../protocol/tensors';
import type { Feeds, Program } from '../backends/backend';
import type { InspectorPrograms } from '../model/inspected-flow';
import { sizeOf } from '../../base/shape';
import type { FlowRunner } from '../model/runner';
import { rowExtremes } from './health';
import { coupledValues, shaped, undone, type RowSource } from './row-values';
import type { FlowRows } from './rows';
import type { BatchValues } from './values';

/** From data units to the flow's input and back, channels last; absent where they are the same. */
export interface OutsideStep {
  forward(x: Float32Array, count: number): Promise<{ value: Float32Array; logDet: Float32Array }>;
}

export interface ProgramSource {
  /** Named in messages. */
  file: string;
  inputShape: readonly number[];
  outputShape: readonly number[];
  rows: FlowRows;
  sources: readonly RowSource[];
  /** Values of all tensors of the flow for its input. */
  values(x: Float32Array, count: number): Promise<BatchValues>;
  outside: OutsideStep | undefined;
  runner: FlowRunner;
  /** Whether both directions can be run. */
  goesBack: boolean;
  /** Whether the first row, inside of the file, is preprocessing. */
  standardizes: boolean;
}

export function onnxPrograms(source: ProgramSource): InspectorPrograms {
  const { inputShape, outputShape, rows, sources, runner, outside } = source;
  const size = sizeOf(inputShape);
  const { backward } = rows;

  /** The flow's values for x in data units. */
  const run = async (
    x: Float32Array,
    count: number,
  ): Promise<{ values: BatchValues; inside: Float32Array; preprocessing?: Float32Array }> => {
    const step = await outside?.forward(x, count);
    const inside = step?.value ?? x;
    const values = await source.values(inside, count);
    return { values, inside, ...(step ? { preprocessing: step.logDet } : {}) };
  };
  const given = (feeds: Feeds, name: string): { data: Float32Array; count: number } => {
    const { data, shape } = feeds[name] as NdArray<Float32Array>;
    return { data, count: shape[0]! };
  };
  /** Input and output of a row for one example. */
  const ends = (
    { row, before, after }: RowSource,
    { values, inside }: { values: BatchValues; inside: Float32Array },
    x: Float32Array,
    example: number,
  ): { x: Float32Array; y: Float32Array } =>
    row.outside
      ? {
          x: x.subarray(example * size, (example + 1) * size),
          y: inside.subarray(example * size, (example + 1) * size),
        }
      : { x: values.elements(before, example), y: values.elements(after, example) };
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
  const atInputs = async (x: Float32Array, count: number): Promise<Float32Array[]> => {
    const state = await run(x, count);
    return sources.map((row) => joined(count, (i) => ends(row, state, x, i).x));
  };

  return {
    pass(mode) {
      if (mode.kind === 'train') {
        throw new UserError(
          `${source.file}: an ONNX file holds running statistics only; statistics of the batch need a checkpoint.`,
        );
      }
      return program(async (feeds) => {
        const { data: x, count } = given(feeds, 'x');
        const weight = feeds['weight']!.data as Float32Array;
        const state = await run(x, count);
        const { values } = state;
        const z = state.values.output;
        const out: Feeds = {
          z: { shape: [count, ...outputShape], data: backward ? await latents(x, count) : z },
        };
        const latent = out['z']!.data as Float32Array;
        out['prior'] = {
          shape: [count],
          data: standardNormal(latent, size),
        };
        const known = new Float64Array(count);
        const unknown: number[] = [];
        sources.forEach((one, index) => {
          const { row, norm, constantLogDet } = one;
          const { found, info } = row;
          const at = (part: string): string => `${index}:${part}`;
          const length = sizeOf(info.inputShape);
          const perExample = (): Float32Array => new Float32Array(count);
          const coupling = perExample();
          const nonFinite = perExample();
          const roundTrip = perExample();
          const roundTripNonFinite = perExample();
          const largest = perExample();
          const sNonFinite = perExample();
          const tNonFinite = perExample();
          const sum = new Float32Array(length);
          let undoes = false;
          for (let i = 0; i < count; i++) {
            const { x: from, y: to } = ends(one, state, x, i);
            nonFinite[i] = countNonFinite(to);
            const coupled =
              found?.kind === 'coupling'
                ? coupledValues(one, backward, values, i, { x: from, y: to })
                : undefined;
            if (coupled) {
              const { s, t } = coupled;
              coupling[i] = s.reduce((a, b) => a + b, 0);
              largest[i] = s.reduce((a, b) => Math.max(a, b), -Infinity);
              sNonFinite[i] = countNonFinite(s);
              tNonFinite[i] = countNonFinite(t);
              for (let k = 0; k < length; k++) sum[k]! += s[k]! * weight[i]!;
            }
            const back = undone(one, backward, to, coupled);
            if (back) {
              undoes = true;
              const difference = back.map((value, k) => Math.abs(value - from[k]!));
              roundTrip[i] = difference.reduce((a, b) => Math.max(a, b), 0);
              roundTripNonFinite[i] = countNonFinite(difference);
            }
            if (i === 0) {
              out[at('x')] = shaped(info.inputShape, from.slice());
              out[at('y')] = shaped(info.outputShape, to.slice());
              if (coupled) {
                out[at('s')] = shaped(info.inputShape, coupled.s);
                out[at('t')] = shaped(info.inputShape, coupled.t);
              }
            }
            known[i]! += coupling[i]! + constantLogDet;
          }
          out[at('nonFinite')] = { shape: [count], data: nonFinite };
          if (row.outside) out[at('coupling')] = { shape: [count], data: state.preprocessing! };
          else if (found?.kind === 'unknown') unknown.push(index);
          else if (found?.kind === 'coupling') {
            out[at('coupling')] = { shape: [count], data: coupling };
            out[at('sLargest')] = { shape: [count], data: largest };
            out[at('sNonFinite')] = { shape: [count], data: sNonFinite };
            out[at('tNonFinite')] = { shape: [count], data: tNonFinite };
            out[at('sSum')] = { shape: [...info.inputShape], data: sum };
          }
          if (found?.kind === 'norm' && index === 0 && source.standardizes) {
            out[at('coupling')] = { shape: [count], data: perExample().fill(constantLogDet) };
          } else if (found && found.kind !== 'unknown' && (norm || constantLogDet !== 0)) {
            out[at('norm')] = { shape: [], data: Float32Array.of(constantLogDet) };
            const used = norm && byChannel(norm, info.inputShape, found.kind === 'norm' ? undefined : row);
            if (used) {
              out[at('mean')] = { shape: [used.mean.length], data: used.mean };
              out[at('variance')] = { shape: [used.variance.length], data: used.variance };
            }
          }
          if (undoes) {
            out[at('roundTrip')] = { shape: [count], data: roundTrip };
            out[at('roundTripNonFinite')] = { shape: [count], data: roundTripNonFinite };
          }
        });
        // What is in no layer that was understood is where something was not.
        const [first] = unknown;
        const { logDet } = values;
        if (first !== undefined && logDet) {
          const rest = logDet.map((total, i) => (backward ? -total : total) - known[i]!);
          out[`${first}:coupling`] = { shape: [count], data: rest };
        }
        return out;
      });
    },
    way() {
      needsBack();
      return program(async (feeds) => {
        const { data: z, count } = given(feeds, 'z');
        const { x } = await runner.inverse(z, count, 'data');
        const inputs = await atInputs(x, count);
        return Object.fromEntries(
          inputs.map((data, index): [string, NdArray] => [
            String(index),
            { shape: [count, ...sources[index]!.row.info.inputShape], data },
          ]),
        );
      });
    },
    wayError() {
      needsBack();
      return program(async (feeds) => {
        const { data: x, count } = given(feeds, 'x');
        const there = await atInputs(x, count);
        const z = await latents(x, count);
        const back = await atInputs((await runner.inverse(z, count, 'data')).x, count);
        const out: Feeds = {};
        there.forEach((values, index) => {
          const length = values.length / count;
          const largest = new Float32Array(count);
          const bad = new Float32Array(count);
          values.forEach((value, k) => {
            const i = Math.floor(k / length);
            const difference = Math.abs(value - back[index]![k]!);
            if (Number.isFinite(difference)) largest[i] = Math.max(largest[i]!, difference);
            else bad[i]!++;
          });
          out[`${index}:fromLatent`] = { shape: [count], data: largest };
          out[`${index}:fromLatentNonFinite`] = { shape: [count], data: bad };
        });
        return out;
      });
    },
    health() {
      return program(async (feeds) => {
        const { data: x, count } = given(feeds, 'x');
        const state = await run(x, count);
        const out: Feeds = {};
        sources.forEach((one, index) => {
          const extremes = rowExtremes(index, count);
          for (let i = 0; i < count; i++) {
            const both = ends(one, state, x, i);
            const coupled =
              one.row.found?.kind === 'coupling'
                ? coupledValues(one, backward, state.values, i, both)
                : undefined;
            extremes.add(i, both.x, coupled);
          }
          Object.assign(out, extremes.feeds());
        });
        return out;
      });
    },
    points() {
      return program(async (feeds) => {
        const { data: x, count } = given(feeds, 'x');
        const state = await run(x, count);
        return Object.fromEntries(
          sources.map((row, index): [string, NdArray] => [
            String(index),
            { shape: [count, 2], data: joined(count, (i) => ends(row, state, x, i).y) },
          ]),
        );
      });
    },
    density() {
      return program(async (feeds) => {
        const { data: x, count } = given(feeds, 'x');
        const { prior, logDet, preprocessing } = await runner.forward(x, count, 'data');
        const data = prior.map((value, i) => Math.exp(value + logDet[i]! + preprocessing[i]!));
        return { density: { shape: [count], data } };
      });
    },
  };

  async function latents(x: Float32Array, count: number): Promise<Float32Array> {
    return (await runner.forward(x, count, 'data')).z;
  }
}

function joined(count: number, part: (i: number) => Float32Array): Float32Array {
  const first = part(0);
  const out = new Float32Array(count * first.length);
  out.set(first);
  for (let i = 1; i < count; i++) out.set(part(i), i * first.length);
  return out;
}

function countNonFinite(values: Float32Array): number {
  let bad = 0;
  for (const value of values) if (!Number.isFinite(value)) bad++;
  return bad;
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
