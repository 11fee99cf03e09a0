/** What commands share that weigh draws of a flow with a target. */
import { UserError } from '../base/user-error';
import { inspectedModel } from '../engine/inspect/programs';
import type { OpenedRunner } from '../engine/model/opened-runner';
import { runnerWithContext } from '../engine/model/runner-with-context';
import type { RunBothWays } from '../engine/use/calibrate';
import { readContext } from '../engine/use/read-context';
import { type OptionSpecs, numberOption } from './command';
import type { Session } from './session';
import { openBothWays } from './sources';

export const timeoutOption = {
  timeout: numberOption('S', 'Seconds that the target may take for a batch.', { min: 1, default: 120 }),
} as const satisfies OptionSpecs;

/**
 * @param condition of the option, one for all draws
 * @returns `ways` at the condition, for a flow that takes one, and `flow`, which graphs lack
 * @throws UserError
 */
export async function openWeighable(session: Session, model: string, condition: string | undefined) {
  const { forward, inverse } = await openBothWays(session, model);
  const context = await readContext(forward.runner, condition, 1);
  if (context && context.length !== forward.runner.context!.mean.length)
    throw new UserError(`--condition ${condition}: a target takes one condition for all draws.`);
  const contextValues = context && [...context];
  const flow = forward.model && inspectedModel(forward.model, contextValues);
  const at = ({ runner }: OpenedRunner): RunBothWays['forward'] =>
    contextValues ? runnerWithContext(runner, contextValues) : runner;
  const ways: RunBothWays = flow
    ? { forward: flow.runner, inverse: flow.runner }
    : { forward: at(forward), inverse: at(inverse) };
  return { opened: forward, ways, flow, condition: context };
}
