/** The paths of examples through a vector field, and how straight they are. */
import { columnsAt, concatenated, rowAt } from '../../../base/rows';
import { UserError } from '../../../base/user-error';
import type { FieldPaths, FieldPathsQuery } from '../../../protocol/field';
import type { ExampleBatch } from '../../model/examples';
import { type Inquiry, checkIndex } from '../inquiry';
import { trainingBatch } from '../pass';
import { examplesFed, throughBatch } from '../through-batch';

export const mostPaths = 256;

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
    states: { shape: [joined.count, times.length, 2], data: columnsAt(values, size, features) },
    straightness: Float32Array.from({ length: joined.count }, (_, i) =>
      straightnessOf(rowAt(values, times.length * size, i), size),
    ),
  };
}

/** The states of examples on their way. @throws UserError for a flow without a vector field, CancelledError */
async function statesOf({ model, signal }: Inquiry, examples: ExampleBatch) {
  const { count } = examples;
  const size = model.dimensions;
  const slices = model.layers
    .filter(({ info }) => info.times)
    .map(({ info }) => ({ layer: info.index, ...info.times! }))
    // Those of the first field lie one after the other.
    .filter(({ layer }, k, all) => layer === all[0]!.layer + k);
  if (slices.length === 0)
    throw new UserError('Paths are there for flows in continuous time; this one has no vector field.');
  const program = await model.programs.states!();
  const found = await throughBatch(model, examples, { signal }, (x) => program.run(examplesFed(x)));
  const parts = slices.map(({ layer }) => concatenated(found.map((one) => one[layer]!.data as Float32Array)));
  const steps = parts.map(({ length }) => length / (count * size) - 1);
  const total = steps.reduce((sum, n) => sum + n, 1);
  const times = new Float32Array(total);
  /** [N, T, D] */
  const values = new Float32Array(count * total * size);
  let first = 0;
  const places = slices.map(({ layer, from, to }, k) => {
    const n = steps[k]!;
    for (let step = 0; step <= n; step++) times[first + step] = from + ((to - from) * step) / n;
    for (let i = 0; i < count; i++)
      values.set(rowAt(parts[k]!, (n + 1) * size, i), (i * total + first) * size);
    first += n;
    return { layer, from: first - n };
  });
  return { times, slices: places, values };
}

/** The length of a path [T, D] divided by the length of its chord; 1 where it stays in its place. */
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
