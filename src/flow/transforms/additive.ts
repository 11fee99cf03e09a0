/** x + t, the coupling of NICE (Dinh et al. 2014): it keeps volumes, so it adds nothing to the log-det. */
import * as tf from '@tensorflow/tfjs-core';
import { transformParameters } from '../../config/transforms';
import type { UnivariateTransform } from './types';

export const additive: UnivariateTransform = {
  takes: transformParameters.additive.map((parameter) => ({ name: parameter, size: 1 })),
  parameters: [],
  quantities: [{ name: 't', role: 'shift' }],
  formula: 'x + t',
  preservesVolume: true,
  map(_, [shift], moves) {
    const t = moves ? tf.mul(shift!, moves) : shift!;
    return {
      quantities: { t },
      forward: (x) => ({ value: tf.add(x, t) }),
      inverse: (y) => ({ value: tf.sub(y, t) }),
    };
  },
};
