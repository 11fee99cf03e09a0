/** Texte zum Kopieren und Speichern einer Ansicht. */
import type { takeaway as english } from '../en/takeaway';

export const takeaway: typeof english = {
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
