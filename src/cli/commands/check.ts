import { targetNames } from '../../config/targets';
import { UserError } from '../../base/user-error';
import { drawnFile, readDrawn } from '../../engine/check/drawn';
import { againstExamples, type Against } from '../../engine/check/against-examples';
import { namesOr } from '../../engine/check/names';
import { check } from '../../engine/check/run';
import { readPairs } from '../../engine/use/calibrate';
import { readContext } from '../../engine/use/read-context';
import { examplesToScore, type ExampleChoice } from '../../engine/use/score';
import type { CheckFinding, CheckReport, ExamplesReport, WorstDraw } from '../../protocol/check';
import { type Outcome, choiceOption, defineCommand, integerOption, textOption } from '../command';
import { count as shown, fixed, table } from '../format';
import { conditionOption, inputOptions, tableChoice } from '../input-options';
import { modelHelp } from '../model';
import { inSteps } from '../progress';
import { openInferenceBackend } from '../backend';
import type { Session } from '../session';
import { openBothWays } from '../sources';
import { openWeighable, timeoutOption } from '../weighing';

/** Rows of the target that are read, and rows of a table. */
const most = { rows: 20_000, features: 40, worst: 5 };

export const checkCommand = defineCommand({
  name: 'check',
  summary: 'Tell whether the density of a flow is right, where it is wrong, and which layer did it',
  argument: modelHelp,
  about:
    'With --target, draws from the flow and weighs each draw with a target: log w = log p − log q. The target is a function of a Python file that returns log densities, which need not be normalized: def log_prob(theta), of an array [n, D] in data units (a torch tensor where the file imports torch), or def log_prob(theta, condition). Minus infinity says that there is no mass. The file is run in a process of its own, by the Python that FLOWSCOPE_PYTHON names or the active environment’s. Or it is a function of a JavaScript file, exports.logProb = (x, tf) => …, of a tensor [n, D] in operations of TensorFlow.js. Name only files that you would run.\n\n' +
    'It shows how many draws count, (Σw)² / Σw², with an interval for any number of draws; the tail of the weights (Pareto k: above 0.7 averages cannot be trusted); the log evidence; draws outside of the support; the mass beyond the ends of each feature. Weights cannot see where the flow never draws: rows of the target (--input, or --split for the data of the run) can.\n\n' +
    'Which layer: no layer owns the error, since a bijection cannot change it. The answer is what would go if one layer alone were changed a little; the change is made on half of the draws and judged on the others. A layer is named only if it explains most, removes 15% or more, and more than the next one in 95% of resamples.\n\n' +
    'Without a target, the flow is held against examples (--input, or --split, by default validation): their latents have to be draws of the base, whatever the condition. Classifiers try to tell them, of latents and of examples (C2ST), also at single observations (L-C2ST); distances are measured, and how much the condition tells. Use examples that the flow was not trained on.',
  options: {
    target: textOption(
      'NAME|FILE.py:NAME|FILE.js:NAME|FILE:COLUMN',
      `The log density: a built-in target (${targetNames.join(', ')}). Or a function of a Python or JavaScript file, log_prob or logProb without a name. Or draws of the flow (.csv, .tsv, .parquet, .nc, or .npz with x) and the column or array that holds the log density of each.`,
    ),
    draws: integerOption('N', 'Draws from the flow, for a function; examples, without a target.', {
      min: 100,
      max: 1_000_000,
      default: 10_000,
    }),
    split: choiceOption(['validation', 'train'], 'Rows of the target, or the examples: those of the run.'),
    ...inputOptions,
    input: { ...inputOptions.input, help: `Rows of the target, or the examples. ${inputOptions.input.help}` },
    ...conditionOption,
    observation: textOption(
      'A=1,B=2|FILE',
      'Without a target, the condition to test the flow at; by default those of 40 examples.',
    ),
    prior: textOption(
      'LOW:HIGH|FILE.py:NAME',
      'Without a target, where draws may lie: a box (0:1 for all features, or 0:1,-3:3,…, one for each), or a log density that is −∞ outside.',
    ),
    ...timeoutOption,
    seed: integerOption('S', 'Seed of the draws.', { min: 0, default: 0 }),
  },
  examples: {
    'A flow that was trained on a built-in target:': 'flowscope check runs/funnel --target funnel',
    'A sampler’s flow against its target:': 'flowscope check runs/funnel --target target.py:log_prob',
    'A posterior at one observation, with held-out rows:':
      'flowscope check posterior.pt --target model.py:log_joint --condition 0.4,-1.2 --input reference.npy',
    'Against a likelihood that was computed elsewhere, for draws of flowscope sample:':
      'flowscope check posterior.pt --condition 0.4,-1.2 --target draws.npz:log_p',
    'A posterior against held-out simulations, and at one observation:':
      'flowscope check posterior.pt --input theta.npy --condition x.npy --observation 0.4,-1.2',
    'All numbers, and the worst draws with their layers:':
      'flowscope check runs/funnel --target target.py --draws 100000 --json > check.json',
  },
  async run(session, model, options): Promise<Outcome> {
    const { target, draws, seed, split, input, condition, timeout, observation, prior } = options;
    const choice = { input, split, seed, condition, ...tableChoice(session, options) };
    if (target === undefined)
      return againstChosen(session, model, {
        ...choice,
        ...{ observation, draws, prior, timeout, layout: options.layout },
      });
    if (observation !== undefined)
      throw new UserError('--observation is for a check without a target; give --condition instead.');
    if (prior !== undefined)
      throw new UserError('--prior is for a check without a target, which says −∞ outside of it.');
    const { opened, ways, flow, condition: context } = await openWeighable(session, model, condition);
    const file = drawnFile(target);
    const hasRows = input !== undefined || split !== undefined;
    if (file && hasRows)
      throw new UserError(
        '--input and --split need a target that is a function: it is asked for the density of their rows.',
      );
    const examples = hasRows
      ? await examplesToScore(opened, { ...choice, layout: options.layout, space: 'data' })
      : undefined;
    const count = Math.min(examples?.count ?? 0, most.rows);
    const report = await check({
      ...{
        ways,
        flow,
        draws,
        seed,
        timeout,
        backend: await openInferenceBackend(session),
        condition: context,
      },
      target: file ? await readDrawn(opened, file) : target,
      names: opened.featureNames,
      rows: examples && (await examples.inputs(0, 0, count)),
      ...inSteps(session, 'drawing'),
    });
    const titles = new Map(flow?.layers.map(({ info }) => [info.index, info.name]));
    return { json: asJson(report, titles, { model: opened.file, target, seed }), text: asText(report) };
  },
});

