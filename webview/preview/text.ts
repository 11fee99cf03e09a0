/** Texts of this page, in English and in German. */
import { count, bilingual, several } from '../base/format/numbers';

/** To about one figure, which is what a few steps can tell: "5 s", "40 s", "12 min", "3 h 30 min". */
function durationIn(seconds: number, [s, min, h]: readonly [string, string, string]): string {
  if (seconds < 57.5) return `${Math.max(1, roundedBy(seconds, seconds < 10 ? 1 : 5))} ${s}`;
  const minutes = seconds / 60;
  if (minutes < 57.5) return `${Math.max(1, roundedBy(minutes, minutes < 15 ? 1 : 5))} ${min}`;
  const halves = roundedBy(minutes / 60, minutes < 285 ? 0.5 : 1);
  return `${count(Math.floor(halves))} ${h}${halves % 1 > 0 ? ` 30 ${min}` : ''}`;
}

const roundedBy = (value: number, by: number): number => Math.round(value / by) * by;

export const text = bilingual({
  reading: ['Reading the data…', 'Daten werden gelesen…'],
  cancelledWhy: ['The data was not read.', 'Die Daten wurden nicht gelesen.'],
  failed: ['This data could not be read', 'Diese Daten konnten nicht gelesen werden'],
  train: ['Train…', 'Trainieren…'],
  saveConfig: ['Save as config…', 'Als Konfiguration speichern…'],
  again: ['Read again', 'Neu lesen'],
  facts: ['About the data', 'Über die Daten'],
  split: (train: number, validation: number) => [
    `${count(train)} to train on, ${count(validation)} to validate with`,
    `${count(train)} zum Trainieren, ${count(validation)} zum Validieren`,
  ],
  shape: ['Shape of one', 'Form eines Beispiels'],
  vector: (d: number) => [several(d, 'feature', 'features'), several(d, 'Merkmal', 'Merkmale')],
  image: (h: number, w: number, c: number) => [
    `${w}×${h} pixels, ${c === 1 ? 'gray' : c === 3 ? 'color' : `${c} channels`}`,
    `${w}×${h} Pixel, ${c === 1 ? 'grau' : c === 3 ? 'farbig' : `${c} Kanäle`}`,
  ],
  range: ['Range', 'Wertebereich'],
  levels: (n: number) => [`whole numbers below ${count(n)}`, `ganze Zahlen unter ${count(n)}`],
  looked: (n: number, all: number) => [
    n >= all ? 'of all examples' : `of ${count(n)} examples`,
    n >= all ? 'über alle Beispiele' : `über ${count(n)} Beispiele`,
  ],
  warnings: (n: number) => [
    n === 1 ? 'One thing to know before training' : `${n} things to know before training`,
    n === 1 ? 'Eines ist vor dem Training zu wissen' : `${n} Dinge sind vor dem Training zu wissen`,
  ],
  noWarnings: ['No problems found.', 'Keine Probleme gefunden.'],
  sheet: ['Contact sheet', 'Übersicht'],
  sheetAlt: (n: number, columns: number) => [
    `The first ${count(n)} examples, ${count(columns)} in a row`,
    `Die ersten ${count(n)} Beispiele, ${count(columns)} in einer Reihe`,
  ],
  table: ['The table', 'Die Tabelle'],
  tableNote: (rows: string, more: boolean, columns: string, size: string) => [
    `${more ? `the first ${rows} rows` : `${rows} rows`}, ${columns} columns, ${size}`,
    `${more ? `die ersten ${rows} Zeilen` : `${rows} Zeilen`}, ${columns} Spalten, ${size}`,
  ],
  moreColumns: (shown: number, all: number) => [
    `The first ${count(shown)} of ${count(all)} columns.`,
    `Die ersten ${count(shown)} von ${count(all)} Spalten.`,
  ],
  useOf: (name: string) => [`What the flow does with ${name}`, `Was der Flow mit ${name} macht`],
  uses: {
    use: ['Use', 'Verwenden'],
    condition: ['Condition', 'Bedingung'],
    number: ['Condition, as a number', 'Bedingung, als Zahl'],
    label: ['Label', 'Klasse'],
    weight: ['Weight', 'Gewicht'],
    'leave out': ['Leave out', 'Weglassen'],
  },
  useHint: {
    use: ['The flow models this column.', 'Der Flow modelliert diese Spalte.'],
    condition: [
      'The flow reads this column: p(… | it); a class as one number for each class.',
      'Der Flow liest diese Spalte: p(… | sie); eine Klasse als eine Zahl je Klasse.',
    ],
    number: [
      'The flow reads this column as one number, so that its values have an order.',
      'Der Flow liest diese Spalte als eine Zahl, so dass ihre Werte eine Ordnung haben.',
    ],
    label: [
      'Shown with each example; neither modeled nor read by the flow.',
      'Wird bei jedem Beispiel gezeigt; der Flow modelliert und liest sie nicht.',
    ],
    weight: [
      'Rows are drawn in proportion to this column; the flow neither models nor reads it.',
      'Zeilen werden im Verhältnis zu dieser Spalte gezogen; der Flow modelliert und liest sie nicht.',
    ],
    'leave out': ['Not read.', 'Wird nicht gelesen.'],
  },
  steppedBack: (name: string, used: boolean) => [
    `${name} is ${used ? 'used as numbers' : 'left out'} now: a flow has one column of classes.`,
    `${name} wird nun ${used ? 'als Zahlen verwendet' : 'weggelassen'}: Ein Flow hat eine Spalte mit Klassen.`,
  ],
  notFor: (use: string, numbers: boolean) => [
    `${use} (${numbers ? 'numbers only' : 'few values only'})`,
    `${use} (${numbers ? 'nur Zahlen' : 'nur wenige Werte'})`,
  ],
  leftOut: {
    empty: ['has no values', 'hat keine Werte'],
    'one value': ['does not vary', 'ändert sich nicht'],
    'too fine': [
      'varies too little beside its size for float32 to tell its values apart; subtract what all have in common first',
      'ändert sich neben seiner Größe zu wenig, als dass float32 die Werte unterscheidet; zuerst abziehen, was alle gemeinsam haben',
    ],
    'row number': ['numbers or names the rows', 'nummeriert oder benennt die Zeilen'],
    date: ['is a date, which flows do not read', 'ist ein Datum, das Flows nicht lesen'],
    'many values': ['is neither a number nor a class', 'ist weder Zahl noch Klasse'],
  },
  labelIs: (name: string) => [`${name} is the class`, `${name} ist die Klasse`],
  gap: ['gap', 'Lücke'],
  gapCount: (n: number) => [several(n, 'gap', 'gaps'), several(n, 'Lücke', 'Lücken')],
  noGaps: ['no gaps', 'keine Lücken'],
  rowLeftOut: [
    'This row is left out, since it has a gap.',
    'Diese Zeile wird weggelassen, da sie eine Lücke hat.',
  ],
  meanOf: (value: string) => [`number, mean ${value}`, `Zahl, Mittel ${value}`],
  findings: {
    'row number': ['numbers the rows?', 'Nummer der Zeile?'],
    'heavy tail': ['heavy tail', 'schwerer Rand'],
  },
  map: (kind: string, low?: string, high?: string) => [
    `Use ${kind}${low === undefined ? '' : high === undefined ? ` (above ${low})` : ` (${low} to ${high})`}`,
    `Mit ${kind}${low === undefined ? '' : high === undefined ? ` (über ${low})` : ` (${low} bis ${high})`}`,
  ],
  keepsBounds: [
    'Samples stay within these bounds; the map is part of the flow.',
    'Samples bleiben in diesen Grenzen; die Abbildung gehört zum Flow.',
  ],
  noise: ['Add noise', 'Mit Rauschen'],
  noiseAnd: (kind: string, low?: string, high?: string) => [
    `Add noise, use ${kind}${low === undefined ? '' : high === undefined ? ` (from ${low})` : ` (${low} to ${high})`}`,
    `Mit Rauschen und ${kind}${low === undefined ? '' : high === undefined ? ` (ab ${low})` : ` (${low} bis ${high})`}`,
  ],
  noiseWhy: [
    'Whole numbers have no density; with noise in (0, 1) they have one, a lower bound in the mean. Samples are rounded down to whole numbers.',
    'Ganze Zahlen haben keine Dichte; mit Rauschen in (0, 1) haben sie eine, im Mittel eine untere Schranke. Samples werden auf ganze Zahlen abgerundet.',
  ],
  wholeNumbers: (n: number) => [`${count(n)} whole numbers`, `${count(n)} ganze Zahlen`],
  fewValues: (n: number) => [`${count(n)} whole numbers: a class?`, `${count(n)} ganze Zahlen: eine Klasse?`],
  endsAt: (limits: readonly string[]) => [
    `ends at ${limits.join(' and ')}`,
    `endet bei ${limits.join(' und ')}`,
  ],
  empty: ['no values', 'keine Werte'],
  dates: (n: number) => [
    n === 1 ? 'date, 1 day' : `dates, ${count(n)} different`,
    n === 1 ? 'Datum, 1 Tag' : `Daten, ${count(n)} verschiedene`,
  ],
  classes: (n: number) => [several(n, 'class', 'classes'), several(n, 'Klasse', 'Klassen')],
  texts: (n: number) => [`text, ${count(n)} values`, `Text, ${count(n)} Werte`],
  choices: ['What to train', 'Was trainiert wird'],
  learned: ['What the flow learns', 'Was der Flow lernt'],
  andMore: (names: string, more: number) => [
    `${names} and ${count(more)} more`,
    `${names} und ${count(more)} weitere`,
  ],
  gapsTitle: ['Gaps', 'Lücken'],
  gapRows: (n: number, of: number) => [
    `in ${count(n)} of ${count(of)} rows`,
    `in ${count(n)} von ${count(of)} Zeilen`,
  ],
  dropRows: (n: number) => [
    n === 1 ? 'Leave out 1 row with gaps' : `Leave out ${count(n)} rows with gaps`,
    n === 1 ? '1 Zeile mit Lücken weglassen' : `${count(n)} Zeilen mit Lücken weglassen`,
  ],
  fillRows: ['Fill them with the mean of the column', 'Mit dem Mittel der Spalte füllen'],
  stay: (n: number) => [`${count(n)} stay`, `${count(n)} bleiben`],
  leaveOutColumn: (name: string, rows: string) => [
    `Leave out ${name}, and ${rows} rows stay`,
    `${name} weglassen, dann bleiben ${rows} Zeilen`,
  ],
  sizeTitle: ['Size of the images', 'Größe der Bilder'],
  asInFiles: ['as in the files', 'wie in den Dateien'],
  square: (side: number) => `${side}×${side}`,
  middle: ['the middle of each, scaled', 'die Mitte von jedem, skaliert'],
  splitTitle: ['Split', 'Aufteilung'],
  trainRows: ['Train', 'Training'],
  validationRows: ['Validation', 'Validierung'],
  preset: ['Preset', 'Voreinstellung'],
  presetTime: ['time on this computer', 'Zeit auf diesem Rechner'],
  measuring: ['measuring…', 'wird gemessen…'],
  notPossible: ['not possible', 'nicht möglich'],
  steps: ['Steps', 'Schritte'],
  about: (time: string) => [`about ${time}`, `etwa ${time}`],
  duration: (seconds: number) => [
    durationIn(seconds, ['s', 'min', 'h']),
    durationIn(seconds, ['s', 'min', 'Std.']),
  ],
  wholeNumber: ['Expected a whole number.', 'Erwartet wird eine ganze Zahl.'],
  fewerSteps: (all: string) => [
    `As many as fit in ten minutes. The preset has ${all}; a run can be resumed for more.`,
    `So viele, wie in zehn Minuten passen. Die Voreinstellung hat ${all}; ein Lauf lässt sich fortsetzen.`,
  ],
  features: ['Features', 'Merkmale'],
  firstFeatures: (shown: number, all: number) => [
    shown < all ? `the first ${count(shown)} of ${count(all)}` : `all ${count(all)}`,
    shown < all ? `die ersten ${count(shown)} von ${count(all)}` : `alle ${count(all)}`,
  ],
  deviation: ['sd', 'Std.'],
  gaps: ['gaps', 'Lücken'],
  histogram: (name: string, low: string, high: string) => [
    `Distribution of ${name} from ${low} to ${high}`,
    `Verteilung von ${name} von ${low} bis ${high}`,
  ],
  classesTitle: ['Classes', 'Klassen'],
  withoutClass: (n: number) => [`${count(n)} without a class`, `${count(n)} ohne Klasse`],
  rows: ['First rows', 'Erste Zeilen'],
  row: ['row', 'Zeile'],
  label: ['label', 'Klasse'],
  condition: ['condition', 'Bedingung'],
});
