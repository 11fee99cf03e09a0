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

export type Named<Layer> = Layer & { name: string };

/** A chain's layers with their names, for example "couplings.0"; each kind is counted by itself. */
export function named<Layer extends { kind: keyof typeof layerFolders }>(
  chain: readonly Layer[],
): Named<Layer>[] {
  const counts = new Map<string, number>();
  return chain.map((layer) => {
    const number = counts.get(layer.kind) ?? 0;
    counts.set(layer.kind, number + 1);
    return { ...layer, name: `${layerFolders[layer.kind]}.${number}` };
  });
}
