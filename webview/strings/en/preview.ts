/** Every text of the data preview. */
import { count } from '../../base/format/numbers';

export const preview = {
  reading: 'Reading the data…',
  cancel: 'Cancel',
  cancelled: 'Cancelled',
  cancelledWhy: 'The data were not read.',
  failed: 'These data could not be read',
  retry: 'Retry',
  showLog: 'Show log',
  train: 'Train on these data…',
  again: 'Read again',
  facts: 'What the data are',
  examples: 'Examples',
  split: (train: number, validation: number) =>
    `${count(train)} to train on, ${count(validation)} to validate with`,
  shape: 'Shape of one',
  vector: (d: number) => (d === 1 ? '1 feature' : `${count(d)} features`),
  image: (h: number, w: number, c: number) =>
    `${w}×${h} pixels, ${c === 1 ? 'grey' : c === 3 ? 'colour' : `${c} channels`}`,
  range: 'Range',
  levels: (n: number) => `whole numbers below ${count(n)}`,
  looked: (n: number, all: number) =>
    n >= all ? 'of all examples' : `of the ${count(n)} examples that were looked at`,
  warnings: (n: number) =>
    n === 1 ? 'One thing to know before training' : `${n} things to know before training`,
  noWarnings: 'Nothing stands against training on these data.',
  sheet: 'Contact sheet',
  sheetAlt: (n: number, columns: number) => `The first ${count(n)} examples, ${count(columns)} in a row`,
  features: 'Features',
  firstFeatures: (shown: number, all: number) =>
    shown < all ? `the first ${count(shown)} of ${count(all)}` : `all ${count(all)}`,
  name: 'name',
  min: 'min',
  max: 'max',
  mean: 'mean',
  deviation: 'sd',
  distribution: 'distribution',
  histogram: (name: string, low: string, high: string) => `Distribution of ${name} from ${low} to ${high}`,
  rows: 'First rows',
  row: 'row',
};
