/** Texts of this feature, in English and in German. */
import { count, bilingual } from '../../base/format/numbers';

export const text = bilingual({
  latents: ['Latents', 'Latente'],
  noLatents: ['The latents are not available', 'Die latenten Werte sind nicht zu haben'],
  noWayBack: ['There is no way back from z', 'Es gibt keinen Weg von z zurück'],
  farthestOut: ['Farthest from zero', 'Am weitesten von null'],
  changedLatents: (n: number) => [`${count(n)} changed`, `${count(n)} geändert`],
  resetLatents: ['Reset', 'Zurücksetzen'],
  latentSlider: (name: string, place: string) => `${name}, ${place}`,
  latentOf: (n: number) => [`latent ${n}`, `latenter Wert ${n}`],
  latentAt: (scale: number | undefined, row: number, column: number, channel: number | undefined) => [
    `${scale === undefined ? '' : `scale ${scale}, `}row ${row}, column ${column}${channel === undefined ? '' : `, channel ${channel}`}`,
    `${scale === undefined ? '' : `Skala ${scale}, `}Zeile ${row}, Spalte ${column}${channel === undefined ? '' : `, Kanal ${channel}`}`,
  ],
  latentCount: (n: number) => [`${count(n)} latents`, `${count(n)} Latente`],
  latentMap: (name: string) => [
    `Latents of ${name}; arrow keys pick one`,
    `Latente Werte von ${name}; Pfeiltasten wählen einen`,
  ],
  latentHint: [
    'Click a latent, then drag its slider',
    'Einen latenten Wert anklicken, dann seinen Regler ziehen',
  ],
  latentSquare: [
    'z: drag the point, or move it with the arrow keys',
    'z: den Punkt ziehen oder mit den Pfeiltasten bewegen',
  ],
  latentData: ['x of this z, among the data', 'x zu diesem z, zwischen den Daten'],
  before: ['as it was', 'vorher'],
  now: ['now', 'jetzt'],
  difference: ['difference', 'Differenz'],
  meanDifference: ['mean difference', 'mittlere Differenz'],
  differenceHead: ['Δ, levels', 'Δ, Stufen'],
  meanDifferenceHead: ['mean Δ, levels', 'mittl. Δ, Stufen'],
  xOfLatents: ['x of the changed latents', 'x der geänderten latenten Werte'],
  noLikelihood: [
    'Without a way from x to z there is no likelihood.',
    'Ohne einen Weg von x nach z gibt es keine Likelihood.',
  ],
  changeOf: (change: string) => [`${change} by the changes`, `${change} durch die Änderungen`],
});
