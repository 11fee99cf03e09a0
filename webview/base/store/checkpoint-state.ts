/** Which checkpoint of the run everything on the page is about. */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';

export interface CheckpointState {
  /** Path of the checkpoint that is shown; undefined for the editor's own file. */
  shown: ReadonlySignal<string | undefined>;
  /** The one that is being opened; the same as `shown` once it is there. */
  target: ReadonlySignal<string | undefined>;
  /** Path of the editor's own file. */
  editorFile: ReadonlySignal<string>;
  /** Why the last one that was wanted could not be opened. */
  problem: Signal<string>;
  /** Moves to the newest checkpoint whenever the run writes one. */
  follow: Signal<boolean>;
  /** Shows a checkpoint in place, as soon as it is open; nothing is followed any more. */
  look(path: string): void;
  /** The newest one, while it is followed. */
  move(path: string): void;
  /** It is open: everything else may be asked of it. */
  arrive(): void;
  /** It cannot be opened: what was shown stays. */
  giveUp(message: string): void;
  /** Path of the editor's own file, when it first became known. */
  startAt(path: string): void;
}

export function createCheckpointState(): CheckpointState {
  const shown = signal<string | undefined>(undefined);
  const target = signal<string | undefined>(undefined);
  const editorFile = signal('');
  const problem = signal('');
  const follow = signal(false);
  const move = (path: string): void => {
    problem.value = '';
    target.value = path === editorFile.peek() ? undefined : path;
  };
  return {
    shown,
    target,
    editorFile,
    problem,
    follow,
    look(path) {
      follow.value = false;
      move(path);
    },
    move,
    arrive: () => void (shown.value = target.peek()),
    giveUp(message) {
      follow.value = false;
      problem.value = message;
      // What is shown may have been removed by the training that goes on; the editor's own file is there.
      target.value = target.peek() === shown.peek() ? undefined : shown.peek();
    },
    startAt: (path) => void (editorFile.value = path),
  };
}
