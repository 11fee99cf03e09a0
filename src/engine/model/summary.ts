/** What a model says of itself before anything is computed. */
import { several } from '../../base/user-error';
import path from 'node:path';
import type { ModelConfig } from '../../config/schema';
import type { Flow } from '../../flow/built-flow';
import { layerCounts, type ContextInfo, type ModelOutline } from '../../protocol/model';
import { contextWords, plainContextInfo } from './context';
import { architectureName, baseName, countWords } from './architecture';
import { parameterCount } from './layer-list';

const grouped = new Intl.NumberFormat('en-US');

/** 1,266,712 → "1.27 M"; 9,312 → "9,312". */
export function shortCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} G`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} M`;
  return grouped.format(count);
}

/** "RealNVP, 8×8×1, 17 levels"; "RealNVP, 2 features". */
export function modelTitle(config: ModelConfig, flow: Flow, context?: ContextInfo): string {
  const name = architectureName(config, flow);
  return config.kind === 'vector'
    ? `${name}, ${several(config.dim, 'feature')}${contextSuffix(flow, context)}`
    : `${name}, ${flow.inputShape.join('×')}${contextSuffix(flow, context)}, ${config.levels} levels`;
}

/** " given an image of 8×8×1", " given City (3 classes)", or nothing. @param known what the file says of the context */
export function contextSuffix({ context }: Flow, known?: ContextInfo): string {
  return context ? ` given ${contextWords(known ?? plainContextInfo(context.size, context.shape))}` : '';
}

/** "2 scales, 10 couplings, 1.27 M parameters". */
export function modelSubtitle(config: ModelConfig, flow: Flow): string {
  const counts = layerCounts(flow.layers);
  const parts = [
    ...(config.kind === 'image' ? [several(counts.scales, 'scale')] : []),
    countWords(counts),
    ...(config.kind === 'vector' && config.base.kind !== 'normal' ? [baseName(config.base)] : []),
    `${shortCount(parameterCount(flow.parameters))} parameters`,
  ];
  return parts.join(', ');
}

/** Fields that follow from the config and the flow alone. */
export function describeFlow(
  config: ModelConfig,
  flow: Flow,
  context?: ContextInfo,
): Pick<
  ModelOutline,
  'kind' | 'shape' | 'levels' | 'pad' | 'title' | 'subtitle' | 'architecture' | 'base' | 'parameterCount'
> {
  const base = config.kind === 'vector' ? config.base.kind : 'normal';
  return {
    kind: config.kind,
    shape: [...flow.inputShape],
    ...(config.kind === 'image' ? { levels: config.levels, pad: config.pad } : {}),
    title: modelTitle(config, flow, context),
    subtitle: modelSubtitle(config, flow),
    architecture: architectureName(config, flow),
    ...(base === 'normal' ? {} : { base }),
    parameterCount: parameterCount(flow.parameters),
  };
}

/** Fields of a file that cannot be run, which others then replace. */
export function describeFile(
  file: string,
  rest: Pick<ModelOutline, 'format' | 'bytes' | 'backend' | 'tensors'>,
): ModelOutline {
  return {
    path: file,
    fileName: path.basename(file),
    runnable: false,
    kind: 'unknown',
    shape: [],
    title: path.basename(file),
    subtitle: '',
    parameterCount: parameterCount(rest.tensors),
    tensorCount: rest.tensors.length,
    layers: [],
    splits: [],
    checkpoints: [],
    ...rest,
  };
}
