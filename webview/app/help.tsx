import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../base/controls/toolkit';
import { useStore } from '../base/store/use-store';
import { text } from './text';
import { helpState } from './help-state';

export function Help() {
  const store = useStore();
  const dialog = useRef<HTMLDialogElement>(null);
  const open = store.state(helpState).value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return (
    <dialog
      class="dialog"
      ref={dialog}
      aria-label={text.keys}
      onClose={() => (store.state(helpState).value = false)}
    >
      <h2>{text.keys}</h2>
      <dl>
        {text.keyList.map(([key, what]) => (
          <>
            <dt key={key}>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
      <Button onClick={() => (store.state(helpState).value = false)}>{text.close}</Button>
    </dialog>
  );
}
