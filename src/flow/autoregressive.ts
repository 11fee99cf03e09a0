/**
 * Autoregressive = order × univariate transform × masked conditioner: each feature is mapped with parameters that depend
 * on the features before it in an order, so the Jacobian is triangular in that order. One way takes one pass of the
 * network, the other as many passes as there are features (Papamakarios et al. 2017; Kingma et al. 2016).
 *
 * Taps are those of a coupling.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { placesOf } from '../base/degrees';
import type { Bijection, Conditioner, FlowContext } from './bijection';
import { sumPerExample } from './tensors';
import { tapKnots, type ElementMap, type Mapped, type UnivariateTransform } from './transforms/types';

export interface AutoregressiveOptions {
  name: string;
  /** Place of each feature, from 0. Features that share one do not depend on each other. */
  order: readonly number[];
  /** Whether the network sees the layer's input, so that data become latents in one pass, or its output (IAF). */
  sees: 'input' | 'output';
  transform: UnivariateTransform;
  /** What it gives for a feature depends on those before it alone. */
  conditioner: Conditioner;
}

export function autoregressive(options: AutoregressiveOptions): Bijection {
  const { name, order, sees, transform, conditioner } = options;
  const dim = order.length;
  const places = placesOf(order);

  const mapFor = (ctx: FlowContext, seen: Tensor): ElementMap =>
    transform.map(ctx, conditioner.apply(ctx, seen));

  /** The features at one place of the order, as a mask. */
  const at = (place: number): Tensor =>
    tf.tensor(
      order.map((p) => Number(p === place)),
      [1, dim],
    );

  /** Finds what the network would see, feature by feature: each pass gets one more right. */
  const solve = (
    ctx: FlowContext,
    given: Tensor,
    way: (map: ElementMap, given: Tensor) => Mapped,
  ): { value: Tensor; logDerivative?: Tensor; quantities: Record<string, Tensor> } => {
    const nothing = tf.zerosLike(given);
    let value = nothing;
    let logDerivative: Tensor | undefined;
    const quantities: Record<string, Tensor> = {};
    for (let place = 0; place < places; place++) {
      const here = at(place);
      const map = mapFor(ctx, value);
      const mapped = way(map, given);
      // Selected, not multiplied: what later features are mapped to now means nothing, and may be infinite.
      const take = (all: Tensor, before: Tensor): Tensor =>
        tf.where(tf.broadcastTo(tf.greater(here, 0.5), all.shape), all, before);
      value = take(mapped.value, value);
      if (mapped.logDerivative) logDerivative = take(mapped.logDerivative, logDerivative ?? nothing);
      for (const [key, all] of Object.entries(map.quantities))
        quantities[key] = take(all, quantities[key] ?? nothing);
    }
    return { value, ...(logDerivative ? { logDerivative } : {}), quantities };
  };

  const onePass = (
    ctx: FlowContext,
    seen: Tensor,
    way: (map: ElementMap, given: Tensor) => Mapped,
  ): ReturnType<typeof solve> => {
    const map = mapFor(ctx, seen);
    return { ...way(map, seen), quantities: { ...map.quantities } };
  };

  return {
    name,
    inputShape: [dim],
    outputShape: [dim],
    parameters: [...conditioner.parameters, ...transform.parameters],
    state: conditioner.state,
    quantities: transform.quantities,
    ...(transform.formula === undefined ? {} : { formula: transform.formula }),
    preservesVolume: transform.preservesVolume,
    networkPasses: sees === 'input' ? { forward: 1, inverse: places } : { forward: places, inverse: 1 },
    ...(transform.spline ? { spline: transform.spline } : {}),
    forward(ctx, x) {
      const run = sees === 'input' ? onePass : solve;
      const { value, logDerivative, quantities } = run(ctx, x, (map, given) => map.forward(given));
      const own = logDerivative ? sumPerExample(logDerivative) : tf.scalar(0);
      if (ctx.tap) {
        for (const quantity of transform.quantities)
          ctx.tap(`${name}/${quantity.name}`, quantities[quantity.name]!);
        if (transform.spline) tapKnots(ctx, name, mapFor(ctx, sees === 'input' ? x : value));
        if (logDerivative) ctx.tap(`${name}/logDet.elements`, logDerivative);
        ctx.tap(`${name}/logDet.coupling`, own);
      }
      return { value, logDet: own };
    },
    inverse(ctx, y) {
      const run = sees === 'input' ? solve : onePass;
      const { value, logDerivative } = run(ctx, y, (map, given) => map.inverse(given));
      return { value, logDet: logDerivative ? tf.neg(sumPerExample(logDerivative)) : tf.scalar(0) };
    },
  };
}
