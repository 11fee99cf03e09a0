/** For nflows: SimpleRealNVP where it can be, else its couplings, autoregressive layers, norms and linear transforms in a chain. */
import type { ModelConfig, VectorModelConfig } from '../../../config/schema';
import { under } from '../../import/names';
import { activationFunction, python, sequentialNet } from '../../export-to/activations';
import { baseNet, baseTensors, encoderOf, encoderTensors } from '../../export-to/context-encoder';
import { runsBackwards, type VectorWriter } from '../../export-to/written-chain';
import {
  type Misfits,
  below,
  integers,
  linesIf,
  listed,
  renamed,
  type StateDict,
  type Tensors,
  type Written,
} from '../../export-to/state-dict';
import {
  conditionedOf,
  hiddenWidths,
  knotsOfNflows,
  seenContext,
  together,
  type Sees,
  type Output,
} from '../../export-to/conditioned';
import { couplingNet, madeTensors } from '../../export-to/residual-nets';
import type { ChainLayer, NamedLayer } from '../../import/vector-chain';
import { leastOfNflows } from '../../import/splines';
import { flowNormNames } from './import';
import { linearTensors, writtenLinears } from './write-linears';
import { writtenActNorm, writtenPermutation } from './written';

export const nflowsVectors: VectorWriter = {
  advice: 'The preset nflows trains a flow that fits.',
  layers: ['coupling', 'autoregressive', 'batchNorm', 'actNorm', 'permute', ...writtenLinears],
  bases: ['normal', 'diagonalNormal', 'conditionalNormal'],
  transforms: ['affine', 'additive', 'rationalQuadratic'],
  context: true,
  contextModule: true,
  check,
  write,
};

function write(model: VectorModelConfig, chain: readonly NamedLayer[], tensors: Tensors): StateDict {
  const layers = chain.map((layer) => writtenLayer(model, layer, tensors));
  const list = listed('_transform._transforms.', layers);
  const encoder = encoderOf(model);
  return {
    tensors: {
      ...list.tensors,
      ...encoderTensors(model, tensors, '_embedding_net.'),
      ...baseTensors(model, tensors, '_distribution._context_encoder'),
    },
    build: buildText(model, chain, list.lines, encoder),
    notes: notesOf(model, chain),
  };
}

/** The sigmoid belongs to versions before 0.14, softplus-clamp to later ones. */
function notesOf(model: VectorModelConfig, chain: readonly ChainLayer[]): string[] {
  if (model.transform !== 'affine') return [];
  const has = (kind: ChainLayer['kind']) => chain.some((layer) => layer.kind === kind);
  return [
    ...linesIf(has('coupling') && model.scaleMap === 'softplus-clamp', [
      'The scale is GENERAL_SCALE_ACTIVATION, which nflows has since it left 0.14; version 0.14 cannot compute it.',
    ]),
    ...linesIf(has('autoregressive') && model.scaleMap === 'sigmoid', [
      'The scale of the autoregressive layers is sigmoid(u + 2) + 0.001, as some versions of nflows have it; version 0.14 has softplus(u) + 0.001, with which all numbers are wrong.',
    ]),
  ];
}

function check(misfits: Misfits, model: VectorModelConfig, chain: readonly ChainLayer[]): void {
  const layers = chain.filter(({ kind }) => kind === 'coupling' || kind === 'autoregressive');
  const couplings = layers.some(({ kind }) => kind === 'coupling');
  const masked = layers.some(({ kind }) => kind === 'autoregressive');
  checkMap(misfits, model, {
    couplings,
    masked,
    // Inverses are written as such.
    forms: ['scale-then-shift', 'inverse-scale-then-shift'],
    backwards: true,
  });
  for (const layer of layers) if (layer.kind === 'autoregressive') checkMade(misfits, model, layer.sees);
  if (couplings) {
    // Two networks, or one of an MLP, are written as a Sequential that nflows takes.
    misfits.check(model.net === 'mlp' || model.nets === 'joint', 'nets', model.nets, '"joint"');
    checkContext(misfits, model, 'input', 'gate');
  }
  if (chain.some(({ kind }) => kind === 'batchNorm')) misfits.only('normEpsilon', model.normEpsilon, 1e-5);
}

/** What layers of nflows can be. */
interface Kinds {
  couplings: boolean;
  masked: boolean;
  forms?: readonly ModelConfig['affine'][];
  /** Whether splines may be the inverses of nflows'. */
  backwards?: boolean;
}

