/** The base distribution of a vector flow, as its config says it. Numbers that are not trained are in the config itself. */
import * as v from 'valibot';
import { describe, layerWidth } from './fields';

export const number = v.pipe(v.number(), v.finite());
const positiveNumber = v.pipe(v.number(), v.finite(), v.gtValue(0));

/** One number for all features, or one for each. */
export const ofFeatures = <S extends v.GenericSchema<number>>(entry: S) =>
  v.union([entry, v.pipe(v.array(entry), v.minLength(1))]);

/** Lower and upper corner. */
const box = {
  lower: v.optional(
    v.pipe(ofFeatures(number), describe('Lower corner: one number, or one for each feature.')),
    -1,
  ),
  upper: v.optional(
    v.pipe(ofFeatures(number), describe('Upper corner: one number, or one for each feature.')),
    1,
  ),
};

const locationScale = {
  loc: v.optional(v.pipe(ofFeatures(number), describe('Means: one number, or one for each feature.')), 0),
  scale: v.optional(
    v.pipe(ofFeatures(positiveNumber), describe('Deviations: one number, or one for each feature.')),
    1,
  ),
  trained: v.optional(
    v.pipe(v.boolean(), describe('Whether loc and scale are trained; then these are where they start.')),
    false,
  ),
};

export const baseSchema = v.variant('kind', [
  v.strictObject({
    kind: v.pipe(v.literal('normal'), describe('Standard normal: mean 0 and deviation 1 in each feature.')),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('diagonalNormal'),
      describe('Independent normals with a mean and a deviation each.'),
    ),
    ...locationScale,
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('studentT'),
      describe("Independent Student's t distributions: heavier tails than a normal, for data with outliers."),
    ),
    freedom: v.optional(
      v.pipe(
        v.number(),
        v.minValue(1),
        v.maxValue(1000),
        describe('Degrees of freedom: 1 for Cauchy, many for nearly a normal.'),
      ),
      5,
    ),
    ...locationScale,
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('conditionalNormal'),
      describe('Independent normals whose means and deviations a network computes from the context.'),
    ),
    hidden: v.optional(
      v.pipe(
        v.array(layerWidth),
        v.maxLength(64),
        describe('Widths of the hidden layers of the network, with ReLUs; none: a linear layer.'),
      ),
      () => [],
    ),
  }),
  v.strictObject({
    kind: v.pipe(v.literal('mixture'), describe('A trained mixture of normals.')),
    covariance: v.optional(
      v.pipe(
        v.picklist(['diagonal', 'full']),
        describe('Of each normal: diagonal, independent features; full, correlated ones.'),
      ),
      'diagonal',
    ),
    components: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(256), describe('Normals of the mixture.')),
      8,
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('uniform'),
      describe(
        'Uniform on a box. For flows that map a box to itself: bounded or circular splines of the same bound.',
      ),
    ),
    ...box,
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('beta'),
      describe('A symmetric beta distribution of each feature on a box: like a normal, with ends (pzflow).'),
    ),
    concentration: v.optional(
      v.pipe(
        v.number(),
        v.minValue(2),
        v.maxValue(1000),
        describe('Both parameters of the beta distribution; more is narrower.'),
      ),
      13,
    ),
    ...box,
  }),
]);

export type BaseConfig = v.InferOutput<typeof baseSchema>;
export type BaseInput = v.InferInput<typeof baseSchema>;

/** One number for each of `dim` features. */
export function perFeature(given: number | readonly number[], dim: number): number[] {
  return typeof given === 'number' ? Array.from({ length: dim }, () => given) : [...given];
}
