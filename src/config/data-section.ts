/** The data section of the config: what to read, and how to split it. */
import * as v from 'valibot';
import { describe, fraction, nonNegative, nonNegativeInteger, positiveInteger } from './fields';

const pixels = v.pipe(positiveInteger, v.maxValue(4096));

export const dataSchema = v.strictObject({
  source: v.pipe(
    v.string(),
    v.minLength(1),
    describe(
      'A built-in name (moons, circles, spirals, pinwheel, checkerboard, gaussians, digits) or the path of a file or folder, relative to the config file.',
    ),
  ),
  format: v.optional(
    v.pipe(
      v.picklist(['auto', 'builtin', 'csv', 'tsv', 'parquet', 'npy', 'npz', 'idx', 'cifar', 'images']),
      describe('How to read the source. images is a folder or zip file of PNG, JPEG and WebP.'),
    ),
    'auto',
  ),
  validationSource: v.optional(
    v.pipe(
      v.string(),
      v.minLength(1),
      describe('Other data to hold out, of the same kind as source. validation can limit their number.'),
    ),
  ),
  array: v.optional(v.pipe(v.string(), v.minLength(1), describe('Name of the array in an .npz.'))),
  count: v.optional(
    v.pipe(positiveInteger, describe('Points to draw from a built-in 2-D set; by default 20,000.')),
  ),
  noise: v.optional(
    v.pipe(
      nonNegative,
      describe(
        'Standard deviation of the noise of a built-in 2-D set, in units of x; by default that of the set, 0 to 0.2.',
      ),
    ),
  ),
  columns: v.optional(
    v.pipe(
      v.array(v.union([v.string(), nonNegativeInteger])),
      describe('Columns of a table to use: names, or numbers from 0.'),
    ),
  ),
  exclude: v.optional(
    v.pipe(
      v.array(v.union([v.string(), nonNegativeInteger])),
      describe('Columns of a table to leave out: names, or numbers from 0.'),
    ),
  ),
  missing: v.optional(
    v.pipe(
      v.picklist(['error', 'drop', 'mean']),
      describe(
        'Gaps in a table: refuse them, leave out their rows, or fill them with the mean of the training rows.',
      ),
    ),
    'error',
  ),
  labelColumn: v.optional(
    v.pipe(
      v.union([v.string(), nonNegativeInteger]),
      describe('Column with a class, shown but not modeled.'),
    ),
  ),
  contextColumns: v.optional(
    v.pipe(
      v.array(v.union([v.string(), nonNegativeInteger])),
      v.minLength(1),
      describe('Columns of a table that the flow is given: it models the others given these.'),
    ),
  ),
  contextSource: v.optional(
    v.pipe(
      v.string(),
      v.minLength(1),
      describe('Other data with a row for each row of source, which the flow is given as its context.'),
    ),
  ),
  contextShape: v.optional(
    v.pipe(
      v.tuple([pixels, pixels, positiveInteger]),
      describe(
        'Images: height, width and channels of what contextSource holds for each, an array (N, H, W, C) or (N, C, H, W) of numbers; ' +
          'those of the model if absent.',
      ),
    ),
  ),
  labelContext: v.optional(
    v.pipe(v.boolean(), describe('Whether the flow is given the class of each row, one number per class.')),
    false,
  ),
  header: v.optional(
    v.pipe(
      v.union([v.boolean(), v.literal('auto')]),
      describe('Whether the first row of a table holds names.'),
    ),
    'auto',
  ),
  resize: v.optional(
    v.pipe(
      pixels,
      describe('Images: pixels of the smallest side before cropping; the other side keeps the proportions.'),
    ),
  ),
  crop: v.optional(
    v.pipe(
      v.picklist(['none', 'center', 'random']),
      describe(
        'Images: cut out a square. A random crop differs each time an image is used; held-out images are cropped in the center.',
      ),
    ),
    'none',
  ),
  cropSize: v.optional(
    v.pipe(pixels, describe('Images: side of the cropped square, pixels; by default the smallest side.')),
  ),
  size: v.optional(v.pipe(pixels, describe('Images: height and width after cropping, pixels, by scaling.'))),
  bits: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(8),
      describe('Images: bit depth; pixels have 2^bits levels.'),
    ),
    8,
  ),
  color: v.optional(
    v.pipe(v.picklist(['auto', 'gray', 'rgb']), describe('Images: channels; auto keeps those of the data.')),
    'auto',
  ),
  damaged: v.optional(
    v.pipe(
      v.array(v.string()),
      describe(
        'Images: those that cannot be read and are left out, by their paths in the folder or zip file. A training looks for them if absent.',
      ),
    ),
  ),
  memory: v.optional(
    v.pipe(
      nonNegative,
      describe('MiB of data to keep in memory; the rest is read from files during training.'),
    ),
    1024,
  ),
  standardize: v.optional(
    v.pipe(
      v.boolean(),
      describe('Vectors: subtract the mean and divide by the deviation of the training rows.'),
    ),
    true,
  ),
  limit: v.optional(v.pipe(positiveInteger, describe('Use only this many examples.'))),
  validation: v.optional(
    v.pipe(
      v.union([fraction, positiveInteger]),
      describe('Held-out examples: a fraction below 1, or a count.'),
    ),
    0.2,
  ),
  splitSeed: v.optional(
    v.pipe(
      nonNegativeInteger,
      describe('Seed that chooses the held-out examples and draws a built-in 2-D set.'),
    ),
    0,
  ),
});