interface AgainstChoice extends Omit<ExampleChoice, 'space'> {
  draws: number;
  observation: string | undefined;
  prior: string | undefined;
  timeout: number;
}

async function againstChosen(
  session: Session,
  model: string,
  { draws, observation, prior, timeout, ...choice }: AgainstChoice,
): Promise<Outcome> {
  const { input, condition, seed } = choice;
  const isOne = condition !== undefined && !/\.np[yz]$/i.test(condition);
  const both = isOne ? undefined : await openBothWays(session, model);
  const { opened, ways } = both
    ? { opened: both.forward, ways: { forward: both.forward.runner, inverse: both.inverse.runner } }
    : await openWeighable(session, model, condition);
  const split = input === undefined ? (choice.split ?? 'validation') : choice.split;
  const examples = await readPairs(opened, { ...choice, split }, draws);
  const observations =
    observation === undefined ? undefined : await readContext(opened.runner, observation, 1);
  const steps = againstExamples({
    ...{ ways, seed, observations, backend: await openInferenceBackend(session) },
    examples: isOne ? { ...examples, context: new Float32Array() } : examples,
    names: namesOr(opened.featureNames, examples.x.length / examples.count),
    ...{ prior, timeout, signal: session.signal },
  });
  let last: Against | undefined;
  const progress = inSteps(session, 'checking', 'parts');
  for await (const now of steps) {
    last = now;
    progress.onProgress(now.done, now.total);
  }
  const { report } = last!;
  const source = input === undefined ? { split } : { input };
  return { json: { model: opened.file, ...source, seed, ...report }, text: againstText(report) };
}

