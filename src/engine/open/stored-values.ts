/** Stored weights that are NaN or infinite, or that float32 cannot hold. */
import { sizeOf } from '../../base/shape';
import { ignoreUserError } from '../../base/user-error';
import type { TensorFile } from '../../checkpoint/import/types';
import type { NonFiniteTensor } from './description';

/** Tensors beyond this many values in all are not read, so that a large file is described at once. */
const mostValues = 2 ** 26;

/** The floating-point tensors of a file with such values, in its order. @throws UserError for a damaged file */
export async function nonFiniteTensors({ tensors, read }: TensorFile): Promise<NonFiniteTensor[]> {
  const found: NonFiniteTensor[] = [];
  let left = mostValues;
  for (const [name, { dtype, shape }] of tensors) {
    if (!/^B?F\d/.test(dtype) || (left -= sizeOf(shape)) < 0) continue;
    const values = await read(name).catch(ignoreUserError);
    let [nan, inf] = [0, 0];
    for (const value of values?.data ?? []) {
      if (Number.isNaN(value)) nan++;
      else if (!Number.isFinite(value)) inf++;
    }
    if (nan + inf > 0) found.push({ name, dtype, nan, inf });
  }
  return found;
}
