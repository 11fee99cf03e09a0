/** A conditioner of vector flows: a multi-layer perceptron. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { maskBetween, withContextDegrees, type Degrees } from '../../base/degrees';
import { seenWithContext } from '../context';
import type { Net } from './conditioner';
import { linear } from './linear';

export interface MlpOptions {
  name: string;
  inputs: number;
  /** Numbers of a context that it sees besides. */
  context?: number;
  hidden: readonly number[];
  outputs: number;
  activation: (x: Tensor) => Tensor;
  /** Makes it autoregressive. */
  degrees?: Degrees | undefined;
}

/** The last layer starts at zero, so that the flow starts as the identity. Taps `NAME.K/features`, `/active` after activations. */
export function mlp({ name, inputs, context = 0, hidden, outputs, activation, degrees }: MlpOptions): Net {
  const widths = [inputs + context, ...hidden, outputs];
  const last = widths.length - 2;
  const units = degrees && [withContextDegrees(degrees, context), ...hidden.map(degrees.hidden), degrees.outputs];
  const layers = widths.slice(1).map((width, i) =>
    linear(`${name}.${i}`, widths[i]!, width, {
      startAtZero: i === last,
      mask: units && maskBetween(units[i]!, units[i + 1]!),
    }),
  );
  return {
    parameters: layers.flatMap((l) => l.parameters),
    state: [],
    apply(ctx, h) {
      return layers.reduce((a, layer, i) => {
        const sum = layer.apply(ctx, a);
        if (i === last) return sum;
        const features = activation(sum);
        ctx.tap?.(`${name}.${i}/features`, features);
        ctx.tap?.(`${name}.${i}/active`, features);
        return features;
      }, seenWithContext(ctx, h, context));
    },
  };
}
