/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Data and samples', 'Daten und Samples'],
  about: (examples: string, split: string, samples: string) => [
    `${examples} ${split} examples, filled; ${samples} samples at temperature 1, as lines`,
    `${examples} Beispiele (${split}), gefüllt; ${samples} Samples bei Temperatur 1, als Linien`,
  ],
  aboutPictures: (examples: string, split: string, samples: string) => [
    `${examples} ${split} examples; ${samples} samples at temperature 1`,
    `${examples} Beispiele (${split}); ${samples} Samples bei Temperatur 1`,
  ],
  distance: (found: string, allowed: string) => [
    `${found}, allowed ${allowed}`,
    `${found}, erlaubt ${allowed}`,
  ],
  marginal: (name: string, distance: string) => [
    `${name}, data and samples: distance ${distance}`,
    `${name}, Daten und Samples: Abstand ${distance}`,
  ],
  smallest: ['smallest', 'kleinster'],
  largest: ['largest', 'größter'],
  together: ['All together', 'Alle zusammen'],
  left: (n: number) => [
    `${n} more features are nearer to the data.`,
    `${n} weitere Merkmale liegen näher an den Daten.`,
  ],
  pairs: ['Pairs of features', 'Merkmale paarweise'],
  pairsNote: ['dots data, rings samples', 'Punkte Daten, Ringe Samples'],
  farthest: (shown: number, all: number) => [
    `the farthest ${shown} of ${all}`,
    `die ${shown} fernsten von ${all}`,
  ],
  mean: ['Mean', 'Mittel'],
  deviation: ['Deviation', 'Abweichung'],
  ofData: ['data', 'Daten'],
  ofSamples: ['samples', 'Samples'],
  difference: ['samples − data', 'Samples − Daten'],
});
