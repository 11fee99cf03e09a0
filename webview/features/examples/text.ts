/** Texts of this feature, in English and in German. */
import { count } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

export const english = {
  exampleItem: (split: string, n: number, cost: string) => `${split} ${n}, ${cost}`,
  pageOf: (from: number, to: number, total: number) => `${count(from)}–${count(to)} of ${count(total)}`,
  split: 'Split',
  ownData: 'Own…',
  ownFile: 'File of examples…',
  ownDrop: 'Leave out',
  order: 'Order of the examples',
  orderIndex: 'by index',
  orderMost: 'most likely first',
  orderLeast: 'least likely first',
  scoredOf: (n: number, total: number) =>
    n === total ? `All ${count(n)} scored.` : `${count(n)} of ${count(total)} scored.`,
  scoredSpread: (n: number, total: number) =>
    n === total ? `All ${count(n)} scored.` : `${count(n)} of ${count(total)} scored, evenly spread.`,
  unreadable: (n: number, reason: string) => `${count(n)} left out. ${reason}`,
  noneScored: 'Nothing was scored',
  rankedItem: (name: string, index: number, cost: string, rank: number, n: number) =>
    `${name} ${index}, ${cost}, number ${rank} of ${n}`,
  noExamples: 'No examples to show',
  noExamplesWhy: 'The data that the model was trained on was not found.',
};

export const german: typeof english = {
  exampleItem: (split: string, n: number, cost: string) => `${split} ${n}, ${cost}`,
  pageOf: (from: number, to: number, total: number) => `${count(from)}–${count(to)} von ${count(total)}`,
  split: 'Teilmenge',
  ownData: 'Eigene…',
  ownFile: 'Datei mit Beispielen…',
  ownDrop: 'Weglassen',
  order: 'Reihenfolge der Beispiele',
  orderIndex: 'nach Index',
  orderMost: 'wahrscheinlichste zuerst',
  orderLeast: 'unwahrscheinlichste zuerst',
  scoredOf: (n, total) =>
    n === total ? `Alle ${count(n)} bewertet.` : `${count(n)} von ${count(total)} bewertet.`,
  scoredSpread: (n, total) =>
    n === total
      ? `Alle ${count(n)} bewertet.`
      : `${count(n)} von ${count(total)} bewertet, gleichmäßig verteilt.`,
  unreadable: (n, reason) => `${count(n)} ausgelassen. ${reason}`,
  noneScored: 'Nichts wurde bewertet',
  rankedItem: (name, index, cost, rank, n) => `${name} ${index}, ${cost}, Nummer ${rank} von ${n}`,
  noExamples: 'Keine Beispiele vorhanden',
  noExamplesWhy: 'Die Daten, mit denen das Modell trainiert wurde, sind nicht zu finden.',
};

export const text = inLanguage(english, german);
