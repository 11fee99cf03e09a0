/** A run that comes a part at a time: what it had stays when it is canceled, and is there again when the model is opened. */
import { effect, signal, untracked, type ReadonlySignal } from '@preact/signals';
import {
  questionOf,
  type InspectorAnswer,
  type InspectorQuery,
} from '../../../src/protocol/inspector-questions';
import type { ModelSummary } from '../../../src/protocol/model';
import type { Store } from './store';
import { messageOf } from '../host/page-api';

/** Questions that are asked so, with those for what they came to last. */
const keptOf = { calibration: 'keptCalibration', check: 'keptCheck' } as const;
type PartedMethod = keyof typeof keptOf;

export type PartedStatus =
  { kind: 'idle' } | { kind: 'running' } | { kind: 'canceled' } | { kind: 'failed'; message: string };

export type Parted = ReturnType<typeof runInParts>;

export const failed = (error: unknown): PartedStatus => ({ kind: 'failed', message: messageOf(error) });

let nextToken = 1;

/** @param reset is called when another model, or another version of it, is there */
export function runInParts<M extends PartedMethod>(
  { connection: { host }, context, model }: Store,
  method: M,
  applies: (model: ModelSummary) => boolean,
  reset: () => void,
) {
  type Part = InspectorAnswer<M> & { done: number; total: number };
  const contextValues = questionOf(method).context === 'example' ? context.ofExample : undefined;
  const status = signal<PartedStatus>({ kind: 'idle' });
  const part = signal<Part | undefined>(undefined);
  let token: string | undefined;

  const stop = (): void => {
    if (token !== undefined) void host.cancel(token).catch(() => {});
    token = undefined;
  };
  const begin = (): string => (token = `${method}-${nextToken++}`);
  const run = async (settings: Omit<InspectorQuery<M>, 'start'>): Promise<void> => {
    stop();
    const requestToken = begin();
    part.value = undefined;
    status.value = { kind: 'running' };
    try {
      for (let start = 0; ;) {
        const query = { ...settings, start } as unknown as InspectorQuery<M>;
        const next = (await host.ask(
          method,
          query,
          requestToken,
          context.of?.peek(),
          contextValues?.peek(),
        )) as Part;
        if (token !== requestToken) return;
        part.value = next;
        if (next.done >= next.total) break;
        start = next.done;
      }
      token = undefined;
      status.value = { kind: 'idle' };
    } catch (error) {
      if (token !== requestToken) return;
      token = undefined;
      status.value = failed(error);
    }
  };

  let about = '';
  effect(() => {
    const isApplicable = model.value !== undefined && applies(model.value);
    const now = `${context.generation.value} ${context.of?.value ?? ''} ${contextValues?.value?.join() ?? ''} ${model.value?.path ?? ''}`;
    untracked(() => {
      if (now === about) return;
      about = now;
      stop();
      part.value = undefined;
      reset();
      status.value = { kind: 'idle' };
      if (!isApplicable) return;
      const requestToken = begin();
      host.ask(keptOf[method], undefined, requestToken, context.of?.peek(), contextValues?.peek()).then(
        (kept) => {
          if (token !== requestToken) return;
          token = undefined;
          part.value = (kept ?? undefined) as Part | undefined;
        },
        () => {
          // A page of an earlier version holds none.
          if (token === requestToken) token = undefined;
        },
      );
    });
  });

  return {
    status,
    part: part as ReadonlySignal<InspectorAnswer<M> | undefined>,
    run: (settings: Omit<InspectorQuery<M>, 'start'>) => void run(settings),
    cancel() {
      stop();
      status.value = { kind: 'canceled' };
    },
  };
}
