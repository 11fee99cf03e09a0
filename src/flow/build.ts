/**
 * A flow from its spec: a fold over the layers. What a squeeze, a flattening or a factor-out leads to is put back together as
 * in the multi-scale architecture of RealNVP, so that the whole goes from a shape to itself and every latent keeps a place.
 */
import { defined } from '../base/defined';
import { entryOf } from '../base/kept';
import { range } from '../base/order';
import { sizeOf } from '../base/shape';
import { degreesOf } from '../base/degrees';
import type { LayerKind } from '../protocol/model';
import { actNorm } from './layers/act-norm';
import { autoregressive } from './layers/autoregressive';
import { baseOf } from './bases/bases';
import { standardNormal } from './bases/standard-normal';
import type { Bijection } from './core/bijection';
import { contextInput, contextSeen } from './nets/context';
import { coupling } from './layers/coupling';
import { fieldNet } from './nets/field-net';
import { sbiField } from './nets/sbi-field';
import { fieldSlice } from './layers/field-slice';
import { flatten, flattenPositions } from './layers/flatten';
import { haar } from './layers/haar';
import type { Flow, FlowLayer } from './built-flow';
import { learnedPrior, priorMask } from './layers/learned-prior';
import { channelMask, checkerboardMask, type Mask } from './core/masks';
import { conv1x1 } from './mixing/conv1x1';
import { fullConv1x1 } from './mixing/full-conv1x1';
import { mixing } from './mixing/mixing';
import { factorOut, folded } from './layers/multi-scale';
import { conditionerOf } from './nets/nets';
import { permutation } from './layers/permutation';
import { counting, type Room } from './room';
import { sequence } from './layers/sequence';
import type { AutoregressiveSpec, CouplingSpec, FlowSpec, LayerSpec, SplitSpec } from './core/spec';
import { halves, masked, selected, type Split } from './layers/splits';
import { squeeze, squeezePositions, type ImageShape } from './layers/squeeze';
import { transformOf } from './transforms/transforms';
import { batchNormLayer } from './layers/vector-layers';

interface Build {
  spec: FlowSpec;
  /** Numbers or channels that conditioners see of the context. */
  seen: number;
  layers: FlowLayer[];
  couplings: number;
  counted: ReturnType<typeof counting>;
  /** By shape and bits. */
  masks: Map<string, Mask>;
  /** Places of the latents that leave together, channels first. */
  parts: Int32Array[];
}

const asImage = (shape: readonly number[]): ImageShape => shape as unknown as ImageShape;

/** One for all that are the same: it is as large as an image. */
function maskOf({ masks }: Build, bits: readonly number[], shape: readonly number[]): Mask {
  return entryOf(masks, `${shape.join('×')} ${bits.join('')}`, () => ({
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => bits[i % bits.length]!),
  }));
}

/** The split, and which elements it passes unchanged. */
function splitOf(build: Build, spec: SplitSpec, shape: readonly number[]): { split: Split; mask: Mask } {
  switch (spec.kind) {
    case 'masked': {
      const mask = maskOf(build, spec.mask, shape);
      return { split: masked(mask), mask };
    }
    case 'selected':
      return { split: selected(shape, spec.mask), mask: maskOf(build, spec.mask, shape) };
    case 'checkerboard': {
      const mask = checkerboardMask(asImage(shape), spec.identity === 'even');
      return { split: masked(mask), mask };
    }
    case 'halves': {
      const first = spec.identity === 'first';
      return { split: halves(shape, first), mask: channelMask(asImage(shape), first) };
    }
  }
}

function couplingOf(
  build: Build,
  { name, transform: settings, conditioner, norm }: CouplingSpec & { name: string },
  { split, mask }: ReturnType<typeof splitOf>,
  shape: readonly number[],
): Bijection {
  const transformed = split.transformedShape.at(-1)!;
  const transform = transformOf(settings, name, transformed);
  return coupling({
    name,
    shape,
    split,
    transform,
    conditioner: conditionerOf(conditioner, {
      name,
      inputs: split.identityShape.at(-1)!,
      transformed,
      transform,
      context: conditioner.seesContext ? build.seen : 0,
      mask,
    }),
    ...(norm ? { norm } : {}),
  });
}

