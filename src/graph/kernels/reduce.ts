/** Kernels that reduce over axes. */
import { UserError } from '../../base/user-error';
import { normalizeAxes, normalizeAxis, reduceShape } from '../ir';
import { shaped, type KernelRule, type KernelRules } from './rule';

export const reductionNames = ['Max', 'Mean', 'Min', 'Sum'] as const;

function reduction(name: string): KernelRule {
  return shaped(['x'], ([x], attrs) => {
    const axes = (attrs['axis'] ?? attrs['reductionIndices']) as number[] | null;
    const axis = normalizeAxes(axes, x!.shape.length);
    const keepDims = Boolean(attrs['keepDims']);
    if (name === 'Mean' && x!.dtype !== 'float32')
      throw new UserError(`mean() of a ${x!.dtype} tensor cannot be traced. Cast it to float32 first.`);
    return [reduceShape(x!.shape, axis, keepDims), { axis, keepDims }];
  });
}

export const reduceRules: KernelRules = {
  ...Object.fromEntries(reductionNames.map((name) => [name, reduction(name)])),
  Cumsum: shaped(['x'], ([x], { axis, exclusive, reverse }) => [
    x!.shape,
    {
      axis: normalizeAxis(axis as number, x!.shape.length),
      exclusive: Boolean(exclusive),
      reverse: Boolean(reverse),
    },
  ]),
};
