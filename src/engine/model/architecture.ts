/** What a flow is called, and how many of its layers have a network. */
import { several } from '../../base/text';
import type { BaseConfig } from '../../config/bases';
import type { ModelConfig } from '../../config/schema';
import type { Flow } from '../../flow/layers';
import { hasConditioner } from '../../protocol/model';

/** "RealNVP", or the name that the literature has for it. */
export function architectureName({ transform }: ModelConfig, { layers }: Flow): string {
  const spline = transform === 'rationalQuadratic';
  const working = layers.filter(hasConditioner);
  const autoregressive = working.filter(({ kind }) => kind === 'autoregressive').length;
  if (autoregressive === 0) return spline ? 'Neural spline flow' : 'RealNVP';
  if (autoregressive < working.length) return 'Flow of couplings and autoregressive layers';
  return spline ? 'Autoregressive neural spline flow' : 'Masked autoregressive flow';
}

/** "8 couplings", "5 autoregressive layers", or both. */
export function layerCounts({ layers }: Flow): string {
  const couplings = layers.filter(({ coupling }) => coupling !== undefined).length;
  const autoregressive = layers.filter(({ kind }) => kind === 'autoregressive').length;
  if (autoregressive === 0) return several(couplings, 'coupling');
  const others = several(autoregressive, 'autoregressive layer');
  return couplings === 0 ? others : `${several(couplings, 'coupling')}, ${others}`;
}

/** "uniform base". */
export function baseName({ kind }: BaseConfig): string {
  const names: Record<BaseConfig['kind'], string> = {
    normal: 'standard normal base',
    diagonalNormal: 'diagonal normal base',
    conditionalNormal: 'conditional normal base',
    mixture: 'mixture of normals as base',
    uniform: 'uniform base',
  };
  return names[kind];
}
