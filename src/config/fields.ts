/** Checks that several sections of the config share. */
import * as v from 'valibot';

export const positiveInteger = v.pipe(v.number(), v.integer(), v.minValue(1));
/** Features or feature maps of a hidden layer; more would be a mistake, or a file that means harm. */
export const layerWidth = v.pipe(positiveInteger, v.maxValue(65536));
export const nonNegativeInteger = v.pipe(v.number(), v.integer(), v.minValue(0));
export const nonNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
export const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
export const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
export const describe = v.description;

/** Nonlinearity of a conditioner. */
export const activation = v.picklist([
  'relu',
  'tanh',
  'leaky-relu',
  'elu',
  'silu',
  'hard-silu',
  'gelu',
  'mish',
  'selu',
  'sigmoid',
  'softplus',
]);
export const slope = v.optional(
  v.pipe(v.number(), v.minValue(0), v.ltValue(1), describe('Slope of leaky-relu below zero.')),
  0.01,
);
