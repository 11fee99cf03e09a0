import path from 'node:path';
import type { Backend } from '../engine/backends/backend';
import { backendAsked, chooseBackend, chooseInferenceBackend } from '../engine/backends/choose';
import { createOnnxRuntimeBackend } from '../engine/backends/onnxruntime';
import { threadsToUse } from '../engine/backends/threads';
import { findNative } from '../native/locate';
import type { Session } from './session';

/**
 * The backend that the command line, the environment or the machine says; gone when the command ends. TensorFlow is
 * loaded when it first compiles: it takes a while and greets on standard error, neither of which belongs to a command
 * that ends with an error about its files.
 */
export async function openBackend(session: Session): Promise<Backend> {
  const threads = threadsToUse(session.threads);
  const wanted = session.backend === 'auto' ? process.env['FLOWSCOPE_BACKEND'] : session.backend;
  const native = findNative();
  const later = native !== undefined && (!wanted || wanted === 'auto' || wanted === 'tensorflow');
  const load = (): Promise<Backend> => chooseBackend(session.backend, threads);
  const backend = later ? loadedLater(load, `TensorFlow ${native.version}`, threads) : await load();
  session.onEnd(() => backend.dispose());
  return backend;
}

/** The backend that runs flows: ONNX Runtime, which is there at once, unless TensorFlow is asked for. */
export async function openInferenceBackend(session: Session): Promise<Backend> {
  if (backendAsked(session.backend)?.name === 'tensorflow') return openBackend(session);
  const backend = await chooseInferenceBackend(session.backend, threadsToUse(session.threads), {
    onnx: (given) => createOnnxRuntimeBackend({ ...given, helper: path.join(__dirname, 'onnx-thread.js') }),
  });
  session.onEnd(() => backend.dispose());
  return backend;
}

function loadedLater(load: () => Promise<Backend>, library: string, threads: number): Backend {
  let loading: Promise<Backend> | undefined;
  let info: Backend['info'] = { name: 'tensorflow', library, threads, reason: 'native TensorFlow was found' };
  const loaded = async (): Promise<Backend> => {
    loading ??= load();
    const backend = await loading;
    info = backend.info;
    return backend;
  };
  return {
    get info() {
      return info;
    },
    compile: async (graph, options) => (await loaded()).compile(graph, options),
    async compileStateful(spec) {
      const backend = await loaded();
      return backend.compileStateful!(spec);
    },
    async dispose() {
      await (await loading?.catch(() => undefined))?.dispose();
    },
  };
}
