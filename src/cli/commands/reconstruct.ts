import path from 'node:path';
import { countNonFinite } from '../../base/finite';
import { writeNpz } from '../../data/npz';
import { writeSampleGrid } from '../../data/png';
import { arrayIn } from '../../engine/model/layout';
import { decodeLatents } from '../../engine/model/latents';
import { keptCounts, reconstructionLatents, scalesOf } from '../../engine/use/reconstruct';
import { sizeOf } from '../../base/shape';
import type { NdArray } from '../../protocol/tensors';
import { type Outcome, defineCommand, textOption } from '../command';
import { count as shown, pairs, shownPath } from '../format';
import { indexList } from '../lists';
import { modelHelp } from '../model';
import { nonFiniteWarning } from '../non-finite';
import { checkOutput } from '../output-file';
import { inSteps } from '../progress';
import { chooseExamples, openBothWays, sourceOptions } from '../sources';

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
    const wanted = options.examples === undefined ? undefined : indexList('examples', options.examples);
    const ways = await openBothWays(session, model);
    const { runner, layout: usual, file } = ways.inverse;
    const { config } = runner;
    const scales = scalesOf(runner);
    const chosen = await chooseExamples(session, ways, wanted, 8, options);
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
    const nonFinite = countNonFinite(x.data);
    return {
      json: {
        model: file,
        output: target,
        format: format.slice(1),
        examples: chosen.label,
        indices: chosen.indices,
        seed,
        temperature,
        kept,
        shape: [rows, columns, ...event],
        nonFinite,
      },
      text: pairs([
        ['Examples', chosen.label],
        ['Kept', kept.map((n) => `${shown(n)} (${Math.round((1000 * n) / size) / 10}%)`).join(', ')],
        ['Resampled', `the others, seed ${seed}, temperature ${temperature}`],
        nonFiniteWarning(nonFinite),
        ['Written', shownPath(target)],
      ]),
    };
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
