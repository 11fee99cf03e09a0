/** Every text of the data preview. */
import { count } from '../../base/format/numbers';
import type { preview as english } from '../en/preview';

export const preview: typeof english = {
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
  distribution: 'Verteilung',
  histogram: (name: string, low: string, high: string) => `Verteilung von ${name} von ${low} bis ${high}`,
  rows: 'Erste Zeilen',
  row: 'Zeile',
};
