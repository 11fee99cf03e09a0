/** Graphs behind the views of the plane. */
import * as tf from '@tensorflow/tfjs-core';
import { standardNormalLogProb } from '../../flow/prior';
import type { Graph } from '../../graph/ir';
import { anyBatch, trace } from '../../graph/trace';
import { graphContext, storedTensors } from '../model/flow-graphs';
import type { FlowModel } from '../model/flow-model';

/** x [N, 2] → `0` … [N, 2]: the value after each layer, by index. */
export function pointsGraph(model: FlowModel): Graph {
  const { flow, preprocess, layers } = model;
  return trace(
    (inputs) => {
      const ctx = graphContext(inputs, { wanted: (tap) => tap.endsWith('/y') });
      const x = inputs.x!;
      const prepared = preprocess?.forward(ctx, x).value;
      if (preprocess && prepared) ctx.taps[`${preprocess.name}/y`] = prepared;
      flow.forward(ctx, prepared ?? x);
      return Object.fromEntries(layers.map(({ info, taps }) => [String(info.index), ctx.taps[taps.output]!]));
    },
    [...storedTensors(flow), { name: 'x', shape: [anyBatch, 2] }],
    { dynamicBatch: anyBatch },
  );
}

/** x [N, 2] → `density` [N]: p(x) in data units. */
export function densityGraph(model: FlowModel): Graph {
  const { flow, preprocess } = model;
  return trace(
    (inputs) => {
      const ctx = graphContext(inputs);
      const prepared = preprocess?.forward(ctx, inputs.x!);
      const { value: z, logDet } = flow.forward(ctx, prepared?.value ?? inputs.x!);
      const inFlow = tf.add(standardNormalLogProb(z), logDet);
      return { density: tf.exp(prepared ? tf.add(inFlow, prepared.logDet) : inFlow) };
    },
    [...storedTensors(flow), { name: 'x', shape: [anyBatch, 2] }],
    { dynamicBatch: anyBatch },
  );
}
