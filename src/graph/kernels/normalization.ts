/** Batch normalization in training (src/flow/nets/batch-norm-training.ts): our own kernels, which backends may fuse. */
import { batchMean, batchSize } from '../../flow/core/whole-batch';
import { shaped, type KernelRules } from './rule';

/**
 * The positive part of a batch norm once more, by its statistics. Inputs x, gain, bias, mean, variance, and last a value before
 * which it is not computed.
 */
export const renewedActivation = 'RenewedActivation';

export const normalizationRules: KernelRules = {
  BatchNormTraining: {
    inputs: ['x', 'gain', 'bias'],
    infer: ([x, gain], { epsilon }) => ({ outputs: [x!, gain!, gain!], attrs: { epsilon } }),
  },
  BatchNormTrainingGrad: {
    inputs: ['dy', 'x', 'gain', 'mean', 'variance'],
    infer: ([, x, gain], { epsilon }) => ({ outputs: [x!, gain!, gain!], attrs: { epsilon } }),
  },
  [batchMean]: shaped(['x'], ([x]) => [x!.shape.slice(-1)], 'float32'),
  [batchSize]: shaped(['x'], () => [[]], 'float32'),
};
