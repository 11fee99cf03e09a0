/** Where the tensors of each kind of layer of a flow that is a chain stand in a checkpoint: "couplings.0". */
export const layerFolders = {
  coupling: 'couplings',
  batchNorm: 'norms',
  actNorm: 'actNorms',
  permute: 'permutations',
  autoregressive: 'autoregressive',
  lu: 'linears',
  conv1x1: 'convolutions',
  squeeze: 'squeezes',
  haar: 'wavelets',
  flatten: 'flattenings',
  factorOut: 'factorOuts',
  prior: 'priors',
} as const;
