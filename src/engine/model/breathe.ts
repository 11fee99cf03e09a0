import { CancelledError } from '../../protocol/wire';

/** Gives other requests their turn, and ends the work when it is no longer wanted. @throws CancelledError */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal?.aborted) throw new CancelledError();
}
