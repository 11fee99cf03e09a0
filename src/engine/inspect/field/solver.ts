/** How far log p of a vector field is off with other numbers of steps. */
import { isField, mostRuns, runsOf } from '../../../config/field-layer';
import { UserError } from '../../../base/user-error';
import type { SolverErrors } from '../../../protocol/field';
import type { BatchRef } from '../../../protocol/selection';
import { batchOf } from '../../model/examples';
import { scoreRows } from '../../use/score';
import type { Inquiry } from '../inquiry';

/** Examples that it is measured with. */
const mostSolved = 64;

/** @throws UserError for a flow without a vector field, CancelledError */
export async function solverErrors(
  { model, signal }: Inquiry,
  { batch }: { batch: BatchRef },
): Promise<SolverErrors> {
  const { config, runner, chosenContext: given } = model;
  const fields = (config.kind === 'vector' && config.layers?.filter(isField)) || [];
  if (!runner.inSteps || fields.length === 0)
    throw new UserError('Steps of a solver are those of a vector field; this flow has none.');
  const usual = fields.reduce((sum, { slices, steps }) => sum + slices * steps, 0);
  const tried = [1 / 2, 1, 2, 4].filter((times) =>
    fields.every((field) => Number.isInteger(times * field.steps) && times * runsOf(field) <= mostRuns),
  );
  if (tried.length < 2)
    throw new UserError(
      `The solver takes ${usual} steps, which have nothing to be compared with: half as many are not whole in each slice, and twice as many run the network more than ${mostRuns} times.`,
    );
  const { x, count, context } = await batchOf(model, { ...batch, count: Math.min(batch.count, mostSolved) });
  const found: Float64Array[] = [];
  for (const times of tried) {
    const solver = runner.inSteps(times);
    try {
      found.push((await scoreRows(solver, { x, count, context: context ?? given }, { signal })).nats);
    } finally {
      await solver.dispose();
    }
  }
  const finest = found.pop()!;
  const off = found.map((nats) => nats.map((value, i) => Math.abs(value - finest[i]!)));
  const steps = tried.map((times) => times * usual);
  return {
    usual,
    reference: steps.pop()!,
    count,
    steps,
    mean: off.map((sizes) => sizes.reduce((sum, size) => sum + size, 0) / count),
    largest: off.map((sizes) => Math.max(...sizes)),
  };
}
