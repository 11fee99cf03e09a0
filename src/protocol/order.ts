/** Which feature depends on which in an autoregressive layer: what its order allows, and what a batch shows. */
import type { BatchRef } from './selection';
import type { NdArray } from './tensors';

/** Places of the order that are shown at once. */
export const orderPage = 48;

/** A link that is allowed counts as hardly used below this share of the output's own derivative. */
export const hardlyUsed = 0.02;

export interface OrderQuery {
  layer: number;
  batch: BatchRef;
  /** First place of the order that is shown, from 0. */
  from: number;
}

export interface OrderView {
  layer: number;
  /** First place that is shown. */
  from: number;
  /** Features in the layer's order, k of them. */
  features: Int32Array;
  /** Examples that the means are over. */
  count: number;
  /** [k, k], both in the layer's order: mean |∂y/∂x| of output row i by input column j; 0 above the diagonal. */
  measured: NdArray<Float32Array>;
}

/** Places of links in `measured`, row · k + column. */
export interface Links {
  /** Below the diagonal: those that the order allows. */
  allowed: number;
  /** Of these, the ones that are hardly used. */
  hardly: number[];
  /** Above the diagonal, where nothing may be but rounding. */
  forbidden: number[];
}

/** Share of an output's own derivative that rounding may leave where the order allows nothing. */
const rounding = 1e-5;

export function linksOf({ measured: { data }, features }: Pick<OrderView, 'measured' | 'features'>): Links {
  const k = features.length;
  const links: Links = { allowed: (k * (k - 1)) / 2, hardly: [], forbidden: [] };
  for (let row = 0; row < k; row++) {
    const own = data[row * k + row]!;
    for (let column = 0; column < k; column++) {
      const cell = row * k + column;
      if (column < row && data[cell]! < hardlyUsed * own) links.hardly.push(cell);
      if (column > row && data[cell]! > rounding * own) links.forbidden.push(cell);
    }
  }
  return links;
}
