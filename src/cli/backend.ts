import { availableParallelism } from 'node:os';
import { UserError } from '../config/user-error';
import type { Backend } from '../engine/backends/backend';
import { chooseBackend } from '../engine/backends/choose';
import type { Session } from './session';

/** The backend that the command line, the environment or the machine says; gone when the command ends. */
export async function openBackend(session: Session): Promise<Backend> {
  const backend = await chooseBackend(session.backend, threadsOf(session));
  session.onEnd(() => backend.dispose());
  session.log(
    `Computing with ${backend.info.library}, ${backend.info.threads} threads (${backend.info.reason}).`,
  );
  return backend;
}

export function threadsOf({ threads }: Pick<Session, 'threads'>, env = process.env): number {
  const text = env['FLOWSCOPE_THREADS'];
  const asked = threads ?? (text ? Number(text) : 0);
  if (!Number.isSafeInteger(asked) || asked < 0) {
    throw new UserError(`FLOWSCOPE_THREADS is "${text}"; a whole number is expected, 0 for all processors.`);
  }
  return asked || availableParallelism();
}
