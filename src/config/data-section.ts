/** The data section of the config: what to read, and how to split it. */
import * as v from 'valibot';
import {
  choice,
  countTo,
  described,
  flag,
  fraction,
  nonNegative,
  nonNegativeInteger,
  optional,
  positiveInteger,
} from './fields';

const pixels = countTo(4096);
const text = v.pipe(v.string(), v.minLength(1));
/** A name, or a number from 0. */
const column = v.union([v.string(), nonNegativeInteger]);

export const dataSchema = v.strictObject({
  source: described(
    'A built-in name (moons, circles, spirals, pinwheel, checkerboard, gaussians, digits) or the path of a file or folder, relative to the config file.',
    text,
  ),
  format: choice('How to read the source. images is a folder or zip file of PNG, JPEG and WebP.', [
    'auto',
    'builtin',
    'csv',
    'tsv',
    'parquet',
    'netcdf',
    'npy',
    'npz',
    'idx',
    'cifar',
    'images',
  ]),
  validationSource: optional(
    'Other data to hold out, of the same kind as source. validation can limit their number.',
    text,
  ),
  array: optional('Name of the array in an .npz.', text),
  count: optional('Points to draw from a built-in 2-D set; by default 20,000.', positiveInteger),
  noise: optional(
    'Standard deviation of the noise of a built-in 2-D set, in units of x; by default that of the set, 0 to 0.2.',
    nonNegative,
  ),
  columns: optional('Columns of a table to use: names, or numbers from 0.', v.array(column)),
  exclude: optional('Columns of a table to leave out: names, or numbers from 0.', v.array(column)),
  missing: choice(
    'Gaps in a table: refuse them, leave out their rows, or fill them with the mean of the training rows.',
    ['error', 'drop', 'mean'],
  ),
  labelColumn: optional('Column with a class, shown but not modeled.', column),
  contextColumns: optional(
    'Columns of a table that the flow is given: it models the others given these.',
    v.pipe(v.array(column), v.minLength(1)),
  ),
  weightColumn: optional(
    'Column of a table with the weight of each row, 0 or more: rows are drawn in proportion to it.',
    column,
  ),
  contextSource: optional(
    'Other data with a row for each row of source, which the flow is given as its context.',
    text,
  ),
  contextShape: optional(
    'Images: height, width and channels of what contextSource holds for each, an array (N, H, W, C) or (N, C, H, W) of numbers; ' +
      'those of the model if absent.',
    v.tuple([pixels, pixels, positiveInteger]),
  ),
  labelContext: flag('Whether the flow is given the class of each row, one number per class.'),
  header: optional(
    'Whether the first row of a table holds names.',
    v.union([v.boolean(), v.literal('auto')]),
    'auto',
  ),
  resize: optional(
    'Images: pixels of the smallest side before cropping; the other side keeps the proportions.',
    pixels,
  ),
  crop: choice(
    'Images: cut out a square. A random crop differs each time an image is used; held-out images are cropped in the center.',
    ['none', 'center', 'random'],
  ),
  cropSize: optional('Images: side of the cropped square, pixels; by default the smallest side.', pixels),
  size: optional('Images: height and width after cropping, pixels, by scaling.', pixels),
  bits: optional(
    'Images: bit depth; pixels have 2^bits levels.',
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8)),
    8,
  ),
  color: choice('Images: channels; auto keeps those of the data.', ['auto', 'gray', 'rgb']),
  damaged: optional(
    'Images: those that cannot be read and are left out, by their paths in the folder or zip file. A training looks for them if absent.',
    v.array(v.string()),
  ),
  memory: optional(
    'MiB of data to keep in memory; the rest is read from files during training.',
    nonNegative,
    1024,
  ),
  standardize: flag('Vectors: subtract the mean and divide by the deviation of the training rows.', true),
  transforms: optional(
    'Vectors: maps of columns that have bounds, which samples then keep, and noise of integers: {"income": "log", "age": "logit:0:120", "hour": "circular:0:24", "visits": "dequantize"}.',
    v.record(v.string(), v.string()),
  ),
  limit: optional('Use only this many examples.', positiveInteger),
  validation: optional(
    'Held-out examples: a fraction below 1, or a count.',
    v.union([fraction, positiveInteger]),
    0.2,
  ),
  splitSeed: optional(
    'Seed that chooses the held-out examples and draws a built-in 2-D set.',
    nonNegativeInteger,
    0,
  ),
});