/** What is done to each feature or channel, by layers of one kind or of both. */
export function checkMap(
  misfits: Misfits,
  model: ModelConfig,
  { couplings, masked, forms = ['scale-then-shift'], backwards = false }: Kinds,
): void {
  if (model.transform === 'affine') {
    const maps = couplings ? ['sigmoid', 'softplus-clamp'] : ['sigmoid', 'softplus'];
    const known = maps.includes(model.scaleMap) && !(couplings && masked && model.scaleMap !== 'sigmoid');
    if (couplings) misfits.only('affine', model.affine, ...forms);
    misfits.check(known, 'scaleMap', model.scaleMap, maps.map((map) => JSON.stringify(map)).join(' or '));
    if (known) misfits.only('scaleEpsilon', model.scaleEpsilon, 1e-3);
  }
  checkKnots(misfits, model, backwards);
}

/** The splines of nflows, which normflows has too. */
export function checkKnots(misfits: Misfits, model: ModelConfig, backwards = false): void {
  if (model.transform !== 'rationalQuadratic') return;
  if (!backwards) misfits.only('splineDirection', model.splineDirection, 'forward');
  misfits.only('splineMap', model.splineMap, 'softmax-floor');
  misfits.only('splineEnds', model.splineEnds, 'linear');
  misfits.only('splineFloor', model.splineFloor, leastOfNflows);
}

/** How a context enters residual networks, and does in their blocks. */
export function checkContext(
  misfits: Misfits,
  model: VectorModelConfig,
  entry: VectorModelConfig['contextEntry'],
  inBlocks: VectorModelConfig['contextInBlocks'],
): void {
  if (model.context === 0) return;
  misfits.only('contextEntry', model.contextEntry, entry);
  if (model.net === 'residual') misfits.only('contextInBlocks', model.contextInBlocks, inBlocks);
}

function checkMade(misfits: Misfits, model: VectorModelConfig, sees: Sees): void {
  misfits.only('nets', model.nets, 'joint');
  checkContext(misfits, model, 'activated', 'add');
  if (model.net === 'mlp') {
    const alike = model.hidden.every((width) => width === model.hidden[0]);
    misfits.check(alike, 'hidden', model.hidden, 'layers of one width');
    misfits.check(model.hidden.length > 1, 'hidden', model.hidden, 'at least two layers');
  }
  checkMadeTransform(misfits, model, sees);
}

/** What an autoregressive layer of nflows or normflows may do to each feature. */
export function checkMadeTransform(misfits: Misfits, model: VectorModelConfig, sees: Sees): void {
  misfits.only('transform', model.transform, 'affine', 'rationalQuadratic');
  if (model.transform === 'affine') {
    // Seeing the output, it is the inverse of one that sees the input.
    misfits.only('affine', model.affine, sees === 'input' ? 'scale-then-shift' : 'inverse-scale-then-shift');
  } else misfits.only('sees', sees, model.splineDirection === 'forward' ? 'input' : 'output');
}

/** The inverse of it. */
const turned = ({ tensors, line }: Written): Written => ({
  tensors: below('_transform.', tensors),
  line: `transforms.InverseTransform(${line})`,
});

function writtenLayer(model: VectorModelConfig, layer: NamedLayer, tensors: Tensors): Written {
  const { dim } = model;
  switch (layer.kind) {
    case 'coupling': {
      const coupling = conditionedOf(model, layer, tensors);
      const written = {
        tensors: {
          identity_features: integers(coupling.identity),
          transform_features: integers(coupling.transformed),
          ...couplingNet('transform_net.', coupling, (divisor) =>
            couplingOutputs(model, coupling.transformed, divisor),
          ),
        },
        line: `coupling([${layer.mask.map((bit) => (bit === 1 ? -1 : 1)).join(', ')}])`,
      };
      return runsBackwards(model) ? turned(written) : written;
    }
    case 'autoregressive': {
      const written = {
        tensors: madeTensors('autoregressive_net.', conditionedOf(model, layer, tensors)),
        line: 'autoregressive()',
      };
      return layer.sees === 'output' ? turned(written) : written;
    }
    case 'batchNorm':
      return {
        tensors: renamed(tensors, under('', `${layer.name}.`, flowNormNames)),
        line: `transforms.BatchNorm(${dim})`,
      };
    case 'actNorm':
      return writtenActNorm(layer.name, tensors);
    case 'permute':
      return writtenPermutation(layer.order);
    case 'field':
      throw new Error('nflows has no vector fields, which is checked before');
    default:
      return linearTensors(layer, dim, tensors);
  }
}

