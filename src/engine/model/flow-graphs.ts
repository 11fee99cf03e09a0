/** The functions over a flow that are traced: one place that names their inputs and outputs. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Bijection, FlowContext } from '../../flow/core/bijection';
import { withContext, type Preprocess } from '../../flow/nets/context';
import type { Flow } from '../../flow/built-flow';
import { logLikelihood } from '../../flow/flow';
import type { Graph } from '../../graph/ir';
import { anyBatch, trace, type InputSpec, type TensorMap } from '../../graph/trace/trace';

/** Parameters and running statistics: everything that a checkpoint stores, under the names that graphs use as inputs. */
export function storedTensors(of: Pick<Bijection, 'parameters' | 'state'>): InputSpec[] {
  return [...of.parameters, ...of.state].map(({ name, shape }) => ({ name, shape }));
}

/** `context` [N, C] in data units, where the flow takes one. */
export function contextInputs({ context }: Flow, batch = anyBatch): InputSpec[] {
  return context ? [{ name: 'context', shape: [batch, context.size] }] : [];
}

/** Inputs of a graph over examples: what is stored, `x` or `z` [N, …], and their context. */
export function exampleInputs(flow: Flow, name: 'x' | 'z' = 'x', batch = anyBatch): InputSpec[] {
  const shape = [batch, ...(name === 'x' ? flow.inputShape : flow.outputShape)];
  return [...storedTensors(flow), { name, shape }, ...contextInputs(flow, batch)];
}

/** A flow with what surrounds it. */
export interface FlowParts {
  flow: Flow;
  preprocess?: Preprocess | undefined;
}

interface GraphContextOptions {
  training?: boolean;
  wanted?: (tap: string) => boolean;
}

/** Like `plainContext`, with the context of the examples that `contextInputs` bring. */
export function graphContext(
  { flow, preprocess }: FlowParts,
  inputs: TensorMap,
  options: GraphContextOptions = {},
): ReturnType<typeof plainContext> {
  const outer = plainContext(inputs, options);
  return { ...outer, ...withContext(outer, flow, preprocess, inputs.context) };
}

/** A context that reads stored tensors from graph inputs and collects the taps that `wanted` says yes to. */
export function plainContext(
  inputs: TensorMap,
  options: GraphContextOptions = {},
): FlowContext & { taps: TensorMap; updates: TensorMap } {
  const taps: TensorMap = {};
  const updates: TensorMap = {};
  const { wanted } = options;
  return {
    training: options.training ?? false,
    taps,
    updates,
    get(name) {
      const tensor = inputs[name];
      if (!tensor) throw new Error(`no tensor named ${name}`);
      return tensor;
    },
    update: (name, value) => void (updates[name] = value),
    ...(wanted && {
      tap(name: string, value: Tensor) {
        if (wanted(name)) taps[name] = value;
      },
    }),
  };
}

export interface ForwardOptions {
  /** With it, `x` is in data units (dequantized); without, it is the flow's own input. */
  preprocess?: Preprocess;
  /** Taps to return, as outputs named `tap:NAME`. */
  wanted?: (tap: string) => boolean;
  /** Batch normalization by the batch's own statistics; then the batch size is fixed. */
  trainingBatch?: number;
}

/**
 * x [N, …] → `z` [N, …], `logDet` [N] of the flow, `prior` [N], `preprocessing` ([N] or scalar), all nats; and taps.
 * Inputs are the stored tensors under their names, `x`, and `context` where the flow takes one.
 */
export function forwardGraph(flow: Flow, options: ForwardOptions = {}): Graph {
  const batch = options.trainingBatch ?? anyBatch;
  return trace(
    (inputs) => {
      const ctx = graphContext({ flow, preprocess: options.preprocess }, inputs, {
        training: options.trainingBatch !== undefined,
        ...(options.wanted ? { wanted: options.wanted } : {}),
      });
      const { z, ...parts } = logLikelihood(flow, options.preprocess, ctx, inputs.x!);
      const taps = Object.entries(ctx.taps).map(([name, value]) => [`tap:${name}`, value]);
      return { z, ...parts, ...(Object.fromEntries(taps) as TensorMap) };
    },
    exampleInputs(flow, 'x', batch),
    options.trainingBatch === undefined ? { dynamicBatch: anyBatch } : {},
  );
}

/** z [N, …] → `x` [N, …] in the flow's input space, or in data units when `preprocess` is given; and `logDet` [N]. */
export function inverseGraph(flow: Flow, preprocess?: Preprocess): Graph {
  return trace(
    (inputs) => {
      const ctx = graphContext({ flow, preprocess }, inputs);
      const inner = flow.inverse(ctx, inputs.z!);
      const outer = preprocess?.inverse(ctx, inner.value);
      return {
        x: outer?.value ?? inner.value,
        logDet: outer ? tf.add(inner.logDet, outer.logDet) : inner.logDet,
      };
    },
    exampleInputs(flow, 'z'),
    { dynamicBatch: anyBatch },
  );
}
