/** Where the tensors of each layer kind are in the checkpoint of a chain: "couplings.0". */
export const layerFolders = {
  coupling: 'couplings',
  batchNorm: 'norms',
  actNorm: 'actNorms',
  permute: 'permutations',
  autoregressive: 'autoregressive',
  field: 'fields',
  lu: 'linears',
  conv1x1: 'convolutions',
  fullConv1x1: 'fullConvolutions',
  squeeze: 'squeezes',
  haar: 'wavelets',
  flatten: 'flattenings',
  factorOut: 'factorOuts',
  prior: 'priors',
  plu: 'plu',
  householder: 'householder',
  qr: 'qr',
  svd: 'svd',
  orthogonal: 'orthogonal',
  rescale: 'rescale',
} as const;

/** The names of a chain's layers, for example "couplings.0"; each kind is counted by itself. */
export function layerNames(chain: readonly { kind: keyof typeof layerFolders }[]): string[] {
  const counts = new Map<string, number>();
  return chain.map(({ kind }) => {
    const number = counts.get(kind) ?? 0;
    counts.set(kind, number + 1);
    return `${layerFolders[kind]}.${number}`;
  });
}
