/** Texts of this page, in English and in German. */
import { count } from '../base/format/numbers';
import { inLanguage } from '../base/format/language';

/** To about one figure, which is what a few steps can tell: "5 s", "40 s", "12 min", "3 h 30 min". */
function durationIn(seconds: number, [s, min, h]: readonly [string, string, string]): string {
  if (seconds < 57.5) return `${Math.max(1, roundedBy(seconds, seconds < 10 ? 1 : 5))} ${s}`;
  const minutes = seconds / 60;
  if (minutes < 57.5) return `${Math.max(1, roundedBy(minutes, minutes < 15 ? 1 : 5))} ${min}`;
  const halves = roundedBy(minutes / 60, minutes < 285 ? 0.5 : 1);
  return `${count(Math.floor(halves))} ${h}${halves % 1 > 0 ? ` 30 ${min}` : ''}`;
}

const roundedBy = (value: number, by: number): number => Math.round(value / by) * by;

export const english = {
  reading: 'Reading the data…',
  cancelledWhy: 'The data was not read.',
  failed: 'This data could not be read',
  train: 'Train…',
  saveConfig: 'Save as config…',
  again: 'Read again',
  facts: 'About the data',
  split: (train: number, validation: number) =>
    `${count(train)} to train on, ${count(validation)} to validate with`,
  shape: 'Shape of one',
  vector: (d: number) => (d === 1 ? '1 feature' : `${count(d)} features`),
  image: (h: number, w: number, c: number) =>
    `${w}×${h} pixels, ${c === 1 ? 'gray' : c === 3 ? 'color' : `${c} channels`}`,
  range: 'Range',
  levels: (n: number) => `whole numbers below ${count(n)}`,
  looked: (n: number, all: number) => (n >= all ? 'of all examples' : `of ${count(n)} examples`),
  warnings: (n: number) =>
    n === 1 ? 'One thing to know before training' : `${n} things to know before training`,
  noWarnings: 'No problems found.',
  sheet: 'Contact sheet',
  sheetAlt: (n: number, columns: number) => `The first ${count(n)} examples, ${count(columns)} in a row`,
  table: 'The table',
  tableNote: (rows: string, more: boolean, columns: string, size: string) =>
    `${more ? `the first ${rows} rows` : `${rows} rows`}, ${columns} columns, ${size}`,
  moreColumns: (shown: number, all: number) => `The first ${count(shown)} of ${count(all)} columns.`,
  useOf: (name: string) => `What the flow does with ${name}`,
  uses: {
    use: 'Use',
    condition: 'Condition',
    number: 'Condition, as a number',
    label: 'Label',
    'leave out': 'Leave out',
  },
  useHint: {
    use: 'The flow models this column.',
    condition: 'The flow reads this column: p(… | it); a class as one number for each class.',
    number: 'The flow reads this column as one number, so that its values have an order.',
    label: 'Shown with each example; neither modeled nor read by the flow.',
    'leave out': 'Not read.',
  },
  steppedBack: (name: string, used: boolean) =>
    `${name} is ${used ? 'used as numbers' : 'left out'} now: a flow has one column of classes.`,
  notFor: (use: string, numbers: boolean) => `${use} (${numbers ? 'numbers only' : 'few values only'})`,
  leftOut: {
    empty: 'has no values',
    'one value': 'does not vary',
    'too fine':
      'varies too little beside its size for float32 to tell its values apart; subtract what all have in common first',
    'row number': 'numbers or names the rows',
    date: 'is a date, which flows do not read',
    'many values': 'is neither a number nor a class',
  },
  labelIs: (name: string) => `${name} is the class`,
  gap: 'gap',
  gapCount: (n: number) => (n === 1 ? '1 gap' : `${count(n)} gaps`),
  noGaps: 'no gaps',
  rowLeftOut: 'This row is left out, since it has a gap.',
  meanOf: (value: string) => `number, mean ${value}`,
  findings: { 'row number': 'numbers the rows?', 'heavy tail': 'heavy tail' },
  map: (kind: string, low?: string, high?: string) =>
    `Use ${kind}${low === undefined ? '' : high === undefined ? ` (above ${low})` : ` (${low} to ${high})`}`,
  keepsBounds: 'Samples stay within these bounds; the map is part of the flow.',
  noise: 'Add noise',
  noiseAnd: (kind: string, low?: string, high?: string) =>
    `Add noise, use ${kind}${low === undefined ? '' : high === undefined ? ` (from ${low})` : ` (${low} to ${high})`}`,
  noiseWhy:
    'Whole numbers have no density; with noise in (0, 1) they have one, a lower bound in the mean. Samples are rounded down to whole numbers.',
  wholeNumbers: (n: number) => `${count(n)} whole numbers`,
  fewValues: (n: number) => `${count(n)} whole numbers: a class?`,
  endsAt: (limits: readonly string[]) => `ends at ${limits.join(' and ')}`,
  empty: 'no values',
  dates: (n: number) => (n === 1 ? 'date, 1 day' : `dates, ${count(n)} different`),
  classes: (n: number) => (n === 1 ? '1 class' : `${count(n)} classes`),
  texts: (n: number) => `text, ${count(n)} values`,
  choices: 'What to train',
  learned: 'What the flow learns',
  andMore: (names: string, more: number) => `${names} and ${count(more)} more`,
  gapsTitle: 'Gaps',
  gapRows: (n: number, of: number) => `in ${count(n)} of ${count(of)} rows`,
  dropRows: (n: number) => (n === 1 ? 'Leave out 1 row with gaps' : `Leave out ${count(n)} rows with gaps`),
  fillRows: 'Fill them with the mean of the column',
  stay: (n: number) => `${count(n)} stay`,
  leaveOutColumn: (name: string, rows: string) => `Leave out ${name}, and ${rows} rows stay`,
  sizeTitle: 'Size of the images',
  asInFiles: 'as in the files',
  square: (side: number) => `${side}×${side}`,
  middle: 'the middle of each, scaled',
  splitTitle: 'Split',
  trainRows: 'Train',
  validationRows: 'Validation',
  preset: 'Preset',
  presetTime: 'time on this computer',
  measuring: 'measuring…',
  notPossible: 'not possible',
  steps: 'Steps',
  about: (time: string) => `about ${time}`,
  duration: (seconds: number) => durationIn(seconds, ['s', 'min', 'h']),
  wholeNumber: 'Expected a whole number.',
  fewerSteps: (all: string) =>
    `As many as fit in ten minutes. The preset has ${all}; a run can be resumed for more.`,
  features: 'Features',
  firstFeatures: (shown: number, all: number) =>
    shown < all ? `the first ${count(shown)} of ${count(all)}` : `all ${count(all)}`,
  deviation: 'sd',
  gaps: 'gaps',
  histogram: (name: string, low: string, high: string) => `Distribution of ${name} from ${low} to ${high}`,
  classesTitle: 'Classes',
  withoutClass: (n: number) => `${count(n)} without a class`,
  rows: 'First rows',
  row: 'row',
  label: 'label',
  condition: 'condition',
};

