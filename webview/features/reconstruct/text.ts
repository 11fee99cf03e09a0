/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  reconstruct: 'Reconstruct',
  reconstructions: 'Reconstructions, a row for each example',
  asGiven: 'x',
  keptShare: (share: string) => `${share}%`,
  keptNote: 'Share of the latents kept, the coarse ones; the others are sampled again.',
  drawAgain: 'Sample again',
  originalItem: (row: number) => `Example ${row}, as given`,
  reconstructionItem: (row: number, share: string) => `Example ${row}, ${share} of its latents kept`,
  oneScale: 'All latents leave at one scale',
  oneScaleWhy: 'Nothing is factored out early in this flow, so there is no fine scale to sample again.',
};

export const german: typeof english = {
  reconstruct: 'Rekonstruieren',
  reconstructions: 'Rekonstruktionen, eine Zeile je Beispiel',
  asGiven: 'x',
  keptShare: (share: string) => `${share} %`,
  keptNote: 'Anteil der behaltenen latenten Werte, der groben; die übrigen werden neu gezogen.',
  drawAgain: 'Neu ziehen',
  originalItem: (row: number) => `Beispiel ${row}, wie gegeben`,
  reconstructionItem: (row: number, share: string) => `Beispiel ${row}, ${share} der latenten Werte behalten`,
  oneScale: 'Alle latenten Werte gehen auf einer Skala ab',
  oneScaleWhy:
    'In diesem Flow wird nichts früh ausfaktorisiert, also gibt es keine feine Skala, die neu zu ziehen wäre.',
};

export const text = inLanguage(english, german);
