/** Texts about what each element of the example costs. */

export const contribution = {
  byPixel: 'By pixel',
  byFeature: 'By feature',
  costTotal: 'all parts',
  costPreprocessing: 'preprocessing, levels',
  costOf: (name: string) => `Cost by element: ${name}`,
  costSum: (sum: string, mean: string) => `Σ ${sum} bits, mean ${mean} bits/dim`,
  costSumNats: (sum: string) => `Σ ${sum} nats`,
  costPart: (mean: string) => `mean ${mean}`,
  costHint: 'Bits that each pixel costs; orange costs, violet saves. The mean of all parts is the bits/dim.',
  costHintNats: 'Nats that each feature costs; orange costs, violet saves. Their sum is the total.',
  costPlace:
    'A latent counts where it leaves the flow, s where its element came from, batch norm by channel. A coupling mixes elements, so a cost is told by place, not by cause.',
  costSpread: (names: string) => `Known as one number only, and spread evenly: ${names}.`,
  costAt: (row: number, column: number, bits: string) => `row ${row}, column ${column}: ${bits} bits`,
  costNoExample: 'Choose an example to see what each of its elements costs.',
  costBits: 'bits',
  costChannels: 'Channels',
  channelSum: 'sum',
};
