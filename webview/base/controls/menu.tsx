import { useEffect, useRef, useState } from 'preact/hooks';
import { useCloseOutside } from './outside';
import { Button } from './toolkit';

export interface MenuProps {
  label: string;
  /** Looks like a tab, next to tabs. */
  plain?: boolean;
  items: readonly { text: string; run(): void }[];
}

/** A button that opens a list of actions. Escape and a click elsewhere close it. */
export function Menu({ label, plain, items }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (open) root.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, [open]);
  useCloseOutside(root, open, () => setOpen(false));
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!open) return;
    event.stopPropagation();
    const all = [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'Escape') {
      setOpen(false);
      root.current?.querySelector<HTMLElement>('vscode-button, button')?.focus();
    } else if (event.key === 'ArrowDown') all[(at + 1) % all.length]?.focus();
    else if (event.key === 'ArrowUp') all[(at + all.length - 1) % all.length]?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div class={plain ? 'menu fit-menu' : 'menu'} ref={root} onKeyDown={onKeyDown}>
      {plain ? (
        <button
          type="button"
          class="plain-menu"
          aria-haspopup="menu"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {label} ▾
        </button>
      ) : (
        <Button onClick={() => setOpen(!open)}>{label} ▾</Button>
      )}
      {open ? (
        <div role="menu" aria-label={label} class="menu-items">
          {items.map((item) => (
            <button
              key={item.text}
              type="button"
              role="menuitem"
              onClick={() => {
                setOpen(false);
                item.run();
              }}
            >
              {item.text}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}
