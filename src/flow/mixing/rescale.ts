/** y = scale·x + shift with fixed numbers for each feature (nflows' PointwiseAffineTransform). */
import * as tf from '@tensorflow/tfjs-core';
import { fixedMap, type Bijection } from '../core/bijection';

/** @param scale one number for each feature, as `shift`; none is 0 */
export function rescale(name: string, scale: readonly number[], shift: readonly number[]): Bijection {
  const logDet = scale.reduce((sum, value) => sum + Math.log(Math.abs(value)), 0);
  const [scales, shifts] = [() => tf.tensor1d([...scale]), () => tf.tensor1d([...shift])];
  return {
    ...fixedMap(name, [scale.length]),
    forward: (_, x) => ({ value: tf.add(tf.mul(x, scales()), shifts()), logDet: tf.scalar(logDet) }),
    inverse: (_, y) => ({ value: tf.div(tf.sub(y, shifts()), scales()), logDet: tf.scalar(-logDet) }),
  };
}
