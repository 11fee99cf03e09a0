/** A file of the user's on its way to be the example. */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { largestGivenFile, type GivenExample } from '../../src/protocol/given';
import type { ModelSummary } from '../../src/protocol/model';
import { bytes as sizeText, shapeText } from '../base/format/numbers';
import { text } from './text';
import type { StateDefinition, Store } from '../base/store/store';
import { asKnownPicture } from './known-picture';

export type GivenStatus =
  | { kind: 'idle' }
  | { kind: 'reading'; name: string }
  | { kind: 'failed'; name: string; message: string }
  | { kind: 'read'; message: string };

export interface GivenState {
  status: ReadonlySignal<GivenStatus>;
  /** A file is being dragged over the page. */
  dragging: Signal<boolean>;
  read(file: File): Promise<void>;
  cancel(): void;
  dismiss(): void;
}

let nextToken = 1;

export const givenState: StateDefinition<GivenState> = { create };

function create({ connection: { host }, model, selectExample }: Store): GivenState {
  const status = signal<GivenStatus>({ kind: 'idle' });
  const dragging = signal(false);
  let token: string | undefined;

  const cancel = (): void => {
    if (token !== undefined) void host.cancel(token).catch(() => {});
    token = undefined;
    status.value = { kind: 'idle' };
  };

  return {
    status,
    dragging,
    cancel,
    dismiss: () => (status.value = { kind: 'idle' }),
    async read(file) {
      cancel();
      const { name } = file;
      if (file.size > largestGivenFile) {
        const message = text.tooLarge(name, sizeText(file.size), sizeText(largestGivenFile));
        status.value = { kind: 'failed', name, message };
        return;
      }
      const own = `given-${nextToken++}`;
      token = own;
      status.value = { kind: 'reading', name };
      try {
        const bytes = await asKnownPicture(file);
        const given = await host.ask('givenExample', { name, bytes }, own);
        // Cancelled, or another file came after it.
        if (token !== own) return;
        selectExample({ kind: 'values', values: [...given.values], name });
        status.value = { kind: 'read', message: describe(name, given, model.peek()) };
      } catch (error) {
        if (token !== own) return;
        status.value = {
          kind: 'failed',
          name,
          message: error instanceof Error ? error.message : String(error),
        };
      } finally {
        if (token === own) token = undefined;
      }
    },
  };
}

function describe(name: string, { source, values }: GivenExample, model: ModelSummary | undefined): string {
  if (source.kind === 'numbers' || !model) return text.numbersRead(name, values.length);
  const pad = 2 * (model.pad ?? 0);
  const [height = 0, width = 0, channels = 1] = model.shape;
  const size = `${shapeText([height - pad, width - pad])} ${channels === 1 ? text.grey : text.colour}`;
  const levels = model.levels ?? 256;
  const from = `${shapeText([source.height, source.width])} ${source.colour ? text.colour : text.grey}`;
  if (from === size) return text.pictureAsIs(name, size, levels);
  return source.resized
    ? text.pictureFitted(name, from, size, levels)
    : text.pictureRecoloured(name, from, size, levels);
}
