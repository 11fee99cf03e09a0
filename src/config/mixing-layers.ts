/** Layers of a vector flow over all features that have no network. */
import * as v from 'valibot';
import { ofFeatures, number } from './bases';
import { described, nonNegativeInteger, optional, positiveInteger } from './fields';

/** Each is a few ops in a graph. */
export const mostReflections = 512;
export const reflectionCount = v.pipe(positiveInteger, v.maxValue(mostReflections));

export const mixingLayers = [
  v.strictObject({
    kind: described(
      'A learned mixing of all features, a matrix in two triangular factors (LU), and a bias.',
      v.literal('lu'),
    ),
  }),
  v.strictObject({
    kind: described(
      'As lu, with a fixed permutation after it and fixed signs: any invertible matrix, and a bias.',
      v.literal('plu'),
    ),
    order: optional(
      'Entry i is the feature that comes to place i after both factors; as they are when absent.',
      v.array(nonNegativeInteger),
    ),
    signs: optional('Signs of the upper factor’s diagonal; all 1 when absent.', v.array(v.picklist([1, -1]))),
  }),
  v.strictObject({
    kind: described(
      'A learned rotation of all features, a product of Householder reflections.',
      v.literal('householder'),
    ),
    reflections: described('Reflections; an even number starts as the identity.', reflectionCount),
  }),
  v.strictObject({
    kind: described(
      'A learned mixing of all features, an upper triangular matrix and reflections (QR), and a bias.',
      v.literal('qr'),
    ),
    reflections: described('Reflections; an even number starts as the identity.', reflectionCount),
  }),
  v.strictObject({
    kind: described(
      'A learned mixing of all features, a scale of each between reflections (SVD), and a bias.',
      v.literal('svd'),
    ),
    reflections: described('Reflections on either side of the scales.', reflectionCount),
  }),
  v.strictObject({
    kind: described('A learned rotation of all features, a matrix exponential.', v.literal('orthogonal')),
  }),
  v.strictObject({
    kind: described('x·scale + shift with fixed numbers.', v.literal('rescale')),
    scale: described(
      'One number, or one for each feature; none is 0.',
      ofFeatures(v.pipe(number, v.notValue(0))),
    ),
    shift: described('One number, or one for each feature.', ofFeatures(number)),
  }),
] as const;

export type MixingLayer = v.InferOutput<(typeof mixingLayers)[number]>;
