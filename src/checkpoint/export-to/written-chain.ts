/** The layers of vector flows that files of other libraries are written for. */
import type { VectorModelConfig } from '../../config/schema';
import { transformParameters } from '../../config/transforms';
import type { ChainLayer } from '../import/vector-chain';
import { Misfits } from './misfits';

/** Others are read from such files, and not written. */
export type WrittenLayer = Exclude<ChainLayer, { kind: 'autoregressive' | 'lu' }>;

function isWritten(layer: ChainLayer): layer is WrittenLayer {
  return layer.kind !== 'autoregressive' && layer.kind !== 'lu';
}

/** @throws UserError naming what is not written */
export function writtenChain(
  library: string,
  model: VectorModelConfig,
  chain: readonly ChainLayer[],
): WrittenLayer[] {
  const written = chain.filter(isWritten);
  const others = [...new Set(chain.filter((layer) => !isWritten(layer)).map(({ kind }) => kind))];
  const misfits = new Misfits(library, 'Flows of affine and additive couplings are.');
  misfits.check(others.length === 0, 'layers', others.join(', '), 'couplings, norms and permutations alone');
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
  misfits.finish();
  return written;
}
