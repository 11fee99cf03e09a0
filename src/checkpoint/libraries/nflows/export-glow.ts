/**
 * For nflows: chains over images of squeezes, act norm, 1×1 convolutions, permutations and couplings with a ConvResidualNet, in a
 * MultiscaleCompositeTransform where channels are factored out.
 */
import { range } from '../../../base/order';
import { inverseSoftplus } from '../../../base/softplus';
import type { ImageLayerConfig } from '../../../config/image-layers';
import { named, type Named } from '../../../config/layer-folders';
import type { ImageModelConfig } from '../../../config/schema';
import { activationFunction, python } from '../../export-to/activations';
import { columnsOf, headsOf } from '../../export-to/conditioned';
import type { Layer, NamedLayer } from '../../export-to/glow-levels';
import { imageInputNote } from '../../export-to/image-input';
import {
  Misfits,
  batchCounts,
  integers,
  listed,
  renamed,
  vector,
  type StateDict,
  type Tensors,
  type Written,
} from '../../export-to/state-dict';
import { denseTensors, readDense, valuesOf, withOutputs } from '../../export-to/nets';
import { under } from '../../import/names';
import { checkMap, couplingOutputs } from './export';
import { convolutionalNames } from './glow';
import { leastBelow, triangle } from './write-linears';
import { writtenActNorm, writtenPermutation } from './written';

/** Layers that are written, each as one of nflows' transforms. */
const kinds = ['squeeze', 'actNorm', 'conv1x1', 'permute', 'coupling', 'factorOut'] as const;
type Kind = (typeof kinds)[number];
type Known = Named<Layer<Kind>>;

const isKnown = (layer: ImageLayerConfig): layer is Layer<Kind> =>
  (kinds as readonly string[]).includes(layer.kind);

/** Between two factor-outs, with the shape that comes out. */
interface Level {
  written: Written[];
  shape: [channels: number, height: number, width: number];
}

/** @throws UserError naming the settings that nflows has no counterpart of */
export function nflowsGlowStateDict(model: ImageModelConfig, tensors: Tensors): StateDict {
  const chain = checkedChain(model);
  const levels = levelsOf(model, chain, tensors);
  const dict: StateDict['tensors'] = {};
  levels.forEach(({ written }, level) => {
    const list = `_transform._transforms.${levels.length > 1 ? `${level}._transforms.` : ''}`;
    Object.assign(dict, listed(list, written).tensors);
  });
  return { tensors: dict, build: buildText(model, levels), notes: [imageInputNote(model)] };
}

function checkedChain(model: ImageModelConfig): Known[] {
  const misfits = new Misfits('nflows', 'Flows that come from its files, and were trained on, are written.');
  const layers = named(model.layers ?? []);
  const others = [...new Set(layers.filter((layer) => !isKnown(layer)).map(({ kind }) => kind))];
  misfits.check(layers.length > 0, 'layers', 'none', 'a chain of layers');
  misfits.check(others.length === 0, 'layers', others.join(', '), `${kinds.join(', ')} alone`);
  misfits.only('pad', model.pad, 0);
  checkMap(misfits, model, { couplings: true, masked: false });
  for (const layer of layers) checkLayer(misfits, layer);
  misfits.finish();
  return layers as Known[];
}

function checkLayer(misfits: Misfits, layer: Named<ImageLayerConfig>): void {
  const { name } = layer;
  if (layer.kind === 'squeeze') misfits.only(`order of ${name}`, layer.order, 'channel-major');
  if (layer.kind === 'conv1x1') {
    misfits.check(
      layer.signs.every((sign) => sign === 1),
      `signs of ${name}`,
      layer.signs,
      '1 alone',
    );
  }
  if (layer.kind !== 'coupling') return;
  misfits.only(`net of ${name}`, layer.net.kind, 'residual');
  misfits.only(`nets of ${name}`, layer.nets, 'joint');
  misfits.only(`seesContext of ${name}`, layer.seesContext, false);
  misfits.check(layer.scaleMap === undefined, `scaleMap of ${name}`, layer.scaleMap, 'undefined');
}

function levelsOf(model: ImageModelConfig, chain: readonly Known[], tensors: Tensors): Level[] {
  let shape: Level['shape'] = [model.channels, model.height, model.width];
  const levels: Level[] = [{ written: [], shape }];
  /** Which waits for the 1×1 convolution that it is a part of. */
  let order: readonly number[] | undefined;
  chain.forEach((layer, i) => {
    const level = levels.at(-1)!;
    if (layer.kind === 'permute' && chain[i + 1]?.kind === 'conv1x1') {
      order = layer.order;
      return;
    }
    const written = layersOf(model, layer, order, tensors);
    order = undefined;
    level.written.push(...written);
    const [channels, height, width] = shape;
    if (layer.kind === 'squeeze') shape = [4 * channels, height / 2, width / 2];
    level.shape = shape;
    if (layer.kind === 'factorOut') {
      // The first half leaves.
      if (layer.leaves === 'second') level.written.push(writtenPermutation(swapped(channels)));
      shape = [channels / 2, height, width];
      levels.push({ written: [], shape });
    }
  });
  return levels;
}

function swapped(channels: number): number[] {
  return Array.from({ length: channels }, (_, i) => (i + channels / 2) % channels);
}

