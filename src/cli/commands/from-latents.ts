/** Commands that decode latents made of those of examples. */
import path from 'node:path';
import { countNonFinite } from '../../base/finite';
import { UserError } from '../../base/user-error';
import { writeNpz } from '../../data/npz';
import { writeSampleGrid, writeScatter } from '../../data/png';
import { dataExamples } from '../../engine/model/examples';
import { arrayIn } from '../../engine/model/runner';
import { decodeLatents } from '../../engine/model/latents';
import { manifoldAngles, manifoldLatents } from '../../engine/use/manifold';
import { sizeOf } from '../../base/shape';
import type { NdArray } from '../../protocol/tensors';
import { type Outcome, choiceOption, defineCommand, integerOption, textOption } from '../command';
import { pairs, shownPath, count as shown } from '../format';
import { indexList } from '../lists';
import { modelHelp } from '../model';
import { nonFiniteWarning } from '../non-finite';
import { checkOutput } from '../output-file';
import { inSteps } from '../progress';
import { chooseExamples, openBothWays, sourceOptions, type BothWays, type ChosenExamples } from '../sources';
import { keptCounts, reconstructionLatents, scalesOf } from '../../engine/use/reconstruct';

export const interpolateCommand = defineCommand({
  name: 'interpolate',
  summary: 'Interpolate on the manifold of four examples',
  argument: modelHelp,
  about:
    'Takes four examples to their latents z1 … z4 and decodes z = cos φ (cos φ′ z1 + sin φ′ z2) + sin φ (cos φ′ z3 + sin φ′ z4) for a grid of angles, as in the paper (section 4.2, appendix D). Rows go by φ, columns by φ′.\n\n' +
    'With circle, both angles run through [0, 2π), which also reaches opposite latents; with 8 angles this is the figure of the paper. With quarter, they run from 0 to π/2, and the four examples are at the corners of the grid.\n\n' +
    'The extension of the output sets the format. .png: a grid of images, or a scatter plot of points over the data (the first two coordinates of longer vectors). ' +
    '.npz: x and z [angles, angles, …], angles in radians, the four examples as given and their latents.',
  options: {
    examples: textOption('A,B,C,D', 'Indices of the four examples, from 0; by default the first four.'),
    ...sourceOptions,
    angles: integerOption('N', 'Number of angles along each side of the grid.', {
      min: 2,
      max: 256,
      default: 8,
    }),
    range: choiceOption(['circle', 'quarter'], 'Range of both angles.', { default: 'circle' }),
    output: textOption('FILE', 'A .png or .npz file.', { required: true }),
  },
  examples: {
    'The figure of the paper from four validation examples:':
      'flowscope interpolate runs/digits --examples 1,2,3,4 --output manifold.png',
    'Between four samples, at the corners of the grid:':
      'flowscope interpolate runs/digits --range quarter --angles 5 --split sample --seed 3 --output between.png',
    'Between the first four images of an array, for NumPy:':
      'flowscope interpolate runs/digits --input images.npy --angles 16 --output manifold.npz',
  },
  async run(session, model, options): Promise<Outcome> {
    const { output, range } = options;
    const format = await checkOutput(output, ['.png', '.npz']);
    const target = path.resolve(output);
    const indices = options.examples === undefined ? undefined : indexList('examples', options.examples);
    if (indices && indices.length !== 4) throw notFour(indices.length);
    const ways = await openBothWays(session, model);
    const { runner, layout: usual, file } = ways.inverse;
    const { config } = runner;
    if (format === '.png' && config.kind === 'vector' && config.dim < 2) {
      throw new UserError(
        `--output ${output}: a scatter plot needs two features; the model has one. Use .npz.`,
      );
    }
    const chosen = await chooseExamples(session, ways, indices, 4, options);
    if (chosen.indices.length !== 4) throw notFour(chosen.indices.length);
    const angles = manifoldAngles(options.angles, range);
    const cells = angles.length ** 2;
    const z = manifoldLatents(chosen.z, sizeOf(runner.outputShape), angles);
    const x = await decodeLatents(runner, z, cells, inSteps(session, 'decoding'));
    const event = x.shape.slice(1);
    const square = [angles.length, angles.length];
    if (format === '.npz') {
      const layout = options.layout ?? usual;
      const latent = runner.outputShape;
      await writeNpz(target, {
        x: arrayIn({ shape: [...square, ...event], data: x.data }, event, layout),
        z: arrayIn({ shape: [...square, ...latent], data: z }, latent, layout),
        angles: { shape: [angles.length], data: Float64Array.from(angles) },
        examples: arrayIn(chosen.shown, event, layout),
        latents: arrayIn({ shape: [4, ...latent], data: chosen.z }, latent, layout),
      });
    } else if (config.kind === 'image') await writeSampleGrid(x, config.levels, angles.length, target);
    else await writeScatter(x, target, await background(ways));

    const turn = range === 'circle' ? 'full circle' : 'quarter turn, with the examples at the corners';
    return written({ file, target, format, chosen, x }, { range, angles, shape: [...square, ...event] }, [
      'Angles',
      `${angles.length} × ${angles.length}, ${turn}`,
    ]);
  },
});

function notFour(count: number): UserError {
  return new UserError(`Expected four examples, got ${count}. Name four with --examples.`);
}

