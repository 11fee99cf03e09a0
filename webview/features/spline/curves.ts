/** The curve of one feature, from its knots. */
import { inBin, inInverseBin, type SplineView } from '../../../src/protocol/spline';

export interface Curve {
  x: number[];
  y: number[];
  slope: number[];
}

/** Points in a bin, its first knot among them. */
const perBin = 12;

export interface Knots {
  x: Float32Array;
  y: Float32Array;
  slopes: Float32Array;
}

/** @param row of the view's features */
export function knotsOf({ knots, bins }: SplineView, row: number): Knots {
  const part = (data: Float32Array): Float32Array => data.subarray(row * (bins + 1), (row + 1) * (bins + 1));
  return { x: part(knots.x.data), y: part(knots.y.data), slopes: part(knots.slopes.data) };
}

/** @param inverse whether x is the spline of y */
export function curveOf({ x, y, slopes }: Knots, inverse = false): Curve {
  const inside = inverse ? inInverseBin : inBin;
  const curve: Curve = { x: [], y: [], slope: [] };
  for (let bin = 0; bin + 1 < x.length; bin++) {
    const last = bin + 2 === x.length;
    for (let i = 0; i < (last ? perBin + 1 : perBin); i++) {
      const share = i / perBin;
      const at = inside(
        [x[bin]!, x[bin + 1]!],
        [y[bin]!, y[bin + 1]!],
        [slopes[bin]!, slopes[bin + 1]!],
        share,
      );
      curve.x.push(x[bin]! + share * (x[bin + 1]! - x[bin]!));
      curve.y.push(at.y);
      curve.slope.push(at.slope);
    }
  }
  return curve;
}

/** Of the lines beyond both ends: that through the corners, which is 1 where the interval is mapped to itself. */
export function tailSlope({ x, y }: Pick<Knots, 'x' | 'y'>): number {
  return (y.at(-1)! - y[0]!) / (x.at(-1)! - x[0]!);
}

/** The lines from both ends of the knots to where the axis ends. */
export function tailsOf(
  knots: Pick<Knots, 'x' | 'y'>,
  [low, high]: readonly [number, number],
): { from: { x: number; y: number }; to: { x: number; y: number } }[] {
  const slope = tailSlope(knots);
  return (
    [
      [0, low],
      [-1, high],
    ] as const
  ).map(([end, edge]) => {
    const from = { x: knots.x.at(end)!, y: knots.y.at(end)! };
    return { from, to: { x: edge, y: from.y + slope * (edge - from.x) } };
  });
}
