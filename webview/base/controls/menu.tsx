import { useEffect, useRef, useState } from 'preact/hooks';
import { useCloseOutside } from './outside';
import { Button } from './toolkit';

export interface MenuProps {
  label: string;
  /** Looks like a tab, next to tabs. */
  plain?: boolean;
  items: readonly { text: string; run(): void }[];
}

/** A button that opens a list of actions. Escape, Tab and a click elsewhere close it. */
export function Menu({ label, plain, items }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (open) root.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, [open]);
  useCloseOutside(root, open, () => setOpen(false));
  return (
    <div
      class={plain ? 'menu fit-menu' : 'menu'}
      ref={root}
      onKeyDown={(event) => open && menuKeys(event, () => setOpen(false))}
    >
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

/**
 * A key within an open menu, its button included: arrows, Home and End move along its items, Escape and Tab close it and
 * go back to the button, from where Tab goes on.
 */
export function menuKeys(event: KeyboardEvent, close: () => void): void {
  event.stopPropagation();
  const menu = event.currentTarget as HTMLElement;
  const items = [...menu.querySelectorAll<HTMLElement>('[role=menuitem]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (event.key === 'Escape' || event.key === 'Tab') {
    close();
    menu.querySelector<HTMLElement>('vscode-button, button')?.focus();
    if (event.key === 'Tab') return;
  } else if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
  else if (event.key === 'ArrowUp') items[(at + items.length - 1) % items.length]?.focus();
  else if (event.key === 'Home') items[0]?.focus();
  else if (event.key === 'End') items.at(-1)?.focus();
  else return;
  event.preventDefault();
}
