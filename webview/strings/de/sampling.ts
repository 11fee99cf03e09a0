/** Texts about how samples are drawn, and the way of one of them. */
import type { sampling as english } from '../en/sampling';

export const sampling: typeof english = {
  byScaleShort: 'je Skala',
  truncation: 'Abschneiden',
  noTruncation: 'nichts',
  scaleTruncation: (scale: number) => `Abschneiden auf Skala ${scale}`,
  playWay: 'Den Weg von z nach x abspielen',
  previousStep: 'Vorige Schicht auf dem Weg',
  nextStep: 'Nächste Schicht auf dem Weg',
};
