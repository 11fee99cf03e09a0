import type { LayerInfo, LayerKind, ModelSummary } from '../../src/protocol/model';
import { shapeText } from '../format/numbers';
import { text } from '../strings';

const kindNames: Record<LayerKind, string> = {
  logit: 'Logit',
  standardize: 'Standardize',
  checkerboard: 'Checkerboard',
  channelwise: 'Channel-wise',
  vector: 'Vector',
  squeeze: 'Squeeze',
  factorOut: 'Factor out',
  batchNorm: 'Batch norm',
  actNorm: 'Act norm',
  unknown: 'Not understood',
  permute: 'Permute',
};

const shortNames: Record<LayerKind, string> = {
  logit: 'logit',
  standardize: 'z-score',
  checkerboard: 'checker',
  channelwise: 'channel',
  vector: 'vector',
  squeeze: 'squeeze',
  factorOut: 'factor out',
  batchNorm: 'batch norm',
  actNorm: 'act norm',
  unknown: 'unknown',
  permute: 'permute',
};

/** A layer of its own that normalizes; couplings can have a norm inside. */
export function isNorm(layer: LayerInfo): boolean {
  return layer.kind === 'batchNorm' || layer.kind === 'actNorm';
}

export function layerTitle(layer: LayerInfo): string {
  return layer.coupling === undefined ? kindNames[layer.kind] : text.coupling(layer.coupling + 1);
}

/** As it stands in a sentence: "coupling 4", "logit". */
export function layerPhrase(layer: LayerInfo): string {
  const title = layerTitle(layer);
  return title[0]!.toLowerCase() + title.slice(1);
}

export function shortName(layer: LayerInfo): string {
  if (layer.kind === 'squeeze') return `squeeze to ${shapeText(layer.outputShape)}`;
  if (layer.kind === 'factorOut') return `factor out, ${shapeText(layer.outputShape)} go on`;
  return shortNames[layer.kind];
}

const subscripts = '₀₁₂₃₄₅₆₇₈₉';

export function subscript(value: number): string {
  return [...String(value)].map((digit) => subscripts[Number(digit)]).join('');
}

/** The feature's own name where the data had one, else x₁, x₂, … */
export function featureName(model: ModelSummary | undefined, index: number, letter = 'x'): string {
  return (letter === 'x' && model?.featureNames?.[index]) || `${letter}${subscript(index + 1)}`;
}
