/** Texts of this part, in English and in German. */
import { bilingual } from '../format/numbers';

export const text = bilingual({
  takeAway: (view: string) => [`Copy or save: ${view}`, `Kopieren oder speichern: ${view}`],
  copyPicture: ['Copy picture', 'Bild kopieren'],
  copyNumbers: ['Copy numbers (CSV)', 'Zahlen kopieren (CSV)'],
  asPng: ['Save PNG…', 'PNG speichern…'],
  asSvg: ['Save SVG…', 'SVG speichern…'],
  asCsv: ['Save CSV…', 'CSV speichern…'],
  asNpy: ['Save NPY…', 'NPY speichern…'],
  asNpz: ['Save NPZ…', 'NPZ speichern…'],
  copied: ['Copied', 'Kopiert'],
  saved: (name: string) => [`Saved ${name}`, `${name} gespeichert`],
  notCopied: [
    'The picture could not be copied here; save it as PNG instead.',
    'Das Bild ließ sich hier nicht kopieren; speichere es als PNG.',
  ],
  notTaken: (why: string) => [`This could not be saved. ${why}`, `Das ließ sich nicht speichern. ${why}`],
  statisticsOf: (count: number, split: string) => [
    `statistics of ${count} ${split}`,
    `Statistik über ${count} ${split}`,
  ],
  normMode: (mode: string) => [`batch norm ${mode}`, `Batch-Norm ${mode}`],
  exampleNamed: (name: string) => [`example ${name}`, `Beispiel ${name}`],
  drawnBy: 'Flowscope',
});
