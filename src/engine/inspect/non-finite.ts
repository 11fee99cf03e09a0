/** Why NaN or Inf appears in a layer, in words. */
import type { InspectedFlow, InspectedLayer } from '../model/inspected-flow';
import type { LayerPass, Pass } from './pass';
import { statsOf } from './statistics';

/** exp overflows float32 above this. */
const expLimit = 88.7;

const total = (values: Float32Array | undefined): number => values?.reduce((sum, v) => sum + v, 0) ?? 0;

/** The first layer with non-finite output over the batch, in forward order. */
export function firstNonFinite(
  model: InspectedFlow,
  pass: Pass,
): { layer: number; cause: string } | undefined {
  const layer = model.layers.find(({ info }) => total(pass.layers[info.index]!.nonFinite) > 0);
  if (!layer) return undefined;
  return { layer: layer.info.index, cause: causeOf(model, layer, pass.layers[layer.info.index]!) };
}

function causeOf(model: InspectedFlow, layer: InspectedLayer, pass: LayerPass): string {
  const { bijection, info } = layer;
  const stored = [...(bijection?.parameters ?? []), ...(bijection?.state ?? [])];
  for (const { name } of stored) {
    const { nan, inf } = statsOf(model.tensors[name]!.data);
    if (nan + inf > 0) {
      const values = nan + inf === 1 ? 'value' : 'values';
      return `The stored tensor ${name} holds ${nan + inf} ${values} that ${nan + inf === 1 ? 'is' : 'are'} NaN or Inf.`;
    }
  }
  if (info.kind === 'logit') {
    return 'A pixel of the batch lies outside 0 to the number of levels, so its logit is not finite.';
  }
  if (!pass.s) return 'Its input is finite, its output is not.';
  const sBad = total(pass.s.nonFinite);
  if (sBad > 0) return `s is NaN or Inf in ${sBad} places: its network overflows.`;
  const largest = pass.s.largest.reduce((a, b) => Math.max(a, b), -Infinity);
  if (largest > expLimit) {
    return `s = ${largest.toPrecision(4)}: exp overflows float32 above ${expLimit}.`;
  }
  if (total(pass.s.tNonFinite) > 0) {
    return `t is NaN or Inf in ${total(pass.s.tNonFinite)} places: its network overflows.`;
  }
  return `s reaches ${largest.toPrecision(4)} and x is large: x · exp(s) overflows float32.`;
}