export const german: typeof english = {
  reading: 'Daten werden gelesen…',
  cancelledWhy: 'Die Daten wurden nicht gelesen.',
  failed: 'Diese Daten konnten nicht gelesen werden',
  train: 'Trainieren…',
  saveConfig: 'Als Konfiguration speichern…',
  again: 'Neu lesen',
  facts: 'Über die Daten',
  split: (train: number, validation: number) =>
    `${count(train)} zum Trainieren, ${count(validation)} zum Validieren`,
  shape: 'Form eines Beispiels',
  vector: (d: number) => (d === 1 ? '1 Merkmal' : `${count(d)} Merkmale`),
  image: (h: number, w: number, c: number) =>
    `${w}×${h} Pixel, ${c === 1 ? 'grau' : c === 3 ? 'farbig' : `${c} Kanäle`}`,
  range: 'Wertebereich',
  levels: (n: number) => `ganze Zahlen unter ${count(n)}`,
  looked: (n: number, all: number) => (n >= all ? 'über alle Beispiele' : `über ${count(n)} Beispiele`),
  warnings: (n: number) =>
    n === 1 ? 'Eines ist vor dem Training zu wissen' : `${n} Dinge sind vor dem Training zu wissen`,
  noWarnings: 'Keine Probleme gefunden.',
  sheet: 'Übersicht',
  sheetAlt: (n: number, columns: number) =>
    `Die ersten ${count(n)} Beispiele, ${count(columns)} in einer Reihe`,
  table: 'Die Tabelle',
  tableNote: (rows: string, more: boolean, columns: string, size: string) =>
    `${more ? `die ersten ${rows} Zeilen` : `${rows} Zeilen`}, ${columns} Spalten, ${size}`,
  moreColumns: (shown: number, all: number) => `Die ersten ${count(shown)} von ${count(all)} Spalten.`,
  useOf: (name: string) => `Was der Flow mit ${name} macht`,
  uses: {
    use: 'Verwenden',
    condition: 'Bedingung',
    number: 'Bedingung, als Zahl',
    label: 'Klasse',
    'leave out': 'Weglassen',
  },
  useHint: {
    use: 'Der Flow modelliert diese Spalte.',
    condition: 'Der Flow liest diese Spalte: p(… | sie); eine Klasse als eine Zahl je Klasse.',
    number: 'Der Flow liest diese Spalte als eine Zahl, so dass ihre Werte eine Ordnung haben.',
    label: 'Wird bei jedem Beispiel gezeigt; der Flow modelliert und liest sie nicht.',
    'leave out': 'Wird nicht gelesen.',
  },
  steppedBack: (name: string, used: boolean) =>
    `${name} wird nun ${used ? 'als Zahlen verwendet' : 'weggelassen'}: Ein Flow hat eine Spalte mit Klassen.`,
  notFor: (use: string, numbers: boolean) => `${use} (${numbers ? 'nur Zahlen' : 'nur wenige Werte'})`,
  leftOut: {
    empty: 'hat keine Werte',
    'one value': 'ändert sich nicht',
    'too fine':
      'ändert sich neben seiner Größe zu wenig, als dass float32 die Werte unterscheidet; zuerst abziehen, was alle gemeinsam haben',
    'row number': 'nummeriert oder benennt die Zeilen',
    date: 'ist ein Datum, das Flows nicht lesen',
    'many values': 'ist weder Zahl noch Klasse',
  },
  labelIs: (name: string) => `${name} ist die Klasse`,
  gap: 'Lücke',
  gapCount: (n: number) => (n === 1 ? '1 Lücke' : `${count(n)} Lücken`),
  noGaps: 'keine Lücken',
  rowLeftOut: 'Diese Zeile wird weggelassen, da sie eine Lücke hat.',
  meanOf: (value: string) => `Zahl, Mittel ${value}`,
  findings: { 'row number': 'Nummer der Zeile?', 'heavy tail': 'schwerer Rand' },
  map: (kind: string, low?: string, high?: string) =>
    `Mit ${kind}${low === undefined ? '' : high === undefined ? ` (über ${low})` : ` (${low} bis ${high})`}`,
  keepsBounds: 'Samples bleiben in diesen Grenzen; die Abbildung gehört zum Flow.',
  noise: 'Mit Rauschen',
  noiseAnd: (kind: string, low?: string, high?: string) =>
    `Mit Rauschen und ${kind}${low === undefined ? '' : high === undefined ? ` (ab ${low})` : ` (${low} bis ${high})`}`,
  noiseWhy:
    'Ganze Zahlen haben keine Dichte; mit Rauschen in (0, 1) haben sie eine, im Mittel eine untere Schranke. Samples werden auf ganze Zahlen abgerundet.',
  wholeNumbers: (n: number) => `${count(n)} ganze Zahlen`,
  fewValues: (n: number) => `${count(n)} ganze Zahlen: eine Klasse?`,
  endsAt: (limits: readonly string[]) => `endet bei ${limits.join(' und ')}`,
  empty: 'keine Werte',
  dates: (n: number) => (n === 1 ? 'Datum, 1 Tag' : `Daten, ${count(n)} verschiedene`),
  classes: (n: number) => (n === 1 ? '1 Klasse' : `${count(n)} Klassen`),
  texts: (n: number) => `Text, ${count(n)} Werte`,
  choices: 'Was trainiert wird',
  learned: 'Was der Flow lernt',
  andMore: (names: string, more: number) => `${names} und ${count(more)} weitere`,
  gapsTitle: 'Lücken',
  gapRows: (n: number, of: number) => `in ${count(n)} von ${count(of)} Zeilen`,
  dropRows: (n: number) =>
    n === 1 ? '1 Zeile mit Lücken weglassen' : `${count(n)} Zeilen mit Lücken weglassen`,
  fillRows: 'Mit dem Mittel der Spalte füllen',
  stay: (n: number) => `${count(n)} bleiben`,
  leaveOutColumn: (name: string, rows: string) => `${name} weglassen, dann bleiben ${rows} Zeilen`,
  sizeTitle: 'Größe der Bilder',
  asInFiles: 'wie in den Dateien',
  square: (side: number) => `${side}×${side}`,
  middle: 'die Mitte von jedem, skaliert',
  splitTitle: 'Aufteilung',
  trainRows: 'Training',
  validationRows: 'Validierung',
  preset: 'Voreinstellung',
  presetTime: 'Zeit auf diesem Rechner',
  measuring: 'wird gemessen…',
  notPossible: 'nicht möglich',
  steps: 'Schritte',
  about: (time: string) => `etwa ${time}`,
  duration: (seconds: number) => durationIn(seconds, ['s', 'min', 'Std.']),
  wholeNumber: 'Erwartet wird eine ganze Zahl.',
  fewerSteps: (all: string) =>
    `So viele, wie in zehn Minuten passen. Die Voreinstellung hat ${all}; ein Lauf lässt sich fortsetzen.`,
  features: 'Merkmale',
  firstFeatures: (shown: number, all: number) =>
    shown < all ? `die ersten ${count(shown)} von ${count(all)}` : `alle ${count(all)}`,
  deviation: 'Std.',
  gaps: 'Lücken',
  histogram: (name: string, low: string, high: string) => `Verteilung von ${name} von ${low} bis ${high}`,
  classesTitle: 'Klassen',
  withoutClass: (n: number) => `${count(n)} ohne Klasse`,
  rows: 'Erste Zeilen',
  row: 'Zeile',
  label: 'Klasse',
  condition: 'Bedingung',
};

export const text = inLanguage(english, german);
