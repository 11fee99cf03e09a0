import { several } from '../../base/user-error';
import { calibrate, checkCalibratable, readPairs } from '../../engine/use/calibrate';
import type { Calibration, RankTest } from '../../protocol/calibration';
import { calibrationSvg, calibrationTitle } from '../calibration-chart';
import { chartFile, chartPage } from '../chart';
import { type Outcome, choiceOption, defineCommand, integerOption, textOption } from '../command';
import { count as shown, fixed, shownPath, table } from '../format';
import { conditionOption, inputOptions, tableChoice } from '../input-options';
import { modelHelp } from '../model';
import { inSteps } from '../progress';
import { openBothWays } from '../sources';

/** Rows of a table; the features that are farthest from uniform are kept. */
const mostFeatures = 40;

export const calibrateCommand = defineCommand({
  name: 'calibrate',
  summary: 'Tell whether the samples of a conditional flow are spread as they should be',
  argument: modelHelp,
  about:
    'Takes examples with their conditions, x and c, draws samples of p(x | c) for each c, and looks where the true x stands among them. In a calibrated flow it stands anywhere with equal chance: ranks are uniform. Three kinds of ranks are tested: of each feature (simulation-based calibration, Talts et al. 2018), of the log-density (expected coverage of the regions of highest density, Hermans et al. 2022), and of the distance from a reference point (TARP, Lemos et al. 2023), the example whose condition is most similar.\n\n' +
    'distance is the largest difference between the distribution function of the ranks and the uniform one, and p the chance that a calibrated flow shows as much (Kolmogorov–Smirnov test, with the correction of Stephens 1970). A rank r of L samples counts as (r + U) / (L + 1) with U uniform, which makes it exactly uniform in a calibrated flow. What has a p below 0.01, over the number of tests (Bonferroni), is off: then the samples are too narrow (spread above 1: overconfident), too wide, too low or too high (mean above or below 0.5). If only TARP is off with a mean below 0.5, the flow makes too little of its condition. Bands hold 99% of the counts of a calibrated flow (binomial).\n\n' +
    'Use examples that the flow was not trained on. A flow can be calibrated and still say little: compare its score too.',
  options: {
    split: choiceOption(
      ['validation', 'train'],
      'Which of the run’s own examples; by default validation. Cannot be combined with --input.',
    ),
    ...inputOptions,
    ...conditionOption,
    count: integerOption('N', 'Pairs of example and condition, at most. Of more, a random choice.', {
      min: 10,
      max: 1_000_000,
      default: 500,
    }),
    draws: integerOption('L', 'Samples for each pair.', { min: 10, max: 10_000, default: 200 }),
    seed: integerOption('S', 'Of all that is drawn.', { min: 0, default: 0 }),
    chart: textOption(
      'FILE',
      'Also draw histograms and curves with their bands, as .svg, or as .html with the tables.',
    ),
  },
  examples: {
    'A conditional flow on its held-out examples:': 'flowscope calibrate runs/table',
    'On other rows, with a page of charts:':
      'flowscope calibrate runs/table --input new.csv --count 2000 --chart calibration.html',
    'A posterior of another library on simulations, with all ranks:':
      'flowscope calibrate posterior.pt --input theta.npy --condition x.npy --json > ranks.json',
  },
  async run(session, model, options): Promise<Outcome> {
    const { input, layout, condition, count, draws, seed } = options;
    const split = input === undefined ? (options.split ?? 'validation') : options.split;
    const writeChart = await chartFile(options.chart);
    const ways = await openBothWays(session, model);
    const { forward, inverse } = ways;
    checkCalibratable(forward);
    const choice = { input, split, layout, seed, condition, ...tableChoice(session, options) };
    const pairs = await readPairs(forward, choice, count);
    const result = await calibrate({ forward: forward.runner, inverse: inverse.runner }, pairs, {
      ...inSteps(session, 'calibrating'),
      draws,
      seed,
      names: forward.featureNames,
    });
    const tests = testRows(result);
    const levels = levelRows(result);
    const chart = await writeChart({
      svg: () => calibrationSvg(result),
      page: () => chartPage(calibrationTitle(result), calibrationSvg(result), [tests, levels]),
    });
    return {
      json: {
        model: forward.file,
        ...(input === undefined ? { split } : { input }),
        seed,
        ...asJson(result),
        ...(chart === undefined ? {} : { chart }),
      },
      text: asText(result, [tests, levels], chart),
    };
  },
});

const kinds = { coverage: 'density (coverage)', tarp: 'distance (TARP)' };

const pText = (p: number): string => (p < 0.001 ? '<0.001' : fixed(p));

function testRows({ features, coverage, tarp }: Calibration): string[][] {
  const worst = new Set([...features].sort((a, b) => b.distance - a.distance).slice(0, mostFeatures));
  const row = (name: string, { distance, pValue, mean, spread, off }: RankTest): string[] => [
    name,
    fixed(distance),
    pText(pValue),
    fixed(mean, 2),
    fixed(spread, 2),
    off ?? '',
  ];
  return [
    ['', 'distance', 'p', 'mean', 'spread', ''],
    ...features.filter((feature) => worst.has(feature)).map((feature) => row(feature.name, feature)),
    row(kinds.coverage, coverage),
    row(kinds.tarp, tarp),
  ];
}

function levelRows({ coverage }: Calibration): string[][] {
  const percent = (share: number): string => `${fixed(100 * share, 1)}%`;
  return [
    ['region of', 'holds', 'calibrated flows'],
    ...coverage.levels.map(({ level, found, low, high }) => [
      `${Math.round(100 * level)}%`,
      percent(found),
      `${percent(low)} to ${percent(high)}`,
    ]),
  ];
}

/** Without the places, which follow from ranks and seed. */
function asJson({ features, coverage, tarp, ...rest }: Calibration): Record<string, unknown> {
  const without = <T extends RankTest>({ places: _, off, ...test }: T) => ({ ...test, off: off ?? null });
  return { ...rest, features: features.map(without), coverage: without(coverage), tarp: without(tarp) };
}

function asText(
  result: Calibration,
  [tests, levels]: readonly [string[][], string[][]],
  chart: string | undefined,
): string {
  const { features, coverage, tarp, threshold, nonFinite } = result;
  const left = features.length - mostFeatures;
  const off = [...features, { name: kinds.coverage, ...coverage }, { name: kinds.tarp, ...tarp }].filter(
    (test) => test.off,
  );
  const limit = `${Number(threshold.toPrecision(2))} (0.01 over ${several(features.length + 2, 'test')})`;
  return [
    calibrationTitle(result),
    table(tests, [1, 2, 3, 4]),
    ...(left > 0 ? [`${several(left, 'feature')} nearer to uniform: with --json.`] : []),
    table(levels, [0, 1, 2]),
    off.length === 0
      ? `Nothing is off: no p is below ${limit}.`
      : `Off, with p below ${limit}: ${off.map((test) => `${test.name}, ${test.off}`).join('; ')}.`,
    ...(nonFinite > 0
      ? [
          `Warning: ${shown(nonFinite)} values of samples or log-densities are not finite; they count as not before the truth.`,
        ]
      : []),
    ...(chart === undefined ? [] : [`Chart: ${shownPath(chart)}`]),
  ].join('\n\n');
}
