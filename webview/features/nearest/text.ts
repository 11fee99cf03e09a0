/** Texts of this feature, in English and in German. */
import { count, bilingual } from '../../base/format/numbers';

interface Range {
  low: string;
  high: string;
}

const held = (n: number, { low, high }: Range): string => `${count(n)} held-out examples (${low} to ${high})`;

const germanHeld = (n: number, { low, high }: { low: string; high: string }): string =>
  `${count(n)} zurückgehaltenen Beispielen (${low} bis ${high})`;

export const text = bilingual({
  nearest: ['Nearest', 'Nächste'],
  distanceIn: ['Distance in', 'Abstand der'],
  pixels: ['pixels', 'Pixel'],
  coordinates: ['coordinates', 'Koordinaten'],
  inLatents: ['latents', 'latenten Werte'],
  distance: ['distance', 'Abstand'],
  nearestItem: (index: number, distance: string, cost: string) => [
    `train ${index}, distance ${distance}, ${cost}`,
    `train ${index}, Abstand ${distance}, ${cost}`,
  ],
  distanceNote: {
    pixels: [
      'Distance: Euclidean, of pixels from 0 to 1 without noise.',
      'Abstand: euklidisch, von Pixeln zwischen 0 und 1 ohne Rauschen.',
    ],
    vector: [
      'Distance: Euclidean, in deviations of the features where the flow standardizes them.',
      'Abstand: euklidisch, in Abweichungen der Merkmale, wo der Flow sie standardisiert.',
    ],
    latent: [
      'Distance: Euclidean, between the latents z.',
      'Abstand: euklidisch, zwischen den latenten Werten z.',
    ],
  },
  belowEach: (unit: string) => [
    `Under each: its distance, then ${unit}.`,
    `Unter jedem: sein Abstand, dann ${unit}.`,
  ],
  noTrainData: ['No training data to compare with', 'Keine Trainingsdaten zum Vergleich'],
  noTrainDataWhy: [
    'The model does not say which data it was trained on, or they are not there.',
    'Das Modell sagt nicht, womit es trainiert wurde, oder die Daten sind nicht da.',
  ],
  noNearest: ['The nearest examples were not found', 'Die nächsten Beispiele wurden nicht gefunden'],
  noneToLookAt: ['There is no other training example.', 'Es gibt kein anderes Trainingsbeispiel.'],
  sameAs: (index: number) => [
    `The same as training example ${index}, pixel by pixel or number by number.`,
    `Gleich dem Trainingsbeispiel ${index}, Pixel für Pixel oder Zahl für Zahl.`,
  ],
  nearestAt: (distance: string) => [
    `The nearest training example is at ${distance}.`,
    `Das nächste Trainingsbeispiel ist ${distance} entfernt.`,
  ],
  nearerThanAll: (distance: string, n: number, range: Range) => [
    `Nearest at ${distance}: nearer to the training data than any of ${held(n, range)}. It may be a copy.`,
    `Das nächste ist ${distance} entfernt: näher an den Trainingsdaten als jedes von ${germanHeld(n, range)}. Es kann eine Kopie sein.`,
  ],
  fartherThanAll: (distance: string, n: number, range: Range) => [
    `Nearest at ${distance}: farther from the training data than all of ${held(n, range)}. No copy.`,
    `Das nächste ist ${distance} entfernt: weiter von den Trainingsdaten als alle von ${germanHeld(n, range)}. Keine Kopie.`,
  ],
  asUsual: (distance: string, nearer: number, n: number, range: Range) => [
    `Nearest at ${distance}: ${count(nearer)} of ${held(n, range)} are nearer to theirs. No sign of a copy.`,
    `Das nächste ist ${distance} entfernt: ${count(nearer)} von ${germanHeld(n, range)} sind ihrem näher. Kein Zeichen einer Kopie.`,
  ],
  lookedAll: (total: number) => [
    `All ${count(total)} training examples were looked at.`,
    `Alle ${count(total)} Trainingsbeispiele wurden angesehen.`,
  ],
  lookedFirst: (looked: number, total: number) => [
    `Among the first ${count(looked)} of ${count(total)} training examples.`,
    `Von den ersten ${count(looked)} von ${count(total)} Trainingsbeispielen.`,
  ],
  lookingOn: ['Looking at more.', 'Weitere werden angesehen.'],
  lookFurther: ['Look at more', 'Weitere ansehen'],
});
