/** Where the tensors of each kind of layer of a vector flow stand in a checkpoint: "couplings.0". */
export const layerFolders = {
  coupling: 'couplings',
  batchNorm: 'norms',
  actNorm: 'actNorms',
  permute: 'permutations',
  autoregressive: 'autoregressive',
  lu: 'linears',
  plu: 'plu',
  householder: 'householder',
  qr: 'qr',
  svd: 'svd',
  orthogonal: 'orthogonal',
  rescale: 'rescale',
} as const;
