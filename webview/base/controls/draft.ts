import { useSignal } from '@preact/signals';

/** What a control shows: the value, or where it is being moved to. A value that comes late never undoes a later move. */
export function useDraft<T>(value: T) {
  const draft = useSignal<{ to: T } | undefined>(undefined);
  return {
    shown: draft.value ? draft.value.to : value,
    /** While the control is moved. */
    move: (to: T) => void (draft.value = { to }),
    /** Called when the control is let go: the chosen value is shown from then on. */
    settle: () => void (draft.value = undefined),
  };
}
