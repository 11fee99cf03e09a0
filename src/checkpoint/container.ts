/** Tells by content which program wrote a file of tensors. */
import type { TensorContainer } from '../protocol/import';
import { torchContainer } from './torch/container';

/**
 * Undefined for safetensors, which their own reader tells from others, and for files that are none of these.
 * @throws UserError when the file cannot be read
 */
export async function containerOf(
  file: string,
): Promise<Exclude<TensorContainer, 'safetensors'> | undefined> {
  const torch = await torchContainer(file);
  if (torch === 'pickle') return 'pickle';
  return torch === undefined ? undefined : 'torch';
}
