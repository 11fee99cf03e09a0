/** Texts of this feature, in English and in German. */
import { count, bilingual, type Both } from '../../base/format/numbers';

const otherThings = (a: string, b: string): Both => [
  `A gives ${a}, B gives ${b}: densities of different things.`,
  `A gibt ${a}, B gibt ${b}: Dichten von Verschiedenem.`,
];

export const text = bilingual({
  compareStart: ['Compare', 'Vergleichen'],
  compareEnd: ['End comparison', 'Vergleich beenden'],
  compareWith: ['Compare with', 'Vergleichen mit'],
  compareOther: ['Another file…', 'Andere Datei…'],
  compareSaved: ['Comparison as saved', 'Vergleich wie gespeichert'],
  differenceRange: ['Differences', 'Differenzen'],
  rangeCommon: ['common range', 'gemeinsamer Bereich'],
  rangeOfMap: ['own range', 'eigener Bereich'],
  compareFailed: ['This model cannot be compared', 'Dieses Modell lässt sich nicht vergleichen'],
  compareLogDets: ['Contributions to log p(x)', 'Beiträge zu log p(x)'],
  compareNoLayer: ['B has no such layer', 'B hat keine solche Schicht'],
  compareNoLayerWhy: [
    'Its layers have other names or shapes. Totals, samples and curves still compare.',
    'Ihre Schichten haben andere Namen oder Formen. Summen, Samples und Kurven lassen sich vergleichen.',
  ],
  compareNoValues: ['values not shown', 'Werte nicht gezeigt'],
  compareOtherLayersWhy: [
    'B takes other inputs, so its layers have other shapes.',
    'B nimmt andere Eingaben, also haben seine Schichten andere Formen.',
  ],
  compareCurves: ['−log p of validation, both runs', '−log p der Validierung, beide Läufe'],
  compareSameRun: ['A and B lie in one run.', 'A und B liegen in einem Lauf.'],
  compareCurvesKey: ['line A, dashed B', 'Linie A, gestrichelt B'],
  verdict: ['Which is better', 'Welcher ist besser'],
  verdictFailed: ['Which is better is not known', 'Welcher besser ist, ist nicht bekannt'],
  better: (name: string, by: string) => [`${name} is better by ${by}`, `${name} ist besser um ${by}`],
  noWinner: (name: string, by: string) => [
    `No winner: ${name} is ahead by ${by}, within two errors,`,
    `Kein Sieger: ${name} liegt ${by} vorn, unter zwei Fehlern,`,
  ],
  onRows: (rows: number, of: string | undefined) => [
    of ? `on ${count(rows)} validation rows of ${of}` : `on the same ${count(rows)} validation rows`,
    of
      ? `auf ${count(rows)} Validierungszeilen von ${of}`
      : `auf denselben ${count(rows)} Validierungszeilen`,
  ],
  otherUnknown: (name: string) => [
    `${name} does not say which data it was trained on: these rows may be among them.`,
    `${name} sagt nicht, auf welchen Daten er trainiert wurde: Diese Zeilen können darunter sein.`,
  ],
  betterOn: (share: string) => [
    `B is better on ${share} of the rows.`,
    `B ist auf ${share} der Zeilen besser.`,
  ],
  classOf: ['class', 'Klasse'],
  numbers: (n: number) => [`${count(n)} numbers`, `${count(n)} Zahlen`],
  apart: ['These cannot be compared.', 'Diese sind nicht vergleichbar.'],
  why: {
    features: otherThings,
    condition: otherThings,
    noData: () => [
      'Neither has held-out data, and samples of its own say nothing about a flow.',
      'Keiner hat zurückgehaltene Daten, und eigene Samples sagen nichts über einen Fluss.',
    ],
    otherRows: () => ['They were validated on other rows.', 'Sie wurden auf anderen Zeilen validiert.'],
    notFinite: () => [
      '−log p of some validation rows is not finite.',
      '−log p mancher Validierungszeilen ist nicht endlich.',
    ],
  },
  firstDifference: ['First layer that differs', 'Erste Schicht, die abweicht'],
  tolerance: ['Tolerance', 'Toleranz'],
  tolerancePositive: ['A number from 0, such as 1e-4.', 'Eine Zahl ab 0, etwa 1e-4.'],
  differsFirst: (layer: string, tolerance: string, examples: number) => [
    `${layer} is the first that differs by more than ${tolerance}, in ${count(examples)} examples.`,
    `${layer} weicht als erste um mehr als ${tolerance} ab, in ${count(examples)} Beispielen.`,
  ],
  noneDiffers: (tolerance: string, examples: number) => [
    `No layer differs by more than ${tolerance}, in ${count(examples)} examples.`,
    `Keine Schicht weicht um mehr als ${tolerance} ab, in ${count(examples)} Beispielen.`,
  ],
  differencesKey: [
    'Largest differences: output |y_A − y_B| / (1 + |y_A|), log-det in nats.',
    'Größte Abweichungen: Ausgabe |y_A − y_B| / (1 + |y_A|), Log-Det in nats.',
  ],
  differencesFailed: ['The layers cannot be compared', 'Die Schichten lassen sich nicht vergleichen'],
  noSamples: ['No samples were recorded.', 'Es wurden keine Samples aufgezeichnet.'],
  compareUnmatched: (n: number) => [
    `${count(n)} layers of A have no partner in B.`,
    `${count(n)} Schichten von A haben kein Gegenstück in B.`,
  ],
});
