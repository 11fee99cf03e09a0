/** Kernels that reduce over axes. */
import { UserError } from '../../base/user-error';
import { normalizeAxes, normalizeAxis, reduceShape } from '../shape';
import type { KernelRule, KernelRules } from './rule';

export const reductionNames = ['All', 'Any', 'Max', 'Mean', 'Min', 'Prod', 'Sum'] as const;

function reduction(name: string): KernelRule {
  return {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const axis = normalizeAxes(
        (attrs['axis'] ?? attrs['reductionIndices']) as number[] | null,
        x!.shape.length,
      );
      const keepDims = Boolean(attrs['keepDims']);
      if (name === 'Mean' && x!.dtype !== 'float32') {
        throw new UserError(`mean() of a ${x!.dtype} tensor cannot be traced. Cast it to float32 first.`);
      }
      return {
        outputs: [{ shape: reduceShape(x!.shape, axis, keepDims), dtype: x!.dtype }],
        attrs: { axis, keepDims },
      };
    },
  };
}

export const reduceRules: KernelRules = {
  ...Object.fromEntries(reductionNames.map((name) => [name, reduction(name)])),
  Cumsum: {
    inputs: ['x'],
    infer: ([x], attrs) => ({
      outputs: [x!],
      attrs: {
        axis: normalizeAxis(attrs['axis'] as number, x!.shape.length),
        exclusive: Boolean(attrs['exclusive']),
        reverse: Boolean(attrs['reverse']),
      },
    }),
  },
};
