/** Which checkpoint of the run everything on the page is about. */
import { signal, type ReadonlySignal } from '@preact/signals';

export type CheckpointState = ReturnType<typeof createCheckpointState>;

export function createCheckpointState() {
  /** Path of the checkpoint that is shown; undefined for the editor's own file. */
  const shown = signal<string | undefined>(undefined);
  /** The one that is being opened; the same as `shown` once it is there. */
  const target = signal<string | undefined>(undefined);
  /** Path of the editor's own file. */
  const editorFile = signal('');
  /** Why the last target could not be opened. */
  const problem = signal('');
  /** Moves to the newest checkpoint whenever the run writes one. */
  const follow = signal(false);
  const move = (path: string): void => {
    problem.value = '';
    target.value = path === editorFile.peek() ? undefined : path;
  };
  return {
    shown: shown as ReadonlySignal<string | undefined>,
    target: target as ReadonlySignal<string | undefined>,
    editorFile: editorFile as ReadonlySignal<string>,
    problem,
    follow,
    /** Shows a checkpoint in place, as soon as it is open; nothing is followed any more. */
    look(path: string) {
      follow.value = false;
      move(path);
    },
    /** To the newest one, while it is followed. */
    move,
    /** It is open: everything else may be asked of it. */
    arrive: () => void (shown.value = target.peek()),
    /** It cannot be opened: what was shown stays. */
    giveUp(message: string) {
      follow.value = false;
      problem.value = message;
      // What is shown may have been removed by the training that goes on; the editor's own file is there.
      target.value = target.peek() === shown.peek() ? undefined : shown.peek();
    },
    /** @param path of the editor's own file, when it first became known */
    startAt: (path: string) => void (editorFile.value = path),
  };
}
