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
  density: 'Density',
  both: 'Both',
  at: (name: string, value: string) => `Density and samples at ${name} = ${value}`,
  spread: (each: string) => `sd ${each}`,
  quantiles: 'p(x | c), one scale, at mean ± 1.28 sd: 10, 50 and 90 % of a normal.',
  others: (values: string) => `The others stay: ${values}.`,
  dots: (n: number) => `Dots and sd: ${n} samples each.`,
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
  density: 'Dichte',
  both: 'Beides',
  at: (name, value) => `Dichte und Samples bei ${name} = ${value}`,
  spread: (each) => `Std. ${each}`,
  quantiles: 'p(x | c), eine Skala, bei Mittel ± 1,28 Std.-Abw.: 10, 50 und 90 % einer Normalverteilung.',
  others: (values) => `Die anderen bleiben: ${values}.`,
  dots: (n) => `Punkte und Std.: je ${n} Samples.`,
  axes: (x, y) => `Nach rechts: ${x}; nach oben: ${y}.`,
};

export const text = inLanguage(english, german);
