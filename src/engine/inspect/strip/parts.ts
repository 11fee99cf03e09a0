/** −ln p of examples from the parts of a pass. */
import type { NllParts } from '../../../protocol/contribution';
import type { InspectedFlow } from '../../model/inspected-flow';
import { weightedMean, type Pass } from '../pass';

function partsFrom(model: InspectedFlow, pass: Pass, of: (values: Float32Array) => number): NllParts {
  const inFlow = model.preprocess ? pass.layers.slice(1) : pass.layers;
  const sum = (pick: (layer: Pass['layers'][number]) => Float32Array): number =>
    inFlow.reduce((total, layer) => total + of(pick(layer)), 0);
  const parts = {
    prior: 0 - of(pass.prior),
    couplings: 0 - sum(({ logDet }) => logDet.own),
    norm: 0 - sum(({ logDet }) => logDet.norm),
    preprocessing: 0 - of(pass.preprocessing),
    quantization: model.quantization,
  };
  const nats = parts.prior + parts.couplings + parts.norm + parts.preprocessing + parts.quantization;
  return {
    ...parts,
    nats,
    ...(model.config.kind === 'image' ? { bitsPerDim: nats / (model.dimensions * Math.LN2) } : {}),
  };
}

/** Means over the examples that count. */
export function meanParts(model: InspectedFlow, pass: Pass): NllParts {
  return partsFrom(model, pass, (values) => weightedMean(values, pass.weight));
}

export function exampleParts(model: InspectedFlow, pass: Pass, row: number): NllParts {
  return partsFrom(model, pass, (values) => values[row]!);
}
