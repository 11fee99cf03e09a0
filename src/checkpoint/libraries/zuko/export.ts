/** For zuko: its flow classes where that is what the flow is, else couplings and autoregressive layers in a chain. */
import { perFeature } from '../../../config/bases';
import type { VectorModelConfig } from '../../../config/schema';
import { activationClass } from '../../export-to/activations';
import {
  conditionedOf,
  hiddenWidths,
  knots,
  mlpOf,
  seenContext,
  together,
  type Output,
} from '../../export-to/conditioned';
import { partsOf, runsBackwards, type VectorWriter } from '../../export-to/written-chain';
import {
  type Misfits,
  below,
  bools,
  floats,
  integers,
  linesIf,
  listed,
  vector,
  type StateDict,
  type Tensors,
  type Written,
} from '../../export-to/state-dict';
import { sequentialTensors, valuesOf } from '../../export-to/nets';
import { permuteAxes } from '../../import/names';
import type { ChainLayer, NamedLayer } from '../../import/vector-chain';
import { mixtureTensors } from './mixture';

export const zukoVectors: VectorWriter = {
  advice: 'The preset zuko trains a flow that fits.',
  layers: ['coupling', 'autoregressive', 'permute', 'actNorm', 'rescale', 'plu', 'orthogonal'],
  bases: ['normal', 'diagonalNormal', 'uniform', 'mixture'],
  transforms: ['affine', 'additive', 'rationalQuadratic'],
  context: true,
  only: { net: ['mlp'] },
  check,
  write,
};

function write(model: VectorModelConfig, chain: readonly NamedLayer[], tensors: Tensors): StateDict {
  const { base, flows } = partsOf(model, chain);
  const written = flows.flatMap((layer) => writtenLayer(model, layer, tensors));
  const list = listed('transform.transforms.', written);
  return {
    tensors: { ...list.tensors, ...below('base.', baseTensors(model, base, tensors)) },
    build: buildText(model, flows, list.lines),
    notes: [],
  };
}

/** @param name of the act norm that it is */
function baseTensors(
  { base, dim }: VectorModelConfig,
  name: string | undefined,
  tensors: Tensors,
): StateDict['tensors'] {
  const vectorOf = (value: number | readonly number[]) => vector(Float32Array.from(perFeature(value, dim)));
  if (base.kind === 'uniform') return { lower: vectorOf(base.lower), upper: vectorOf(base.upper) };
  if (base.kind === 'mixture')
    return mixtureTensors((part) => valuesOf(tensors, `base.${part}`), base.covariance === 'full');
  if (name === undefined) return { loc: vectorOf(0), scale: vectorOf(1) };
  return {
    loc: vector(valuesOf(tensors, `${name}.shift`).data),
    scale: vector(valuesOf(tensors, `${name}.logScale`).data.map(Math.exp)),
  };
}

function check(misfits: Misfits, model: VectorModelConfig, chain: readonly ChainLayer[]): void {
  if (model.transform === 'affine') {
    const [plain, inverse] = ['scale-then-shift', 'inverse-scale-then-shift'];

    // Seeing the output, it is the inverse of one that sees the input.
    const masked = new Set(chain.flatMap((layer) => (layer.kind === 'autoregressive' ? layer.sees : [])));
    for (const sees of masked) misfits.only('affine', model.affine, sees === 'input' ? plain : inverse);
    if (masked.size === 0) misfits.only('affine', model.affine, plain, inverse);
    misfits.only('scaleMap', model.scaleMap, 'soft-clip');
  } else {
    const backwards = model.transform === 'rationalQuadratic' && model.splineDirection === 'inverse';
    for (const layer of chain)
      if (layer.kind === 'autoregressive') misfits.only('sees', layer.sees, backwards ? 'output' : 'input');
  }
  if (model.transform === 'rationalQuadratic') {
    const circle = model.splineEnds === 'half-turn';
    misfits.only('splineMap', model.splineMap, 'soft-clip');
    misfits.only('splineEnds', model.splineEnds, 'linear', 'half-turn');
    misfits.check(
      !circle || Math.abs(model.splineBound - Math.PI) < 1e-6,
      'splineBound',
      model.splineBound,
      'π, the bound of a circle',
    );
  }
  misfits.check(model.dim > 1, 'dim', model.dim, '2 or more, as zuko masks no network of one feature');
  if (model.context > 0) misfits.only('contextEntry', model.contextEntry, 'input');
}

