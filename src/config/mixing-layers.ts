/** Layers of a vector flow over all features that have no network. */
import * as v from 'valibot';
import { ofFeatures, number } from './bases';
import { describe, nonNegativeInteger, positiveInteger } from './fields';

/** Each is a few ops in a graph. */
export const mostReflections = 512;
export const reflectionCount = v.pipe(positiveInteger, v.maxValue(mostReflections));

export const mixingLayers = [
  v.strictObject({
    kind: v.pipe(
      v.literal('lu'),
      describe('A learned mixing of all features, a matrix in two triangular factors (LU), and a bias.'),
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('plu'),
      describe(
        'As lu, with a fixed permutation after it and fixed signs: any invertible matrix, and a bias.',
      ),
    ),
    order: v.optional(
      v.pipe(
        v.array(nonNegativeInteger),
        describe('Entry i is the feature that comes to place i after both factors; as they are when absent.'),
      ),
    ),
    signs: v.optional(
      v.pipe(
        v.array(v.picklist([1, -1])),
        describe('Signs of the upper factor’s diagonal; all 1 when absent.'),
      ),
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('householder'),
      describe('A learned rotation of all features, a product of Householder reflections.'),
    ),
    reflections: v.pipe(reflectionCount, describe('Reflections; an even number starts as the identity.')),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('qr'),
      describe(
        'A learned mixing of all features, an upper triangular matrix and reflections (QR), and a bias.',
      ),
    ),
    reflections: v.pipe(reflectionCount, describe('Reflections; an even number starts as the identity.')),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('svd'),
      describe('A learned mixing of all features, a scale of each between reflections (SVD), and a bias.'),
    ),
    reflections: v.pipe(reflectionCount, describe('Reflections on either side of the scales.')),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('orthogonal'),
      describe('A learned rotation of all features, a matrix exponential.'),
    ),
  }),
  v.strictObject({
    kind: v.pipe(v.literal('rescale'), describe('x·scale + shift with fixed numbers.')),
    scale: v.pipe(
      ofFeatures(v.pipe(number, v.notValue(0))),
      describe('One number, or one for each feature; none is 0.'),
    ),
    shift: v.pipe(ofFeatures(number), describe('One number, or one for each feature.')),
  }),
] as const;

export type MixingLayer = v.InferOutput<(typeof mixingLayers)[number]>;
