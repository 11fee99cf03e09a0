/** For zuko: its flow classes where that is what the flow is, else couplings and autoregressive layers in a chain. */
import { perFeature } from '../../../config/bases';
import type { VectorModelConfig } from '../../../config/schema';
import type { NdArray } from '../../../protocol/tensors';
import { layerNames } from '../../../config/layer-folders';
import { activationClass } from '../../export-to/activations';
import {
  conditionedOf,
  hasOneActivation,
  hiddenWidths,
  knots,
  mlpOf,
  seenContext,
  together,
  type Output,
} from '../../export-to/conditioned';
import { endsInBase, type Holds } from '../../export-to/written-chain';
import { Misfits } from '../../export-to/misfits';
import { sequentialTensors, valuesOf } from '../../export-to/nets';
import { bools, floats, integers, type StateDict } from '../../export-to/state-dict';
import { permuteAxes } from '../../import/names';
import type { ChainLayer } from '../../import/vector-chain';

type Tensors = Readonly<Record<string, NdArray>>;

export const zukoHolds: Holds = {
  layers: ['coupling', 'autoregressive', 'permute', 'actNorm', 'rescale'],
  bases: ['uniform'],
  transforms: ['affine', 'additive', 'rationalQuadratic'],
  context: true,
};

/** @throws UserError naming the settings that zuko has no counterpart of */
export function zukoStateDict(
  model: VectorModelConfig,
  chain: readonly ChainLayer[],
  tensors: Tensors,
): StateDict {
  const { dim } = model;
  const base = endsInBase(model, chain) ? chain.length - 1 : undefined;
  const layers = chain.slice(0, base);
  checkFit(model, layers);
  const names = layerNames(chain);
  const dict: StateDict['tensors'] = {};
  const lines: string[] = [];
  layers.forEach((layer, number) => {
    const written = writtenLayer(model, layer, names[number]!, tensors);
    for (const [part, values] of Object.entries(written.tensors))
      dict[`transform.transforms.${number}.${part}`] = values;
    lines.push(`    ${written.line},`);
  });
  for (const [part, values] of Object.entries(
    baseValues(model, base === undefined ? undefined : names[base]!, tensors),
  ))
    dict[`base.${part}`] = floats([dim], values);
  return { tensors: dict, build: buildText(model, layers, lines), notes: [] };
}

/** @param name of the act norm that it is */
function baseValues(
  { base, dim }: VectorModelConfig,
  name: string | undefined,
  tensors: Tensors,
): Record<string, Float32Array> {
  const given = (value: number | readonly number[]) => Float32Array.from(perFeature(value, dim));
  if (base.kind === 'uniform') return { lower: given(base.lower), upper: given(base.upper) };
  if (name === undefined) return { loc: given(0), scale: given(1) };
  return {
    loc: valuesOf(tensors, `${name}.shift`).data,
    scale: valuesOf(tensors, `${name}.logScale`).data.map(Math.exp),
  };
}

function checkFit(model: VectorModelConfig, chain: readonly ChainLayer[]): void {
  const misfits = new Misfits('zuko', 'flowscope train --preset zuko trains a flow that fits.');
  if (model.transform === 'affine') {
    for (const sees of new Set(chain.flatMap((layer) => seesOf(layer) ?? []))) {
      // Seeing the output, it is the inverse of one that sees the input.
      misfits.only(
        'affine',
        model.affine,
        sees === 'input' ? 'scale-then-shift' : 'inverse-scale-then-shift',
      );
    }
    misfits.check(model.scaleMap === 'soft-clip', 'scaleMap', model.scaleMap, '"soft-clip"');
  } else {
    const inverse = chain.some((layer) => seesOf(layer) === 'output');
    misfits.check(!inverse, 'sees', 'output', '"input"');
  }
  if (model.transform === 'rationalQuadratic') {
    const circle = model.splineEnds === 'half-turn';
    misfits.only('splineMap', model.splineMap, 'soft-clip');
    misfits.check(
      circle || model.splineEnds === 'linear',
      'splineEnds',
      model.splineEnds,
      '"linear" or "half-turn"',
    );
    misfits.check(
      !circle || Math.abs(model.splineBound - Math.PI) < 1e-6,
      'splineBound',
      model.splineBound,
      'π, the bound of a circle',
    );
  }
  misfits.check(model.net === 'mlp', 'net', model.net, '"mlp"');
  if (model.context > 0) misfits.only('contextEntry', model.contextEntry, 'input');
  const { shiftActivation } = model;
  misfits.check(hasOneActivation(model), 'shiftActivation', shiftActivation, `"${model.activation}"`);
  misfits.check(!model.flowNorm, 'flowNorm', model.flowNorm, 'false');
  misfits.finish();
}

/** What the network of a layer sees, if it has one. */
function seesOf(layer: ChainLayer): 'input' | 'output' | undefined {
  if (layer.kind === 'coupling') return 'input';
  return layer.kind === 'autoregressive' ? layer.sees : undefined;
}

interface Written {
  /** Below the layer. */
  tensors: StateDict['tensors'];
  /** How it is made. */
  line: string;
}

