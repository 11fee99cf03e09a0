import path from 'node:path';
import { effectiveCount } from '../../base/effective-count';
import { countNonFinite } from '../../base/finite';
import { UserError } from '../../base/user-error';
import { writeNpz } from '../../data/npz';
import { writeSampleGrid, writeScatter } from '../../data/png';
import { arrayIn } from '../../engine/model/runner';
import { readContext } from '../../engine/use/read-context';
import { namesOr } from '../../engine/check/names';
import { sample } from '../../engine/use/sample';
import { writeAtomically } from '../../files/atomic';
import {
  type Outcome,
  choiceOption,
  defineCommand,
  integerOption,
  numberOption,
  textOption,
} from '../command';
import { count as shown, pairs, shownPath, fixed } from '../format';
import { conditionOption } from '../input-options';
import { numberList } from '../lists';
import { modelHelp, openRunner } from '../model';
import { nonFiniteWarning, reportNonFinite } from '../non-finite';
import { checkOutput } from '../output-file';
import { inSteps } from '../progress';
import { timeoutOption, openWeighable } from '../weighing';
import { openTarget } from '../../engine/check/target';
import { weigh, type Weighed } from '../../engine/check/weigh';
import { weightsOf } from '../../base/log-weights';
import { smoothedWeights } from '../../engine/check/weights';
import { openInferenceBackend } from '../backend';
import type { Session } from '../session';

export const sampleCommand = defineCommand({
  name: 'sample',
  summary: 'Draw samples as a picture, NumPy arrays or a table',
  argument: modelHelp,
  about:
    'Draws latents from the flow’s base distribution, a standard normal unless its config says otherwise, with deviations times the temperature, and maps them to data with the inverse of the flow. The same seed gives the same samples.\n\n' +
    'The extension of the output sets the format. .png: a grid of images, or a scatter plot of points (the first two coordinates of longer vectors). ' +
    '.npz: x, the samples in data units (pixels in [0, levels) before rounding down, raw coordinates), and z, their latents. .csv: one vector per line, under the names of the columns.',
  options: {
    count: integerOption('N', 'How many.', { min: 1, max: 10_000_000, default: 64 }),
    seed: integerOption('S', 'Seed of the latents.', { min: 0, default: 0 }),
    temperature: numberOption(
      'T',
      'Standard deviation of the latents. Below 1, samples are more typical and less varied.',
      { min: 0, default: 1 },
    ),
    'scale-temperatures': textOption(
      'A,B,…',
      'For image models, a factor of the temperature for each scale, starting with the latents that are factored out first (the finest detail). 1,1,1 changes nothing.',
    ),
    ...conditionOption,
    target: textOption(
      'NAME|FILE.py:NAME|FILE.js:NAME',
      'Weigh the samples with a log density, as check does: log_weight and weight beside x, and the evidence. A file is run.',
    ),
    ...timeoutOption,
    output: textOption('FILE', 'A .png, .npz or .csv file.', { required: true }),
    columns: integerOption(
      'N',
      'Images per row of the picture; by default about as many as there are rows.',
      { min: 1 },
    ),
    layout: choiceOption(
      ['nhwc', 'nchw'],
      "Order of the axes of images in an .npz; by default the model's own.",
    ),
  },
  examples: {
    'A sheet of 64 digits:': 'flowscope sample runs/digits --count 64 --output digits.png',
    'Many points, for NumPy:': 'flowscope sample runs/moons --count 100000 --seed 1 --output moons.npz',
    'Half the variation in the detail, all of it in the coarse shape:':
      'flowscope sample runs/digits --scale-temperatures 0.5,1 --output calm.png',
    'New rows for a table:': 'flowscope sample runs/table --count 1000 --output rows.csv',
    'A conditional flow, given two numbers:':
      'flowscope sample posterior.pt --condition 0.4,-1.2 --count 10000 --output theta.npz',
    'Samples of a target, with importance weights:':
      'flowscope sample runs/funnel --target target.py:log_prob --count 10000 --output weighted.npz',
  },
  async run(session, model, options): Promise<Outcome> {
    const { count, seed, temperature, output } = options;
    const format = await checkOutput(output, ['.png', '.npz', '.csv']);
    const target = path.resolve(output);
    if (options.target !== undefined)
      return writeWeighted(session, model, { ...options, target: options.target, output: target, format });
    const { runner, layout: usual, file, featureNames } = await openRunner(session, model, 'inverse');
    const { config } = runner;
    if (format === '.csv' && config.kind === 'image') {
      throw new UserError(
        `--output ${output}: a .csv holds vectors; the model draws images. Use .png or .npz.`,
      );
    }
    if (format === '.png' && config.kind === 'vector' && config.dim < 2) {
      throw new UserError(
        `--output ${output}: a scatter plot needs two features; the model has one. Use .npz or .csv.`,
      );
    }
    const byScale = options['scale-temperatures'];
    const scaleTemperatures = byScale === undefined ? undefined : numberList('scale-temperatures', byScale);
    const samples = await sample(
      runner,
      { count, seed, temperature, ...(scaleTemperatures ? { scaleTemperatures } : {}) },
      { ...inSteps(session, 'sampling'), context: await readContext(runner, options.condition, count) },
    );
    if (format === '.npz') {
      const layout = options.layout ?? usual;
      await writeNpz(target, {
        x: arrayIn(samples.x, samples.x.shape.slice(1), layout),
        z: arrayIn(samples.z, samples.z.shape.slice(1), layout),
      });
    } else if (format === '.csv') {
      const [, size = 0] = samples.x.shape;
      const row = (i: number) => samples.x.data.subarray(i * size, (i + 1) * size);
      await writeAtomically(target, tableOf(namesOr(featureNames, size), count, row));
    } else if (config.kind === 'image') {
      await writeSampleGrid(samples.x, config.levels, options.columns ?? Math.ceil(Math.sqrt(count)), target);
    } else await writeScatter(samples.x, target);

    const nonFinite = countNonFinite(samples.x.data);
    return {
      json: {
        model: file,
        output: target,
        format: format.slice(1),
        count,
        seed,
        temperature,
        ...(scaleTemperatures ? { scaleTemperatures } : {}),
        shape: samples.x.shape,
        nonFinite,
        ...reportNonFinite(session, file, count, [samples.x.data]),
      },
      text: pairs([
        [
          'Samples',
          `${shown(count)} of shape ${samples.x.shape.slice(1).join('×')}, seed ${seed}, temperature ${temperature}${scaleTemperatures ? ` × ${scaleTemperatures.join(', ')} by scale` : ''}`,
        ],
        nonFiniteWarning(nonFinite),
        ['Written', shownPath(target)],
      ]),
    };
  },
});