/** The same for features and channels. @param divisor of a spline's widths and heights */
export function couplingOutputs(
  model: ModelConfig,
  transformed: readonly number[],
  divisor: number,
): Output[] {
  if (model.transform === 'rationalQuadratic') return knotsOfNflows(model, transformed, divisor);
  return [
    ...together(transformed, ['shift']),
    ...(model.transform === 'affine' ? together(transformed, ['scale']) : []),
  ];
}

function buildText(
  model: VectorModelConfig,
  chain: readonly ChainLayer[],
  lines: readonly string[],
  encoder: ReturnType<typeof encoderOf>,
): string {
  const { dim, blocks, netNorm, transform } = model;
  const width = model.hidden[0]!;
  const context = seenContext(model);
  const additive = transform === 'additive';
  const activation = activationFunction(model);
  const general = transform === 'affine' && model.scaleMap === 'softplus-clamp';
  const normed = chain[1]?.kind === 'batchNorm';
  const period = normed ? 2 : 1;
  const simple = chain.every((layer, i) =>
    layer.kind === 'coupling'
      ? i % period === 0 && layer.mask.every((bit, f) => bit === (f % 2 === (i / period) % 2 ? 1 : 0))
      : normed && i % 2 === 1 && layer.kind === 'batchNorm',
  );
  const head = ['import torch', 'import torch.nn.functional as F'];
  const named =
    model.net === 'residual' && transform !== 'rationalQuadratic' && context === 0 && !runsBackwards(model);
  if (named && simple && !general && chain.length % period === 0 && model.base.kind !== 'conditionalNormal') {
    return [
      ...head,
      'from nflows.flows.realnvp import SimpleRealNVP',
      '',
      'flow = SimpleRealNVP(',
      `    features=${dim}, hidden_features=${width}, num_layers=${chain.length / period}, num_blocks_per_layer=${blocks},`,
      `    use_volume_preserving=${python(additive)}, activation=${activation},`,
      `    batch_norm_within_layers=${python(netNorm)}, batch_norm_between_layers=${python(normed)},`,
      ')',
    ].join('\n');
  }
  const spline = transform === 'rationalQuadratic';
  const bins = spline ? `num_bins=${model.bins}, tails="linear", tail_bound=${model.splineBound}` : '';
  const size = `hidden_features=${width}${context > 0 ? `, context_features=${context}` : ''}`;
  const has = (kind: ChainLayer['kind']) => chain.some((layer) => layer.kind === kind);
  const net =
    model.net === 'mlp'
      ? sequentialNet(model, hiddenWidths(model), context)
      : [
          'def net(inputs, outputs):',
          '    return ResidualNet(',
          `        inputs, outputs, ${size}, num_blocks=${blocks}, activation=${activation},`,
          `        use_batch_norm=${python(netNorm)},`,
          '    )',
        ];
  const linear = additive ? 'AdditiveCouplingTransform' : 'AffineCouplingTransform';
  const coupling = spline ? 'PiecewiseRationalQuadraticCouplingTransform' : linear;
  const scale = general
    ? ', scale_activation=transforms.AffineCouplingTransform.GENERAL_SCALE_ACTIVATION'
    : '';
  const masked = spline
    ? 'MaskedPiecewiseRationalQuadraticAutoregressiveTransform'
    : 'MaskedAffineAutoregressiveTransform';
  const plain = model.net === 'mlp';
  const base =
    model.base.kind === 'conditionalNormal'
      ? `ConditionalDiagonalNormal([${dim}], context_encoder=${baseNet(model, context)})`
      : `StandardNormal([${dim}])`;
  return [
    ...head,
    'from nflows import transforms',
    `from nflows.distributions.normal import ${base.split('(', 1)[0]}`,
    'from nflows.flows.base import Flow',
    ...linesIf(has('coupling'), [
      ...(plain ? [] : ['from nflows.nn.nets import ResidualNet']),
      '',
      ...net,
      '',
      'def coupling(mask):',
      `    return transforms.${coupling}(`,
      `        torch.tensor(mask), net${spline ? `, ${bins}` : ''}${scale}`,
      '    )',
    ]),
    ...linesIf(has('autoregressive'), [
      '',
      'def autoregressive():',
      `    return transforms.${masked}(`,
      `        features=${dim}, ${size}, num_blocks=${plain ? model.hidden.length - 1 : blocks}, activation=${activation},`,
      `        use_residual_blocks=${python(!plain)}, use_batch_norm=${python(!plain && netNorm)}${spline ? `, ${bins}` : ''},`,
      '    )',
    ]),
    ...(encoder ? ['', ...encoder.lines] : []),
    '',
    'flow = Flow(transforms.CompositeTransform([',
    ...lines,
    `]), ${base}${encoder ? `, embedding_net=${encoder.name}` : ''})`,
  ].join('\n');
}
