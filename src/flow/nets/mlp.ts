/** The conditioner of vector flows: a multi-layer perceptron from b⊙x to s and t of every feature. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { VectorModelConfig } from '../../config/schema';
import type { Conditioner, ParameterSpec } from '../bijection';
import { fanIn, zeros } from '../init';

export type Activation = VectorModelConfig['activation'];

const activations: Record<Activation, (x: Tensor) => Tensor> = {
  relu: tf.relu,
  tanh: tf.tanh,
  'leaky-relu': (x) => tf.leakyRelu(x, 0.01),
  elu: tf.elu,
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
};

/** The last layer starts at zero, so that the flow starts as the identity. */
export function mlp(
  name: string,
  dim: number,
  hidden: readonly number[],
  activation: Activation,
): Conditioner {
  const widths = [dim, ...hidden, 2 * dim];
  const depth = widths.length - 1;
  const parameters: ParameterSpec[] = [];
  for (let i = 0; i < depth; i++) {
    const init = i === depth - 1 ? zeros : fanIn(widths[i]!);
    parameters.push(
      { name: `${name}.${i}.weight`, shape: [widths[i]!, widths[i + 1]!], init, decay: false },
      { name: `${name}.${i}.bias`, shape: [widths[i + 1]!], init, decay: false },
    );
  }
  return {
    parameters,
    state: [],
    apply(ctx, h) {
      let a = h;
      for (let i = 0; i < depth; i++) {
        a = tf.add(
          tf.matMul(a as tf.Tensor2D, ctx.get(`${name}.${i}.weight`) as tf.Tensor2D),
          ctx.get(`${name}.${i}.bias`),
        );
        if (i < depth - 1) {
          a = activations[activation](a);
          ctx.tap?.(`${name}.${i}/features`, a);
        }
      }
      const [rawScale, shift] = tf.split(a, 2, 1) as [Tensor, Tensor];
      return { rawScale, shift };
    },
  };
}