function autoregressiveOf(
  { seen }: Build,
  { name, order, sees, transform: settings, conditioner, masks }: AutoregressiveSpec & { name: string },
): Bijection {
  const features = order.length;
  const transform = transformOf(settings, name, features);
  const context = conditioner.seesContext ? seen : 0;
  return autoregressive({
    name,
    order,
    sees,
    transform,
    seesContext: context > 0,
    conditioner: conditionerOf(conditioner, {
      name,
      inputs: features,
      transformed: features,
      transform,
      context,
      degrees: (outputs) => ({
        ...degreesOf(order, outputs, conditioner.outputs.outputLayout, context > 0 && masks.contextFirst),
        stored: masks.stored,
      }),
    }),
  });
}

/** A layer that keeps its shape, and what its row says of it. */
function single(
  build: Build,
  layer: Exclude<LayerSpec, { kind: 'squeeze' | 'flatten' | 'factorOut' }>,
  shape: readonly number[],
): { bijection: Bijection; row: Pick<FlowLayer, 'kind' | 'hasNorm'> & Partial<FlowLayer> } {
  const { name } = layer;
  const plain = (bijection: Bijection, kind: LayerKind) => ({ bijection, row: { kind, hasNorm: false } });
  switch (layer.kind) {
    case 'coupling': {
      const split = splitOf(build, layer.split, shape);
      const kind = shape.length === 1 ? 'vector' : layer.split.kind;
      return {
        bijection: couplingOf(build, layer, split, shape),
        row: {
          kind: kind === 'vector' || kind === 'checkerboard' ? kind : 'channelwise',
          hasNorm: layer.norm !== undefined,
          coupling: build.couplings++,
          mask: split.mask,
        },
      };
    }
    case 'autoregressive': {
      const places = layer.order;
      const order = [...places.keys()].sort((a, b) => places[a]! - places[b]!);
      return {
        bijection: autoregressiveOf(build, layer),
        row: { kind: layer.kind, hasNorm: false, order, places },
      };
    }
    case 'slice': {
      const { field, settings, first: owns } = layer;
      const [dim] = shape as [number];
      const { net: kind, frequencies } = settings;
      const net =
        kind.kind === 'sbi'
          ? sbiField(`${field}.net`, dim, build.seen, { net: kind, frequencies })
          : fieldNet(`${field}.net`, dim, build.seen, { net: kind, frequencies });
      return plain(fieldSlice({ ...settings, ...layer, dim, net, owns }), 'slice');
    }
    case 'prior':
      return {
        bijection: learnedPrior(name, asImage(shape), layer, layer.seesContext ? build.seen : 0),
        row: { kind: 'prior', hasNorm: false, mask: maskOf(build, priorMask(layer, shape.at(-1)!), shape) },
      };
    case 'batchNorm':
      return plain(batchNormLayer(name, shape[0]!, layer.norm), layer.kind);
    case 'actNorm':
      return plain(actNorm(name, shape), layer.kind);
    case 'permute':
      return plain(permutation(name, shape, layer.order), layer.kind);
    case 'conv1x1':
      return plain(conv1x1({ ...layer, shape: asImage(shape) }), layer.kind);
    case 'fullConv1x1':
      return plain(fullConv1x1(name, asImage(shape), layer.bias), 'conv1x1');
    case 'haar':
      return plain(haar(name, asImage(shape), layer.rebalance), layer.kind);
    default:
      return plain(mixing(name, shape[0]!, layer), layer.kind);
  }
}

