/** Texts of the latents that are changed by hand. */
import { count } from '../../base/format/numbers';
import type { latents as english } from '../en/latents';

export const latents: typeof english = {
  latents: 'Latente',
  subject: 'Welches Beispiel',
  theExample: 'das Beispiel',
  aSampleOf: 'ein Sample',
  sampleNumber: (n) => `Nummer des Samples, 1–${n}`,
  drawnWith: (seed, temperature) => `Seed ${seed}, Temperatur ${temperature}`,
  noSubject: 'Kein Beispiel ist ausgewählt',
  noSubjectWhy: 'Oben in der Leiste eines auswählen, oder ein Sample nehmen.',
  noLatents: 'Die latenten Werte sind nicht zu haben',
  noWayBack: 'Es gibt keinen Weg von z zurück',
  farthestOut: 'Am weitesten von null',
  changedLatents: (n) => `${count(n)} geändert`,
  resetLatents: 'Zurücksetzen',
  anEdited: 'Geänderte Latente',
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
