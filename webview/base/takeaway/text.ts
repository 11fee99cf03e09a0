/** Texts of this part, in English and in German. */
import { inLanguage } from '../format/language';

export const english = {
  takeAway: (view: string) => `Copy or save: ${view}`,
  copyPicture: 'Copy picture',
  copyNumbers: 'Copy numbers (CSV)',
  asPng: 'Save PNG…',
  asSvg: 'Save SVG…',
  asCsv: 'Save CSV…',
  asNpy: 'Save NPY…',
  asNpz: 'Save NPZ…',
  copied: 'Copied',
  saved: (name: string) => `Saved ${name}`,
  notCopied: 'The picture could not be copied here; save it as PNG instead.',
  notTaken: (why: string) => `This could not be saved. ${why}`,
  statisticsOf: (count: number, split: string) => `statistics of ${count} ${split}`,
  normMode: (mode: string) => `batch norm ${mode}`,
  exampleNamed: (name: string) => `example ${name}`,
  drawnBy: 'Flowscope',
};

export const german: typeof english = {
  takeAway: (view) => `Kopieren oder speichern: ${view}`,
  copyPicture: 'Bild kopieren',
  copyNumbers: 'Zahlen kopieren (CSV)',
  asPng: 'PNG speichern…',
  asSvg: 'SVG speichern…',
  asCsv: 'CSV speichern…',
  asNpy: 'NPY speichern…',
  asNpz: 'NPZ speichern…',
  copied: 'Kopiert',
  saved: (name) => `${name} gespeichert`,
  notCopied: 'Das Bild ließ sich hier nicht kopieren; speichere es als PNG.',
  notTaken: (why) => `Das ließ sich nicht speichern. ${why}`,
  statisticsOf: (count, split) => `Statistik über ${count} ${split}`,
  normMode: (mode) => `Batch-Norm ${mode}`,
  exampleNamed: (name) => `Beispiel ${name}`,
  drawnBy: 'Flowscope',
};

export const text = inLanguage(english, german);
