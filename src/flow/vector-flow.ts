/** Flows over [D]: couplings or autoregressive layers, with mixing and norms between them if asked for. */
import { layerNames } from '../config/layer-folders';
import type { VectorModelConfig } from '../config/schema';
import { actNorm } from './act-norm';
import { autoregressive } from './autoregressive';
import { baseOf } from './bases/bases';
import type { Bijection } from './bijection';
import { contextInput, contextSeen } from './context';
import { flowNormOptions, normOptions } from './conventions';
import { coupling } from './coupling';
import type { Flow, FlowLayer } from './layers';
import { mixing } from './mixing/mixing';
import { permutation } from './permutation';
import { counting, type Room } from './room';
import { sequence } from './sequence';
import { masked, selected } from './splits';
import { transformOf } from './transforms/transforms';
import { vectorConditioner } from './vector-conditioner';
import { batchNormLayer } from './vector-layers';
import { vectorPlan, type PlannedCoupling, type PlannedLayer } from './vector-plan';

/** Share of the new batch in running statistics, for vectors not configurable: PyTorch's default. */
const normDecay = 0.1;

function couplingOf(
  config: VectorModelConfig,
  name: string,
  { mask, scaleClamp = config.scaleClamp }: PlannedCoupling,
): Bijection {
  const split = config.conditioning === 'masked' ? masked(mask) : selected(mask.shape, mask.data);
  const [inputs, transformed] = [split.identityShape[0]!, split.transformedShape[0]!];
  const transform = transformOf({ config: { ...config, scaleClamp }, name, features: transformed });
  return coupling({
    name,
    shape: [config.dim],
    split,
    transform,
    conditioner: vectorConditioner(config, { name, inputs, transformed, transform, normDecay }),
    norm: flowNormOptions(config, normDecay),
  });
}

function autoregressiveOf(
  config: VectorModelConfig,
  name: string,
  { order, sees }: Extract<PlannedLayer, { kind: 'autoregressive' }>,
): Bijection {
  const { dim } = config;
  const transform = transformOf({ config, name, features: dim });
  return autoregressive({
    name,
    order,
    sees,
    transform,
    conditioner: vectorConditioner(config, {
      name,
      inputs: dim,
      transformed: dim,
      transform,
      normDecay,
      order,
    }),
  });
}

function build(config: VectorModelConfig, layer: PlannedLayer, name: string): Bijection {
  switch (layer.kind) {
    case 'coupling':
      return couplingOf(config, name, layer);
    case 'batchNorm':
      return batchNormLayer(name, config.dim, normOptions(config, normDecay));
    case 'actNorm':
      return actNorm(name, [config.dim]);
    case 'permute':
      return permutation(name, [config.dim], layer.order);
    case 'autoregressive':
      return autoregressiveOf(config, name, layer);
    default:
      return mixing(name, config.dim, layer);
  }
}

/** The features from the first place to the last. */
function inOrder(places: readonly number[]): number[] {
  return [...places.keys()].sort((a, b) => places[a]! - places[b]!);
}

export function vectorFlow(config: VectorModelConfig, room: Room): Flow {
  const counted = counting(room);
  const shape = [config.dim];
  const plan = vectorPlan(config);
  const names = layerNames(plan);
  let couplings = 0;
  const layers: (FlowLayer & { bijection: Bijection })[] = [];
  let positions = Int32Array.from({ length: config.dim }, (_, i) => i);
  for (const [i, planned] of plan.entries()) {
    const name = names[i]!;
    const here = positions;
    layers.push({
      name,
      kind: planned.kind === 'coupling' ? 'vector' : planned.kind,
      scale: 0,
      inputShape: shape,
      outputShape: shape,
      bijection: counted(build(config, planned, name)),
      hasNorm: planned.kind === 'coupling' && config.flowNorm,
      positions: here,
      ...(planned.kind === 'autoregressive' ? { order: inOrder(planned.order), places: planned.order } : {}),
      ...(planned.kind === 'coupling' ? { coupling: couplings++, mask: planned.mask } : {}),
    });
    if (planned.kind === 'permute') positions = Int32Array.from(planned.order, (from) => here[from]!);
  }
  const chain = sequence(
    'flow',
    layers.map(({ bijection }) => bijection),
  );
  const context = contextInput(config);
  const base = baseOf(config.base, config.dim, contextSeen(config));
  return {
    ...chain,
    parameters: [...(context?.parameters ?? []), ...chain.parameters, ...base.parameters],
    state: [...(context?.state ?? []), ...chain.state],
    layers,
    base,
    ...(context ? { context } : {}),
  };
}
