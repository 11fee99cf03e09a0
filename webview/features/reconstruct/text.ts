/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  reconstruct: ['Reconstruct', 'Rekonstruieren'],
  reconstructions: ['Reconstructions, a row for each example', 'Rekonstruktionen, eine Zeile je Beispiel'],
  original: 'x',
  keptShare: (share: string) => [`${share}%`, `${share} %`],
  keptNote: [
    'Share of the latents kept, the coarse ones; the others are sampled again.',
    'Anteil der behaltenen latenten Werte, der groben; die übrigen werden neu gezogen.',
  ],
  drawAgain: ['Sample again', 'Neu ziehen'],
  originalItem: (row: number) => [`Example ${row}, as given`, `Beispiel ${row}, wie gegeben`],
  reconstructionItem: (row: number, share: string) => [
    `Example ${row}, ${share} of its latents kept`,
    `Beispiel ${row}, ${share} der latenten Werte behalten`,
  ],
  oneScale: ['All latents leave at one scale', 'Alle latenten Werte gehen auf einer Skala ab'],
  oneScaleWhy: [
    'Nothing is factored out early in this flow, so there is no fine scale to sample again.',
    'In diesem Flow wird nichts früh ausfaktorisiert, also gibt es keine feine Skala, die neu zu ziehen wäre.',
  ],
});
