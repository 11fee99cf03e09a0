/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  gridSize: 'Number of samples',
  sample: 'Sample',
  sampleItem: (n: number) => `Sample ${n}`,
  zToX: (n: number) => `Sample ${n}, z to x`,
  way: 'Way from z to x',
  byScale: 'By scale',
  scaleTemperature: (scale: number) => `Temperature of scale ${scale}`,
  densityNote: 'p(x)',
  conditionalDensityNote: 'p(x | condition)',
  byScaleShort: 'by scale',
  truncation: 'Truncation',
  noTruncation: 'none',
  scaleTruncation: (scale: number) => `Truncation of scale ${scale}`,
  playWay: 'Play the way from z to x',
  previousStep: 'Previous layer on the way',
  nextStep: 'Next layer on the way',
};

export const german: typeof english = {
  gridSize: 'Anzahl der Samples',
  sample: 'Sample',
  sampleItem: (n: number) => `Sample ${n}`,
  zToX: (n: number) => `Sample ${n}, z nach x`,
  way: 'Weg von z nach x',
  byScale: 'Je Skala',
  scaleTemperature: (scale: number) => `Temperatur der Skala ${scale}`,
  densityNote: 'p(x)',
  conditionalDensityNote: 'p(x | Bedingung)',
  byScaleShort: 'je Skala',
  truncation: 'Abschneiden',
  noTruncation: 'nichts',
  scaleTruncation: (scale: number) => `Abschneiden auf Skala ${scale}`,
  playWay: 'Den Weg von z nach x abspielen',
  previousStep: 'Vorige Schicht auf dem Weg',
  nextStep: 'Nächste Schicht auf dem Weg',
};

export const text = inLanguage(english, german);
