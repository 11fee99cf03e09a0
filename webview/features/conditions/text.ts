/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Conditions', 'Bedingungen'],
  listens: ['Who listens', 'Wer zuhört'],
  listensNote: (rows: number) => [
    `‖∂out/∂c‖ × sd of c, rms over ${rows} rows; each layer’s input kept`,
    `‖∂aus/∂c‖ × Std.-Abw. von c, quadr. Mittel, ${rows} Zeilen; Eingabe der Schicht fest`,
  ],
  condition: ['condition', 'Bedingung'],
  flow: ['whole flow', 'ganzer Flow'],
  flowWhy: ['‖∂z/∂c‖ × sd of c, x kept', '‖∂z/∂c‖ × Standardabweichung von c, x fest'],
  deaf: ['does not read the conditions', 'liest die Bedingungen nicht'],
  movesMost: (name: string, by: string) => [
    `${name} moves z most: ${by} for one sd.`,
    `${name} bewegt z am meisten: ${by} je Standardabweichung.`,
  ],
  only: (name: string, by: string) => [
    `${name} moves z by ${by} for one sd.`,
    `${name} bewegt z um ${by} je Standardabweichung.`,
  ],
  hardly: (names: string, share: string) => [
    `Under ${share} of it: ${names}.`,
    `Unter ${share} davon: ${names}.`,
  ],
  readers: (reading: number, of: number) => [
    reading === of
      ? `All ${of} layers read the conditions.`
      : `${reading} of ${of} layers ${reading === 1 ? 'reads' : 'read'} the conditions; the others are hatched.`,
    reading === of
      ? `Alle ${of} Schichten lesen die Bedingungen.`
      : `${reading} von ${of} Schichten ${reading === 1 ? 'liest' : 'lesen'} die Bedingungen; die anderen sind schraffiert.`,
  ],
  prior: ['So does the prior, which moves no z.', 'Auch der Prior liest sie, was kein z bewegt.'],
  conditions: ['conditions', 'Bedingungen'],
  pages: ['Conditions that are shown', 'Gezeigte Bedingungen'],
  vary: ['Vary', 'Ändern'],
  colors: ['Colors', 'Farben'],
  drawn: ['What is drawn', 'Was gezeichnet wird'],
  both: ['Both', 'Beides'],
  at: (name: string, value: string) => [
    `Density and samples at ${name} = ${value}`,
    `Dichte und Samples bei ${name} = ${value}`,
  ],
  spread: (each: string) => [`sd ${each}`, `Std. ${each}`],
  class: ['Class', 'Klasse'],
  oneScale: ['p(x | c), one scale.', 'p(x | c), eine Skala.'],
  quantiles: [
    'Values: mean ± 1.28 sd, 10, 50 and 90% of a normal.',
    'Werte: Mittel ± 1,28 Std.-Abw., 10, 50 und 90 % einer Normalverteilung.',
  ],
  cross: ['Cross: the example.', 'Kreuz: das Beispiel.'],
  logProb: (nats: string) => [`example: log p ${nats}`, `Beispiel: log p ${nats}`],
  classes: ['classes', 'Klassen'],
  mostLikely: (first: string, nats: string, second: string, other: string) => [
    `The example is most likely as ${first}, log p ${nats}; then as ${second}, ${other}.`,
    `Das Beispiel ist am wahrscheinlichsten als ${first}, log p ${nats}; danach als ${second}, ${other}.`,
  ],
  ridges: ['density of the samples, one scale', 'Dichte der Samples, eine Skala'],
  ridgesOf: (name: string) => [`Density of ${name} at each value`, `Dichte von ${name} bei jedem Wert`],
  others: (values: string) => [`The others stay: ${values}.`, `Die anderen bleiben: ${values}.`],
  dots: (n: number) => [`Dots and sd: ${n} samples each.`, `Punkte und Std.: je ${n} Samples.`],
  picturesAt: (n: number, at: string) => [`${n} samples at ${at}`, `${n} Samples bei ${at}`],
  sameLatents: ['Each column has the same latents.', 'Jede Spalte ist aus denselben Latents.'],
  axes: (x: string, y: string) => [`Across: ${x}; up: ${y}.`, `Nach rechts: ${x}; nach oben: ${y}.`],
});
