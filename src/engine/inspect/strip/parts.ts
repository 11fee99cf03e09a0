/** ln p of examples from the parts of a pass. */
import type { LogProbParts } from '../../../protocol/contribution';
import type { InspectedFlow } from '../../model/inspected-flow';
import { weightedMean, type Pass } from '../pass';

function partsFrom(model: InspectedFlow, pass: Pass, of: (values: Float32Array) => number): LogProbParts {
  const inFlow = model.preprocess ? pass.layers.slice(1) : pass.layers;
  const sum = (pick: (layer: Pass['layers'][number]) => Float32Array): number =>
    inFlow.reduce((total, layer) => total + of(pick(layer)), 0);
  const parts = {
    prior: of(pass.prior),
    couplings: sum(({ logDet }) => logDet.layer),
    norm: sum(({ logDet }) => logDet.norm),
    preprocessing: of(pass.preprocessing),
    quantization: 0 - model.quantization,
  };
  const nats = 0 - (parts.prior + parts.couplings + parts.norm + parts.preprocessing + parts.quantization);
  return {
    ...parts,
    nats,
    ...(model.config.kind === 'image' ? { bitsPerDim: nats / (model.dimensions * Math.LN2) } : {}),
  };
}

/** Means over the examples that count. */
export function meanParts(model: InspectedFlow, pass: Pass): LogProbParts {
  return partsFrom(model, pass, (values) => weightedMean(values, pass.weight));
}

export function exampleParts(model: InspectedFlow, pass: Pass, row: number): LogProbParts {
  return partsFrom(model, pass, (values) => values[row]!);
}