function writtenLayer(model: VectorModelConfig, layer: ChainLayer, name: string, tensors: Tensors): Written {
  const { dim } = model;
  const affine = (scale: Float32Array, loc: Float32Array): Written => ({
    tensors: { loc: floats([dim], loc), scale: floats([dim], scale) },
    line: 'rescale()',
  });
  switch (layer.kind) {
    case 'permute':
      return { tensors: { _0: integers(layer.order) }, line: 'permutation()' };
    case 'rescale': {
      const given = (value: number | readonly number[]) => Float32Array.from(perFeature(value, dim));
      return affine(given(layer.scale), given(layer.shift));
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
      const conditioned = conditionedOf(model, layer, name);
      const outputs = outputsOf(model, conditioned.transformed);
      const masked = layer.kind === 'autoregressive';
      const inputs = masked ? conditioned.inputs : conditioned.identity;
      const net = mlpOf(model, conditioned, inputs, outputs, tensors);
      const hyper = sequentialTensors('hyper', net);
      if (!masked) {
        return {
          tensors: { mask: bools(layer.mask.map((bit) => bit === 1)), ...hyper },
          line: `coupling([${layer.mask.join(', ')}])`,
        };
      }
      net.forEach(({ mask }, i) => {
        const { shape, data } = permuteAxes(mask!, [1, 0]);
        hyper[`hyper.${2 * i}.mask`] = bools(
          Array.from(data, (bit) => bit === 1),
          shape,
        );
      });
      const own = { order: integers(layer.order), ...hyper };
      const line = `autoregressive([${layer.order.join(', ')}])`;
      if (layer.sees === 'input') return { tensors: own, line };
      const below = Object.entries(own).map(([part, values]) => [`transform.${part}`, values]);
      return { tensors: Object.fromEntries(below) as StateDict['tensors'], line: `${line}.inv` };
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
  if (circle !== (base.kind === 'uniform')) return undefined;
  const alternating = chain.every(
    (layer, number) =>
      layer.kind === 'coupling' && layer.mask.every((bit, i) => bit === (i % 2 === number % 2 ? 1 : 0)),
  );
  if (alternating && transform !== 'rationalQuadratic') {
    return transform === 'affine' ? 'RealNVP' : 'NICE';
  }
  if (!chain.every((layer) => layer.kind === 'autoregressive' && layer.sees === 'input')) return undefined;
  if (transform !== 'rationalQuadratic') return 'MAF';
  if (circle) return `NCSF bins=${bins}, slope=${splineSlope}`;
  return splineBound === 5 ? `NSF bins=${bins}, slope=${splineSlope}` : undefined;
}

function buildText(model: VectorModelConfig, chain: readonly ChainLayer[], lines: readonly string[]): string {
  const { dim, base } = model;
  const context = seenContext(model);
  const network = `hidden_features=[${hiddenWidths(model).join(', ')}], activation=${activationClass(model)}`;
  const size = `${dim}${context > 0 ? `, ${context}` : ''}`;
  const univariate = univariateOf(model);
  const [name, ...more] = classOf(model, chain)?.split(' ') ?? [];
  if (name !== undefined) {
    const own = more.length > 0 ? `, ${more.join(' ')}` : univariate;
    return [
      ...(own.includes('functools') ? ['import functools'] : []),
      'import torch',
      'import zuko',
      '',
      `flow = zuko.flows.${name}(${size}, transforms=${chain.length}${own}, ${network})`,
    ].join('\n');
  }
  const has = (...kinds: ChainLayer['kind'][]) => chain.some(({ kind }) => kinds.includes(kind));
  const constants = (value: number) => `torch.full((${dim},), ${value.toFixed(1)})`;
  return [
    'import functools',
    'import torch',
    'import zuko',
    '',
    ...(has('coupling')
      ? [
          'coupling = lambda mask: zuko.flows.coupling.GeneralCouplingTransform(',
          `    ${size}, mask=torch.tensor(mask, dtype=torch.bool)${univariate}, ${network}`,
          ')',
        ]
      : []),
    ...(has('autoregressive')
      ? [
          'autoregressive = lambda order: zuko.flows.autoregressive.MaskedAutoregressiveTransform(',
          `    ${size}, order=torch.tensor(order)${univariate}, ${network}`,
          ')',
        ]
      : []),
    ...(has('permute')
      ? [
          'permutation = lambda: zuko.lazy.UnconditionalTransform(',
          `    zuko.transforms.PermutationTransform, torch.arange(${dim}), buffer=True`,
          ')',
        ]
      : []),
    ...(has('actNorm', 'rescale')
      ? [
          'rescale = lambda: zuko.lazy.UnconditionalTransform(',
          `    zuko.transforms.AffineTransform, loc=${constants(0)}, scale=${constants(1)}, event_dim=1, buffer=True`,
          ')',
        ]
      : []),
    'base = zuko.lazy.UnconditionalDistribution(',
    base.kind === 'uniform'
      ? `    zuko.distributions.BoxUniform, lower=-${constants(1)}, upper=${constants(1)}, buffer=True`
      : `    zuko.distributions.DiagNormal, loc=torch.zeros(${dim}), scale=torch.ones(${dim}), buffer=True`,
    ')',
    'flow = zuko.lazy.Flow([',
    ...lines,
    '], base)',
  ].join('\n');
}