/** The layers from number `from` on. @param scale how many factor-outs come before them */
function rest(
  build: Build,
  from: number,
  shape: readonly number[],
  scale: number,
  flowPositions: Int32Array,
): Bijection {
  const { spec, layers, parts } = build;
  const name = from === 0 ? 'flow' : `rest.${from}`;
  const pieces: Bijection[] = [];
  let positions = flowPositions;
  for (let i = from; i < spec.layers.length; i++) {
    const layer = spec.layers[i]!;
    const row = { name: layer.name, spec: layer, scale, inputShape: shape, outputShape: shape, positions };
    if (layer.kind === 'squeeze' || layer.kind === 'flatten') {
      const image = asImage(shape);
      const squeezes = layer.kind === 'squeeze';
      const fold = squeezes ? squeeze(layer.name, image, layer.order) : flatten(layer.name, image);
      layers.push({ ...row, kind: layer.kind, outputShape: fold.outputShape, hasNorm: false });
      const moved = squeezes ? squeezePositions(image, layer.order) : flattenPositions(image);
      const inner = rest(build, i + 1, fold.outputShape, scale, composed(positions, moved));
      return sequence(name, [...pieces, folded(layer.within, fold, inner)]);
    }
    if (layer.kind === 'factorOut') {
      const image = asImage(shape);
      const half = image[2] / 2;
      const kept: ImageShape = [image[0], image[1], half];
      layers.push({ ...row, kind: 'factorOut', outputShape: kept, hasNorm: false });
      const placesOf = (channels: readonly number[]): Int32Array =>
        composed(positions, channelPositions(image, channels));
      parts.push(composed(placesOf(layer.order.slice(half)), flattenPositions(kept)));
      const inner = rest(build, i + 1, kept, scale + 1, placesOf(layer.order.slice(0, half)));
      return sequence(name, [...pieces, factorOut(layer.name, image, layer.order, inner)]);
    }
    const { bijection, row: facts } = single(build, layer, shape);
    pieces.push(build.counted(bijection));
    layers.push({ ...row, bijection, ...facts });
    if (layer.kind === 'permute' && shape.length === 1) {
      const here = positions;
      positions = Int32Array.from(layer.order, (from) => here[from]!);
    }
  }
  if (shape.length > 1) parts.push(composed(positions, flattenPositions(asImage(shape))));
  // Nothing follows: the values are the latents.
  return sequence(
    name,
    pieces.length > 0 ? pieces : [permutation(`${name}.same`, shape, range(shape.at(-1)!))],
  );
}

/** @throws the room's refusal, as soon as the layers so far store more than it has */
export function build(spec: FlowSpec, room: Room): Flow {
  const { shape, context: contextSpec } = spec;
  const seen = contextSeen(contextSpec);
  const under: Build = {
    ...{ spec, seen, layers: [], couplings: 0, counted: counting(room) },
    ...{ masks: new Map(), parts: [] },
  };
  const positions = Int32Array.from({ length: sizeOf(shape) }, (_, i) => i);
  const chain = rest(under, 0, shape, 0, positions);
  const context = contextSpec && contextInput(contextSpec);
  const isVector = shape.length === 1;
  const base = isVector ? baseOf(spec.base, shape[0]!, seen) : standardNormal(chain.outputShape);
  return {
    ...chain,
    parameters: [...(context?.parameters ?? []), ...chain.parameters, ...base.parameters],
    state: [...(context?.state ?? []), ...chain.state],
    layers: under.layers,
    base,
    ...defined({ latentParts: isVector ? undefined : under.parts, context }),
  };
}

/** For each element of an image the number of the element that it takes, row-major: the channels that are listed. */
function channelPositions([height, width, channels]: ImageShape, chosen: readonly number[]): Int32Array {
  return Int32Array.from(
    { length: height * width * chosen.length },
    (_, i) => Math.floor(i / chosen.length) * channels + chosen[i % chosen.length]!,
  );
}

/** First `outer`, then `inner` of what it gives. */
function composed(outer: Int32Array, inner: Int32Array): Int32Array {
  return inner.map((i) => outer[i]!);
}
