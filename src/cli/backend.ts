import { availableParallelism } from 'node:os';
import { UserError } from '../config/user-error';
import type { Backend } from '../engine/backends/backend';
import { chooseBackend } from '../engine/backends/choose';
import { findNative } from '../native/locate';
import type { Session } from './session';

/**
 * The backend that the command line, the environment or the machine says; gone when the command ends. TensorFlow is
 * loaded when it first compiles: it takes a while and greets on standard error, neither of which belongs to a command
 * that ends with an error about its files.
 */
export async function openBackend(session: Session): Promise<Backend> {
  const threads = threadsOf(session);
  const wanted = session.backend === 'auto' ? process.env['FLOWSCOPE_BACKEND'] : session.backend;
  const native = findNative();
  const later = native !== undefined && (!wanted || wanted === 'auto' || wanted === 'tensorflow');
  const load = (): Promise<Backend> => chooseBackend(session.backend, threads);
  const backend = later ? loadedLater(load, `TensorFlow ${native.version}`, threads) : await load();
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
    compile: async (graph) => (await loaded()).compile(graph),
    async compileStateful(spec) {
      const backend = await loaded();
      if (backend.compileStateful) return backend.compileStateful(spec);
      // Found, but it did not load: the reason says why.
      throw new UserError(`Training needs native TensorFlow: ${backend.info.reason}. See flowscope doctor.`);
    },
    async dispose() {
      await (await loading?.catch(() => undefined))?.dispose();
    },
  };
}

export function threadsOf({ threads }: Pick<Session, 'threads'>, env = process.env): number {
  const text = env['FLOWSCOPE_THREADS'];
  const asked = threads ?? (text ? Number(text) : 0);
  if (!Number.isSafeInteger(asked) || asked < 0) {
    throw new UserError(`FLOWSCOPE_THREADS is "${text}"; a whole number is expected, 0 for all processors.`);
  }
  return asked || availableParallelism();
}
