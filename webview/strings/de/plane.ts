/** Texts of two-dimensional flows. */
import { count } from '../../format/numbers';
import type { plane as english } from '../en/plane';

export const plane: typeof english = {
  dataSpace: 'Datenraum, x',
  latentSpace: 'Latenter Raum, z',
  afterLayer: (name: string) => `Nach ${name}`,
  planeNote: (done: number, all: number) =>
    `${done} von ${all} Schichten auf die Punkte angewandt, ${all - done} am Gitter zurückgenommen`,
  cellArea: 'Zellfläche',
  cellAreaNote: 'Logarithmus der Fläche gegen die flache Zelle von z, Nats',
  points: 'Punkte',
  cellsTooCoarse: 'beim Zeichnen gefaltet',
  smallest: 'kleinste',
  median: 'Median',
  largest: 'größte',
  planeReading:
    'Violette Zellen sind gestaucht: derselbe Anteil von z auf weniger Fläche, also höhere Dichte.',
  walk: 'Angewandte Schichten',
  density: 'Dichte',
  densityNote: 'p(x)',
  samplesNote: (n: number, t: string, seed: number) => `${count(n)}, Temperatur ${t}, Seed ${seed}`,
};