/** @param order of the channels before a 1×1 convolution */
function layersOf(
  model: ImageModelConfig,
  layer: Known,
  order: readonly number[] | undefined,
  tensors: Tensors,
): Written[] {
  switch (layer.kind) {
    case 'squeeze':
      return [{ tensors: {}, line: 'transforms.SqueezeTransform()' }];
    case 'factorOut':
      return [];
    case 'actNorm':
      return [writtenActNorm(layer.name, tensors)];
    case 'permute':
      return [writtenPermutation(layer.order)];
    case 'conv1x1':
      return convolutionOf(layer, order, tensors);
    case 'coupling':
      return [couplingOf(model, layer, tensors)];
  }
}

/** Theirs mixes by L·U after a permutation, ours permutes after it. */
function convolutionOf(
  { name, order: after, bias }: NamedLayer<'conv1x1'>,
  before: readonly number[] | undefined,
  tensors: Tensors,
): Written[] {
  const size = after.length;
  const read = (part: string): Float32Array => Float32Array.from(valuesOf(tensors, `${name}.${part}`).data);
  const same = range(size);
  const scales = read('logDiagonal').map(Math.exp);
  const eps = leastBelow(scales);
  const moves = after.some((from, to) => from !== to);
  const shift = bias ? read('bias') : new Float32Array(size);
  // The bias comes before a permutation that follows.
  const early = Float32Array.from(shift);
  after.forEach((from, to) => (early[from] = shift[to]!));
  const mixing: Written = {
    tensors: {
      bias: vector(early),
      lower_entries: vector(triangle('lower', read('lower'), size)),
      upper_entries: vector(triangle('upper', read('upper'), size)),
      unconstrained_upper_diag: vector(scales.map((scale) => inverseSoftplus(scale - eps))),
      'permutation._permutation': integers(before ?? same),
    },
    line: `convolution(${size}${eps < 1e-3 ? `, eps=${eps}` : ''})`,
  };
  return [mixing, ...(moves ? [writtenPermutation(after)] : [])];
}

function couplingOf(
  model: ImageModelConfig,
  { name, mask, net }: NamedLayer<'coupling'>,
  tensors: Tensors,
): Written {
  if (net.kind !== 'residual') throw new Error(`${name} has no residual network.`);
  const { width, blocks, batchNorm } = net;
  const channels = mask.map((_, i) => i);
  const transformed = channels.filter((i) => mask[i] === 0);
  const heads = headsOf({ ...model, nets: 'joint' }, transformed);
  // The library divides a spline's widths and heights by the root of the width.
  const columns = columnsOf({ heads }, couplingOutputs(model, transformed, Math.sqrt(width)));
  const last = withOutputs(readDense(tensors, `${name}.net.out`), columns);
  const table = under('transform_net.', `${name}.net.`, convolutionalNames(blocks, batchNorm));
  const dict = renamed({ ...tensors, ...denseTensors(`${name}.net.out`, last) }, table);
  const bits = mask.map((bit) => (bit === 1 ? -1 : 1)).join(', ');
  const made = `${width}, ${blocks}, ${activationFunction(net)}, ${python(batchNorm)}`;
  return {
    tensors: {
      identity_features: integers(channels.filter((i) => mask[i] === 1)),
      transform_features: integers(transformed),
      ...dict,
      ...batchCounts(Object.keys(dict)),
    },
    line: `coupling([${bits}], ${made})`,
  };
}

function buildText(model: ImageModelConfig, levels: readonly Level[]): string {
  const spline = model.transform === 'rationalQuadratic';
  const kind = {
    affine: 'AffineCouplingTransform',
    additive: 'AdditiveCouplingTransform',
    rationalQuadratic: 'PiecewiseRationalQuadraticCouplingTransform',
  }[model.transform];
  const general = model.transform === 'affine' && model.scaleMap === 'softplus-clamp';
  const more = spline
    ? `, num_bins=${model.bins}, tails="linear", tail_bound=${model.splineBound}`
    : general
      ? ', scale_activation=transforms.AffineCouplingTransform.GENERAL_SCALE_ACTIVATION'
      : '';
  const composite = ({ written }: Level): string[] => [
    'transforms.CompositeTransform([',
    ...listed('', written).lines,
    '])',
  ];
  const size = model.channels * model.height * model.width;
  const whole =
    levels.length === 1
      ? [`transform = ${composite(levels[0]!).join('\n')}`, '']
      : [
          `transform = transforms.MultiscaleCompositeTransform(${levels.length})`,
          ...levels.flatMap((level) => [
            `transform.add_transform(${composite(level).join('\n')}, (${level.shape.join(', ')}))`,
          ]),
          '',
        ];
  const latents = levels.length === 1 ? levels[0]!.shape.join(', ') : String(size);
  return [
    'import torch',
    'import torch.nn.functional as F',
    'from nflows import transforms',
    'from nflows.distributions.normal import StandardNormal',
    'from nflows.flows.base import Flow',
    'from nflows.nn.nets import ConvResidualNet',
    '',
    'def convolution(channels, eps=1e-3):',
    '    layer = transforms.OneByOneConvolution(channels)',
    '    layer.eps = eps',
    '    return layer',
    '',
    'def coupling(mask, width, blocks, activation, norms):',
    '    def net(inputs, outputs):',
    '        return ConvResidualNet(',
    '            inputs, outputs, width, num_blocks=blocks, activation=activation, use_batch_norm=norms,',
    '        )',
    `    return transforms.${kind}(torch.tensor(mask), net${more})`,
    '',
    ...whole,
    `flow = Flow(transform, StandardNormal([${latents}]))`,
  ].join('\n');
}
