/** Texte dazu, womit das Beispiel verglichen wird. */
import type { population as english } from '../en/population';
import { count } from '../../base/format/numbers';

const percent = (share: number): string => `${Math.round(100 * share)} %`;

export const population: typeof english = {
  ownData: 'Eigene…',
  ownFolder: 'Ordner mit Bildern…',
  ownFile: 'Datei mit Beispielen…',
  ownDrop: 'Weglassen',
  order: 'Reihenfolge der Beispiele',
  orderIndex: 'nach Index',
  orderMost: 'wahrscheinlichste zuerst',
  orderLeast: 'unwahrscheinlichste zuerst',
  scoring: (done, planned) =>
    planned > 0 ? `${count(done)} von ${count(planned)} bewertet` : 'Wird geöffnet',
  scoredOf: (n, total) =>
    n === total ? `Alle ${count(n)} bewertet.` : `${count(n)} von ${count(total)} bewertet.`,
  scoredSpread: (n, total) =>
    n === total
      ? `Alle ${count(n)} bewertet.`
      : `${count(n)} von ${count(total)} bewertet, gleichmäßig verteilt.`,
  unreadable: (n, reason) => `${count(n)} ausgelassen. ${reason}`,
  notScored: (name) => `${name} wurde nicht bewertet`,
  noneScored: 'Nichts wurde bewertet',
  rankedItem: (name, index, cost, rank, n) => `${name} ${index}, ${cost}, Nummer ${rank} von ${n}`,
  lessLikelyThan: (parts) =>
    `Unwahrscheinlicher als ${parts.map(({ name, share }) => `${percent(share)} von ${name}`).join(', ')}`,
  comparedWith: (name) => `gestrichelt ${name}`,
  byRunning: 'mit laufenden Statistiken',
};
