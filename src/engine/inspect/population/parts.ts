/** Long work that a page asks for a part at a time, so that it can show what there is and stop. */
import { UserError } from '../../../base/user-error';
import { CancelledError } from '../../../protocol/wire';

/** @param stepsOf yields what is known after each part */
export function createParts<Subject, Part extends { done: number }>(
  stepsOf: (subject: Subject, signal: AbortSignal) => AsyncGenerator<Part>,
) {
  let running: { steps: AsyncGenerator<Part>; part?: Part; control: AbortController } | undefined;
  const end = (): void => void running?.steps.return(undefined);
  return {
    /** What was computed last, whether it came to its end or not. */
    kept: () => running?.part ?? null,
    /** Ends what waits to be asked on. */
    end,
    /** @param start 0 begins; then what was done before @throws UserError where that is another; CancelledError */
    async next(subject: Subject, start: number, signal: AbortSignal): Promise<Part> {
      if (start === 0) {
        end();
        const control = new AbortController();
        running = { steps: stepsOf(subject, control.signal), control };
      }
      // A newer one may begin meanwhile.
      const now = running;
      if (!now || (now.part?.done ?? 0) !== start)
        throw new UserError(`What comes after ${start} was asked for; begin at 0.`);
      const stop = (): void => now.control.abort();
      signal.addEventListener('abort', stop, { once: true });
      try {
        if (signal.aborted) throw new CancelledError();
        const step = await now.steps.next();
        if (!step.done) now.part = step.value;
        return now.part!;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
