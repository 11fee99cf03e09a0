/** The layers of vector flows that files of other libraries are written for. */
import { perFeature } from '../../config/bases';
import type { VectorModelConfig } from '../../config/schema';
import { transformParameters } from '../../config/transforms';
import type { NdArray } from '../../protocol/tensors';
import { layerNames } from '../../config/layer-folders';
import type { ChainLayer } from '../import/vector-chain';
import { Misfits } from './misfits';

/** Others are read from such files, and not written; mixing layers are for the libraries that say so. */
export type WrittenLayer = Exclude<ChainLayer, { kind: 'autoregressive' }>;
const writtenKinds: readonly ChainLayer['kind'][] = ['coupling', 'batchNorm', 'actNorm', 'permute'];

/**
 * A normal base as an act norm at the end, which makes it a standard normal: what is written for any library.
 * @param tensors of the flow
 */
export function withBase(
  { base, dim }: VectorModelConfig,
  chain: readonly WrittenLayer[],
  tensors: Readonly<Record<string, NdArray>>,
): { chain: WrittenLayer[]; tensors: Readonly<Record<string, NdArray>> } {
  if (base.kind !== 'diagonalNormal') return { chain: [...chain], tensors };
  const shape = [dim];
  const [shift, logScale] = base.trained
    ? [tensors['base.loc']!, tensors['base.logScale']!]
    : [
        { shape, data: Float32Array.from(perFeature(base.loc, dim)) },
        { shape, data: Float32Array.from(perFeature(base.scale, dim), Math.log) },
      ];
  const whole: WrittenLayer[] = [...chain, { kind: 'actNorm' }];
  const name = layerNames(whole).at(-1)!;
  return { chain: whole, tensors: { ...tensors, [`${name}.shift`]: shift, [`${name}.logScale`]: logScale } };
}

/** Whether the chain ends in an act norm that a library can hold as its base distribution. */
export function endsInBase({ base, layers }: VectorModelConfig, chain: readonly WrittenLayer[]): boolean {
  return (layers !== undefined || base.kind !== 'normal') && chain.at(-1)?.kind === 'actNorm';
}

/**
 * @param more kinds of layers that the library is written
 * @throws UserError naming what is not written
 */
export function writtenChain(
  library: string,
  model: VectorModelConfig,
  chain: readonly ChainLayer[],
  more: readonly ChainLayer['kind'][] = [],
): WrittenLayer[] {
  const isWritten = (layer: ChainLayer): layer is WrittenLayer =>
    [...writtenKinds, ...more].includes(layer.kind);
  const written = chain.filter(isWritten);
  const others = [...new Set(chain.filter((layer) => !isWritten(layer)).map(({ kind }) => kind))];
  const misfits = new Misfits(library, 'Flows of affine and additive couplings are.');
  misfits.check(
    others.length === 0,
    'layers',
    others.join(', '),
    `couplings, norms and permutations alone${more.length > 0 ? `, or ${more.join(', ')}` : ''}`,
  );
  misfits.check(model.context === 0, 'context', model.context, '0');
  misfits.check(
    model.transform !== 'rationalQuadratic',
    'transform',
    model.transform,
    Object.keys(transformParameters)
      .filter((name) => name !== 'rationalQuadratic')
      .map((name) => JSON.stringify(name))
      .join(' or '),
  );
  const { kind } = model.base;
  misfits.check(kind === 'normal' || kind === 'diagonalNormal', 'base', kind, '"normal" or "diagonalNormal"');
  misfits.finish();
  return written;
}
