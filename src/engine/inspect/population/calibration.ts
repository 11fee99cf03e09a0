/** Calibration of a conditional flow on examples of its own data, a while at a time, so that the page can say how far it is. */
import { UserError } from '../../../base/user-error';
import { splitContext } from '../../../data/context';
import type {
  CalibrationPart,
  CalibrationQuery,
  CalibrationSettings,
  PairPlot,
  PairPlotQuery,
} from '../../../protocol/calibration';
import { CancelledError } from '../../../protocol/wire';
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
import { pairPlot } from '../../use/pair-plot';
import { curveOf } from '../../use/rank-statistics';

/** An answer comes after this time, with the results so far. */
const answerAfterMs = 300;
const largest = { pairs: 10_000, draws: 2000 };
/** Most features in an answer: those that are farthest from uniform. */
const mostFeatures = 24;

const splits: readonly string[] = ['train', 'validation'];

export type Calibrations = ReturnType<typeof createCalibrations>;

interface Running {
  steps: AsyncGenerator<Ranks>;
  pairs: Pairs;
  /** Ranks of the pairs so far. */
  ranks?: Ranks;
  total: number;
  names: readonly string[] | undefined;
  part: CalibrationPart;
  /** Cancels the question that waits for the next answer. */
  control: AbortController;
}

/** @param features names of them */
export function createCalibrations(features: () => Promise<readonly string[] | undefined>) {
  let running: Running | undefined;
  let kept: CalibrationPart | null = null;

  const begin = async (
    model: InspectedFlow,
    file: string,
    { start: _, ...settings }: CalibrationQuery,
  ): Promise<Running> => {
    checkSettings(settings);
    checkCalibratable({ runner: model.runner, file });
    const pairs = await pairsOf(model, settings);
    const control = new AbortController();
    const ways = { forward: model.runner, inverse: model.runner };
    return {
      steps: rankPairs(ways, pairs, { ...settings, signal: control.signal }),
      pairs,
      total: pairs.count,
      names: await features(),
      part: { settings, done: 0, total: pairs.count, featureCount: model.dimensions },
      control,
    };
  };

  return {
    /** What was computed last, whether it came to its end or not. */
    kept: () => kept,
    async next(model: InspectedFlow, file: string, query: CalibrationQuery, signal: AbortSignal) {
      if (query.start === 0) running = await begin(model, file, query);
      const now = running;
      if (!now || now.part.done !== query.start) {
        throw new UserError(`Calibration from pair ${query.start} on was asked for; begin at 0.`);
      }
      const stop = (): void => now.control.abort();
      signal.addEventListener('abort', stop, { once: true });
      try {
        if (signal.aborted) throw new CancelledError();
        const until = Date.now() + answerAfterMs;
        do {
          const step = await now.steps.next();
          if (step.done) break;
          now.ranks = step.value;
        } while (Date.now() < until && now.ranks.done < now.total);
        now.part = now.ranks ? await partOf(now, now.ranks, signal) : now.part;
        // A newer one may have begun meanwhile.
        if (running === now) kept = now.part;
        return now.part;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    /** Plot of what was computed last. @throws UserError where that is another or incomplete, and for unknown features */
    async pairPlot({ features, settings }: PairPlotQuery, signal: AbortSignal) {
      if (!running?.ranks || running.ranks.done < running.total || !isSame(running.part.settings, settings)) {
        throw new UserError('This calibration is not kept any more. Run it again.');
      }
      return plotOf(running, running.ranks, features, signal);
    },
  };
}

function isSame(a: CalibrationSettings, b: CalibrationSettings): boolean {
  return a.split === b.split && a.pairs === b.pairs && a.draws === b.draws && a.seed === b.seed;
}

async function plotOf(
  { part, pairs }: Running,
  { samples }: Ranks,
  features: [number, number],
  signal: AbortSignal,
): Promise<PairPlot | null> {
  return pairPlot({ ...pairs, samples }, { features, seed: part.settings.seed, signal });
}

async function partOf(running: Running, ranks: Ranks, signal: AbortSignal): Promise<CalibrationPart> {
  const { part, names, total } = running;
  const { settings, featureCount } = part;
  const now = { ...part, done: ranks.done };
  if (ranks.done < fewestPairs) return now;
  const calibration = testRanks(ranks, { ...settings, names });
  const worst = new Set(
    calibration.features.toSorted((a, b) => b.distance - a.distance).slice(0, mostFeatures),
  );
  return {
    ...now,
    calibration: { ...calibration, features: calibration.features.filter((one) => worst.has(one)) },
    curves: {
      coverage: curveOf(calibration.coverage.places),
      tarp: curveOf(calibration.tarp.places),
    },
    ...(ranks.done === total &&
      featureCount > 1 && { pairPlot: await plotOf(running, ranks, [0, 1], signal) }),
  };
}

async function pairsOf(model: InspectedFlow, { split, pairs, seed }: CalibrationSettings): Promise<Pairs> {
  const dataset = await model.data.open();
  const order = choosePairs(dataset[split].count, pairs, seed, split);
  const { features: x, context } = splitContext(await dataset[split].read(order), dataset);
  if (!context) throw new UserError('The data of this flow come without conditions.');
  return { count: order.length, x, context };
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
