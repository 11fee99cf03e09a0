/**
 * What a loss is multiplied by where networks compute in float16, which has no number below 6e-8: as large as gradients allow. Powers of
 * two, so that nothing is rounded by it.
 */
import { UserError } from '../../base/user-error';
import type { Backend } from '../backends/backend';
import type { TensorTable } from './initialize';

const name = 'loss.scale';
const largest = 2 ** 16;
/** What an overflow divides it by. */
const cut = 4;

/**
 * @param state from an interrupted run
 * @throws UserError where the backend has no float16
 */
export async function createLossScale({ backend, state }: { backend: Backend; state?: TensorTable }) {
  if (!(await backend.hasHalf?.())) {
    throw new UserError(
      `training.precision is "float16", and ${backend.info.library} does not compute in it. It needs --backend webgpu and a GPU with ` +
        'shader-f16: leave it out to train in float32.',
    );
  }
  let value = state?.[name]?.data[0] ?? largest;
  return {
    value: () => value,
    lower: () => void (value /= cut),
    /** For going on later. */
    kept: () => ({ [name]: { shape: [], data: Float32Array.of(value) } }),
  };
}
