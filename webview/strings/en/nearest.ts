/** Texts of the training examples nearest to one. */
import { count } from '../../base/format/numbers';

interface Range {
  low: string;
  high: string;
}

const held = (n: number, { low, high }: Range): string => `${count(n)} held-out examples (${low} to ${high})`;

export const nearest = {
  nearest: 'Nearest',
  distanceIn: 'Distance in',
  pixels: 'pixels',
  coordinates: 'coordinates',
  inLatents: 'latents',
  distance: 'distance',
  nearestItem: (index: number, distance: string, cost: string) =>
    `train ${index}, distance ${distance}, ${cost}`,
  distanceNote: {
    pixels: 'Distance: Euclidean, of pixels from 0 to 1 without noise.',
    vector: 'Distance: Euclidean, in deviations of the features where the flow standardizes them.',
    latent: 'Distance: Euclidean, between the latents z.',
  },
  belowDistance: (unit: string) => `Below it ${unit}.`,
  noTrainData: 'No training data to compare with',
  noTrainDataWhy: 'The model does not say which data it was trained on, or they are not there.',
  noNearest: 'The nearest examples were not found',
  noneToLookAt: 'There is no other training example.',
  sameAs: (index: number) => `The same as training example ${index}, pixel by pixel or number by number.`,
  nearestAt: (distance: string) => `The nearest training example is at ${distance}.`,
  nearerThanAll: (distance: string, n: number, range: Range) =>
    `Nearest at ${distance}: nearer to the training data than any of ${held(n, range)}. It may be a copy.`,
  fartherThanAll: (distance: string, n: number, range: Range) =>
    `Nearest at ${distance}: farther from the training data than all of ${held(n, range)}. No copy.`,
  asUsual: (distance: string, nearer: number, n: number, range: Range) =>
    `Nearest at ${distance}: ${count(nearer)} of ${held(n, range)} are nearer to theirs. No sign of a copy.`,
  lookedAll: (total: number) => `All ${count(total)} training examples were looked at.`,
  lookedFirst: (looked: number, total: number) =>
    `Of the first ${count(looked)} of ${count(total)} training examples.`,
  lookingOn: 'Looking at more.',
  lookFurther: 'Look at more',
};
