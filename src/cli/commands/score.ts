import { defined } from '../../base/defined';
import { UserError } from '../../base/user-error';
import { score, solverError, type ScoreResult, examplesToScore } from '../../engine/use/score';
import { sizeOf } from '../../base/shape';
import { type Outcome, choiceOption, defineCommand, integerOption } from '../command';
import { counted, fixed, table } from '../format';
import { conditionOption, inputOptions, tableChoice } from '../input-options';
import { modelHelp, openRunner } from '../model';
import { reportNonFinite } from '../non-finite';
import { inSteps } from '../progress';

export const scoreCommand = defineCommand({
  name: 'score',
  summary: 'Negative log-likelihood of examples, in nats and bits/dim, and what each part adds to ln p',
  argument: modelHelp,
  about:
    'Computes −ln p of each example, and what each part adds to the mean of ln p: log-det of the couplings, of batch normalization and of preprocessing, for images the quantization −D·ln(levels), and ln p(z). They add up to ln p(x); in JSON they are the other numbers of "mean", and add up to −nats.\n\n' +
    'Uniform noise in [0, 1) from --seed is added to integer pixels, and to columns of --transform COLUMN=dequantize; --draws averages over several draws. The mean of ln p over the noise is a lower bound of ln P of the integers. bits/dim is nats / (D ln 2), where D is the number of values of the padded image.',
  options: {
    split: choiceOption(['train', 'validation'], "Examples of the run's own data instead of --input."),
    ...inputOptions,
    ...conditionOption,
    draws: integerOption('N', 'Draws of the noise that is added to integers.', {
      min: 1,
      max: 10_000,
      default: 1,
    }),
    seed: integerOption('S', 'Of that noise.', { min: 0, default: 0 }),
    space: choiceOption(
      ['data', 'flow'],
      "data: pixels and raw coordinates. flow: the flow's own input, such as logits, without bits/dim.",
      { default: 'data' },
    ),
  },
  examples: {
    'New points of the same set:': 'flowscope score runs/moons --input moons',
    'The held-out examples, averaged over eight draws of noise:':
      'flowscope score runs/digits --split validation --draws 8',
    'Each image of an array, averaged over eight draws of noise:':
      'flowscope score runs/digits --input images.npy --draws 8 --json > scores.json',
    'New rows of a table, by the names of their columns:': 'flowscope score runs/table --input new.csv',
  },
  async run(session, model, options): Promise<Outcome> {
    const { draws, seed, input, split, layout, space, condition } = options;
    const opened = await openRunner(session, model, 'forward');
    const { runner, file } = opened;
    if (runner.lacksLogDet)
      throw new UserError(`${file}: computes no log-det, so there is no likelihood. Use another file.`);
    const examples = await examplesToScore(opened, {
      ...{ input, split, layout, space, seed, condition },
      ...tableChoice(session, options),
    });
    if (draws > 1 && !examples.noisy) {
      throw new UserError(
        `--draws ${draws}: noise is only added to integers, so these examples score the same each time. Leave it out.`,
      );
    }
    const result = await score(runner, examples, { ...inSteps(session, 'scoring'), draws });
    const bad = reportNonFinite(session, file, examples.count, [result.nats]);
    const changes = await solverError(runner, examples, session);
    return {
      json: {
        model: file,
        ...(options.split ? { split: options.split } : { input: options.input }),
        count: examples.count,
        dimensions: sizeOf(runner.inputShape),
        ...(examples.noisy ? { draws, seed } : {}),
        mean: result.mean,
        nats: result.nats,
        ...(result.bitsPerDim ? { bitsPerDim: result.bitsPerDim } : {}),
        ...defined({ solverError: changes }),
        ...bad,
      },
      text:
        asText(result, examples.count, runner.couplings.length > 0) +
        (examples.noisy ? `\n${boundText(draws)}\n` : '') +
        (changes === undefined ? '' : `\n${solverText(changes)}\n`),
    };
  },
});

/** Nats; below, the numbers that are printed hold. */
const smallChange = 0.005;

const solverText = (changes: number): string =>
  `The flow is solved in steps: with twice as many, ln p changes by at most ${changes.toPrecision(2)} nats (the first examples). ` +
  (changes < smallChange ? '' : 'These numbers are wrong by about as much: the flow needs more steps.');

/** What the numbers are of integers, which have no density themselves. */
const boundText = (draws: number): string =>
  `Integers have noise, ${draws > 1 ? `averaged over ${draws} draws` : 'one draw of it'}: in the mean over the noise, this is a lower bound of their ln P.`;

function asText({ mean, nats }: ScoreResult, count: number, layersKnown: boolean): string {
  const { bitsPerDim } = mean;
  const perBit = bitsPerDim === undefined ? undefined : mean.nats / bitsPerDim;
  const row = (name: string, value: number): string[] => [
    name,
    fixed(value),
    ...(perBit === undefined ? [] : [fixed(value / perBit)]),
  ];
  const sorted = Float64Array.from(nats).sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const rows = [
    ['', 'nats', ...(perBit === undefined ? [] : ['bits/dim'])],
    ...(mean.couplings === 0 ? [] : [row(layersKnown ? 'couplings' : 'log-det', mean.couplings)]),
    ...(mean.norm === 0 ? [] : [row('batch norm', mean.norm)]),
    ...(mean.preprocessing === 0 ? [] : [row('preprocessing', mean.preprocessing)]),
    ...(mean.quantization === 0 ? [] : [row('quantization', mean.quantization)]),
    row('ln p(z)', mean.prior),
    row('ln p(x)', -mean.nats),
  ];
  return `Mean ln p of ${counted(count, 'example')}, and what each part adds to it

${table(rows, [1, 2])}

−ln p between examples: ${fixed(at(0))} lowest, ${fixed(at(0.5))} median, ${fixed(at(1))} highest nats
`;
}
