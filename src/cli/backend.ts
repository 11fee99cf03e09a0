import path from 'node:path';
import type { Backend } from '../engine/backends/backend';
import { backendChoice, chooseBackend, chooseInferenceBackend } from '../engine/backends/choose';
import { createOnnxRuntimeBackend } from '../engine/backends/onnxruntime';
import { backends } from '../engine/backends/registry';
import { threadsToUse } from '../engine/backends/threads';
import type { BackendName } from '../protocol/backends';
import type { Session } from './session';

/**
 * The backend that the command line, the environment or the machine says; gone when the command ends. One that was installed is
 * loaded when it first compiles: TensorFlow takes a while and greets on standard error, neither of which belongs to a command
 * that ends with an error about its files.
 */
export function openBackend(session: Session): Promise<Backend> {
  return untilTheEnd(session, chosenBackend(session));
}

/** The backend that runs flows: ONNX Runtime, which is there at once, unless another one is asked for. */
export function openInferenceBackend(session: Session): Promise<Backend> {
  const backend = chooseInferenceBackend(session.backend, threadsToUse(session.threads), {
    onnx: (options) =>
      createOnnxRuntimeBackend({ ...options, helper: path.join(__dirname, 'onnx-thread.js') }),
    otherwise: () => chosenBackend(session),
    log: session.log,
  });
  return untilTheEnd(session, backend);
}

async function untilTheEnd(session: Session, choice: Promise<Backend>): Promise<Backend> {
  const backend = await choice;
  session.onEnd(() => backend.dispose());
  return backend;
}

async function chosenBackend(session: Session): Promise<Backend> {
  const threads = threadsToUse(session.threads);
  const name = backendChoice(session.backend)?.name;
  const names = name ? [name] : (Object.keys(backends) as BackendName[]);
  const load = (): Promise<Backend> => chooseBackend(session.backend, threads);
  for (const name of names) {
    const library = backends[name].installed?.();
    if (library === undefined) continue;
    return loadedLater(load, { name, library, threads, reason: `${backends[name].product} was found` });
  }
  return load();
}

function loadedLater(load: () => Promise<Backend>, expected: Backend['info']): Backend {
  let loading: Promise<Backend> | undefined;
  let info = expected;
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
    rival: async () => (await loaded()).rival?.(),
    async compileStateful(spec) {
      const backend = await loaded();
      return backend.compileStateful!(spec);
    },
    async dispose() {
      await (await loading?.catch(() => undefined))?.dispose();
    },
  };
}
