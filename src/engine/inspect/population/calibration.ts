/** Calibration of a conditional flow on examples of its own data, a while at a time, so that the page can say how far it is. */
import { UserError } from '../../../base/user-error';
import { splitContext } from '../../../data/context';
import type { CalibrationPart, CalibrationSettings } from '../../../protocol/calibration';
import type { InspectedFlow } from '../../model/inspected-flow';
import {
  checkCalibratable,
  choosePairs,
  fewestPairs,
  rankPairs,
  testRanks,
  type Pairs,
  type Ranks,
} from '../../use/calibrate';
import { curveOf } from '../../use/rank-statistics';
import { createParts } from './parts';

/** An answer comes after this time, with the results so far. */
const answerAfterMs = 300;
const largest = { pairs: 10_000, draws: 2000 };
/** Most features in an answer: those that are farthest from uniform. */
const mostFeatures = 24;

const splits: readonly string[] = ['train', 'validation'];

export type Calibrations = ReturnType<typeof createCalibrations>;

interface Asked {
  flow: InspectedFlow;
  file: string;
  settings: CalibrationSettings;
}

/** @param features names of them */
export function createCalibrations(features: () => Promise<readonly string[] | undefined>) {
  return createParts(async function* (
    { flow, file, settings }: Asked,
    signal,
  ): AsyncGenerator<CalibrationPart> {
    checkSettings(settings);
    checkCalibratable({ runner: flow.runner, file });
    const pairs = await pairsOf(flow, settings);
    const names = await features();
    const begun = { settings, total: pairs.count, featureCount: flow.dimensions };
    const ways = { forward: flow.runner, inverse: flow.runner };
    let answered = Date.now();
    for await (const ranks of rankPairs(ways, pairs, { ...settings, signal })) {
      if (ranks.done < pairs.count && Date.now() < answered + answerAfterMs) continue;
      yield { ...begun, done: ranks.done, ...resultOf(ranks, settings, names) };
      answered = Date.now();
    }
  });
}

function resultOf(
  ranks: Ranks,
  settings: CalibrationSettings,
  names: readonly string[] | undefined,
): Pick<CalibrationPart, 'calibration' | 'curves'> {
  if (ranks.done < fewestPairs) return {};
  const calibration = testRanks(ranks, { ...settings, names });
  const worst = new Set(
    calibration.features.toSorted((a, b) => b.distance - a.distance).slice(0, mostFeatures),
  );
  return {
    calibration: { ...calibration, features: calibration.features.filter((one) => worst.has(one)) },
    curves: { coverage: curveOf(calibration.coverage.places), tarp: curveOf(calibration.tarp.places) },
  };
}

/** Examples of the flow's data with their conditions, of which there may be none. */
export async function pairsOf(
  { data, runner }: InspectedFlow,
  { split, pairs, seed }: Omit<CalibrationSettings, 'draws'>,
): Promise<Pairs> {
  const dataset = await data.open();
  const order = choosePairs(dataset[split].count, pairs, seed, split);
  const { features: x, context } = splitContext(await dataset[split].read(order), dataset);
  if (runner.context && !context) throw new UserError('The data of this flow come without conditions.');
  return { count: order.length, order, x, context: context ?? new Float32Array() };
}

function checkSettings({ split, pairs, draws, seed }: CalibrationSettings): void {
  const within = (value: number, most: number): boolean =>
    Number.isInteger(value) && value >= 10 && value <= most;
  const known = splits.includes(split);
  if (known && within(pairs, largest.pairs) && within(draws, largest.draws) && Number.isSafeInteger(seed))
    return;
  throw new UserError(
    `Calibration with ${pairs} pairs and ${draws} samples of ${split} was asked for; ` +
      `expected 10 to ${largest.pairs} pairs and 10 to ${largest.draws} samples of train or validation.`,
  );
}