/** Any invertible matrix: its factors, which LULinearTransform has, then the permutation and the bias, if any. */
function writtenMatrix(
  { order, signs, name }: Extract<NamedLayer, { kind: 'plu' }>,
  dim: number,
  tensors: Tensors,
): Written[] {
  const [lower, upper, logDiagonal, bias] = ['lower', 'upper', 'logDiagonal', 'bias'].map(
    (part) => valuesOf(tensors, `${name}.${part}`).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const diagonal = logDiagonal.map((x, i) => (signs?.[i] ?? 1) * Math.exp(x));
  // L has a diagonal and U has ones; ours has it the other way round.
  const data = Float32Array.from({ length: dim * dim }, (_, i) => {
    const [row, column] = [Math.floor(i / dim), i % dim];
    if (row === column) return diagonal[row]!;
    return row > column ? lower[i]! * diagonal[column]! : upper[i]! / diagonal[row]!;
  });
  const permuted = order?.some((from, to) => from !== to);
  const ones = new Float32Array(dim).fill(1);
  return [
    { tensors: { LU: floats([dim, dim], data) }, line: 'mixing()' },
    ...(permuted ? [permutation(order!)] : []),
    ...(bias.some((value) => value !== 0) ? [affine(ones, bias)] : []),
  ];
}

const permutation = (order: readonly number[]): Written => ({
  tensors: { _0: integers(order) },
  line: 'permutation()',
});

const affine = (scale: Float32Array, loc: Float32Array): Written => ({
  tensors: { loc: vector(loc), scale: vector(scale) },
  line: 'rescale()',
});

/** The inverse of it. */
const turned = ({ tensors, line }: Written): Written => ({
  tensors: below('transform.', tensors),
  line: `${line}.inv`,
});

/** One transform, or several from data to latent. */
function writtenLayer(model: VectorModelConfig, layer: NamedLayer, tensors: Tensors): Written | Written[] {
  const { dim } = model;
  const { name } = layer;
  switch (layer.kind) {
    case 'permute':
      return permutation(layer.order);
    case 'plu':
      return writtenMatrix(layer, dim, tensors);
    case 'orthogonal': {
      const { data } = valuesOf(tensors, `${name}.generator`);
      return { tensors: { A: floats([dim, dim], Float32Array.from(data)) }, line: 'rotation()' };
    }
    case 'rescale': {
      const valuesFor = (value: number | readonly number[]) => Float32Array.from(perFeature(value, dim));
      return affine(valuesFor(layer.scale), valuesFor(layer.shift));
    }
    case 'actNorm': {
      const logScale = valuesOf(tensors, `${name}.logScale`).data;
      const shift = valuesOf(tensors, `${name}.shift`).data;
      return affine(
        logScale.map((x) => Math.exp(-x)),
        shift.map((x, i) => -x * Math.exp(-logScale[i]!)),
      );
    }
    case 'coupling':
    case 'autoregressive': {
      const conditioned = conditionedOf(model, layer, tensors);
      const outputs = outputsOf(model, conditioned.transformed);
      const inputs = layer.kind === 'autoregressive' ? conditioned.inputs : conditioned.identity;
      const net = mlpOf(conditioned, inputs, outputs);
      const hyper = sequentialTensors('hyper', net);
      if (layer.kind === 'coupling') {
        const written = {
          tensors: { mask: bools(layer.mask.map((bit) => bit === 1)), ...hyper },
          line: `coupling([${layer.mask.join(', ')}])`,
        };
        return runsBackwards(model) ? turned(written) : written;
      }
      net.forEach(({ mask }, i) => {
        const { shape, data } = permuteAxes(mask!, [1, 0]);
        hyper[`hyper.${2 * i}.mask`] = bools(
          Array.from(data, (bit) => bit === 1),
          shape,
        );
      });
      const written = {
        tensors: { order: integers(layer.order), ...hyper },
        line: `autoregressive([${layer.order.join(', ')}])`,
      };
      return layer.sees === 'input' ? written : turned(written);
    }
    default:
      throw new Error(`${layer.kind} is not written for zuko.`);
  }
}

function outputsOf({ transform, bins }: VectorModelConfig, features: readonly number[]): Output[] {
  if (transform === 'rationalQuadratic') return knots(bins, features);
  return together(features, transform === 'affine' ? ['shift', 'scale'] : ['shift']);
}

/** The map of each feature, and the shapes of what it takes: arguments of a layer; the defaults are left out. */
function univariateOf(model: VectorModelConfig): string {
  const { transform, scaleEpsilon, splineBound, splineSlope, splineEnds, bins } = model;
  if (transform === 'additive') return ', univariate=zuko.transforms.AdditiveTransform, shapes=[()]';
  if (transform === 'affine') {
    if (scaleEpsilon === 1e-3) return '';
    return `, univariate=functools.partial(zuko.transforms.MonotonicAffineTransform, slope=${scaleEpsilon})`;
  }
  const shapes = `shapes=[(${bins},), (${bins},), (${bins - 1},)]`;
  const map =
    splineEnds === 'half-turn'
      ? `zuko.flows.spline.CircularRQSTransform, slope=${splineSlope}`
      : `zuko.transforms.MonotonicRQSTransform, bound=${splineBound}, slope=${splineSlope}`;
  return `, univariate=functools.partial(${map}), ${shapes}`;
}

/**
 * The class that such a flow is, and its arguments; undefined for a chain that is none. Orders and masks of autoregressive
 * layers are in the state dict.
 */
function classOf(model: VectorModelConfig, chain: readonly ChainLayer[]): string | undefined {
  const { transform, bins, splineBound, splineSlope, splineEnds, base } = model;
  const circle = transform === 'rationalQuadratic' && splineEnds === 'half-turn';
  if (circle !== (base.kind === 'uniform') || base.kind === 'mixture') return undefined;
  const alternating = chain.every(
    (layer, number) =>
      layer.kind === 'coupling' && layer.mask.every((bit, i) => bit === (i % 2 === number % 2 ? 1 : 0)),
  );
  if (alternating && transform !== 'rationalQuadratic' && !runsBackwards(model))
    return transform === 'affine' ? 'RealNVP' : 'NICE';
  if (!chain.every((layer) => layer.kind === 'autoregressive' && layer.sees === 'input')) return undefined;
  if (transform !== 'rationalQuadratic') return 'MAF';
  if (circle) return `NCSF bins=${bins}, slope=${splineSlope}`;
  return splineBound === 5 ? `NSF bins=${bins}, slope=${splineSlope}` : undefined;
}

function buildText(model: VectorModelConfig, chain: readonly ChainLayer[], lines: readonly string[]): string {
  const { dim } = model;
  const context = seenContext(model);
  const network = `hidden_features=[${hiddenWidths(model).join(', ')}], activation=${activationClass(model)}`;
  const size = `${dim}${context > 0 ? `, ${context}` : ''}`;
  const univariate = univariateOf(model);
  const [name, ...more] = classOf(model, chain)?.split(' ') ?? [];
  if (name !== undefined) {
    const classArguments = more.length > 0 ? `, ${more.join(' ')}` : univariate;
    return [
      ...(classArguments.includes('functools') ? ['import functools'] : []),
      'import torch',
      'import zuko',
      '',
      `flow = zuko.flows.${name}(${size}, transforms=${chain.length}${classArguments}, ${network})`,
    ].join('\n');
  }
  const has = (call: string): boolean => lines.some((line) => line.includes(call));
  const constants = (value: number) => `torch.full((${dim},), ${value.toFixed(1)})`;
  /** A transform that sees nothing of the other features. */
  const unconditional = (name: string, made: string) =>
    linesIf(has(`${name}()`), [
      `${name} = lambda: zuko.lazy.UnconditionalTransform(`,
      `    zuko.transforms.${made}`,
      ')',
    ]);
  return [
    'import functools',
    'import torch',
    'import zuko',
    '',
    ...linesIf(has('coupling('), [
      'coupling = lambda mask: zuko.flows.coupling.GeneralCouplingTransform(',
      `    ${size}, mask=torch.tensor(mask, dtype=torch.bool)${univariate}, ${network}`,
      ')',
    ]),
    ...linesIf(has('autoregressive('), [
      'autoregressive = lambda order: zuko.flows.autoregressive.MaskedAutoregressiveTransform(',
      `    ${size}, order=torch.tensor(order)${univariate}, ${network}`,
      ')',
    ]),
    ...unconditional('permutation', `PermutationTransform, torch.arange(${dim}), buffer=True`),
    ...unconditional('rotation', `RotationTransform, A=torch.zeros(${dim}, ${dim})`),
    ...unconditional('mixing', `LULinearTransform, LU=torch.eye(${dim})`),
    ...unconditional(
      'rescale',
      `AffineTransform, loc=${constants(0)}, scale=${constants(1)}, event_dim=1, buffer=True`,
    ),
    ...baseLines(model, constants),
    'flow = zuko.lazy.Flow([',
    ...lines,
    '], base)',
  ].join('\n');
}

function baseLines({ base, dim }: VectorModelConfig, constants: (value: number) => string): string[] {
  if (base.kind === 'mixture')
    return [
      `base = zuko.mixtures.GMM(${dim}, components=${base.components}, covariance_type="${base.covariance}")`,
    ];
  return [
    'base = zuko.lazy.UnconditionalDistribution(',
    base.kind === 'uniform'
      ? `    zuko.distributions.BoxUniform, lower=-${constants(1)}, upper=${constants(1)}, buffer=True`
      : `    zuko.distributions.DiagNormal, loc=torch.zeros(${dim}), scale=torch.ones(${dim}), buffer=True`,
    ')',
  ];
}
