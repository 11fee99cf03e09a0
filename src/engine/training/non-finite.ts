/** Says in words where NaN or Inf first appears in a training step. */
import type { Flow } from '../../flow/built-flow';
import type { NotFinite } from '../../protocol/run';
import type { NdArray } from '../../protocol/tensors';

/** exp overflows float32 above this. */
const expLimit = 88.72;

/** The square of more overflows float32. */
const squareLimit = 1.84e19;

type Counts = Record<string, NdArray>;

function positive(counts: Counts, name: string): number {
  const value = counts[name]?.data[0] ?? 0;
  return value > 0 ? value : 0;
}

/** @param counts outputs of the diagnosis graph. */
export function describeNonFinite(flow: Flow, counts: Counts): Omit<NotFinite, 'step'> {
  const layer = flow.layers.find(({ name }) => positive(counts, `layer:${name}`) > 0);
  if (layer) {
    const scale = counts[`scale:${layer.name}`]?.data[0];
    const cause =
      scale !== undefined && !(scale <= expLimit)
        ? Number.isFinite(scale)
          ? `; its log-scale reaches |s| = ${scale.toFixed(1)}, and exp overflows above ${expLimit}`
          : '; its log-scale s is not finite itself'
        : '';
    return {
      where: `NaN or Inf first appears in the output of layer ${layer.name}${cause}`,
      layer: layer.name,
    };
  }
  if (positive(counts, 'target') > 0)
    return { where: 'every layer is finite, but the target’s log density of what the flow drew is not' };
  const loss = counts.loss?.data[0];
  if (loss !== undefined && !Number.isFinite(loss)) {
    const large = flow.layers.find(({ name }) => positive(counts, `largest:${name}`) > squareLimit);
    const what = 'every layer is finite but the loss is not: ';
    if (!large) return { where: `${what}the latents or the data are too large to square` };
    const reached = positive(counts, `largest:${large.name}`).toExponential(1);
    return {
      where: `${what}the output of layer ${large.name} reaches ${reached}, and squares overflow above ${squareLimit.toExponential(1)}`,
      layer: large.name,
    };
  }
  // Gradients flow from z to x, so the last layer with a bad one is where it starts.
  const owner = [...flow.layers]
    .reverse()
    .find(({ bijection }) =>
      bijection?.parameters.some(({ name }) => positive(counts, `gradient:${name}`) > 0),
    );
  return owner
    ? {
        where: `the loss is finite, but the gradient of layer ${owner.name} is not, or is too large to square`,
        layer: owner.name,
      }
    : { where: 'the loss of this step was not finite, but computing it again gave finite values' };
}
