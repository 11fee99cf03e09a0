/** Graphs behind the views of the plane. */
import * as tf from '@tensorflow/tfjs-core';
import type { Bijection } from '../../../flow/core/bijection';
import type { Graph } from '../../../graph/ir';
import { anyBatch, type InputSpec } from '../../../graph/trace/trace';
import {
  contextInputs,
  exampleInputs,
  forwardFromData,
  storedTensors,
  traceFlow,
} from '../../model/flow-graphs';
import type { FlowModel } from '../../model/flow-model';

/** x [N, …] → `0` … [N, …]: the value after each layer, by index; or what its layers tap under another name. */
export function pointsGraph(model: FlowModel, part = 'y'): Graph {
  const tapFilter = (tap: string): boolean => tap.endsWith(`/${part}`);
  return traceFlow({ ...model, tapFilter }, exampleInputs(model.flow), (ctx, { x }) => {
    forwardFromData(model, ctx, x!);
    const named = model.layers.map(
      ({ info }) => [String(info.index), ctx.taps[`${info.name}/${part}`]] as const,
    );
    return Object.fromEntries(named.flatMap(([index, value]) => (value ? [[index, value]] : [])));
  });
}

/** x [N, 2] → `density` [N]: p(x) in data units. */
export function densityGraph(model: FlowModel): Graph {
  const { flow, preprocess } = model;
  return traceFlow(model, exampleInputs(flow), (ctx, { x }) => {
    const prepared = preprocess?.forward(ctx, x!);
    const { value: z, logDet } = flow.forward(ctx, prepared?.value ?? x!);
    const inFlow = tf.add(flow.base.logProb(ctx, z), logDet);
    return { density: tf.exp(prepared ? tf.add(inFlow, prepared.logDet) : inFlow) };
  });
}

/** The maps of the layers, preprocessing first; undefined where one is not known. */
export function bijections(model: Pick<FlowModel, 'layers'>): Bijection[] | undefined {
  const maps = model.layers.flatMap(({ bijection }) => (bijection ? [bijection] : []));
  return maps.length === model.layers.length ? maps : undefined;
}

/** Inputs of a graph over values h [N, 2] between layers. */
const innerInputs = ({ flow }: FlowModel): InputSpec[] => [
  ...storedTensors(flow),
  { name: 'h', shape: [anyBatch, 2] },
  ...contextInputs(flow),
];

/** h [N, 2] after `stage` layers → `logDensity` [N]: ln p(h), nats, by the layers that follow. */
export function restGraph(model: FlowModel, maps: readonly Bijection[], stage: number): Graph {
  return traceFlow(model, innerInputs(model), (ctx, { h }) => {
    let value = h!;
    const logDets: tf.Tensor[] = [];
    for (const map of maps.slice(stage)) {
      const step = map.forward(ctx, value);
      value = step.value;
      logDets.push(step.logDet);
    }
    const last = model.flow.base.logProb(ctx, value);
    const logDensity = logDets.reduce((sum, logDet) => tf.add(sum, logDet), last);
    return { logDensity };
  });
}

/** h [N, 2] after `stage` layers → `x` [N, 2] in data units. */
export function beforeGraph(model: FlowModel, maps: readonly Bijection[], stage: number): Graph {
  return traceFlow(model, innerInputs(model), (ctx, { h }) => ({
    x: maps.slice(0, stage).reduceRight((value, map) => map.inverse(ctx, value).value, h!),
  }));
}
