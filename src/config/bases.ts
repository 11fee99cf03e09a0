/** The base distribution of a vector flow, as its config says it. Numbers that are not trained are in the config itself. */
import * as v from 'valibot';
import { choice, finite, flag, kind, optional, positive, widths } from './fields';

/** One number for all features, or one for each. */
export const ofFeatures = <S extends v.GenericSchema<number>>(entry: S) =>
  v.union([entry, v.pipe(v.array(entry), v.minLength(1))]);

/** Lower and upper corner. */
const box = {
  lower: optional('Lower corner: one number, or one for each feature.', ofFeatures(finite), -1),
  upper: optional('Upper corner: one number, or one for each feature.', ofFeatures(finite), 1),
};

const locationScale = {
  loc: optional('Means: one number, or one for each feature.', ofFeatures(finite), 0),
  scale: optional('Deviations: one number, or one for each feature.', ofFeatures(positive), 1),
  trained: flag('Whether loc and scale are trained; then these are where they start.'),
};

export const baseSchema = v.variant('kind', [
  kind('normal', 'Standard normal: mean 0 and deviation 1 in each feature.'),
  kind('diagonalNormal', 'Independent normals with a mean and a deviation each.', locationScale),
  kind(
    'studentT',
    "Independent Student's t distributions: heavier tails than a normal, for data with outliers.",
    {
      freedom: optional(
        'Degrees of freedom: 1 for Cauchy, many for nearly a normal.',
        v.pipe(v.number(), v.minValue(1), v.maxValue(1000)),
        5,
      ),
      ...locationScale,
    },
  ),
  kind(
    'conditionalNormal',
    'Independent normals whose means and deviations a network computes from the context.',
    {
      hidden: optional(
        'Widths of the hidden layers of the network, with ReLUs; none: a linear layer.',
        widths,
        () => [],
      ),
    },
  ),
  kind('mixture', 'A trained mixture of normals.', {
    covariance: choice('Of each normal: diagonal, independent features; full, correlated ones.', [
      'diagonal',
      'full',
    ]),
    components: optional(
      'Normals of the mixture.',
      v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(256)),
      8,
    ),
  }),
  kind(
    'uniform',
    'Uniform on a box. For flows that map a box to itself: bounded or circular splines of the same bound.',
    box,
  ),
  kind('beta', 'A symmetric beta distribution of each feature on a box: like a normal, with ends (pzflow).', {
    concentration: optional(
      'Both parameters of the beta distribution; more is narrower.',
      v.pipe(v.number(), v.minValue(2), v.maxValue(1000)),
      13,
    ),
    ...box,
  }),
]);

export type BaseConfig = v.InferOutput<typeof baseSchema>;
export type BaseInput = v.InferInput<typeof baseSchema>;

/** One number for each of `dim` features. */
export function perFeature(value: number | readonly number[], dim: number): number[] {
  return typeof value === 'number' ? Array.from({ length: dim }, () => value) : [...value];
}
