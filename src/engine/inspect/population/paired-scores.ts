/** −log p of the same held-out examples by two flows. */
import { estimateOf, type Incomparable, type PairedScores } from '../../../protocol/paired-scores';
import { dataExamples } from '../../model/examples';
import type { InspectedFlow } from '../../model/inspected-flow';
import { scoreBatch } from '../examples';
import { lookedAt } from './diagnostics';

/**
 * Both take the same examples. Where only one flow knows its data, these are its own.
 * @throws UserError when the data cannot be read, CancelledError
 */
export async function pairedScores(
  a: InspectedFlow,
  b: InspectedFlow,
  signal: AbortSignal,
): Promise<PairedScores | { why: Incomparable }> {
  const [countA, countB] = [await heldOut(a), await heldOut(b)];
  if (countA + countB === 0) return { why: 'noData' };
  if (countA > 0 && countB > 0 && countA !== countB) return { why: 'otherRows' };
  const rows = Math.min(countA || countB, lookedAt(a));
  const batch = await dataExamples(countA > 0 ? a : b, 'validation', 0, rows);
  if (countA > 0 && countB > 0) {
    const other = await dataExamples(b, 'validation', 0, rows);
    if (!isEqual(batch.x, other.x) || !isEqual(batch.context, other.context)) return { why: 'otherRows' };
  }
  const [first, second] = [
    await scoreBatch({ model: a, signal }, batch),
    await scoreBatch({ model: b, signal }, batch),
  ];
  const costs = [first.bitsPerDim ?? first.nats, second.bitsPerDim ?? second.nats] as const;
  const differences = costs[0].map((cost, i) => cost - costs[1][i]!);
  if (!differences.every(Number.isFinite)) return { why: 'notFinite' };
  return {
    rows,
    ...(countA === 0 ? { of: 'B' } : countB === 0 ? { of: 'A' } : {}),
    unit: first.bitsPerDim ? 'bits/dim' : 'nats',
    a: estimateOf(costs[0]),
    b: estimateOf(costs[1]),
    difference: estimateOf(differences),
    better: differences.filter((value) => value > 0).length / rows,
  };
}

async function heldOut({ data }: InspectedFlow): Promise<number> {
  const { splits } = await data.splits();
  return splits.find(({ name }) => name === 'validation')?.count ?? 0;
}

const isEqual = (a: Float32Array | undefined, b: Float32Array | undefined): boolean =>
  a?.length === b?.length && (a?.every((value, i) => value === b![i]) ?? true);
