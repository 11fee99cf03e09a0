/** The layers of vector flows that files of other libraries are written for. */
import { perFeature } from '../../config/bases';
import type { VectorModelConfig } from '../../config/schema';
import type { NdArray } from '../../protocol/tensors';
import { named } from '../../config/layer-folders';
import { hasOwnParts, type ChainLayer, type NamedLayer } from '../import/vector-chain';
import { hasOneActivation, seenContext } from './conditioned';
import { Misfits, type StateDict, type Tensors } from './state-dict';

/** What a library can say of vector flows. */
export interface VectorWriter {
  /** What to do instead of a flow that does not fit. */
  advice: string;
  layers: readonly ChainLayer['kind'][];
  /** Independent normals become an act norm at the end. */
  bases: readonly VectorModelConfig['base']['kind'][];
  transforms: readonly VectorModelConfig['transform'][];
  context?: boolean;
  /** Whether a context may be standardized, or go through a network, before conditioners see it. */
  contextModule?: boolean;
  /** Whether the networks of s and t may have different activations. */
  twoActivations?: boolean;
  /** Values that other settings may have. */
  only?: { readonly [Field in keyof VectorModelConfig]?: readonly VectorModelConfig[Field][] };
  /** What fits only together with other settings. */
  check?(misfits: Misfits, model: VectorModelConfig, chain: readonly ChainLayer[]): void;
  /** @param chain from data to latent, of these layers alone */
  write(model: VectorModelConfig, chain: readonly NamedLayer[], tensors: Tensors): StateDict;
}

/**
 * A normal base as an act norm at the end, which makes it a standard normal: what is written for any library.
 * @param tensors of the flow
 */
export function withBase(
  { base, dim }: VectorModelConfig,
  chain: readonly ChainLayer[],
  tensors: Tensors,
): { chain: NamedLayer[]; tensors: Tensors } {
  if (base.kind !== 'diagonalNormal') return { chain: named(chain), tensors };
  const shape = [dim];
  const [shift, logScale] = base.trained
    ? [tensors['base.loc']!, tensors['base.logScale']!]
    : [
        { shape, data: Float32Array.from(perFeature(base.loc, dim)) },
        { shape, data: Float32Array.from(perFeature(base.scale, dim), Math.log) },
      ];
  const whole = named<ChainLayer>([...chain, { kind: 'actNorm' }]);
  const { name } = whole.at(-1)!;
  return { chain: whole, tensors: { ...tensors, [`${name}.shift`]: shift, [`${name}.logScale`]: logScale } };
}

/** The name of an act norm at the end that a library can hold as its base distribution, if any, and the chain without it. */
export function partsOf({ base, layers }: VectorModelConfig, chain: readonly NamedLayer[]) {
  const isNormal = base.kind === 'normal' || base.kind === 'diagonalNormal';
  const isBase = layers !== undefined || base.kind !== 'normal';
  const last = chain.at(-1);
  return isNormal && isBase && last?.kind === 'actNorm'
    ? { base: last.name, flows: chain.slice(0, -1) }
    : { base: undefined, flows: chain };
}

/** The context as it is, where a library has no place for its statistics: each layer that sees it is linear, and takes them in. */
export function withPlainContext(
  model: VectorModelConfig,
  tensors: Tensors,
): { model: VectorModelConfig; tensors: Tensors } {
  if (!model.contextNorm || model.contextNet.length > 0) return { model, tensors };
  const [mean, std] = ['context.mean', 'context.std'].map((name) => Float64Array.from(tensors[name]!.data));
  const rest = Object.entries(tensors).filter(([name]) => !/^context\.(mean|std)$/.test(name));
  const plain: Record<string, NdArray> = Object.fromEntries(rest);
  const count = seenContext(model);
  for (const [name, { shape, data }] of rest) {
    const path = /^(.*)\.weight$/.exec(name)?.[1];
    // The first layer of a network, whose last inputs are the context, or a layer of the context alone.
    const isFirst = path !== undefined && model.contextEntry === 'input' && /\.\w*[nN]et\.(0|in)$/.test(path);
    const isContextLayer = path !== undefined && /\.context$|^base\.net\.0$/.test(path);
    if (!isFirst && !isContextLayer) continue;
    const outputs = shape[1]!;
    const before = shape[0]! - count;
    const weight = Float32Array.from(data);
    const bias = Float64Array.from(tensors[`${path}.bias`]!.data);
    for (let i = 0; i < count; i++) {
      for (let to = 0; to < outputs; to++) {
        const at = (before + i) * outputs + to;
        const scaled = data[at]! / std![i]!;
        weight[at] = scaled;
        bias[to]! -= scaled * mean![i]!;
      }
    }
    plain[name] = { shape, data: weight };
    plain[`${path}.bias`] = { shape: [outputs], data: Float32Array.from(bias) };
  }
  return { model: { ...model, contextNorm: false }, tensors: plain };
}

/**
 * @param library for messages
 * @throws UserError naming all that it cannot say
 */
export function checkFits(
  library: string,
  model: VectorModelConfig,
  chain: readonly ChainLayer[],
  writer: VectorWriter,
): void {
  const {
    layers,
    bases,
    transforms,
    context = false,
    contextModule = false,
    twoActivations = false,
  } = writer;
  const misfits = new Misfits(
    library,
    `${writer.advice} docs/importing.md says what is written for which library.`,
  );
  const others = [...new Set(chain.map(({ kind }) => kind).filter((kind) => !layers.includes(kind)))];
  misfits.check(others.length === 0, 'layers', others.join(', '), `${layers.join(', ')} alone`);
  misfits.check(context || model.context === 0, 'context', model.context, '0');
  if (context) {
    const plain = contextModule || model.context === 0 || model.contextNet.length === 0;
    misfits.check(plain, 'contextNet', model.contextNet, '[]');
  }
  const unlike = chain.findIndex((layer) => hasOwnParts(layer));
  misfits.check(unlike < 0, `layers.${unlike}`, 'a transform or network of its own', 'those of the model');
  misfits.only('transform', model.transform, ...transforms);
  misfits.only('base', model.base.kind, ...bases);
  const { shiftActivation } = model;
  const fits = twoActivations || hasOneActivation(model);
  misfits.check(fits, 'shiftActivation', shiftActivation, `"${model.activation}"`);
  const only = { net: ['mlp', 'residual'], flowNorm: [false], ...writer.only };
  for (const [field, values] of Object.entries(only))
    misfits.only(field, model[field as keyof typeof only], ...values);
  if (model.net === 'residual') misfits.only('blockStart', model.blockStart, 'activation');
  if (model.transform === 'rationalQuadratic') {
    const { splineInterval } = model;
    misfits.check(splineInterval === undefined, 'splineInterval', splineInterval, 'none');
    misfits.only('nets', model.nets, 'joint');
    misfits.only('splineCenter', model.splineCenter, 0);
  }
  writer.check?.(misfits, model, chain);
  misfits.finish();
}

/** Whether couplings are the inverses of those that nflows and zuko have. */
export const runsBackwards = ({ transform, affine, splineDirection }: VectorModelConfig): boolean =>
  (transform === 'affine' && affine === 'inverse-scale-then-shift') ||
  (transform === 'rationalQuadratic' && splineDirection === 'inverse');
