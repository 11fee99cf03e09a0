import { UserError } from '../../config/user-error';
import type { SampleGrid, SampleQuery } from '../../protocol/inspect';
import type { FlowModel } from '../model/flow-model';
import type { InverseBatch } from '../use/runner';
import { sample } from '../use/sample';
import { wayGraph } from './way-graph';

const mostSamples = 10_000;
/** Values of all layers that are worth moving for it. */
const largestWay = 2 ** 20;

/** @throws UserError for a query that cannot be answered */
export function checkSamples({ count, seed, temperature }: SampleQuery): void {
  if (!Number.isInteger(count) || count < 1 || count > mostSamples) {
    throw new UserError(`${count} samples were asked for; expected 1 to ${mostSamples}.`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new UserError(`The seed is ${seed}; expected a whole number from 0.`);
  }
  if (!(temperature >= 0) || !Number.isFinite(temperature)) {
    throw new UserError(`The temperature is ${temperature}; expected a number from 0.`);
  }
}

export async function samples(
  model: FlowModel,
  query: SampleQuery,
  signal: AbortSignal,
): Promise<SampleGrid> {
  checkSamples(query);
  // Small sets go through the graph that the way from z to x needs too: one compilation less to wait for.
  if (query.count * model.dimensions * model.layers.length > largestWay) {
    return { values: (await sample(model.runner, query, { signal })).x };
  }
  const program = await model.program('way', () => wayGraph(model));
  const inverse = async (z: Float32Array, n: number): Promise<InverseBatch> => {
    const out = await program.run({ z: { shape: [n, ...model.flow.outputShape], data: z } });
    return { x: out['0']!.data as Float32Array, logDet: new Float32Array(n).fill(NaN) };
  };
  return { values: (await sample({ ...model.runner, inverse }, query, { signal })).x };
}
