/** What of a coupling's input moves, as data that pages put into words of their language. */
export type LayerMoves =
  /** Pixels whose row + column is even or odd. */
  | { of: 'pixels'; parity: 'even' | 'odd' }
  /** The same channels at every place, or features of a vector. */
  | {
      of: 'channels' | 'features';
      count: number;
      /** Up to four of their numbers, the lowest first. */
      first: number[];
      /** What the data call these, where that holds at the layer. */
      names?: string[];
      last: number;
      /** All between the first and the last. */
      consecutive: boolean;
    }
  /** Values in no such order. */
  | { of: 'values'; count: number; total: number };

/**
 * "features 2, 4", "features 5–8", "channels 0, 2, 5, 9, …" or "mass, length". People count features from 1, and channels,
 * like rows and columns, from 0.
 */
export function whatMoves(
  { of, count, first, last, consecutive, names }: Extract<LayerMoves, { count: number; first: number[] }>,
  one: string,
  many: string,
): string {
  if (count <= 4 && names) return names.join(', ');
  const from = of === 'features' ? 1 : 0;
  const numbers = first.map((number) => number + from).join(', ');
  if (count <= 4) return `${count === 1 ? one : many} ${numbers}`;
  return `${many} ${consecutive ? `${first[0]! + from}–${last + from}` : `${numbers}, …`}`;
}

/** ": 2, 1, 3", of the features from the first to the last. */
export function inOrder({ order = [] }: { order?: readonly number[] }): string {
  return order.length === 0 || order.length > 12 ? '' : `: ${order.map((i) => i + 1).join(', ')}`;
}
