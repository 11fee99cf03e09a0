/** Which backend computes. */
import { availableParallelism } from 'node:os';
import { UserError } from '../../base/user-error';
import { findNative } from '../../native/locate';
import type { BackendName } from '../../protocol/model';
import type { Backend } from './backend';
import { createOnnxRuntimeBackend } from './onnxruntime';
import { createTensorFlowBackend } from './tensorflow';

export type BackendPreference = 'auto' | BackendName;

/**
 * The backend that was asked for, and by whom; undefined where nobody says.
 * @throws UserError when FLOWSCOPE_BACKEND names none
 */
export function backendAsked(
  preference: BackendPreference,
): { name: BackendName; reason: string } | undefined {
  if (preference !== 'auto') return { name: preference, reason: 'chosen by option or setting' };
  const wanted = process.env['FLOWSCOPE_BACKEND'];
  if (!wanted || wanted === 'auto') return undefined;
  if (wanted !== 'tensorflow' && wanted !== 'onnxruntime') {
    throw new UserError(`FLOWSCOPE_BACKEND is "${wanted}"; auto, tensorflow or onnxruntime is expected.`);
  }
  return { name: wanted, reason: 'chosen by FLOWSCOPE_BACKEND' };
}

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
  const asked = backendAsked(preference);
  if (asked) return create(asked.name, threads, asked.reason);
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

/**
 * The backend that runs flows. Where nobody says otherwise that is ONNX Runtime, which compiles sooner, needs less memory and
 * is faster at it; `otherwise` where it cannot be loaded.
 *
 * @throws UserError as `chooseBackend`
 */
export async function chooseInferenceBackend(
  preference: BackendPreference,
  threads: number,
  {
    onnx = createOnnxRuntimeBackend,
    otherwise = () => chooseBackend(preference, threads),
  }: {
    onnx?: (given: { threads: number; reason: string }) => Promise<Backend>;
    otherwise?: () => Promise<Backend>;
  } = {},
): Promise<Backend> {
  const asked = backendAsked(preference);
  if (asked?.name === 'tensorflow') return otherwise();
  const reason = asked?.reason ?? 'runs flows; native TensorFlow, where there is one, trains them';
  return onnx({ threads, reason }).catch(otherwise);
}

function create(name: BackendName, threads: number, reason: string): Promise<Backend> {
  return name === 'tensorflow'
    ? createTensorFlowBackend({ threads, reason })
    : createOnnxRuntimeBackend({ threads, reason });
}
