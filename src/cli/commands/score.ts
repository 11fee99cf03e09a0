import { UserError } from '../../config/user-error';
import type { NpyArray } from '../../data/npy';
import { stream } from '../../data/random';
import { prepareInput } from '../../engine/use/input';
import { score, type ScoreResult } from '../../engine/use/score';
import { sizeOf, type FlowRunner, type Space } from '../../engine/use/runner';
import { defineCommand, type Outcome } from '../command';
import { count as shown, fixed, table } from '../format';
import { modelHelp, openRunner } from '../model';
import { batchReport } from '../progress';
import { readExamples } from '../read-examples';

export const scoreCommand = defineCommand({
  name: 'score',
  summary: 'Negative log-likelihood of examples, in nats and bits/dim, and its parts',
  argument: modelHelp,
  about:
    'Computes −ln p of each example, and the mean of its parts: prior, log-det of the couplings, of batch normalization, of preprocessing, and for images the quantization D·ln(levels). The parts add up to the nats.\n\n' +
    'Integer pixels get uniform noise in [0, 1) from --seed; --draws averages over several draws. bits/dim is nats / (D ln 2) with D the number of values of the padded image.',
  options: {
    input: {
      type: 'text',
      value: 'FILE',
      required: true,
      help: 'A table (.csv, .tsv), IDX images, .npy or .npz (array x), or a built-in name: new points of a 2-D set, all of digits.',
    },
    array: { type: 'text', value: 'NAME', help: 'Which array of an .npz to take.' },
    columns: {
      type: 'text',
      value: 'A,B,…',
      help: 'Columns of a table, by name or number from 0; by default those that the model was trained on.',
    },
    'label-column': { type: 'text', value: 'NAME', help: 'Column of a table that holds a class: left out.' },
    draws: {
      type: 'integer',
      value: 'N',
      min: 1,
      max: 10_000,
      default: 1,
      help: 'Draws of the noise that pixels get.',
    },
    seed: { type: 'integer', value: 'S', min: 0, default: 0, help: 'Of that noise.' },
    space: {
      type: 'choice',
      choices: ['data', 'flow'],
      default: 'data',
      help: "data: pixels and raw coordinates. flow: the flow's own input, such as logits; no bits/dim then.",
    },
    layout: {
      type: 'choice',
      choices: ['nhwc', 'nchw'],
      help: "Order of the axes of image arrays; by default the model's own.",
    },
  },
  examples: [
    { command: 'flowscope score runs/moons --input moons', says: 'Fresh points of the same shape:' },
    {
      command: 'flowscope score runs/digits --input images.npy --draws 8 --json > scores.json',
      says: 'Each image of an array, averaged over eight draws of noise:',
    },
    {
      command: 'flowscope score runs/table --input new.csv',
      says: 'New rows of a table, by the names of their columns:',
    },
  ],
  async run(session, model, options): Promise<Outcome> {
    const { input, draws, seed, space } = options;
    const { runner, layout: usual, file, data, featureNames } = await openRunner(session, model, 'forward');
    const { config } = runner;
    if (runner.lacksLogDet) {
      throw new UserError(
        `${file}: computes no log-det, without which there is no likelihood; use another file.`,
      );
    }
    const { array, where } = await readExamples({
      input,
      dimensions: sizeOf(runner.inputShape),
      kind: config.kind,
      ...(config.kind === 'image' ? { imageShape: [config.height, config.width, config.channels] } : {}),
      ...(options.array === undefined ? {} : { array: options.array }),
      ...(options.columns === undefined ? {} : { columns: columnList(options.columns) }),
      ...(options['label-column'] === undefined ? {} : { labelColumn: columnName(options['label-column']) }),
      ...(data ? { data } : {}),
      ...(featureNames ? { featureNames } : {}),
    });
    const examples = prepareExamples(runner, array, { space, layout: options.layout ?? usual, where, seed });
    if (draws > 1 && !examples.noisy) {
      throw new UserError(
        `--draws ${draws}: only integer pixels get noise; these examples would score the same each time.`,
      );
    }
    const result = await score(runner, examples, {
      draws,
      signal: session.signal,
      onProgress: batchReport(session.progress, 'scoring'),
    });
    return {
      json: {
        model: file,
        input,
        count: examples.count,
        dimensions: sizeOf(runner.inputShape),
        ...(examples.noisy ? { draws, seed } : {}),
        mean: result.mean,
        nats: result.nats,
        ...(result.bitsPerDim ? { bitsPerDim: result.bitsPerDim } : {}),
      },
      text: asText(result, examples.count, runner.couplings.length > 0),
    };
  },
});

/** A name, or a zero-based number. */
function columnName(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function columnList(text: string): (string | number)[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map(columnName);
}

/** Integer pixels stay without noise here, since every draw adds its own. */
function prepareExamples(
  runner: FlowRunner,
  array: NpyArray,
  options: { space: Space; layout: 'nhwc' | 'nchw'; where: string; seed: number },
) {
  const { config } = runner;
  const size = sizeOf(runner.inputShape);
  const { x, count, space, dequantized } = prepareInput(runner, array, { ...options, noise: false });
  const noisy = dequantized && config.kind === 'image';
  return {
    count,
    space,
    noisy,
    inputs(draw: number, start: number, n: number): Float32Array {
      const values = x.slice(start * size, (start + n) * size);
      if (!noisy) return values;
      const noise = stream(options.seed, 'score-noise', draw, start).uniform(values.length);
      for (let i = 0; i < values.length; i++) values[i]! += noise[i]!;
      return values;
    },
  };
}

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
    row('prior', mean.prior),
    row(layersKnown ? 'couplings' : 'log-det', mean.couplings),
    ...(mean.norm === 0 ? [] : [row('batch norm', mean.norm)]),
    ...(mean.preprocessing === 0 ? [] : [row('preprocessing', mean.preprocessing)]),
    ...(mean.quantization === 0 ? [] : [row('quantization', mean.quantization)]),
    row('total', mean.nats),
  ];
  return `Mean −ln p of ${shown(count)} examples and its parts

${table(rows, [1, 2])}

Between examples: ${fixed(at(0))} lowest, ${fixed(at(0.5))} median, ${fixed(at(1))} highest nats
`;
}
