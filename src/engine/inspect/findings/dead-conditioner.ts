import { layerName } from '../../../protocol/model';
import { fine, andOthers, ranked, skipped, where, type Check, type Ranked, short } from './check';
import type { LayerObservations } from './observations';
import { thresholds } from './thresholds';

/** How much what the network gives changes between examples: shifts as a share of the range of what the layer gets. */
function changeOf({ info, quantities, input }: LayerObservations): number | undefined {
  if (!quantities || quantities.length === 0 || info.sameForAll) return undefined;
  const range = input && input.high > input.low ? input.high - input.low : 1;
  return Math.max(...quantities.map(({ role, change }) => (role === 'shift' ? change / range : change)));
}

/** "s and t". */
function namesOf({ quantities = [] }: LayerObservations, joint: 'and' | 'or'): string {
  return quantities.map(({ name }) => name).join(` ${joint} `);
}

/** Couplings whose networks give the same for every example. */
export const deadConditioner: Check = (seen) => {
  const { change } = thresholds.deadConditioner;
  const known = ranked(seen, changeOf);
  const rising = [...known].reverse();
  const [least] = rising;
  if (!least) return skipped('noScales', 'No scale or shift by a network could be looked at.');
  if (seen.count < 2) {
    return skipped(
      'oneExample',
      'Whether what the networks give changes between examples takes two examples or more.',
    );
  }
  const several = (least.layer.quantities?.length ?? 0) > 1;
  const values = {
    change: least.value,
    threshold: change,
    count: seen.count,
    quantities: namesOf(least.layer, 'and'),
  };
  const dead: Ranked[] = rising.filter(({ value }) => value < change);
  if (dead.length === 0) {
    const sentence = `${namesOf(least.layer, 'or')} of every coupling ${several ? 'change' : 'changes'} with the input, by ${short(least.value)} at least (${layerName(least.layer.info)}); below ${change} a network counts as dead.`;
    return fine('alive', sentence, values, least.layer.info.index);
  }
  const place = where(dead, -Infinity, 'activations');
  const name = andOthers(layerName(least.layer.info), dead.length - 1);
  if (seen.step === 0) {
    return {
      severity: 'notice',
      kind: 'untrained',
      sentence: `${values.quantities} ${several ? 'are' : 'is'} the same for all ${seen.count} examples in ${name}: the flow is at step 0, and networks start at zero.`,
      advice: 'Train the flow.',
      values,
      ...place,
    };
  }
  return {
    severity: 'warning',
    kind: 'dead',
    sentence: `${values.quantities} ${several ? 'are' : 'is'} the same for all ${seen.count} examples in ${name}: ${several ? 'they change' : 'it changes'} by ${short(least.value)}, and less than ${change} counts as dead. The layer treats all inputs alike.`,
    advice:
      'Look at the weights of its last layer and at its hidden units: zero weights mean that it was not trained (frozen, or left out of the optimizer), units that are never active mean a learning rate that was too high.',
    values,
    ...place,
  };
};