interface WeightedChoice {
  target: string;
  count: number;
  seed: number;
  temperature: number;
  condition: string | undefined;
  timeout: number;
  /** A file, and the form that its name asks for. */
  output: string;
  format: string;
}

/** The weights are smoothed (PSIS) and sum to the number of draws. @throws UserError, CancelledError */
async function writeWeighted(session: Session, model: string, choice: WeightedChoice): Promise<Outcome> {
  const { target: text, count, seed, temperature, condition, timeout, output, format } = choice;
  if (temperature !== 1)
    throw new UserError('--target: draws are weighed at temperature 1; leave --temperature out.');
  if (format === '.png') throw new UserError(`--output ${output}: weights are written to an .npz or .csv.`);
  const { opened, ways, condition: context } = await openWeighable(session, model, condition);
  const target = await openTarget(text, {
    ...{ backend: await openInferenceBackend(session), condition: context, timeout },
    signal: session.signal,
  });
  let weighed: Weighed | undefined;
  try {
    const steps = weigh(ways, target, { draws: count, seed, ...inSteps(session, 'sampling') });
    for await (const now of steps) weighed = now;
  } finally {
    target.end();
  }
  const { x, logQ, logWeights, nonFinite, count: kept } = weighed!;
  const { tail, evidence, weights } = smoothedWeights(logWeights);
  const ess = effectiveCount(weightsOf(logWeights, evidence.value));
  const size = x.length / kept;
  if (format === '.npz') {
    const column = (data: Float64Array) => ({ shape: [kept], data });
    await writeNpz(output, {
      x: { shape: [kept, size], data: x },
      ...{ log_q: column(logQ), log_weight: column(logWeights), weight: column(weights) },
    });
  } else {
    const names = namesOr(opened.featureNames, size);
    const columns = [...names, 'log_weight', 'weight'];
    const row = (i: number): number[] => [
      ...x.subarray(i * size, (i + 1) * size),
      logWeights[i]!,
      weights[i]!,
    ];
    await writeAtomically(output, tableOf(columns, kept, row));
  }
  return {
    json: {
      model: opened.file,
      ...{ target: text, output, format: format.slice(1), count: kept, seed, nonFinite },
      ...{ ess, logEvidence: evidence, paretoK: tail?.k ?? null },
    },
    text: pairs([
      ['Samples', `${shown(kept)} of ${size} features, seed ${seed}, with weights`],
      ['Effective draws', `${shown(Math.round(ess))}${tail ? `, Pareto k ${fixed(tail.k, 2)}` : ''}`],
      ['Log evidence', `${fixed(evidence.value, 3)} ± ${fixed(evidence.error, 3)}`],
      ...(nonFinite > 0
        ? [['Left out', `${shown(nonFinite)} draws whose density is not finite`] as const]
        : []),
      ['Written', shownPath(output)],
    ]),
  };
}

/** Rows that become text at a time. */
const together = 1000;

/** Rows of numbers as the text of a .csv. */
function* tableOf(
  names: readonly string[],
  count: number,
  row: (i: number) => ArrayLike<number>,
): Generator<Uint8Array> {
  const quoted = (name: string): string =>
    /[",\n\r]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
  yield Buffer.from(`${names.map(quoted).join(',')}\n`);
  for (let start = 0; start < count; start += together) {
    let text = '';
    for (let i = start; i < Math.min(count, start + together); i++)
      text += `${Array.from(row(i), shortest).join(',')}\n`;
    yield Buffer.from(text);
  }
}

/** The fewest digits that read back as the same float32. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}
