/** Texts of the flow strip. */
import { count, short } from '../../format/numbers';

export const strip = {
  number: '#',
  mask: 'mask',
  out: 'out',
  logDetNats: 'log-det, nats',
  sum: 'sum',
  roundTrip: 'round trip',
  positiveRaises: 'positive raises log p(x)',
  barsShow: 'Bars show',
  stripFailed: 'The layers could not be computed',
  input: 'x, the data',
  latent: (n: number) => `z, ${count(n)} values`,
  scale: (n: number) => `Scale ${n}`,
  folded: (layers: number) => `${count(layers)} layers`,
  foldedHint: 'Enter opens',
  couplings: 'couplings, Σ s',
  norm: 'batch norm',
  other: 'preprocessing',
  nats: 'nats',
  bitsPerDim: 'bits/dim',
  maskKey: 'mask: light moves, dark is read',
  outKey: 'out:',
  nonFiniteFirst: (n: number) => `∞ ${short(n)} first`,
  nonFiniteLater: (n: number) => `NaN ${short(n)}`,
};
