/** What a flow is called, and how many of its layers have a network. */
import { several } from '../../base/user-error';
import type { BaseConfig } from '../../config/bases';
import type { ImageModelConfig, ModelConfig } from '../../config/schema';
import type { Flow, FlowLayer } from '../../flow/built-flow';
import type { TransformSpec } from '../../flow/core/spec';
import { hasConditioner, type LayerCounts } from '../../protocol/model';

/** Where all layers have such a transform. */
const flowNames: Partial<Record<TransformSpec['settings']['kind'], string>> = {
  bernstein: 'Bernstein polynomial flow',
  sumOfSquares: 'Sum-of-squares polynomial flow',
  gaussianization: 'Gaussianization flow',
};

/** "RealNVP", or the name that the literature has for it. */
export function architectureName(config: ModelConfig, { layers }: Flow): string {
  if (config.kind === 'image' && isChain(config)) {
    const mixes = layers.some(({ kind }) => kind === 'conv1x1');
    return mixes && layers.some(({ kind }) => kind === 'squeeze') ? 'Glow' : 'Flow of couplings';
  }
  if (layers.some(({ kind }) => kind === 'slice')) return 'Continuous flow';
  const working = layers.filter(hasConditioner);
  const kinds = working.flatMap((layer) => transformKind(layer) ?? []);
  const spline = kinds.every((kind) => kind === 'rationalQuadratic' || kind === 'intervalSpline');
  const [first] = kinds;
  const name = first && flowNames[first];
  if (name !== undefined && kinds.every((kind) => kind === first)) return name;
  const autoregressive = working.filter(({ kind }) => kind === 'autoregressive').length;
  if (autoregressive === 0) {
    if (spline) return 'Neural spline flow';
    if (kinds.every((kind) => kind === 'additive')) return 'NICE';
    return kinds.every((kind) => kind === 'affine') ? 'RealNVP' : 'Flow of couplings';
  }
  if (autoregressive < working.length) return 'Flow of couplings and autoregressive layers';
  // Samples take one pass, likelihoods as many as there are features (Kingma et al. 2016).
  const inverse = working.every(({ bijection }) => (bijection?.networkPasses?.forward ?? 1) > 1);
  if (inverse && !spline) return 'Inverse autoregressive flow';
  return spline ? 'Autoregressive neural spline flow' : 'Masked autoregressive flow';
}

/** The transform of a coupling or an autoregressive layer. */
export function transformKind({ spec }: FlowLayer): TransformSpec['settings']['kind'] | undefined {
  return spec.kind === 'coupling' || spec.kind === 'autoregressive'
    ? spec.transform.settings.kind
    : undefined;
}

/** Whether an image flow is a chain of layers, and no RealNVP. */
export function isChain({ layers, architecture }: ImageModelConfig): boolean {
  return layers !== undefined || architecture === 'glow';
}

/** "8 couplings", "5 autoregressive layers", or both. */
export function countWords({ couplings, autoregressive, slices }: LayerCounts, between = ', '): string {
  const parts = [
    ...(couplings > 0 || autoregressive + slices === 0 ? [several(couplings, 'coupling')] : []),
    ...(autoregressive > 0 ? [several(autoregressive, 'autoregressive layer')] : []),
    ...(slices > 0 ? [several(slices, 'time slice')] : []),
  ];
  return parts.join(between);
}

/** "uniform base". */
export function baseName({ kind }: BaseConfig): string {
  const names: Record<BaseConfig['kind'], string> = {
    normal: 'standard normal base',
    diagonalNormal: 'diagonal normal base',
    studentT: 'Student’s t base',
    conditionalNormal: 'conditional normal base',
    mixture: 'mixture of normals as base',
    uniform: 'uniform base',
    beta: 'beta base',
  };
  return names[kind];
}
