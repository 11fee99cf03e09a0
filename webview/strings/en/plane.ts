/** Texts of two-dimensional flows. */
import { count } from '../../format/numbers';

export const plane = {
  dataSpace: 'Data space, x',
  latentSpace: 'Latent space, z',
  afterLayer: (name: string) => `After ${name}`,
  planeNote: (done: number, all: number) =>
    `${done} of ${all} layers applied to the points, ${all - done} undone on the grid`,
  cellArea: 'Cell area',
  cellAreaNote: 'log of area against the flat cell of z, nats',
  points: 'Points',
  cellsTooCoarse: 'folded by drawing',
  smallest: 'smallest',
  median: 'median',
  largest: 'largest',
  planeReading: 'Violet cells are squeezed: the same share of z on less area, so higher density.',
  walk: 'Layers applied',
  density: 'Density',
  densityNote: 'p(x)',
  samplesNote: (n: number, t: string, seed: number) => `${count(n)}, temperature ${t}, seed ${seed}`,
};
