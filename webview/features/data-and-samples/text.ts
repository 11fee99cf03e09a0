/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  tab: 'Data and samples',
  about: (examples: string, split: string, samples: string) =>
    `${examples} ${split} examples, filled; ${samples} samples at temperature 1, as lines`,
  aboutPictures: (examples: string, split: string, samples: string) =>
    `${examples} ${split} examples; ${samples} samples at temperature 1`,
  distance: (found: string, allowed: string) => `${found}, allowed ${allowed}`,
  marginal: (name: string, distance: string) => `${name}, data and samples: distance ${distance}`,
  smallest: 'smallest',
  largest: 'largest',
  together: 'All together',
  left: (n: number) => `${n} more features are nearer to the data.`,
  pairs: 'Pairs of features',
  pairsNote: 'dots data, rings samples',
  farthest: (shown: number, all: number) => `the farthest ${shown} of ${all}`,
  mean: 'Mean',
  deviation: 'Deviation',
  ofData: 'data',
  ofSamples: 'samples',
  difference: 'samples − data',
};

export const german: typeof english = {
  tab: 'Daten und Stichproben',
  about: (examples, split, samples) =>
    `${examples} Beispiele (${split}), gefüllt; ${samples} Stichproben bei Temperatur 1, als Linien`,
  aboutPictures: (examples, split, samples) =>
    `${examples} Beispiele (${split}); ${samples} Stichproben bei Temperatur 1`,
  distance: (found, allowed) => `${found}, erlaubt ${allowed}`,
  marginal: (name, distance) => `${name}, Daten und Stichproben: Abstand ${distance}`,
  smallest: 'kleinster',
  largest: 'größter',
  together: 'Alle zusammen',
  left: (n) => `${n} weitere Merkmale liegen näher an den Daten.`,
  pairs: 'Merkmale paarweise',
  pairsNote: 'Punkte Daten, Ringe Stichproben',
  farthest: (shown, all) => `die ${shown} fernsten von ${all}`,
  mean: 'Mittel',
  deviation: 'Abweichung',
  ofData: 'Daten',
  ofSamples: 'Stichproben',
  difference: 'Stichproben − Daten',
};

export const text = inLanguage(english, german);
