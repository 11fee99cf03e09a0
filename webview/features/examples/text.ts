/** Texts of this feature, in English and in German. */
import { count, bilingual } from '../../base/format/numbers';

export const text = bilingual({
  exampleItem: (split: string, n: number, cost: string) => `${split} ${n}, ${cost}`,
  pageOf: (from: number, to: number, total: number) => [
    `${count(from)}–${count(to)} of ${count(total)}`,
    `${count(from)}–${count(to)} von ${count(total)}`,
  ],
  split: ['Split', 'Teilmenge'],
  userData: ['Own…', 'Eigene…'],
  userFile: ['File of examples…', 'Datei mit Beispielen…'],
  dropUserData: ['Leave out', 'Weglassen'],
  order: ['Order of the examples', 'Reihenfolge der Beispiele'],
  orderIndex: ['by index', 'nach Index'],
  orderMost: ['most likely first', 'wahrscheinlichste zuerst'],
  orderLeast: ['least likely first', 'unwahrscheinlichste zuerst'],
  scoredOf: (n: number, total: number) => [
    n === total ? `All ${count(n)} scored.` : `${count(n)} of ${count(total)} scored.`,
    n === total ? `Alle ${count(n)} bewertet.` : `${count(n)} von ${count(total)} bewertet.`,
  ],
  scoredSpread: (n: number, total: number) => [
    n === total ? `All ${count(n)} scored.` : `${count(n)} of ${count(total)} scored, evenly spread.`,
    n === total
      ? `Alle ${count(n)} bewertet.`
      : `${count(n)} von ${count(total)} bewertet, gleichmäßig verteilt.`,
  ],
  unreadable: (n: number, reason: string) => [
    `${count(n)} left out. ${reason}`,
    `${count(n)} ausgelassen. ${reason}`,
  ],
  noneScored: ['Nothing was scored', 'Nichts wurde bewertet'],
  rankedItem: (name: string, index: number, cost: string, rank: number, n: number) => [
    `${name} ${index}, ${cost}, number ${rank} of ${n}`,
    `${name} ${index}, ${cost}, Nummer ${rank} von ${n}`,
  ],
  noExamples: ['No examples to show', 'Keine Beispiele vorhanden'],
  noExamplesWhy: [
    'The data that the model was trained on was not found.',
    'Die Daten, mit denen das Modell trainiert wurde, sind nicht zu finden.',
  ],
});
