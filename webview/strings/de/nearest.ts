/** Texts of the training examples nearest to one. */
import { count } from '../../base/format/numbers';
import type { nearest as english } from '../en/nearest';

const held = (n: number, { low, high }: { low: string; high: string }): string =>
  `${count(n)} zurückgehaltenen Beispielen (${low} bis ${high})`;

export const nearest: typeof english = {
  nearest: 'Nächste',
  distanceIn: 'Abstand der',
  pixels: 'Pixel',
  coordinates: 'Koordinaten',
  inLatents: 'latenten Werte',
  distance: 'Abstand',
  nearestItem: (index, distance, cost) => `train ${index}, Abstand ${distance}, ${cost}`,
  distanceNote: {
    pixels: 'Abstand: euklidisch, von Pixeln zwischen 0 und 1 ohne Rauschen.',
    vector: 'Abstand: euklidisch, in Abweichungen der Merkmale, wo der Flow sie standardisiert.',
    latent: 'Abstand: euklidisch, zwischen den latenten Werten z.',
  },
  belowDistance: (unit) => `Darunter ${unit}.`,
  noTrainData: 'Keine Trainingsdaten zum Vergleich',
  noTrainDataWhy: 'Das Modell sagt nicht, womit es trainiert wurde, oder die Daten sind nicht da.',
  noNearest: 'Die nächsten Beispiele wurden nicht gefunden',
  noneToLookAt: 'Es gibt kein anderes Trainingsbeispiel.',
  sameAs: (index) => `Gleich dem Trainingsbeispiel ${index}, Pixel für Pixel oder Zahl für Zahl.`,
  nearestAt: (distance) => `Das nächste Trainingsbeispiel ist ${distance} entfernt.`,
  nearerThanAll: (distance, n, range) =>
    `Das nächste ist ${distance} entfernt: näher an den Trainingsdaten als jedes von ${held(n, range)}. Es kann eine Kopie sein.`,
  fartherThanAll: (distance, n, range) =>
    `Das nächste ist ${distance} entfernt: weiter von den Trainingsdaten als alle von ${held(n, range)}. Keine Kopie.`,
  asUsual: (distance, nearer, n, range) =>
    `Das nächste ist ${distance} entfernt: ${count(nearer)} von ${held(n, range)} sind ihrem näher. Kein Zeichen einer Kopie.`,
  lookedAll: (total) => `Alle ${count(total)} Trainingsbeispiele wurden angesehen.`,
  lookedFirst: (looked, total) => `Von den ersten ${count(looked)} von ${count(total)} Trainingsbeispielen.`,
  lookingOn: 'Weitere werden angesehen.',
  lookFurther: 'Weitere ansehen',
};
