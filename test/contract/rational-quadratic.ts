/** The formulas of rational-quadratic splines as the paper has them (Durkan et al. 2019), beside those of the product. */

/** Two values at the ends of a bin. */
type Ends = readonly [number, number];

interface BinPoint {
  y: number;
  slope: number;
}

/** y and dy/dx of a bin at a share θ of it, 0 to 1 (equations 4 and 5). */
export function inBin([x0, x1]: Ends, [y0, y1]: Ends, [d0, d1]: Ends, share: number): BinPoint {
  const mean = (y1 - y0) / (x1 - x0);
  const product = share * (1 - share);
  const below = mean + (d0 + d1 - 2 * mean) * product;
  const slope = d1 * share ** 2 + 2 * mean * product + d0 * (1 - share) ** 2;
  return {
    y: y0 + ((y1 - y0) * (mean * share ** 2 + d0 * product)) / below,
    slope: (mean ** 2 * slope) / below ** 2,
  };
}

/** The same of a bin in which x is the rational-quadratic function of y (equations 6 to 8). */
export function inInverseBin([x0, x1]: Ends, [y0, y1]: Ends, [d0, d1]: Ends, share: number): BinPoint {
  const mean = (x1 - x0) / (y1 - y0);
  const [e0, e1] = [1 / d0, 1 / d1];
  const bend = share * (e0 + e1 - 2 * mean);
  const [a, b, c] = [mean - e0 + bend, e0 - bend, -mean * share];
  const across = (2 * c) / (-b - Math.sqrt(b ** 2 - 4 * a * c));
  const { slope } = inBin([y0, y1], [x0, x1], [e0, e1], across);
  return { y: y0 + across * (y1 - y0), slope: 1 / slope };
}
