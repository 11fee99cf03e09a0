/** Texts of this feature, in English and in German. */
import { count } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

const otherThings = (a: string, b: string): string =>
  `A gives ${a}, B gives ${b}: densities of different things.`;
const otherThingsInGerman: typeof otherThings = (a, b) =>
  `A gibt ${a}, B gibt ${b}: Dichten von Verschiedenem.`;

export const english = {
  compareStart: 'Compare',
  compareEnd: 'End comparison',
  compareWith: 'Compare with',
  compareOther: 'Another file…',
  compareSaved: 'Comparison as saved',
  differenceRange: 'Differences',
  rangeCommon: 'common range',
  rangeOwn: 'own range',
  compareFailed: 'This model cannot be compared',
  compareLogDets: 'Contributions to log p(x)',
  compareNoLayer: 'B has no such layer',
  compareNoLayerWhy: 'Its layers have other names or shapes. Totals, samples and curves still compare.',
  compareNoValues: 'values not shown',
  compareOtherLayersWhy: 'B takes other inputs, so its layers have other shapes.',
  compareCurves: '−log p of validation, both runs',
  compareSameRun: 'A and B lie in one run.',
  compareCurvesKey: 'line A, dashed B',
  verdict: 'Which is better',
  verdictFailed: 'Which is better is not known',
  better: (name: string, by: string) => `${name} is better by ${by}`,
  noWinner: (name: string, by: string) => `No winner: ${name} is ahead by ${by}, within two errors,`,
  onRows: (rows: number, of: string | undefined) =>
    of ? `on ${count(rows)} validation rows of ${of}` : `on the same ${count(rows)} validation rows`,
  otherUnknown: (name: string) =>
    `${name} does not say which data it was trained on: these rows may be among them.`,
  betterOn: (share: string) => `B is better on ${share} of the rows.`,
  classOf: 'class',
  numbers: (n: number) => `${count(n)} numbers`,
  apart: 'These cannot be compared.',
  why: {
    features: otherThings,
    condition: otherThings,
    noData: () => 'Neither has held-out data, and samples of its own say nothing about a flow.',
    otherRows: () => 'They were validated on other rows.',
    notFinite: () => '−log p of some validation rows is not finite.',
  },
  firstDifference: 'First layer that differs',
  tolerance: 'Tolerance',
  tolerancePositive: 'A number from 0, such as 1e-4.',
  differsFirst: (layer: string, tolerance: string, examples: number) =>
    `${layer} is the first that differs by more than ${tolerance}, in ${count(examples)} examples.`,
  noneDiffers: (tolerance: string, examples: number) =>
    `No layer differs by more than ${tolerance}, in ${count(examples)} examples.`,
  differencesKey: 'Largest differences: output |y_A − y_B| / (1 + |y_A|), log-det in nats.',
  differencesFailed: 'The layers cannot be compared',
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
  compareFailed: 'Dieses Modell lässt sich nicht vergleichen',
  compareLogDets: 'Beiträge zu log p(x)',
  compareNoLayer: 'B hat keine solche Schicht',
  compareNoLayerWhy:
    'Ihre Schichten haben andere Namen oder Formen. Summen, Samples und Kurven lassen sich vergleichen.',
  compareNoValues: 'Werte nicht gezeigt',
  compareOtherLayersWhy: 'B nimmt andere Eingaben, also haben seine Schichten andere Formen.',
  compareCurves: '−log p der Validierung, beide Läufe',
  compareSameRun: 'A und B liegen in einem Lauf.',
  compareCurvesKey: 'Linie A, gestrichelt B',
  verdict: 'Welcher ist besser',
  verdictFailed: 'Welcher besser ist, ist nicht bekannt',
  better: (name, by) => `${name} ist besser um ${by}`,
  noWinner: (name, by) => `Kein Sieger: ${name} liegt ${by} vorn, unter zwei Fehlern,`,
  onRows: (rows, of) =>
    of
      ? `auf ${count(rows)} Validierungszeilen von ${of}`
      : `auf denselben ${count(rows)} Validierungszeilen`,
  otherUnknown: (name) =>
    `${name} sagt nicht, auf welchen Daten er trainiert wurde: Diese Zeilen können darunter sein.`,
  betterOn: (share) => `B ist auf ${share} der Zeilen besser.`,
  classOf: 'Klasse',
  numbers: (n) => `${count(n)} Zahlen`,
  apart: 'Diese sind nicht vergleichbar.',
  why: {
    features: otherThingsInGerman,
    condition: otherThingsInGerman,
    noData: () => 'Keiner hat zurückgehaltene Daten, und eigene Samples sagen nichts über einen Fluss.',
    otherRows: () => 'Sie wurden auf anderen Zeilen validiert.',
    notFinite: () => '−log p mancher Validierungszeilen ist nicht endlich.',
  },
  firstDifference: 'Erste Schicht, die abweicht',
  tolerance: 'Toleranz',
  tolerancePositive: 'Eine Zahl ab 0, etwa 1e-4.',
  differsFirst: (layer, tolerance, examples) =>
    `${layer} weicht als erste um mehr als ${tolerance} ab, in ${count(examples)} Beispielen.`,
  noneDiffers: (tolerance, examples) =>
    `Keine Schicht weicht um mehr als ${tolerance} ab, in ${count(examples)} Beispielen.`,
  differencesKey: 'Größte Abweichungen: Ausgabe |y_A − y_B| / (1 + |y_A|), Log-Det in nats.',
  differencesFailed: 'Die Schichten lassen sich nicht vergleichen',
  noSamples: 'Es wurden keine Samples aufgezeichnet.',
  compareUnmatched: (n: number) => `${count(n)} Schichten von A haben kein Gegenstück in B.`,
};

export const text = inLanguage(english, german);
