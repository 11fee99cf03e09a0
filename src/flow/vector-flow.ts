/** RealNVP for vectors: couplings with MLP conditioners over [D], with fixed permutations between them if asked for. */
import type { VectorModelConfig } from '../config/schema';
import type { Bijection } from './bijection';
import { maskedCoupling } from './coupling';
import type { Flow, FlowLayer } from './layers';
import { featureMask, randomMask, randomOrder, type Mask } from './masks';
import { mlp } from './nets/mlp';
import { permutation } from './permutation';
import { sequence } from './sequence';

function maskOf(config: VectorModelConfig, number: number): Mask {
  return config.mask === 'random'
    ? randomMask(config.dim, number, config.maskSeed)
    : featureMask(config.dim, number, config.mask, config.polarity);
}

function orderOf(config: VectorModelConfig, number: number): number[] {
  return config.permutation === 'reverse'
    ? Array.from({ length: config.dim }, (_, i) => config.dim - 1 - i)
    : randomOrder(config.dim, config.permutationSeed + number);
}

/** Share of the new batch in running statistics, for vectors not configurable: PyTorch's default. */
const normDecay = 0.1;

export function vectorFlow(config: VectorModelConfig): Flow {
  const shape = [config.dim];
  const pieces: Bijection[] = [];
  const layers: FlowLayer[] = [];
  let positions = Int32Array.from({ length: config.dim }, (_, i) => i);
  for (let i = 0; i < config.couplings; i++) {
    if (i > 0 && config.permutation !== 'none') {
      const order = orderOf(config, i);
      const piece = permutation(`permutations.${i - 1}`, shape, order);
      pieces.push(piece);
      layers.push({
        name: piece.name,
        kind: 'permute',
        scale: 0,
        inputShape: shape,
        outputShape: shape,
        bijection: piece,
        hasNorm: false,
        positions,
      });
      positions = Int32Array.from(order, (from) => positions[from]!);
    }
    const name = `couplings.${i}`;
    const mask = maskOf(config, i);
    const piece = maskedCoupling(
      {
        name,
        shape,
        mask,
        form: config.affine,
        decayScale: false,
        ...(config.flowNorm ? { normDecay } : {}),
      },
      mlp(`${name}.net`, config.dim, config.hidden, config.activation),
    );
    pieces.push(piece);
    layers.push({
      name,
      kind: 'vector',
      coupling: i,
      scale: 0,
      inputShape: shape,
      outputShape: shape,
      bijection: piece,
      mask,
      hasNorm: config.flowNorm,
      positions,
    });
  }
  return { ...sequence('flow', pieces), layers };
}
