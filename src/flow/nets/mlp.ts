/** A conditioner of vector flows: a multi-layer perceptron. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Degrees } from '../../base/degrees';
import { firstLayer, noContext, type SeenContext } from './context';
import { haveSteps, layered, type Net } from './conditioner';
import { linear } from './linear';

export interface MlpOptions {
  name: string;
  inputs: number;
  context?: SeenContext;
  hidden: readonly number[];
  outputs: number;
  activation: (x: Tensor) => Tensor;
  /** Makes it autoregressive. */
  degrees?: Degrees | undefined;
}

/** The last layer starts at zero, so that the flow starts as the identity. */
export function mlp(options: MlpOptions): Net {
  const { name, inputs, hidden, outputs, activation, degrees, context = noContext } = options;
  const widths = [inputs, ...hidden, outputs];
  const last = widths.length - 2;
  const units = degrees && [degrees.inputs, ...hidden.map(degrees.hidden), degrees.outputs];
  const layers = widths.slice(1).map((width, i) => {
    const path = `${name}.${i}`;
    if (i === 0) {
      return firstLayer(path, `${name}.context`, inputs, width, context, activation, {
        units: units?.[1],
        degrees,
        startAtZero: last === 0,
      });
    }
    return linear(path, widths[i]!, width, {
      startAtZero: i === last,
      degrees: units && { inputs: units[i]!, outputs: units[i + 1]! },
      storesMask: degrees?.stored,
    });
  });
  return {
    ...layered(name, layers, activation),
    ...(haveSteps(layers) && {
      steps(ctx, nothing) {
        const each = layers.map((layer) => layer.steps!(ctx, nothing));
        return (seen, degree) =>
          each.reduce((units, next, i) => {
            const sum = next(units, degree);
            return sum && i < last ? activation(sum) : sum;
          }, seen);
      },
    }),
  };
}
