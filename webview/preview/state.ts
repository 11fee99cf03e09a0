/** The one question of the page: what do the data look like. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { DataPreview } from '../../src/protocol/data';
import type { PreviewHost } from '../../src/protocol/preview-page';

export type PreviewState =
  | { status: 'loading' }
  | { status: 'ready'; preview: DataPreview }
  | { status: 'failed'; message: string }
  | { status: 'cancelled' };

export interface PreviewQuestion {
  readonly state: ReadonlySignal<PreviewState>;
  /** Asks (again). What an earlier question still answers is dropped. */
  ask(): void;
  cancel(): void;
}

export function previewQuestion(host: PreviewHost): PreviewQuestion {
  const state = signal<PreviewState>({ status: 'loading' });
  let token = 0;
  const stop = (): void => {
    if (token > 0) void host.cancel(String(token)).catch(() => {});
    token++;
  };
  return {
    state,
    ask() {
      if (state.peek().status === 'loading') stop();
      const own = ++token;
      state.value = { status: 'loading' };
      host.preview(String(own)).then(
        (preview) => {
          if (own === token) state.value = { status: 'ready', preview };
        },
        (error: unknown) => {
          if (own === token) state.value = { status: 'failed', message: messageOf(error) };
        },
      );
    },
    cancel() {
      stop();
      state.value = { status: 'cancelled' };
    },
  };
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}
