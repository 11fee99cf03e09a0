/** The one question of the page: what do the data look like. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { DataPreview } from '../../src/protocol/data';
import type { DataChoice } from '../../src/protocol/engine';
import type { PreviewHost } from '../../src/protocol/preview-page';
import { messageOf } from '../base/host/page-api';

export type PreviewState =
  | { status: 'loading' }
  /** What was read last stays while it is read again. */
  | { status: 'ready'; preview: DataPreview; rereading: boolean }
  | { status: 'failed'; message: string }
  | { status: 'cancelled' };

export function previewQuestion(host: PreviewHost) {
  const state = signal<PreviewState>({ status: 'loading' });
  let token = 0;
  let pending = false;
  const stop = (): void => {
    if (pending) void host.cancel(String(token)).catch(() => {});
    pending = false;
    token++;
  };
  /** Shows that something is read, before it is asked for. */
  const wait = (): void => {
    const shown = state.peek();
    state.value = shown.status === 'ready' ? { ...shown, rereading: true } : { status: 'loading' };
  };
  return {
    state: state as ReadonlySignal<PreviewState>,
    wait,
    /** Asks (again). What an earlier question still answers is dropped. */
    ask(choice?: DataChoice) {
      if (pending) stop();
      const requestToken = ++token;
      const finish = (outcome: PreviewState): void => {
        if (requestToken !== token) return;
        pending = false;
        state.value = outcome;
      };
      pending = true;
      wait();
      host.preview(String(requestToken), choice).then(
        (preview) => finish({ status: 'ready', preview, rereading: false }),
        (error: unknown) => finish({ status: 'failed', message: messageOf(error) }),
      );
    },
    /** Something else that has to be known first could not be. */
    fail(error: unknown) {
      stop();
      state.value = { status: 'failed', message: messageOf(error) };
    },
    cancel() {
      stop();
      const shown = state.peek();
      state.value = shown.status === 'ready' ? { ...shown, rereading: false } : { status: 'cancelled' };
    },
  };
}
