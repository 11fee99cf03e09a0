/** Texts of this page, in English and in German. */
import { count } from '../base/format/numbers';
import { inLanguage } from '../base/format/language';

export const english = {
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
  gaps: 'gaps',
  distribution: 'distribution',
  histogram: (name: string, low: string, high: string) => `Distribution of ${name} from ${low} to ${high}`,
  rows: 'First rows',
  row: 'row',
};

export const german: typeof english = {
  reading: 'Daten werden gelesen…',
  cancel: 'Abbrechen',
  cancelled: 'Abgebrochen',
  cancelledWhy: 'Die Daten wurden nicht gelesen.',
  failed: 'Diese Daten konnten nicht gelesen werden',
  retry: 'Erneut versuchen',
  showLog: 'Protokoll zeigen',
  train: 'Mit diesen Daten trainieren…',
  again: 'Neu lesen',
  facts: 'Was die Daten sind',
  examples: 'Beispiele',
  split: (train: number, validation: number) =>
    `${count(train)} zum Trainieren, ${count(validation)} zum Validieren`,
  shape: 'Form eines Beispiels',
  vector: (d: number) => (d === 1 ? '1 Merkmal' : `${count(d)} Merkmale`),
  image: (h: number, w: number, c: number) =>
    `${w}×${h} Pixel, ${c === 1 ? 'grau' : c === 3 ? 'farbig' : `${c} Kanäle`}`,
  range: 'Wertebereich',
  levels: (n: number) => `ganze Zahlen unter ${count(n)}`,
  looked: (n: number, all: number) =>
    n >= all ? 'über alle Beispiele' : `über die ${count(n)} betrachteten Beispiele`,
  warnings: (n: number) =>
    n === 1 ? 'Eines ist vor dem Training zu wissen' : `${n} Dinge sind vor dem Training zu wissen`,
  noWarnings: 'Nichts spricht gegen ein Training mit diesen Daten.',
  sheet: 'Übersicht',
  sheetAlt: (n: number, columns: number) =>
    `Die ersten ${count(n)} Beispiele, ${count(columns)} in einer Reihe`,
  features: 'Merkmale',
  firstFeatures: (shown: number, all: number) =>
    shown < all ? `die ersten ${count(shown)} von ${count(all)}` : `alle ${count(all)}`,
  name: 'Name',
  min: 'min',
  max: 'max',
  mean: 'Mittel',
  deviation: 'Std.',
  gaps: 'Lücken',
  distribution: 'Verteilung',
  histogram: (name: string, low: string, high: string) => `Verteilung von ${name} von ${low} bis ${high}`,
  rows: 'Erste Zeilen',
  row: 'Zeile',
};

export const text = inLanguage(english, german);
