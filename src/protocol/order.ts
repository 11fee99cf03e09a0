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
  /** Their places, where some features share one; if absent, each has its own. */
  places?: Int32Array;
  /** Examples that the means are over. */
  count: number;
  /** [k, k], both in the layer's order: mean |∂y/∂x| of output row i by input column j; 0 above the diagonal. */
  measured: NdArray<Float32Array>;
}

/** Places of links in `measured`, row · k + column. */
export interface Links {
  /** Those that the order allows: below the diagonal where each feature has a place of its own. */
  allowed: number;
  /** The allowed ones that are hardly used. */
  hardly: number[];
  /** Where nothing may be but rounding. */
  forbidden: number[];
}

/** Share of an output's own derivative that rounding may leave where the order allows nothing. */
const rounding = 1e-5;

type Ordered = Pick<OrderView, 'features' | 'places'>;

/** Whether the order lets output row depend on input column, or they are the same. */
export function isAllowed({ places }: Ordered, row: number, column: number): boolean {
  return row === column || (places ? places[column]! < places[row]! : column < row);
}

export function linksOf(view: Ordered & Pick<OrderView, 'measured'>): Links {
  const { features, measured } = view;
  const k = features.length;
  const links: Links = { allowed: 0, hardly: [], forbidden: [] };
  for (let row = 0; row < k; row++) {
    const diagonal = measured.data[row * k + row]!;
    for (let column = 0; column < k; column++) {
      if (column === row) continue;
      const cell = row * k + column;
      const size = measured.data[cell]!;
      if (isAllowed(view, row, column)) {
        links.allowed++;
        if (size < hardlyUsed * diagonal) links.hardly.push(cell);
      } else if (size > rounding * diagonal) links.forbidden.push(cell);
    }
  }
  return links;
}
