/** The data section of the config: what to read, and how to split it. */
import * as v from 'valibot';
import { describe, fraction, nonNegative, nonNegativeInteger, positiveInteger } from './fields';

export const dataSchema = v.strictObject({
  source: v.pipe(
    v.string(),
    v.minLength(1),
    describe(
      'A built-in name (moons, circles, spirals, pinwheel, checkerboard, gaussians, digits) or a path, relative to the config file.',
    ),
  ),
  format: v.optional(
    v.pipe(v.picklist(['auto', 'builtin', 'csv', 'tsv', 'idx']), describe('How to read a path.')),
    'auto',
  ),
  count: v.optional(v.pipe(positiveInteger, describe('Points to draw from a built-in 2-D set.'))),
  noise: v.optional(v.pipe(nonNegative, describe('Standard deviation of the noise of a built-in 2-D set.'))),
  columns: v.optional(
    v.pipe(
      v.array(v.union([v.string(), nonNegativeInteger])),
      describe('Columns of a table to use: names or zero-based numbers.'),
    ),
  ),
  labelColumn: v.optional(
    v.pipe(
      v.union([v.string(), nonNegativeInteger]),
      describe('Column with a class, shown but not modelled.'),
    ),
  ),
  header: v.optional(
    v.pipe(
      v.union([v.boolean(), v.literal('auto')]),
      describe('Whether the first row of a table holds names.'),
    ),
    'auto',
  ),
  standardize: v.optional(
    v.pipe(
      v.boolean(),
      describe('Vectors: subtract the mean and divide by the deviation of the training rows.'),
    ),
    true,
  ),
  limit: v.optional(v.pipe(positiveInteger, describe('Use only so many examples.'))),
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
      describe('Decides which examples are held out, and draws a built-in 2-D set.'),
    ),
    0,
  ),
});
