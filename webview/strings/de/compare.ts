/** Texte zum Vergleich zweier Modelle. */
import { count } from '../../base/format/numbers';
import type { compare as english } from '../en/compare';

export const compare: typeof english = {
  compareStart: 'Vergleichen',
  compareEnd: 'Vergleich beenden',
  compareWith: 'Vergleichen mit',
  compareOther: 'Andere Datei…',
  compareSaved: 'Vergleich wie gespeichert',
  differenceRange: 'Differenzen',
  rangeCommon: 'gemeinsamer Bereich',
  rangeOwn: 'eigener Bereich',
  onCommonRange: 'gemeinsamer Bereich',
  onOwnRange: 'eigener Bereich',
  compareFailed: 'Dieses Modell lässt sich nicht vergleichen',
  compareLogDets: 'Log-Det je Schicht',
  compareNoLayer: 'B hat keine solche Schicht',
  compareNoLayerWhy:
    'Ihre Schichten haben andere Namen oder Formen. Summen, Stichproben und Kurven lassen sich vergleichen.',
  compareNoValues: 'Werte nicht gezeigt',
  compareNoPicture: 'Stichproben dieser Größe werden nicht gezeichnet.',
  compareCurves: 'Validierungsverlust beider Läufe',
  compareSameRun: 'A und B liegen in einem Lauf.',
  compareCurvesKey: 'Linie A, gestrichelt B',
  compareOtherInput: (input, unit) =>
    `B nimmt andere Eingaben (${input}): Die Summe ist in ${unit}, aus eigenen Beispielen, und nicht vergleichbar.`,
  compareUnmatched: (n: number) => `${count(n)} Schichten von A haben kein Gegenstück in B.`,
};
