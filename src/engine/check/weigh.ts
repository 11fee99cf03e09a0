/** Draws of a flow, weighed with a target. */
import { rowsAt } from '../../base/rows';
import { defined } from '../../base/defined';
import { UserError } from '../../base/user-error';
import { batchSize, type BatchOptions } from '../model/latents';
import type { RunBothWays } from '../use/calibrate';
import { sample } from '../use/sample';
import { scoreRows } from '../use/score';
import type { Target } from './traced-target';

/** Draws of a flow, weighed. */
export interface Weighed {
  count: number;
  /** [count, D], data units. */
  x: Float32Array;
  /** Nats, [count]. */
  logQ: Float64Array;
  /** log p − log q; −∞ outside of the target's support. */
  logWeights: Float64Array;
  nonFinite: number;
}

export interface WeighOptions extends BatchOptions {
  draws: number;
  seed: number;
}

/** Draws that are weighed before the first numbers are shown, and at once. */
const part = 2000;

/**
 * Draws from the flow and weighs the draws a part at a time; each yield has all so far. A conditional flow is run at its given context.
 * @throws UserError where the target fails or returns NaN or +∞, CancelledError
 */
export async function* weigh(
  { forward, inverse }: RunBothWays,
  target: Target,
  { draws, seed, signal, onProgress }: WeighOptions,
): AsyncGenerator<Weighed> {
  if (forward.config.kind !== 'vector')
    throw new UserError('Images are not weighed: a check takes a flow over rows of numbers.');
  const batches = defined({ signal });
  const logQ = new Float64Array(draws);
  const logWeights = new Float64Array(draws);
  let x: Float32Array | undefined;
  let [count, nonFinite] = [0, 0];
  for (let start = 0, number = 0; start < draws; number++) {
    const n = Math.min(draws - start, Math.max(part, Math.min(batchSize(inverse), start)));
    const query = { count: n, seed: seed + number, temperature: 1 };
    const drawn = await sample(inverse, query, { ...batches, unrounded: true });
    const logQOfPart = await logDensities(forward, drawn.x.data, n, batches);
    const now = await weighRows(drawn.x.data, logQOfPart, (rows) => target.logDensity(rows.x, rows.count));
    const size = drawn.x.data.length / n;
    x ??= new Float32Array(draws * size);
    x.set(now.x, count * size);
    logQ.set(now.logQ, count);
    logWeights.set(now.logWeights, count);
    count += now.count;
    nonFinite += now.nonFinite;
    start += n;
    onProgress?.(start, draws);
    yield {
      ...{ count, nonFinite, x: x.subarray(0, count * size) },
      ...{ logQ: logQ.subarray(0, count), logWeights: logWeights.subarray(0, count) },
    };
  }
}

/** log q of rows [n, D] in data units. */
export async function logDensities(
  runner: RunBothWays['forward'],
  x: Float32Array,
  count: number,
  options: BatchOptions,
): Promise<Float64Array> {
  const { nats } = await scoreRows(runner, { x, count }, options);
  return nats.map((value) => -value);
}

/**
 * @param x [n, D] in data units, with log q of each
 * @param densities log p of the rows that are finite, whose numbers are `rows`
 * @throws UserError where log p is NaN or +∞
 */
export async function weighRows(
  x: Float32Array,
  logQ: Float64Array,
  densities: (kept: { x: Float32Array; count: number; rows: number[] }) => Promise<Float64Array>,
): Promise<Weighed> {
  const size = x.length / logQ.length;
  const rows = [...logQ.keys()].filter(
    (i) => Number.isFinite(logQ[i]) && x.subarray(i * size, (i + 1) * size).every(Number.isFinite),
  );
  const kept = { x: rowsAt(x, size, rows), count: rows.length, rows };
  const logP = await densities(kept);
  checkValues(logP, kept.x, size);
  return {
    count: kept.count,
    x: kept.x,
    logQ: Float64Array.from(rows, (i) => logQ[i]!),
    logWeights: logP.map((value, i) => value - logQ[rows[i]!]!),
    nonFinite: logQ.length - kept.count,
  };
}

/** @param x [n, size] @returns [n] */
export async function densitiesIn(target: Target, x: Float32Array, size: number): Promise<Float64Array> {
  const densities = new Float64Array(x.length / size);
  for (let start = 0; start < densities.length; start += part) {
    const n = Math.min(part, densities.length - start);
    densities.set(await target.logDensity(x.slice(start * size, (start + n) * size), n), start);
  }
  return densities;
}

/** Nothing is weighed with holes in it. @throws UserError where log p is NaN or +∞ */
export function checkValues(logP: Float64Array, x: Float32Array, size: number, whose = 'target'): void {
  const isBad = (value: number): boolean => Number.isNaN(value) || value === Infinity;
  const bad = logP.findIndex(isBad);
  if (bad < 0) return;
  const row = [...x.subarray(bad * size, (bad + 1) * size)].map((value) => String(value)).join(', ');
  throw new UserError(
    `The ${whose}'s log density is ${logP[bad]} for ${logP.filter(isBad).length} of ${logP.length} rows, for example for [${row}]. ` +
      'Return minus infinity where there is no mass.',
  );
}
