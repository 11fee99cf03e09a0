/** Texts of this feature, in English and in German. */
import { count } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

export const english = {
  compareStart: 'Compare',
  compareEnd: 'End comparison',
  compareWith: 'Compare with',
  compareOther: 'Another file…',
  compareSaved: 'Comparison as saved',
  differenceRange: 'Differences',
  rangeCommon: 'common range',
  rangeOwn: 'own range',
  onCommonRange: 'common range',
  onOwnRange: 'own range',
  compareFailed: 'This model cannot be compared',
  compareLogDets: 'Log-det by layer',
  compareNoLayer: 'B has no such layer',
  compareNoLayerWhy: 'Its layers have other names or shapes. Totals, samples and curves still compare.',
  compareNoValues: 'values not shown',
  compareOtherLayersWhy: 'B takes other inputs, so its layers have other shapes.',
  compareCurves: 'Validation loss of both runs',
  compareSameRun: 'A and B lie in one run.',
  compareCurvesKey: 'line A, dashed B',
  compareOtherInput: (input: string, unit: string) =>
    `B takes other inputs (${input}): its total is in ${unit}, of its own examples, and does not compare.`,
  firstDifference: 'First layer that differs',
  tolerance: 'Tolerance',
  tolerancePositive: 'A number from 0, such as 1e-4.',
  differsFirst: (layer: string, tolerance: string, examples: number) =>
    `${layer} is the first that differs by more than ${tolerance}, in ${count(examples)} examples.`,
  noneDiffers: (tolerance: string, examples: number) =>
    `No layer differs by more than ${tolerance}, in ${count(examples)} examples.`,
  differencesKey: 'Largest differences: output |y_A − y_B| / (1 + |y_A|), log-det in nats.',
  differencesFailed: 'The layers cannot be compared',
  output: 'output',
  logDet: 'log-det',
  noSamples: 'No samples were recorded.',
  compareUnmatched: (n: number) => `${count(n)} layers of A have no partner in B.`,
};

export const german: typeof english = {
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
    'Ihre Schichten haben andere Namen oder Formen. Summen, Samples und Kurven lassen sich vergleichen.',
  compareNoValues: 'Werte nicht gezeigt',
  compareOtherLayersWhy: 'B nimmt andere Eingaben, also haben seine Schichten andere Formen.',
  compareCurves: 'Validierungsverlust beider Läufe',
  compareSameRun: 'A und B liegen in einem Lauf.',
  compareCurvesKey: 'Linie A, gestrichelt B',
  compareOtherInput: (input, unit) =>
    `B nimmt andere Eingaben (${input}): Die Summe ist in ${unit}, aus eigenen Beispielen, und nicht vergleichbar.`,
  firstDifference: 'Erste Schicht, die abweicht',
  tolerance: 'Toleranz',
  tolerancePositive: 'Eine Zahl ab 0, etwa 1e-4.',
  differsFirst: (layer, tolerance, examples) =>
    `${layer} weicht als erste um mehr als ${tolerance} ab, in ${count(examples)} Beispielen.`,
  noneDiffers: (tolerance, examples) =>
    `Keine Schicht weicht um mehr als ${tolerance} ab, in ${count(examples)} Beispielen.`,
  differencesKey: 'Größte Abweichungen: Ausgabe |y_A − y_B| / (1 + |y_A|), Log-Det in nats.',
  differencesFailed: 'Die Schichten lassen sich nicht vergleichen',
  output: 'Ausgabe',
  logDet: 'Log-Det',
  noSamples: 'Es wurden keine Samples aufgezeichnet.',
  compareUnmatched: (n: number) => `${count(n)} Schichten von A haben kein Gegenstück in B.`,
};

export const text = inLanguage(english, german);
