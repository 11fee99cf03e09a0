/** Which backend computes. */
import { availableParallelism } from 'node:os';
import { UserError } from '../../config/user-error';
import { findNative } from '../../native/locate';
import type { BackendName } from '../../protocol/model';
import type { Backend } from './backend';
import { createOnnxRuntimeBackend } from './onnxruntime';
import { createTensorFlowBackend } from './tensorflow';

export type BackendPreference = 'auto' | BackendName;

/**
 * The preferred backend; with "auto" the one of FLOWSCOPE_BACKEND, otherwise TensorFlow where it is installed and loads,
 * otherwise ONNX Runtime. `info.reason` says why.
 *
 * @throws UserError when a backend that was asked for cannot be used, or FLOWSCOPE_BACKEND names none.
 */
export async function chooseBackend(
  preference: BackendPreference = 'auto',
  threads: number = availableParallelism(),
): Promise<Backend> {
  if (preference !== 'auto') return create(preference, threads, 'chosen by option or setting');
  const wanted = process.env['FLOWSCOPE_BACKEND'];
  if (wanted && wanted !== 'auto') {
    if (wanted !== 'tensorflow' && wanted !== 'onnxruntime') {
      throw new UserError(`FLOWSCOPE_BACKEND is "${wanted}"; auto, tensorflow or onnxruntime is expected.`);
    }
    return create(wanted, threads, 'chosen by FLOWSCOPE_BACKEND');
  }
  if (!findNative()) return create('onnxruntime', threads, 'native TensorFlow is not installed');
  try {
    return await create('tensorflow', threads, 'native TensorFlow was found');
  } catch (error) {
    return create(
      'onnxruntime',
      threads,
      `native TensorFlow was found but cannot be used: ${(error as Error).message}`,
    );
  }
}

function create(name: BackendName, threads: number, reason: string): Promise<Backend> {
  return name === 'tensorflow'
    ? createTensorFlowBackend({ threads, reason })
    : createOnnxRuntimeBackend({ threads, reason });
}
