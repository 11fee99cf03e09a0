/**
 * A chain of layers over images. What a squeeze or a factor-out leads to is put back together as in the multi-scale
 * architecture of RealNVP, so that the whole goes from a shape to itself and every latent keeps a place in the image.
 */
import { sizeOf } from '../base/shape';
import type { ImageLayerConfig, ImageNetConfig } from '../config/image-layers';
import { layerNames } from '../config/layer-folders';
import type { ImageModelConfig } from '../config/schema';
import { actNorm } from './act-norm';
import { standardNormal } from './bases/standard-normal';
import type { Bijection, Conditioner } from './bijection';
import type { LayerKind } from '../protocol/model';
import { conv1x1 } from './mixing/conv1x1';
import { fullConv1x1 } from './mixing/full-conv1x1';
import { imageContextInput, withContextChannels } from './context';
import { coupling } from './coupling';
import { flatten, flattenPositions } from './flatten';
import { haar } from './haar';
import type { Flow, FlowLayer } from './layers';
import { learnedPrior, priorMask } from './learned-prior';
import type { Mask } from './masks';
import { factorOut, folded } from './multi-scale';
import { activation } from './nets/activation';
import { jointConditioner, separateConditioner, valuesTaken, type Net } from './nets/conditioner';
import { convolutions } from './nets/convolutions';
import { residualConvolutions } from './nets/residual-convolutions';
import { permutation } from './permutation';
import { channelPositions, composed } from './positions';
import type { counting } from './room';
import { sequence } from './sequence';
import { selected } from './splits';
import { squeeze, squeezePositions, type ImageShape } from './squeeze';
import { transformOf } from './transforms/transforms';
import type { Taken } from './transforms/types';

type CouplingConfig = Extract<ImageLayerConfig, { kind: 'coupling' }>;

interface Build {
  config: ImageModelConfig;
  chain: readonly ImageLayerConfig[];
  names: readonly string[];
  layers: FlowLayer[];
  couplings: number;
  counted: ReturnType<typeof counting>;
  /** By shape and bits. */
  masks: Map<string, Mask>;
  /** Places of the latents that leave together, channels first. */
  parts: Int32Array[];
}

function netOf(
  config: ImageModelConfig,
  net: ImageNetConfig,
  name: string,
  inputs: number,
  outputs: number,
): Net {
  const common = { name, inputs, outputs, activation: activation(net) };
  return net.kind === 'convolutions'
    ? convolutions({ ...net, ...common })
    : residualConvolutions({ ...net, ...common, normDecay: config.normDecay });
}

function conditionerOf(
  config: ImageModelConfig,
  { net, nets }: CouplingConfig,
  name: string,
  takes: readonly Taken[],
  [inputs, outputs]: readonly [number, number],
): Conditioner {
  if (nets === 'joint') {
    return jointConditioner(
      netOf(config, net, `${name}.net`, inputs, valuesTaken(takes) * outputs),
      takes,
      config,
    );
  }
  return separateConditioner(
    takes.map((taken) => netOf(config, net, `${name}.${taken.name}Net`, inputs, taken.size * outputs)),
    takes,
    config,
  );
}

/** Channels of the context that a layer sees. */
const contextOf = ({ context }: ImageModelConfig, { seesContext }: { seesContext: boolean }): number =>
  seesContext ? (context?.channels ?? 0) : 0;

function couplingOf(
  config: ImageModelConfig,
  layer: CouplingConfig,
  name: string,
  shape: ImageShape,
): Bijection {
  const split = selected(shape, layer.mask);
  const seen = contextOf(config, layer);
  const sizes = [split.identityShape[2]! + seen, split.transformedShape[2]!] as const;
  const transform = transformOf({
    config: {
      ...config,
      scaleMap: layer.scaleMap ?? config.scaleMap,
      scaleClamp: layer.scaleClamp ?? config.scaleClamp,
    },
    name,
    features: sizes[1],
    scaleMean: layer.scaleMean,
  });
  const conditioner = conditionerOf(config, layer, name, transform.takes, sizes);
  return coupling({
    name,
    shape,
    split,
    transform,
    conditioner: seen > 0 ? seeingContext(conditioner) : conditioner,
  });
}

const seeingContext = (conditioner: Conditioner): Conditioner => ({
  ...conditioner,
  apply: (ctx, h) => conditioner.apply(ctx, withContextChannels(ctx, h)),
});

/** Of layers that keep their shape; the others are put around those that follow them. */
function keepingShape(
  config: ImageModelConfig,
  layer: Exclude<ImageLayerConfig, { kind: 'squeeze' | 'flatten' | 'factorOut' }>,
  name: string,
  shape: ImageShape,
): Bijection {
  switch (layer.kind) {
    case 'actNorm':
      return actNorm(name, shape);
    case 'conv1x1':
      return conv1x1({ ...layer, name, shape });
    case 'fullConv1x1':
      return fullConv1x1(name, shape, layer.bias);
    case 'permute':
      return permutation(name, shape, layer.order);
    case 'haar':
      return haar(name, shape, layer.rebalance);
    case 'coupling':
      return couplingOf(config, layer, name, shape);
    case 'prior':
      return learnedPrior(name, shape, layer, contextOf(config, layer));
  }
}

