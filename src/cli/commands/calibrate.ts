import { several } from '../../base/user-error';
import { calibrate, readPairs } from '../../engine/use/calibrate';
import { pairPlot } from '../../engine/use/pair-plot';
import type { Calibration, PairPlot, RankTest } from '../../protocol/calibration';
import { calibrationSvg, calibrationTitle, type NamedPairPlot } from '../calibration-chart';
import { chartFile, chartPage } from '../chart';
import { type Outcome, choiceOption, defineCommand, integerOption, textOption } from '../command';
import { count as shown, fixed, shownPath, table } from '../format';
import { conditionOption, inputOptions, tableChoice } from '../input-options';
import { featurePair } from '../lists';
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
    'distance is the largest difference between the distribution function of the ranks and the uniform one, and p the chance that a calibrated flow shows as much (Kolmogorov–Smirnov test, with the correction of Stephens 1970). A rank r of L samples counts as (r + U) / (L + 1) with U uniform, which makes it exactly uniform in a calibrated flow. What has a p below 0.01, over the number of tests (Bonferroni), is off: then the samples are too narrow (spread above 1: overconfident), too wide, too low or too high (mean above or below 0.5). If only TARP is off with a mean below 0.5, the flow makes too little of its condition. Bands hold 99% of the counts of a calibrated flow (binomial).\n\nBesides, a posterior predictive check of two features: one sample for the condition of each example, and how far these samples and the examples are apart, from 0 to 1 (energy distance, Székely and Rizzo 2013; p by random exchanges of sample and example).\n\n' +
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
    pair: textOption(
      'A,B',
      'Features of the posterior predictive check, by name or number; the first two when absent.',
    ),
    seed: integerOption('S', 'Of all that is drawn.', { min: 0, default: 0 }),
    chart: textOption(
      'FILE',
      'Also draw histograms and curves with their bands, and the pair of features, as .svg, or as .html with the tables.',
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
    const choice = { input, split, layout, seed, condition, ...tableChoice(session, options) };
    const pairs = await readPairs(forward, choice, count);
    const features = featurePair('pair', options.pair, forward.featureNames, pairs.x.length / pairs.count);
    const { samples, ...result } = await calibrate(
      { forward: forward.runner, inverse: inverse.runner },
      pairs,
      { ...inSteps(session, 'calibrating'), draws, seed, names: forward.featureNames },
    );
    const predicted =
      features && (await pairPlot({ ...pairs, samples }, { features, seed, signal: session.signal }));
    const plot = predicted ? { plot: predicted, names: namesOf(predicted, result) } : undefined;
    const tests = testRows(result);
    const levels = levelRows(result);
    const chart = await writeChart({
      svg: () => calibrationSvg(result, plot),
      page: () => chartPage(calibrationTitle(result), calibrationSvg(result, plot), [tests, levels]),
    });
    return {
      json: {
        model: forward.file,
        ...(input === undefined ? { split } : { input }),
        seed,
        ...asJson(result),
        ...(plot ? { pair: pairJson(plot) } : {}),
        ...(chart === undefined ? {} : { chart }),
      },
      text: asText(result, [tests, levels], plot, chart),
    };
  },
});

function namesOf({ features }: PairPlot, calibration: Calibration): [string, string] {
  const [a, b] = features.map((feature) => calibration.features[feature]!.name);
  return [a!, b!];
}

/** Without the points. */
function pairJson({ plot, names }: NamedPairPlot): Record<string, unknown> {
  const { distance, high, pValue, off } = plot;
  return { features: names, pairs: plot.examples.shape[0], distance, high, pValue, off };
}

function pairText({ plot: { examples, distance, high, pValue, off }, names }: NamedPairPlot): string {
  return (
    `Posterior predictive of ${names.join(' and ')}, ${several(examples.shape[0]!, 'pair')}: ` +
    `examples and samples are ${fixed(distance, 4)} apart, p ${pText(pValue)}; ` +
    `calibrated flows to ${fixed(high, 4)} (99%). ${off ? 'Off.' : 'Not off.'}`
  );
}

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
  plot: NamedPairPlot | undefined,
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
    ...(plot ? [pairText(plot)] : []),
    ...(nonFinite > 0
      ? [
          `Warning: ${shown(nonFinite)} values of samples or log-densities are not finite; they count as not before the truth.`,
        ]
      : []),
    ...(chart === undefined ? [] : [`Chart: ${shownPath(chart)}`]),
  ].join('\n\n');
}
