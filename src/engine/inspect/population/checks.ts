/** Checks of a flow against a target, a while at a time, so that the page can say how far one is. */
import { UserError } from '../../../base/user-error';
import { fewestWeighed, type CheckPart, type CheckQuery } from '../../../protocol/check';
import { CancelledError } from '../../../protocol/wire';
import { layersOf } from '../../check/layers';
import { namesOr } from '../../check/names';
import { report } from '../../check/report';
import type { Target } from '../../check/built-in-target';
import { openTarget } from '../../check/target';
import { weigh, type Weighed } from '../../check/weigh';
import { weightMap } from '../../check/weight-map';
import type { InspectedFlow } from '../../model/inspected-flow';

const largest = 1_000_000;

export type Checks = ReturnType<typeof createChecks>;

interface Running {
  target: Target;
  steps: AsyncGenerator<Weighed>;
  weighed?: Weighed;
  part: CheckPart;
  names: readonly string[];
  /** Cancels the question that waits for the next answer. */
  control: AbortController;
}

/** @param featureNames of the flow, where it has them */
export function createChecks(featureNames: () => Promise<readonly string[] | undefined>) {
  let running: Running | undefined;

  const begin = async (
    flow: InspectedFlow,
    { start: _, ...settings }: CheckQuery,
    control: AbortController,
  ): Promise<Running> => {
    const { draws, seed } = settings;
    if (!Number.isInteger(draws) || draws < 100 || draws > largest || !Number.isSafeInteger(seed))
      throw new UserError(`A check with ${draws} draws was asked for; expected 100 to ${largest}.`);
    const { runner } = flow;
    const condition = runner.context && (flow.chosenContext ?? runner.context.mean);
    const target = await openTarget(settings.target, { condition, signal: control.signal });
    return {
      ...{ target, control },
      steps: weigh({ forward: runner, inverse: runner }, target, { draws, seed, signal: control.signal }),
      part: { settings, done: 0, total: draws },
      names: namesOr(await featureNames(), flow.dimensions),
    };
  };

  return {
    /** What was computed last, whether it came to its end or not. */
    kept: () => running?.part ?? null,
    /** Ends the target that waits for more draws. */
    end: () => running?.target.end(),
    /** @throws UserError where the target fails, or for a check that is not kept any more; CancelledError */
    async next(flow: InspectedFlow, query: CheckQuery, signal: AbortSignal) {
      const begins = query.start === 0;
      const control = begins ? new AbortController() : running?.control;
      const stop = (): void => control?.abort();
      signal.addEventListener('abort', stop, { once: true });
      let now: Running | undefined;
      try {
        if (signal.aborted) throw new CancelledError();
        if (begins) {
          running?.target.end();
          running = undefined;
          running = await begin(flow, query, control!);
        }
        now = running;
        if (!now || now.part.done !== query.start)
          throw new UserError(`A check from draw ${query.start} on was asked for; begin at 0.`);
        const step = await now.steps.next();
        if (!step.done) now.weighed = step.value;
        const { weighed, part, names } = now;
        const done = Math.min(part.total, weighed!.count + weighed!.nonFinite);
        const isLast = done >= part.total;
        if (isLast) now.target.end();
        const layers = isLast ? layersOf(flow, weighed!, names, signal) : undefined;
        const enough = isLast || weighed!.count >= fewestWeighed;
        const told = { seed: query.seed, names, layers, signal, logZ: now.target.logZ };
        now.part = {
          ...{ settings: part.settings, done, total: part.total },
          ...(enough ? { report: await report(weighed!, told) } : {}),
        };
        return now.part;
      } catch (error) {
        now?.target.end();
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    /** Looks at what was computed last. @throws UserError for unknown features */
    map(features: [number, number]) {
      if (!running?.weighed) return null;
      return weightMap(running.weighed, features, running.names);
    },
  };
}
