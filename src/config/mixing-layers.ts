/** Layers of a vector flow over all features that have no network. */
import * as v from 'valibot';
import { ofFeatures } from './bases';
import { countTo, described, finite, kind, nonNegativeInteger, optional } from './fields';

/** Each is a few ops in a graph. */
export const mostReflections = 512;
export const reflectionCount = countTo(mostReflections);

export const mixingLayers = [
  kind('lu', 'A learned mixing of all features, a matrix in two triangular factors (LU), and a bias.'),
  kind(
    'plu',
    'As lu, with a fixed permutation after it and fixed signs: any invertible matrix, and a bias.',
    {
      order: optional(
        'Entry i is the feature that comes to place i after both factors; as they are when absent.',
        v.array(nonNegativeInteger),
      ),
      signs: optional(
        'Signs of the upper factor’s diagonal; all 1 when absent.',
        v.array(v.picklist([1, -1])),
      ),
    },
  ),
  kind('householder', 'A learned rotation of all features, a product of Householder reflections.', {
    reflections: described('Reflections; an even number starts as the identity.', reflectionCount),
  }),
  kind(
    'qr',
    'A learned mixing of all features, an upper triangular matrix and reflections (QR), and a bias.',
    { reflections: described('Reflections; an even number starts as the identity.', reflectionCount) },
  ),
  kind('svd', 'A learned mixing of all features, a scale of each between reflections (SVD), and a bias.', {
    reflections: described('Reflections on either side of the scales.', reflectionCount),
  }),
  kind('orthogonal', 'A learned rotation of all features, a matrix exponential.'),
  kind('rescale', 'x·scale + shift with fixed numbers.', {
    scale: described(
      'One number, or one for each feature; none is 0.',
      ofFeatures(v.pipe(finite, v.notValue(0))),
    ),
    shift: described('One number, or one for each feature.', ofFeatures(finite)),
  }),
] as const;

export type MixingLayer = v.InferOutput<(typeof mixingLayers)[number]>;