/** Points of the data beneath the picture, where the model's data are there. */
async function background({ forward: { model } }: BothWays): Promise<NdArray<Float32Array> | undefined> {
  const known = await model?.data.splits();
  const split = known?.splits.find(({ name }) => name === 'validation') ?? known?.splits[0];
  if (!model || !split) return undefined;
  const count = Math.min(2000, split.count);
  const { shown } = await dataExamples(model, split.name, 0, count);
  return { shape: [count, ...model.flow.inputShape], data: shown };
}

export const reconstructCommand = defineCommand({
  name: 'reconstruct',
  summary: 'Keep the latents of coarse scales and resample the fine ones',
  argument: modelHelp,
  about:
    'A multi-scale flow factors out half of its latents at each scale, the finest detail first. This command keeps the coarse latents of an example, draws the fine ones from the prior, and decodes. The result shows what the coarse scales encode (the compression figure of the paper).\n\n' +
    'In a .png each row is an example: the original, then with all latents kept, then without those of the first scale, of the first two, and so on. The resampled latents are the same in all columns of a row. ' +
    '.npz: x [examples, columns, …] without the column of the originals, z likewise, originals, kept (latents kept in each column) and scales (the scale of each latent, in the shape of z).',
  options: {
    examples: textOption('A,B,…', 'Indices of the examples, from 0; by default the first eight.'),
    ...sourceOptions,
    output: textOption('FILE', 'A .png or .npz file.', { required: true }),
  },
  examples: {
    'Three validation examples:': 'flowscope reconstruct runs/digits --examples 0,5,9 --output kept.png',
    'With other, slightly more typical detail, as arrays:':
      'flowscope reconstruct runs/digits --seed 2 --temperature 0.7 --output kept.npz',
  },
  async run(session, model, options): Promise<Outcome> {
    const { output, seed, temperature } = options;
    const format = await checkOutput(output, ['.png', '.npz']);
    const target = path.resolve(output);
    const indices = options.examples === undefined ? undefined : indexList('examples', options.examples);
    const ways = await openBothWays(session, model);
    const { runner, layout: usual, file } = ways.inverse;
    const { config } = runner;
    const scales = scalesOf(runner);
    const chosen = await chooseExamples(session, ways, indices, 8, options);
    const rows = chosen.indices.length;
    const kept = keptCounts(scales);
    const columns = kept.length;
    const z = reconstructionLatents(chosen.z, rows, scales, columns, { seed, temperature });
    const x = await decodeLatents(runner, z, rows * columns, inSteps(session, 'decoding'));
    const event = x.shape.slice(1);
    if (format === '.npz') {
      const layout = options.layout ?? usual;
      const latent = runner.outputShape;
      const inShape = arrayIn({ shape: [...latent], data: Float32Array.from(scales) }, latent, layout);
      await writeNpz(target, {
        x: arrayIn({ shape: [rows, columns, ...event], data: x.data }, event, layout),
        z: arrayIn({ shape: [rows, columns, ...latent], data: z }, latent, layout),
        originals: arrayIn(chosen.shown, event, layout),
        kept: { shape: [columns], data: Int32Array.from(kept) },
        scales: { shape: inShape.shape, data: Int32Array.from(inShape.data) },
      });
    } else {
      const levels = config.kind === 'image' ? config.levels : 1;
      await writeSampleGrid(withOriginals(chosen.shown, x, columns), levels, columns + 1, target);
    }
    const size = sizeOf(runner.outputShape);
    return written(
      { file, target, format, chosen, x },
      { seed, temperature, kept, shape: [rows, columns, ...event] },
      ['Kept', kept.map((n) => `${shown(n)} (${Math.round((1000 * n) / size) / 10}%)`).join(', ')],
      ['Resampled', `the others, seed ${seed}, temperature ${temperature}`],
    );
  },
});

/** Each row begins with its original. */
function withOriginals(
  originals: NdArray<Float32Array>,
  { shape, data }: NdArray<Float32Array>,
  columns: number,
): NdArray<Float32Array> {
  const [rows = 0, ...event] = originals.shape;
  const size = sizeOf(event);
  const out = new Float32Array(rows * (columns + 1) * size);
  for (let row = 0; row < rows; row++) {
    const start = row * (columns + 1) * size;
    out.set(originals.data.subarray(row * size, (row + 1) * size), start);
    out.set(data.subarray(row * columns * size, (row + 1) * columns * size), start + size);
  }
  return { shape: [rows * (columns + 1), ...shape.slice(1)], data: out };
}

interface WrittenFile {
  file: string;
  target: string;
  format: string;
  chosen: ChosenExamples;
  x: NdArray<Float32Array>;
}

/** @param facts what the command alone says @param lines the same in words */
function written(
  { file, target, format, chosen: { label, indices }, x }: WrittenFile,
  facts: object,
  ...lines: [name: string, value: string][]
): Outcome {
  const nonFinite = countNonFinite(x.data);
  const about = { model: file, output: target, format: format.slice(1), examples: label, indices };
  return {
    json: { ...about, ...facts, nonFinite },
    text: pairs([['Examples', label], ...lines, nonFiniteWarning(nonFinite), ['Written', shownPath(target)]]),
  };
}