/** One for all that are the same: it is as large as an image. */
function maskOf({ masks }: Build, layer: ImageLayerConfig, shape: ImageShape): Mask | undefined {
  const channels = shape[2];
  const bits =
    layer.kind === 'coupling' ? layer.mask : layer.kind === 'prior' ? priorMask(layer, channels) : undefined;
  if (!bits) return undefined;
  const key = `${shape.join('×')} ${bits.join('')}`;
  const known = masks.get(key);
  if (known) return known;
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => bits[i % channels]!);
  const mask = { shape, data };
  masks.set(key, mask);
  return mask;
}

/** The layers from number `from` on. @param scale how many factor-outs stand before them */
function rest(
  build: Build,
  from: number,
  shape: ImageShape,
  scale: number,
  positions: Int32Array,
): Bijection {
  const { config, chain, names, layers, parts } = build;
  const name = `rest.${from}`;
  const pieces: Bijection[] = [];
  const row = { scale, inputShape: shape, hasNorm: false, positions };
  for (let i = from; i < chain.length; i++) {
    const layer = chain[i]!;
    const here = names[i]!;
    if (layer.kind === 'squeeze' || layer.kind === 'flatten') {
      const squeezes = layer.kind === 'squeeze';
      const fold = squeezes ? squeeze(here, shape, layer.order) : flatten(here, shape);
      const outputShape = fold.outputShape as unknown as ImageShape;
      layers.push({ name: here, kind: layer.kind, outputShape, ...row });
      const moved = squeezes ? squeezePositions(shape, layer.order) : flattenPositions(shape);
      const inner = rest(build, i + 1, outputShape, scale, composed(positions, moved));
      return sequence(name, [...pieces, folded(`${here}.within`, fold, inner)]);
    }
    if (layer.kind === 'factorOut') {
      const half = shape[2] / 2;
      const channels = Array.from({ length: shape[2] }, (_, c) => c);
      const order =
        layer.leaves === 'second' ? channels : [...channels.slice(half), ...channels.slice(0, half)];
      const outputShape: ImageShape = [shape[0], shape[1], half];
      layers.push({ name: here, kind: 'factorOut', outputShape, ...row });
      const placesOf = (chosen: readonly number[]): Int32Array =>
        composed(positions, channelPositions(shape, chosen));
      parts.push(composed(placesOf(order.slice(half)), flattenPositions(outputShape)));
      const inner = rest(build, i + 1, outputShape, scale + 1, placesOf(order.slice(0, half)));
      return sequence(name, [...pieces, factorOut(here, shape, order, inner)]);
    }
    const bijection = build.counted(keepingShape(config, layer, here, shape));
    pieces.push(bijection);
    const mask = maskOf(build, layer, shape);
    layers.push({
      name: here,
      kind: kindOf(layer),
      outputShape: shape,
      ...row,
      bijection,
      ...(layer.kind === 'coupling' ? { coupling: build.couplings++ } : {}),
      ...(mask ? { mask } : {}),
    });
  }
  parts.push(composed(positions, flattenPositions(shape)));
  // Nothing follows: the values are the latents.
  const same = permutation(
    `${name}.same`,
    shape,
    Array.from({ length: shape[2] }, (_, c) => c),
  );
  return sequence(name, pieces.length === 0 ? [same] : pieces);
}

/** What a layer is to whoever looks at it. */
function kindOf({
  kind,
}: Exclude<ImageLayerConfig, { kind: 'squeeze' | 'flatten' | 'factorOut' }>): LayerKind {
  if (kind === 'coupling') return 'channelwise';
  return kind === 'fullConv1x1' ? 'conv1x1' : kind;
}

/** @param shape of the input, which all layers of the chain fit */
export function imageChain(
  config: ImageModelConfig,
  shape: ImageShape,
  chain: readonly ImageLayerConfig[],
  counted: Build['counted'],
): Flow {
  const names = layerNames(chain);
  const build: Build = {
    config,
    chain,
    names,
    layers: [],
    couplings: 0,
    counted,
    masks: new Map(),
    parts: [],
  };
  const positions = Int32Array.from({ length: sizeOf(shape) }, (_, i) => i);
  const flow = rest(build, 0, shape, 0, positions);
  const context = imageContextInput(config);
  return {
    ...flow,
    ...(context ? { context } : {}),
    layers: build.layers,
    base: standardNormal(flow.outputShape),
    latentParts: build.parts,
  };
}
