/** Tells by content which program wrote a file of tensors. */
import type { TensorContainer } from '../protocol/import';
import { isEqx } from './eqx/read-eqx';
import { isHdf5 } from './keras/hdf5';
import { isKerasEntry } from './keras/read-keras';
import { isNpzEntry } from './npz/read-npz';
import { torchContainer } from './torch/container';

/**
 * Undefined for safetensors, which their own reader tells from others, and for files that are none of these.
 * @param start the first 64 kB
 */
export function containerOf(start: Uint8Array): Exclude<TensorContainer, 'safetensors'> | undefined {
  if (isHdf5(start)) return 'hdf5';
  if (isEqx(start)) return 'eqx';
  const torch = torchContainer(start);
  if (torch === 'zip') {
    const first = firstEntry(start);
    if (isKerasEntry(first)) return 'keras';
    if (isNpzEntry(first)) return 'npz';
  }
  if (torch === 'pickle') return 'pickle';
  return torch === undefined ? undefined : 'torch';
}

/** Name of the first entry of a zip file. */
function firstEntry(start: Uint8Array): string {
  const length = (start[26] ?? 0) + 256 * (start[27] ?? 0);
  return new TextDecoder().decode(start.subarray(30, 30 + length));
}