function againstText({ examples, nonFinite, findings }: ExamplesReport): string {
  return `${[
    `${shown(examples)} examples. ${summaryOf(findings)}`,
    ...findings.map(findingText),
    ...(nonFinite > 0
      ? [`Warning: ${shown(nonFinite)} examples or draws beside them are not finite; nothing counts them.`]
      : []),
  ].join('\n\n')}\n`;
}

function summaryOf(findings: readonly CheckFinding[]): string {
  const off = findings.filter(({ severity }) => severity !== 'ok');
  return off.length === 0 ? 'Nothing is off.' : `${off.length} of ${findings.length} checks are off.`;
}

const findingText = ({ severity, sentence, advice }: CheckFinding): string =>
  `${severity === 'ok' ? '✓' : '!'} ${sentence}${advice ? `\n  Try: ${advice}` : ''}`;

function asJson(report: CheckReport, titles: ReadonlyMap<number, string>, head: object): object {
  const { efficiency, pareto, leakage, worst, blame, ...rest } = report;
  const layerOf = ({ layers }: WorstDraw): string | null => {
    if (!layers || !blame) return null;
    const most = layers.reduce((at, value, i) => (Math.abs(value) > Math.abs(layers[at]!) ? i : at), 0);
    return titles.get(blame.layers[most]!.layer) ?? null;
  };
  return {
    ...head,
    ...rest,
    ...{ efficiency, paretoK: pareto?.k ?? null, leakage },
    blame: blame
      ? { ...blame, layers: blame.layers.map((one) => ({ name: titles.get(one.layer), ...one })) }
      : null,
    worst: worst.map((draw) => ({ ...draw, layer: layerOf(draw) })),
  };
}

function asText(report: CheckReport): string {
  const { features, findings, worst, noBlame, nonFinite, draws, divergence } = report;
  const ratio = ({ ratio: value, error }: { ratio: number; error: number }): string =>
    `${fixed(value, 1)} ± ${fixed(error, 1)}`;
  const rows = features
    .slice(0, most.features)
    .map(({ name, tails: [low, high], mean, deviation }) => [
      name,
      ...[low!, high!].map((tail) => ratio(tail.byRows ?? tail.byWeights)),
      fixed((mean.target - mean.flow) / deviation.flow, 2),
      fixed(deviation.target / deviation.flow, 2),
    ]);
  const byRows = features.some(({ tails }) => tails.some((tail) => tail.byRows));
  const worstRows = (['missed', 'too much', 'outside'] as const).flatMap((kind) =>
    worst
      .filter((draw) => draw.kind === kind)
      .slice(0, most.worst)
      .map(({ index, x, logWeight, share }) => [
        kind,
        String(index),
        logWeight === null ? '−∞' : fixed(logWeight, 2),
        `${fixed(100 * share, 2)}%`,
        x
          .slice(0, 6)
          .map((value) => fixed(value, 3))
          .join(', ') + (x.length > 6 ? ', …' : ''),
      ]),
  );
  return `${[
    `${shown(draws)} draws. ${summaryOf(findings)}`,
    ...findings.map(findingText),
    ...(noBlame ? [noBlame] : []),
    `KL of the flow from the target ${divergence.reverse === Infinity ? 'infinite' : `${fixed(divergence.reverse, 3)} nats`}, of the target from the flow ${fixed(divergence.forward, 3)} nats by weights.`,
    `Target over flow: mass beyond the flow’s lowest and highest 0.1% (${byRows ? 'by rows' : 'by weights'}), mean in deviations, deviation.`,
    table([['', 'lowest', 'highest', 'mean', 'deviation'], ...rows], [1, 2, 3, 4]),
    table([['', 'draw', 'log w', 'of all weight', 'x'], ...worstRows], [1, 2, 3]),
    ...(nonFinite > 0
      ? [`Warning: ${shown(nonFinite)} draws or their densities are not finite; nothing counts them.`]
      : []),
  ].join('\n\n')}\n`;
}
