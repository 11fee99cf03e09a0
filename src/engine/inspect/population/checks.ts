/** Checks of a flow against a target or held-out examples, a while at a time, so that the page can say how far one is. */
import { subscript } from '../../../base/digits';
import { range } from '../../../base/order';
import { UserError } from '../../../base/user-error';
import { fewestWeighed, type CheckPart, type CheckSettings, type WeightMap } from '../../../protocol/check';
import type { Backend } from '../../backends/backend';
import { againstExamples } from '../../check/against-examples';
import { layersOf } from '../../check/layers';
import { report } from '../../check/report';
import { openTarget } from '../../check/target';
import { weigh } from '../../check/weigh';
import { weightMap } from '../../check/weight-map';
import type { InspectedFlow } from '../../model/inspected-flow';
import { pairsOf } from './calibration';
import { createParts } from './parts';

const largest = 1_000_000;

export type Checks = ReturnType<typeof createChecks>;

type Computer = Pick<Backend, 'compile'>;

interface Asked {
  flow: InspectedFlow;
  settings: CheckSettings;
}

/**
 * @param featureNames of the flow, where it has them
 * @param backend that computes targets and trains classifiers; without one there is no check
 */
export function createChecks(
  featureNames: () => Promise<readonly string[] | undefined>,
  backend: Computer | undefined,
) {
  let mapped: ((features: [number, number]) => WeightMap) | undefined;

  async function* parts({ flow, settings }: Asked, signal: AbortSignal): AsyncGenerator<CheckPart> {
    const { draws, seed } = settings;
    if (!Number.isInteger(draws) || draws < 100 || draws > largest || !Number.isSafeInteger(seed))
      throw new UserError(`A check with ${draws} draws was asked for; expected 100 to ${largest}.`);
    if (!backend) throw new UserError('Nothing computes here: open the model itself.');
    const names = (await featureNames()) ?? range(flow.dimensions).map((d) => `x${subscript(d + 1)}`);
    mapped = undefined;
    const steps =
      settings.target === undefined
        ? withoutTarget(flow, backend, settings, names, signal)
        : withTarget(flow, backend, { ...settings, target: settings.target }, names, signal);
    for await (const { weighed, ...part } of steps) {
      mapped = (features) => weightMap(weighed, features, names);
      yield { settings, ...part };
    }
  }

  async function* withoutTarget(
    flow: InspectedFlow,
    backend: Computer,
    { draws: most, seed, prior }: CheckSettings,
    names: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<Step> {
    const { runner } = flow;
    const steps = againstExamples({
      ...{ ways: { forward: runner, inverse: runner }, backend, seed, names, prior, signal },
      examples: await pairsOf(flow, { split: 'validation', pairs: most, seed }),
    });
    for await (const { report: against, draws: weighed, ...step } of steps)
      yield { ...step, against, weighed };
  }

  return { ...createParts(parts), map: (features: [number, number]) => mapped?.(features) ?? null };
}

/** What a part of a check adds, and the draws that its map is of. */
type Step = Omit<CheckPart, 'settings'> & { weighed: Parameters<typeof weightMap>[0] };

async function* withTarget(
  flow: InspectedFlow,
  backend: Computer,
  { target: of, draws, seed }: CheckSettings & { target: string },
  names: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Step> {
  const { runner } = flow;
  const condition = runner.context && (flow.chosenContext ?? runner.context.mean);
  const target = await openTarget(of, { backend, condition, signal });
  try {
    for await (const weighed of weigh({ forward: runner, inverse: runner }, target, {
      draws,
      seed,
      signal,
    })) {
      const done = Math.min(draws, weighed.count + weighed.nonFinite);
      const isLast = done >= draws;
      const layers = isLast ? layersOf(flow, weighed, names, signal) : undefined;
      const told = { seed, names, layers, signal, logZ: target.logZ };
      const isEnough = isLast || weighed.count >= fewestWeighed;
      yield {
        ...{ done, total: draws, weighed },
        ...(isEnough ? { report: await report(weighed, told) } : {}),
      };
    }
  } finally {
    target.end();
  }
}
