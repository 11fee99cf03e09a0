/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  gridSize: ['Number of samples', 'Anzahl der Samples'],
  sample: 'Sample',
  sampleItem: (n: number) => `Sample ${n}`,
  zToX: (n: number) => [`Sample ${n}, z to x`, `Sample ${n}, z nach x`],
  way: ['Way from z to x', 'Weg von z nach x'],
  byScale: ['By scale', 'Je Skala'],
  scaleTemperature: (scale: number) => [`Temperature of scale ${scale}`, `Temperatur der Skala ${scale}`],
  densityNote: 'p(x)',
  conditionalDensityNote: ['p(x | condition)', 'p(x | Bedingung)'],
  byScaleShort: ['by scale', 'je Skala'],
  truncation: ['Truncation', 'Abschneiden'],
  noTruncation: ['none', 'nichts'],
  scaleTruncation: (scale: number) => [`Truncation of scale ${scale}`, `Abschneiden auf Skala ${scale}`],
  playWay: ['Play the way from z to x', 'Den Weg von z nach x abspielen'],
  previousStep: ['Previous layer on the way', 'Vorige Schicht auf dem Weg'],
  nextStep: ['Next layer on the way', 'Nächste Schicht auf dem Weg'],
});
