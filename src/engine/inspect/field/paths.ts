/** The paths of examples through a vector field, and how straight they are. */
import { rowAt } from '../../../base/rows';
import type { FieldPaths, FieldPathsQuery } from '../../../protocol/field';
import type { Inquiry } from '../inquiry';
import { trainingBatch } from '../pass';
import { checkIndex } from '../within';
import { statesOf } from './states';

const mostPaths = 256;

/** @throws UserError for a flow without a vector field, or features that it does not have; CancelledError */
export async function fieldPaths(
  { model, signal }: Inquiry,
  { batch, example, features }: FieldPathsQuery,
): Promise<FieldPaths> {
  const size = model.dimensions;
  for (const feature of features) checkIndex(feature, size, `Feature ${feature} was asked for; the flow has`);
  const most = { ...batch, count: Math.min(batch.count, mostPaths) };
  const { joined } = await trainingBatch({ model, signal }, most, example);
  const { values, times, slices } = await statesOf({ model, signal }, joined);
  return {
    times,
    slices,
    states: { shape: [joined.count, times.length, 2], data: pairOf(values, size, features) },
    straightness: Float32Array.from({ length: joined.count }, (_, i) =>
      straightnessOf(rowAt(values, times.length * size, i), size),
    ),
  };
}

/** Two features of rows. */
function pairOf(rows: Float32Array, size: number, features: readonly [number, number]): Float32Array {
  const place = (i: number): number => (i >> 1) * size + features[i % 2]!;
  return Float32Array.from({ length: (2 * rows.length) / size }, (_, i) => rows[place(i)]!);
}

/** Length of a path [T, D] divided by that of its chord; 1 where it stays in its place. */
export function straightnessOf(path: Float32Array, size: number): number {
  const distance = (a: number, b: number): number => {
    const [from, to] = [rowAt(path, size, a), rowAt(path, size, b)];
    return Math.sqrt(from.reduce((sum, value, k) => sum + (value - to[k]!) ** 2, 0));
  };
  const last = path.length / size - 1;
  let length = 0;
  for (let step = 0; step < last; step++) length += distance(step, step + 1);
  return length === 0 ? 1 : length / distance(0, last);
}
