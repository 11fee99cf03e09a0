/**
 * Masks of an autoregressive network by degrees (Germain et al. 2015, MADE): a unit of degree d depends on the first d
 * features of the order alone, so what it gives for a feature depends on those before it.
 */
export interface Degrees {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Whether masks are kept in the checkpoint, and these are only where they start. */
  readonly stored?: boolean;
  /** Degrees of a hidden layer of this width. */
  hidden(width: number): readonly number[];
}

/**
 * Degrees of hidden units take turns from 1 to the last place, as in nflows, normflows and zuko; from 0 where some are to see
 * a context alone, as in zuko.
 * @param order place of each feature, from 0; features may share one
 * @param each outputs that are together for a feature; else all first ones come first
 */
export function degreesOf(
  order: readonly number[],
  outputs: number,
  layout: 'halves' | 'interleaved',
  fromContext = false,
): Degrees {
  const dim = order.length;
  const places = placesOf(order);
  const each = outputs / dim;
  const feature = (output: number): number =>
    layout === 'interleaved' ? Math.floor(output / each) : output % dim;
  return {
    inputs: order.map((place) => place + 1),
    outputs: Array.from({ length: outputs }, (_, i) => order[feature(i)]!),
    hidden: (width) =>
      Array.from({ length: width }, (_, i) => {
        if (fromContext) return i % places;
        return places === 1 ? 0 : 1 + (i % (places - 1));
      }),
  };
}

/** How many places there are in an order. */
export function placesOf(order: readonly number[]): number {
  return Math.max(...order) + 1;
}

/** Degrees of a network's inputs, followed by the numbers of a context: all units may depend on these. */
export function withContextDegrees({ inputs }: Degrees, context: number): number[] {
  return [...inputs, ...Array.from({ length: context }, () => 0)];
}

/** 1 where a unit may depend on an input: [inputs, outputs], row by row. */
export function maskBetween(inputs: readonly number[], outputs: readonly number[]): Float32Array {
  const mask = new Float32Array(inputs.length * outputs.length);
  const rowOf = rowsByDegree((from) => Float32Array.from(outputs, (to) => (to >= from ? 1 : 0)));
  inputs.forEach((from, i) => mask.set(rowOf(from), i * outputs.length));
  return mask;
}

/** @param data [outputs, inputs]: whether it is the mask between these */
export function isMaskBetween(
  data: Float32Array,
  inputs: readonly number[],
  outputs: readonly number[],
): boolean {
  if (data.length !== inputs.length * outputs.length) return false;
  const rowOf = rowsByDegree((to) => Float32Array.from(inputs, (from) => (to >= from ? 1 : 0)));
  let at = 0;
  for (const to of outputs) {
    const row = rowOf(to);
    for (let i = 0; i < row.length; i++) if (data[at++] !== row[i]) return false;
  }
  return true;
}

/** Units sorted by degree, in their order within one degree: where each degree begins, and how many units have it. */
export function byDegree(degrees: readonly number[]): {
  /** Entry i is the unit that comes to place i. */
  readonly order: readonly number[];
  /** Units of lower degrees. */
  below(degree: number): number;
  at(degree: number): number;
} {
  const order = [...degrees.keys()].sort((a, b) => degrees[a]! - degrees[b]!);
  const count = (fits: (degree: number) => boolean): number => degrees.filter(fits).length;
  return { order, below: (degree) => count((d) => d < degree), at: (degree) => count((d) => d === degree) };
}

/** Units of one degree share their row: wide networks have few degrees. */
function rowsByDegree(make: (degree: number) => Float32Array): (degree: number) => Float32Array {
  const rows = new Map<number, Float32Array>();
  return (degree) => {
    const row = rows.get(degree) ?? make(degree);
    rows.set(degree, row);
    return row;
  };
}
