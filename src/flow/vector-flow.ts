/** RealNVP for vectors: couplings over [D], with fixed permutations and norms between them if asked for. */
import type { VectorModelConfig } from '../config/schema';
import type { Bijection } from './bijection';
import { flowNormOptions, normOptions } from './conventions';
import { coupling } from './coupling';
import type { Flow, FlowLayer } from './layers';
import type { Mask } from './masks';
import { permutation } from './permutation';
import { sequence } from './sequence';
import { masked, selected } from './splits';
import { transformOf } from './transforms/transforms';
import { vectorConditioner } from './vector-conditioner';
import { actNorm, batchNormLayer } from './vector-layers';
import { vectorPlan, type PlannedLayer } from './vector-plan';

/** Share of the new batch in running statistics, for vectors not configurable: PyTorch's default. */
const normDecay = 0.1;

function couplingOf(config: VectorModelConfig, name: string, mask: Mask): Bijection {
  const split = config.conditioning === 'masked' ? masked(mask) : selected(mask);
  const [inputs, transformed] = [split.identityShape[0]!, split.transformedShape[0]!];
  const transform = transformOf({ config, name, features: transformed });
  return coupling({
    name,
    shape: [config.dim],
    split,
    transform,
    conditioner: vectorConditioner(config, name, inputs, transformed, transform, normDecay),
    norm: flowNormOptions(config, normDecay),
  });
}

/** Where each kind of layer is found in a checkpoint. */
const folders = {
  coupling: 'couplings',
  batchNorm: 'norms',
  actNorm: 'actNorms',
  permute: 'permutations',
} as const;

function build(config: VectorModelConfig, layer: PlannedLayer, name: string): Bijection {
  switch (layer.kind) {
    case 'coupling':
      return couplingOf(config, name, layer.mask);
    case 'batchNorm':
      return batchNormLayer(name, config.dim, normOptions(config, normDecay));
    case 'actNorm':
      return actNorm(name, config.dim);
    case 'permute':
      return permutation(name, [config.dim], layer.order);
  }
}

export function vectorFlow(config: VectorModelConfig): Flow {
  const shape = [config.dim];
  const counts = { coupling: 0, batchNorm: 0, actNorm: 0, permute: 0 };
  const layers: (FlowLayer & { bijection: Bijection })[] = [];
  let positions = Int32Array.from({ length: config.dim }, (_, i) => i);
  for (const planned of vectorPlan(config)) {
    const number = counts[planned.kind]++;
    const name = `${folders[planned.kind]}.${number}`;
    const here = positions;
    layers.push({
      name,
      kind: planned.kind === 'coupling' ? 'vector' : planned.kind,
      scale: 0,
      inputShape: shape,
      outputShape: shape,
      bijection: build(config, planned, name),
      hasNorm: planned.kind === 'coupling' && config.flowNorm,
      positions: here,
      ...(planned.kind === 'coupling' ? { coupling: number, mask: planned.mask } : {}),
    });
    if (planned.kind === 'permute') positions = Int32Array.from(planned.order, (from) => here[from]!);
  }
  return {
    ...sequence(
      'flow',
      layers.map(({ bijection }) => bijection),
    ),
    layers,
  };
}
