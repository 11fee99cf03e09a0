/** Texts of this feature, in English and in German. */
import { count } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

export const english = {
  latents: 'Latents',
  noLatents: 'The latents are not available',
  noWayBack: 'There is no way back from z',
  farthestOut: 'Farthest from zero',
  changedLatents: (n: number) => `${count(n)} changed`,
  resetLatents: 'Reset',
  latentSlider: (name: string, place: string) => `${name}, ${place}`,
  latentOf: (n: number) => `latent ${n}`,
  latentAt: (scale: number | undefined, row: number, column: number, channel: number | undefined) =>
    `${scale === undefined ? '' : `scale ${scale}, `}row ${row}, column ${column}${channel === undefined ? '' : `, channel ${channel}`}`,
  latentCount: (n: number) => `${count(n)} latents`,
  latentMap: (name: string) => `Latents of ${name}; arrow keys pick one`,
  latentHint: 'Click a latent, then drag its slider',
  latentSquare: 'z: drag the point, or move it with the arrow keys',
  latentData: 'x of this z, among the data',
  before: 'as it was',
  now: 'now',
  difference: 'difference',
  meanDifference: 'mean difference',
  differenceHead: 'Δ, levels',
  meanDifferenceHead: 'mean Δ, levels',
  xOfLatents: 'x of the changed latents',
  noLikelihood: 'Without a way from x to z there is no likelihood.',
  changeOf: (change: string) => `${change} by the changes`,
};

export const german: typeof english = {
  latents: 'Latente',
  noLatents: 'Die latenten Werte sind nicht zu haben',
  noWayBack: 'Es gibt keinen Weg von z zurück',
  farthestOut: 'Am weitesten von null',
  changedLatents: (n) => `${count(n)} geändert`,
  resetLatents: 'Zurücksetzen',
  latentSlider: (name, place) => `${name}, ${place}`,
  latentOf: (n) => `latenter Wert ${n}`,
  latentAt: (scale, row, column, channel) =>
    `${scale === undefined ? '' : `Skala ${scale}, `}Zeile ${row}, Spalte ${column}${channel === undefined ? '' : `, Kanal ${channel}`}`,
  latentCount: (n) => `${count(n)} Latente`,
  latentMap: (name) => `Latente Werte von ${name}; Pfeiltasten wählen einen`,
  latentHint: 'Einen latenten Wert anklicken, dann seinen Regler ziehen',
  latentSquare: 'z: den Punkt ziehen oder mit den Pfeiltasten bewegen',
  latentData: 'x zu diesem z, zwischen den Daten',
  before: 'vorher',
  now: 'jetzt',
  difference: 'Differenz',
  meanDifference: 'mittlere Differenz',
  differenceHead: 'Δ, Stufen',
  meanDifferenceHead: 'mittl. Δ, Stufen',
  xOfLatents: 'x der geänderten latenten Werte',
  noLikelihood: 'Ohne einen Weg von x nach z gibt es keine Likelihood.',
  changeOf: (change) => `${change} durch die Änderungen`,
};

export const text = inLanguage(english, german);
