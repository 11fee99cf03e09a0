/**
 * A slice of a flow in continuous time: dx/dt = v(x, t) from one time to another, in steps of a fixed length (Chen et al. 2018).
 * The log-det is the integral of the divergence of v, solved together with x. Back is solved too, so that x comes back as
 * far as the solver is exact.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type FieldLayer, runsOfStep } from '../../config/field-layer';
import { type Bijection, keepingShape, type FlowContext, type Slice, type Step } from '../core/bijection';
import type { FieldNet, Velocity } from '../nets/field-net';

/**
 * Where in a step the network runs, by Runge and Kutta: after this share of the step, from x moved by that much of the velocity
 * before; and how much each velocity counts. All of these methods need the one before alone.
 */
const stages: Record<FieldLayer['solver'], readonly { after: number; weight: number }[]> = {
  euler: [{ after: 0, weight: 1 }],
  midpoint: [
    { after: 0, weight: 0 },
    { after: 1 / 2, weight: 1 },
  ],
  heun: [
    { after: 0, weight: 1 / 2 },
    { after: 1, weight: 1 / 2 },
  ],
  rk4: [
    { after: 0, weight: 1 / 6 },
    { after: 1 / 2, weight: 1 / 3 },
    { after: 1 / 2, weight: 1 / 3 },
    { after: 1, weight: 1 / 6 },
  ],
};

export interface SliceOptions extends Pick<FieldLayer, 'solver' | 'steps'>, Pick<Slice, 'from' | 'to'> {
  name: string;
  dim: number;
  net: FieldNet;
  /** The network is the same in all slices, and one of them counts it as its own. */
  owns: boolean;
}

export function fieldSlice({ name, dim, from, to, steps, solver, net, owns }: SliceOptions): Bijection {
  const solve = (
    ctx: FlowContext,
    x: tf.Tensor,
    start: number,
    end: number,
  ): Step & { states: tf.Tensor[] } => {
    const states: tf.Tensor[] = [];
    const length = (end - start) / steps;
    let moved: tf.Tensor | undefined;
    let logDet: tf.Tensor = tf.scalar(0);
    // What was added so far is small, so that its sum loses less to rounding than that of x.
    const here = (): tf.Tensor => (moved ? tf.add(x, moved) : x);
    for (let i = 0; i < steps; i++) {
      const value = here();
      states.push(value);
      const [rate, divergence] = mean(solver, (after, before) => {
        const at = before ? along(value, before, after * length) : value;
        return net.at(ctx, at, start + (i + after) * length);
      });
      moved = moved ? along(moved, rate, length) : tf.mul(rate, length);
      logDet = along(logDet, divergence, length);
    }
    const value = here();
    return { value, logDet, states: [...states, value] };
  };
  const runs = steps * runsOfStep[solver];
  return {
    ...keepingShape(name, [dim]),
    ...(owns ? { parameters: net.parameters } : { shared: net.parameters }),
    slice: { from, to, ...net },
    networkPasses: { forward: runs, inverse: runs },
    forward(ctx, x) {
      const step = solve(ctx, x, from, to);
      ctx.tap?.(`${name}/logDet.coupling`, step.logDet);
      ctx.tap?.(`${name}/states`, tf.stack(step.states, 1));
      return step;
    },
    inverse: (ctx, y) => solve(ctx, y, to, from),
  };
}

const along = (value: tf.Tensor, rate: tf.Tensor, length: number): tf.Tensor =>
  tf.add(value, tf.mul(rate, length));

/** Velocity and divergence over one step. @param at both, after a share of the step, from the velocity before */
function mean(
  solver: FieldLayer['solver'],
  at: (after: number, before: tf.Tensor | undefined) => Velocity,
): [rate: tf.Tensor, divergence: tf.Tensor] {
  let before: tf.Tensor | undefined;
  const parts = stages[solver].map(({ after, weight }) => {
    const { value, divergence } = at(after, before);
    before = value;
    return weight === 0 ? [] : [tf.mul(value, weight), tf.mul(divergence, weight)];
  });
  const sum = (part: 0 | 1): tf.Tensor => tf.addN(parts.flatMap((both) => both[part] ?? []));
  return [sum(0), sum(1)];
}
