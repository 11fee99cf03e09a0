import { andOthers, ranked, skipped, where, type Check, type Ranked } from './check';
import type { LayerObservations } from './observations';
import { thresholds } from './thresholds';
import { layerName, short } from './words';

/** How much s and t change between examples: s in nats, t as a share of the range of what the layer gets. */
function changeOf({ change, input }: LayerObservations): number | undefined {
  if (!change || change.moving === 0) return undefined;
  const range = input ? input.high - input.low : 1;
  return Math.max(change.s, range > 0 ? change.t / range : change.t);
}

/** Couplings whose s and t are the same for every example. */
export const deadConditioner: Check = (seen) => {
  const { change } = thresholds.deadConditioner;
  const known = ranked(seen, changeOf);
  const rising = [...known].reverse();
  const [least] = rising;
  if (!least)
    return skipped('deadConditioner', 'noScales', 'The networks of this flow could not be looked at.');
  if (seen.count < 2) {
    return skipped(
      'deadConditioner',
      'oneExample',
      'Whether s and t change between examples takes two examples or more.',
    );
  }
  const values = { change: least.value, threshold: change, count: seen.count };
  const dead: Ranked[] = rising.filter(({ value }) => value < change);
  if (dead.length === 0) {
    return {
      check: 'deadConditioner',
      severity: 'ok',
      kind: 'alive',
      sentence: `s or t of every coupling change with the input, by ${short(least.value)} at least (${layerName(least.layer.info)}); below ${change} a network counts as dead.`,
      values,
      layer: least.layer.info.index,
    };
  }
  const place = where(dead, -Infinity, 'activations');
  const name = andOthers(layerName(least.layer.info), dead.length - 1);
  if (seen.step === 0) {
    return {
      check: 'deadConditioner',
      severity: 'notice',
      kind: 'untrained',
      sentence: `s and t are the same for all ${seen.count} examples in ${name}: the flow is at step 0, and networks start at zero.`,
      advice: 'Train the flow.',
      values,
      ...place,
    };
  }
  return {
    check: 'deadConditioner',
    severity: 'warning',
    kind: 'dead',
    sentence: `s and t are the same for all ${seen.count} examples in ${name}: they change by ${short(least.value)}, and less than ${change} counts as dead. The layer treats all inputs alike.`,
    advice:
      'Look at the weights of its last layer and at its hidden units: zero weights mean that it was not trained (frozen, or left out of the optimizer), units that are never active mean a learning rate that was too high.',
    values,
    ...place,
  };
};
