import { useSignal } from '@preact/signals';

export interface Draft<T> {
  shown: T;
  /** While the control is moved. */
  move(next: T): void;
  /** Called when the control is let go: the chosen value is shown from then on. */
  settle(): void;
}

/** What a control shows: the value, or where it is being moved to. A value that comes late never undoes a later move. */
export function useDraft<T>(value: T): Draft<T> {
  const draft = useSignal<{ to: T } | undefined>(undefined);
  return {
    shown: draft.value ? draft.value.to : value,
    move: (to) => void (draft.value = { to }),
    settle: () => void (draft.value = undefined),
  };
}
