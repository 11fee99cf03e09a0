/** The functions over a flow that are traced: one place that names their inputs and outputs. */
import * as tf from '@tensorflow/tfjs-core';
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
  /** From data units to the flow's input; absent for vectors that are not standardized. */
  preprocess?: Preprocess | undefined;
}

interface GraphContextOptions {
  training?: boolean | undefined;
  tapFilter?: ((tap: string) => boolean) | undefined;
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

/** A flow to trace. */
export interface Traced extends FlowParts, GraphContextOptions {
  /** Examples; any number by default. */
  batch?: number | undefined;
}

/** The graph of what `compute` makes of the inputs. @param inputs all of them */
export function traceFlow(
  { batch = anyBatch, training, tapFilter, ...parts }: Traced,
  inputs: readonly InputSpec[],
  compute: (ctx: ReturnType<typeof plainContext>, inputs: TensorMap) => TensorMap,
): Graph {
  return trace(
    (values) => compute(graphContext(parts, values, { training, tapFilter }), values),
    inputs,
    batch === anyBatch ? { dynamicBatch: anyBatch } : {},
  );
}

/** Takes x in data units to z; taps of preprocessing are there as those of layers are. */
export function forwardFromData(
  { flow, preprocess }: FlowParts,
  ctx: FlowContext & { taps: TensorMap },
  x: tf.Tensor,
): tf.Tensor {
  const prepared = preprocess?.forward(ctx, x);
  if (preprocess && prepared) {
    const { value: y, logDet } = prepared;
    for (const [part, value] of Object.entries({ x, y, logDet }))
      ctx.taps[`${preprocess.name}/${part}`] = value;
  }
  return flow.forward(ctx, prepared?.value ?? x).value;
}

/** A context that reads stored tensors from graph inputs and collects the taps that `tapFilter` says yes to. */
export function plainContext(
  inputs: TensorMap,
  options: GraphContextOptions = {},
): FlowContext & { taps: TensorMap; updates: TensorMap } {
  const taps: TensorMap = {};
  const updates: TensorMap = {};
  const { tapFilter } = options;
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
    ...(tapFilter && {
      tap(name: string, value: tf.Tensor) {
        if (tapFilter(name)) taps[name] = value;
      },
    }),
  };
}

export interface ForwardOptions {
  /** With it, `x` is in data units (dequantized); without, it is the flow's own input. */
  preprocess?: Preprocess;
  /** Taps to return, as outputs named `tap:NAME`. */
  tapFilter?: (tap: string) => boolean;
  /** Batch normalization by the batch's own statistics; then the batch size is fixed. */
  trainingBatch?: number;
}

/**
 * x [N, …] → `z` [N, …], `logDet` [N] of the flow, `prior` [N], `preprocessing` ([N] or scalar), all nats; and taps.
 * Inputs are the stored tensors under their names, `x`, and `context` where the flow takes one.
 */
export function forwardGraph(flow: Flow, options: ForwardOptions = {}): Graph {
  const { preprocess, tapFilter, trainingBatch: batch } = options;
  const traced = { flow, preprocess, tapFilter, batch, training: batch !== undefined };
  return traceFlow(traced, exampleInputs(flow, 'x', batch), (ctx, inputs) => {
    const { z, ...parts } = logLikelihood(flow, preprocess, ctx, inputs.x!);
    const taps = Object.entries(ctx.taps).map(([name, value]) => [`tap:${name}`, value]);
    return { z, ...parts, ...(Object.fromEntries(taps) as TensorMap) };
  });
}

/** z [N, …] → `x` [N, …] in the flow's input space, or in data units when `preprocess` is given; and `logDet` [N]. */
export function inverseGraph(flow: Flow, preprocess?: Preprocess): Graph {
  return traceFlow({ flow, preprocess }, exampleInputs(flow, 'z'), (ctx, inputs) => {
    const inner = flow.inverse(ctx, inputs.z!);
    const outer = preprocess?.inverse(ctx, inner.value);
    return {
      x: outer?.value ?? inner.value,
      logDet: outer ? tf.add(inner.logDet, outer.logDet) : inner.logDet,
    };
  });
}
