/** The states of examples on their way through a vector field. */
import { concatenated, rowAt } from '../../../base/rows';
import { UserError } from '../../../base/user-error';
import { timesOf, type FieldPaths } from '../../../protocol/field';
import type { Feeds } from '../../backends/backend';
import type { ExampleBatch } from '../../model/examples';
import type { Inquiry } from '../inquiry';
import { examplesFed, throughBatch } from '../through-batch';

export interface States extends Pick<FieldPaths, 'times' | 'slices'> {
  /** [N, T, D] */
  values: Float32Array;
}

/** @throws UserError for a flow without a vector field, CancelledError */
export async function statesOf({ model, signal }: Inquiry, examples: ExampleBatch): Promise<States> {
  const { count } = examples;
  const size = model.dimensions;
  const slices = model.layers
    .flatMap(({ info: { index, ...info } }) => {
      const span = timesOf(info);
      return span ? [{ layer: index, ...span }] : [];
    })
    // Those of the first field lie one after the other.
    .filter(({ layer }, k, all) => layer === all[0]!.layer + k);
  if (slices.length === 0)
    throw new UserError('Paths are there for flows in continuous time; this one has no vector field.');
  const program = await model.programs.states!();
  const found: Feeds[] = [];
  await throughBatch(model, examples, { signal }, async (x) => {
    found.push(await program.run(examplesFed(x)));
  });
  const parts = slices.map(({ layer }) => concatenated(found.map((one) => one[layer]!.data as Float32Array)));
  const steps = parts.map(({ length }) => length / (count * size) - 1);
  const total = steps.reduce((sum, n) => sum + n, 1);
  const times = new Float32Array(total);
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
