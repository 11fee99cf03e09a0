/** One graph that answers most of what the inspector asks about a batch. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { standardNormalLogProb } from '../../flow/prior';
import type { Graph } from '../../graph/ir';
import { anyBatch, trace, type TensorMap } from '../../graph/trace';
import { graphContext, storedTensors } from '../model/flow-graphs';
import type { FlowModel } from '../model/flow-model';
import type { PassMode } from '../model/inspected-flow';

const axesOf = (x: Tensor): number[] => x.shape.slice(1).map((_, i) => i + 1);

/** Non-finite values of each example, [N]. */
function countNonFinite(x: Tensor): Tensor {
  return tf.sum(tf.sub(1, tf.cast(tf.isFinite(x), 'float32')), axesOf(x));
}

/** The first example alone: [1, …]. */
function first(x: Tensor): Tensor {
  return tf.slice(
    x,
    x.shape.map(() => 0),
    [1, ...x.shape.slice(1)],
  );
}

/**
 * x [N, …] in data units and `weight` [N] → `z` [N, …], `prior`, `preprocessing` [N] (nats, log-densities), and for the
 * layer of index L, as outputs named `L:NAME`:
 * - `coupling` [N] and `norm` (scalar): its log-det; `nonFinite` [N]: bad values of its output;
 * - `sLargest` [N], `sNonFinite`, `tNonFinite` [N], `sSum` […]: of couplings; the sum is weighted by `weight`;
 * - `x`, `y`, `s`, `t`, `factored` [1, …]: of the first example;
 * - `mean`, `variance` [C]: what its batch norm used, ε included;
 * - `roundTrip`, `roundTripNonFinite` [N]: largest |x − inverse(y)| of the layer alone, where the mode asks for it.
 */
export function passGraph(model: FlowModel, mode: PassMode): Graph {
  const { flow, preprocess, layers } = model;
  const training = mode.kind === 'train';
  const batch = training ? mode.batch : anyBatch;
  const undoes = mode.kind === 'eval' && mode.roundTrips;
  return trace(
    (inputs) => {
      const ctx = graphContext(inputs, { training, wanted: (tap) => !tap.endsWith('/features') });
      const x = inputs.x!;
      const weight = inputs.weight!;
      const prepared = preprocess?.forward(ctx, x);
      if (preprocess && prepared) {
        ctx.taps[`${preprocess.name}/x`] = x;
        ctx.taps[`${preprocess.name}/y`] = prepared.value;
      }
      const z = flow.forward(ctx, prepared?.value ?? x).value;
      const results: TensorMap = { z, prior: standardNormalLogProb(z) };
      if (prepared) results['0:coupling'] = prepared.logDet;
      for (const { info, bijection, taps } of layers) {
        const at = (part: string): string => `${info.index}:${part}`;
        const tap = (part: string): Tensor | undefined => ctx.taps[`${info.name}${part}`];
        const input = ctx.taps[taps.input]!;
        const output = ctx.taps[taps.output]!;
        results[at('x')] = first(input);
        results[at('y')] = first(output);
        results[at('nonFinite')] = countNonFinite(output);
        const factored = tap('/factored');
        if (factored) results[at('factored')] = first(factored);
        const s = tap('/s');
        const t = tap('/t');
        if (s && t) {
          results[at('coupling')] = tap('/logDet.coupling')!;
          results[at('s')] = first(s);
          results[at('t')] = first(t);
          results[at('sLargest')] = tf.max(s, axesOf(s));
          results[at('sNonFinite')] = countNonFinite(s);
          results[at('tNonFinite')] = countNonFinite(t);
          const weights = tf.reshape(weight, [-1, ...s.shape.slice(1).map(() => 1)]);
          results[at('sSum')] = tf.sum(tf.mul(s, weights), 0);
        }
        const norm = tap('/logDet.norm');
        if (norm) {
          results[at('norm')] = norm;
          // A norm inside a coupling, or a layer of its own; learned scales have no statistics.
          const mean = tap('.norm/mean') ?? tap('/mean');
          const variance = tap('.norm/variance') ?? tap('/variance');
          if (mean && variance) Object.assign(results, { [at('mean')]: mean, [at('variance')]: variance });
        }
        if (undoes && bijection) {
          const back = bijection.inverse(graphContext(inputs), output).value;
          const difference = tf.abs(tf.sub(input, back));
          results[at('roundTrip')] = tf.max(difference, axesOf(difference));
          results[at('roundTripNonFinite')] = countNonFinite(difference);
        }
      }
      return results;
    },
    [
      ...storedTensors(flow),
      { name: 'x', shape: [batch, ...flow.inputShape] },
      { name: 'weight', shape: [batch] },
    ],
    training ? {} : { dynamicBatch: anyBatch },
  );
}
