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
      last: number;
      /** All between the first and the last. */
      consecutive: boolean;
    }
  /** Values in no such order. */
  | { of: 'values'; count: number; total: number };

/** "2, 3", "4–7" or "0, 2, 5, 9, …". */
export function numbersThatMove({
  count,
  first,
  last,
  consecutive,
}: Extract<LayerMoves, { count: number; first: number[] }>): string {
  if (count <= 4) return first.join(', ');
  return consecutive ? `${first[0]}–${last}` : `${first.join(', ')}, …`;
}
