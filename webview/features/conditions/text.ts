/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  tab: 'Conditions',
  listens: 'Who listens',
  listensNote: (rows: number) => `‖∂out/∂c‖ × sd of c, rms over ${rows} rows; each layer’s input kept`,
  condition: 'condition',
  flow: 'whole flow',
  flowWhy: '‖∂z/∂c‖ × sd of c, x kept',
  deaf: 'does not read the conditions',
  movesMost: (name: string, by: string) => `${name} moves z most: ${by} for one sd.`,
  only: (name: string, by: string) => `${name} moves z by ${by} for one sd.`,
  hardly: (names: string, share: string) => `Under ${share} of it: ${names}.`,
  readers: (reading: number, of: number) =>
    reading === of
      ? `All ${of} layers read the conditions.`
      : `${reading} of ${of} layers ${reading === 1 ? 'reads' : 'read'} the conditions; the others are hatched.`,
  prior: 'So does the prior, which moves no z.',
  shown: (from: number, to: number, of: number) => `conditions ${from}–${to} of ${of}`,
  pages: 'Conditions that are shown',
  vary: 'Vary',
  colors: 'Colors',
  drawn: 'What is drawn',
  both: 'Both',
  at: (name: string, value: string) => `Density and samples at ${name} = ${value}`,
  spread: (each: string) => `sd ${each}`,
  class: 'Class',
  oneScale: 'p(x | c), one scale.',
  quantiles: 'Values: mean ± 1.28 sd, 10, 50 and 90% of a normal.',
  cross: 'Cross: the example.',
  logProb: (nats: string) => `example: ln p ${nats}`,
  classes: (from: number, to: number, of: number) => `classes ${from}–${to} of ${of}`,
  mostLikely: (first: string, nats: string, second: string, other: string) =>
    `The example is most likely as ${first}, ln p ${nats}; then as ${second}, ${other}.`,
  ridges: 'density of the samples, one scale',
  ridgesOf: (name: string) => `Density of ${name} at each value`,
  others: (values: string) => `The others stay: ${values}.`,
  dots: (n: number) => `Dots and sd: ${n} samples each.`,
  picturesAt: (n: number, at: string) => `${n} samples at ${at}`,
  sameLatents: 'Each column has the same latents.',
  axes: (x: string, y: string) => `Across: ${x}; up: ${y}.`,
};

export const german: typeof english = {
  tab: 'Bedingungen',
  listens: 'Wer zuhört',
  listensNote: (rows) =>
    `‖∂aus/∂c‖ × Std.-Abw. von c, quadr. Mittel, ${rows} Zeilen; Eingabe der Schicht fest`,
  condition: 'Bedingung',
  flow: 'ganzer Flow',
  flowWhy: '‖∂z/∂c‖ × Standardabweichung von c, x fest',
  deaf: 'liest die Bedingungen nicht',
  movesMost: (name, by) => `${name} bewegt z am meisten: ${by} je Standardabweichung.`,
  only: (name, by) => `${name} bewegt z um ${by} je Standardabweichung.`,
  hardly: (names, share) => `Unter ${share} davon: ${names}.`,
  readers: (reading, of) =>
    reading === of
      ? `Alle ${of} Schichten lesen die Bedingungen.`
      : `${reading} von ${of} Schichten ${reading === 1 ? 'liest' : 'lesen'} die Bedingungen; die anderen sind schraffiert.`,
  prior: 'Auch der Prior liest sie, was kein z bewegt.',
  shown: (from, to, of) => `Bedingungen ${from}–${to} von ${of}`,
  pages: 'Gezeigte Bedingungen',
  vary: 'Ändern',
  colors: 'Farben',
  drawn: 'Was gezeichnet wird',
  both: 'Beides',
  at: (name, value) => `Dichte und Samples bei ${name} = ${value}`,
  spread: (each) => `Std. ${each}`,
  class: 'Klasse',
  oneScale: 'p(x | c), eine Skala.',
  quantiles: 'Werte: Mittel ± 1,28 Std.-Abw., 10, 50 und 90 % einer Normalverteilung.',
  cross: 'Kreuz: das Beispiel.',
  logProb: (nats) => `Beispiel: ln p ${nats}`,
  classes: (from, to, of) => `Klassen ${from}–${to} von ${of}`,
  mostLikely: (first, nats, second, other) =>
    `Das Beispiel ist am wahrscheinlichsten als ${first}, ln p ${nats}; danach als ${second}, ${other}.`,
  ridges: 'Dichte der Samples, eine Skala',
  ridgesOf: (name) => `Dichte von ${name} bei jedem Wert`,
  others: (values) => `Die anderen bleiben: ${values}.`,
  dots: (n) => `Punkte und Std.: je ${n} Samples.`,
  picturesAt: (n, at) => `${n} Samples bei ${at}`,
  sameLatents: 'Jede Spalte ist aus denselben Latents.',
  axes: (x, y) => `Nach rechts: ${x}; nach oben: ${y}.`,
};

export const text = inLanguage(english, german);
