/** Runs flow functions eagerly on TensorFlow.js's plain JavaScript backend, with parameters that leave nothing trivial. */
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { version_cpu } from '@tensorflow/tfjs-backend-cpu/dist/index';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { stream } from '../../src/data/random';
import { initialTensors } from '../../src/engine/training/initialize';
import type { Bijection, FlowContext } from '../../src/flow/core/bijection';
import { withContext } from '../../src/flow/nets/context';
import type { Flow } from '../../src/flow/built-flow';
import { sizeOf } from '../../src/base/shape';

export type Values = Record<string, { shape: number[]; data: Float32Array }>;

/**
 * Initial values, then moved: what starts at zero (last layers, biases) or one (scales, gains) would hide mistakes. Steps
 * are small enough that a flow stays well conditioned.
 */
export function movedValues(bijection: Bijection, seed: number): Values {
  const values = initialTensors(bijection, seed);
  for (const [name, { data }] of Object.entries(values)) {
    // A mask says which weights count.
    if (name.endsWith('.mask')) continue;
    const noise = stream(seed, 'moved', name);
    if (name.endsWith('.variance')) {
      noise.uniform(data.length).forEach((u, i) => (data[i] = 0.5 + 1.5 * u));
    } else {
      const step = name.endsWith('.v') || name.endsWith('.weight') ? 0.1 : 0.2;
      noise.normal(data.length).forEach((n, i) => (data[i]! += step * n));
    }
  }
  return values;
}

export function contextOf(
  tensors: Record<string, Tensor>,
  training: boolean,
  taps?: Record<string, Tensor>,
  updates: Record<string, Tensor> = {},
): FlowContext {
  return {
    training,
    get(name) {
      const tensor = tensors[name];
      if (!tensor) throw new Error(`no tensor named ${name}`);
      return tensor;
    },
    update: (name, value) => void (updates[name] = value),
    ...(taps ? { tap: (name: string, value: Tensor) => void (taps[name] = value) } : {}),
  };
}

/** One context for all of a batch, so that an example is the same alone; nothing for flows that take none. */
export function contextsOf({ context }: Pick<Flow, 'context'>, batch: number): { context?: Tensor } {
  return context ? { context: tf.tile(inputOf([context.size], 1, 7), [batch, 1]) } : {};
}

/** The flow with contexts that do not change. */
export function withContexts<T extends Bijection>(bijection: T): T {
  const flow: Bijection & Pick<Flow, 'context'> = bijection;
  if (!flow.context) return bijection;
  const given = (ctx: FlowContext, x: Tensor): FlowContext =>
    withContext(ctx, flow, undefined, contextsOf(flow, x.shape[0]).context);
  return {
    ...bijection,
    forward: (ctx, x) => bijection.forward(given(ctx, x), x),
    inverse: (ctx, y) => bijection.inverse(given(ctx, y), y),
  };
}

export function toTensors(values: Values): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(values).map(([name, v]) => [name, tf.tensor(v.data, v.shape)]));
}

export function inputOf(shape: readonly number[], batch: number, seed: number, scale = 1): Tensor {
  const data = stream(seed, 'input')
    .normal(batch * sizeOf(shape))
    .map((v) => v * scale);
  return tf.tensor(data, [batch, ...shape]);
}

/** Per-example log-det as numbers, a scalar repeated. */
export function perExample(logDet: Tensor, batch: number): number[] {
  const values = [...logDet.dataSync()];
  return values.length === batch ? values : Array.from({ length: batch }, () => values[0]!);
}

export function maxAbsDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  return worst;
}

/** The package registers its backend when it is loaded; using something of it keeps bundlers from dropping it. */
export async function onCpu(): Promise<void> {
  if (!(await tf.setBackend('cpu'))) throw new Error(`the JavaScript backend ${version_cpu} did not start`);
  await tf.ready();
}
