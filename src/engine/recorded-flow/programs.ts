/** Answers the inspector's programs from a recording: what they are fed has to be in it. */
import { countNonFinite, finiteOrNaN } from '../../base/finite';
import { UserError } from '../../base/user-error';
import type { RecordedLayer, Recording, Rows } from '../../checkpoint/recording/read';
import type { NdArray } from '../../protocol/tensors';
import type { InspectorPrograms } from '../model/inspected-flow';
import type { HealthRecord, LayerExtremes, LayerRecord, Values } from '../model/layer-record';
import { standardLogProb } from '../model/running-base';
import { gathered, picked, rowAt, rowFinder, rowSize } from './rows';

export interface Finders {
  /** Examples of the batch, by x. */
  examples(values: Float32Array, count: number): number[];
  /** Samples, by z. */
  samples(values: Float32Array, count: number): number[];
}

export function recordedFinders({ file, x, count, samples }: Recording): Finders {
  return {
    examples: rowFinder(
      x,
      () =>
        new UserError(
          `${file}: is a recording of ${count} examples, and this is none of them. What the flow does to others was not recorded: ` +
            'record it with them.',
        ),
    ),
    samples: rowFinder(samples?.z ?? { shape: [0, ...x.shape.slice(1)], data: new Float32Array(0) }, () =>
      noInverse(file),
    ),
  };
}

function noInverse(file: string): UserError {
  return new UserError(
    `${file}: is a recording, which leads from z to x for its own samples only. Choose one of these.`,
  );
}

export function recordedPrograms(recording: Recording, find: Finders): InspectorPrograms {
  const { file, layers, samples } = recording;
  const only = (what: string) => () => Promise.reject(notRecorded(file, what));
  return {
    pass(mode) {
      if (mode.kind === 'train') return only('statistics of the batch')();
      return Promise.resolve(async ({ data, shape }, weight) => {
        const indices = find.examples(data, shape[0]!);
        return {
          z: gathered(recording.z, indices),
          prior: priorOf(recording, indices),
          layers: layers.map((layer) => recordOf(layer, indices, weight)),
        };
      });
    },
    way: () =>
      Promise.resolve({
        run: async ({ z }) => {
          const { shape, data } = z as Values;
          const indices = find.samples(data, shape[0]!);
          return Object.fromEntries(
            samples!.inputs.map((rows, layer): [string, NdArray] => [
              String(layer),
              { shape: [indices.length, ...rows.shape.slice(1)], data: gathered(rows, indices) },
            ]),
          );
        },
        dispose: () => Promise.resolve(),
      }),
    wayError() {
      if (layers.some(({ wayError }) => !wayError)) return only('the inverse of every layer')();
      return Promise.resolve(async ({ data, shape }) => {
        const indices = find.examples(data, shape[0]!);
        return layers.map(({ wayError }) => picked(wayError!, indices).map(finiteOrNaN));
      });
    },
    health: () =>
      Promise.resolve(async ({ data, shape }): Promise<HealthRecord> => {
        const indices = find.examples(data, shape[0]!);
        return { layers: layers.map(({ input }) => extremesOf(input, indices)), units: new Map() };
      }),
    points: only('what the plane becomes'),
    density: only('the density of the plane'),
  };
}

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
    logDet: { own: picked(logDet, indices), norm: new Float32Array(indices.length) },
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
