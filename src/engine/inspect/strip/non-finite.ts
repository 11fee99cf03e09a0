/** Why NaN or Inf appears in a layer, in words. */
import { several } from '../../../base/user-error';
import {
  storedOf,
  type InspectedFlow,
  type InspectedLayer,
  type LayerRecord,
} from '../../model/inspected-flow';
import { breathe } from '../../model/breathe';
import type { Pass } from '../pass';
import { statsOf } from '../statistics';
import type { Inquiry } from '../inquiry';

/** exp overflows float32 above this. */
const expLimit = 88.7;

const total = (values: Float32Array | undefined): number => values?.reduce((sum, v) => sum + v, 0) ?? 0;

/**
 * The first layer with non-finite output over the batch, in forward order. Samples of a broken flow are broken before any
 * layer sees them; then it is the first layer with a stored tensor that is not finite, where there is one.
 * @throws CancelledError
 */
export async function firstNonFinite(
  { model, signal }: Inquiry,
  pass: Pass,
): Promise<{ layer: number; cause: string } | undefined> {
  const layer = model.layers.find(({ info }) => total(pass.layers[info.index]!.nonFinite) > 0);
  if (!layer) return undefined;
  const record = pass.layers[layer.info.index]!;
  if (!record.input.data.every(Number.isFinite)) {
    const stored = await firstStoredNonFinite({ model, signal });
    return stored ?? { layer: layer.info.index, cause: 'The examples themselves are not finite.' };
  }
  return { layer: layer.info.index, cause: causeOf(model, layer, record) };
}

/**
 * The first layer with a stored tensor that is not finite. Its output can be finite all the same: native TensorFlow's ReLU
 * makes 0 of NaN. @throws CancelledError
 */
export async function firstStoredNonFinite({ model, signal }: Inquiry) {
  for (const layer of model.layers) {
    await breathe(signal);
    const cause = storedCause(model, layer);
    if (cause !== undefined) return { layer: layer.info.index, cause };
  }
  return undefined;
}

function storedCause(model: InspectedFlow, layer: InspectedLayer): string | undefined {
  for (const { name } of storedOf(layer)) {
    const { nan, inf } = statsOf(model.tensors[name]!.data);
    if (nan + inf > 0)
      return `The stored tensor ${name} holds ${several(nan + inf, 'value')} that ${nan + inf === 1 ? 'is' : 'are'} NaN or Inf.`;
  }
  return undefined;
}

function causeOf(model: InspectedFlow, layer: InspectedLayer, record: LayerRecord): string {
  const { info } = layer;
  const stored = storedCause(model, layer);
  if (stored !== undefined) return stored;
  if (info.kind === 'logit')
    return 'A pixel of the batch lies outside 0 to the number of levels, so its logit is not finite.';
  const bad = record.quantities.find(({ nonFinite }) => total(nonFinite) > 0);
  const scale = record.quantities.find(({ role }) => role === 'logScale');
  const largest = scale?.largest.reduce((a, b) => Math.max(a, b), -Infinity);
  const overflows = largest !== undefined && largest > expLimit;
  if (bad && (bad === scale || !overflows))
    return `${bad.name} is NaN or Inf in ${total(bad.nonFinite)} places: its network overflows.`;
  if (!scale || largest === undefined) return 'Its input is finite, its output is not.';
  return overflows
    ? `${scale.name} = ${largest.toPrecision(4)}: exp overflows float32 above ${expLimit}.`
    : `${scale.name} reaches ${largest.toPrecision(4)} and x is large: x · exp(${scale.name}) overflows float32.`;
}
