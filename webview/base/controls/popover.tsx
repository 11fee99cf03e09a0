import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useCloseOutside } from './outside';

/** A button that shows more controls below it. Escape and a click elsewhere hide them. */
export function Popover({ label, children }: { label: string; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useCloseOutside(root, open, () => setOpen(false));
  return (
    <div
      class="popover fit-menu"
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open || event.defaultPrevented) return;
        event.preventDefault();
        setOpen(false);
        root.current?.querySelector('button')?.focus();
      }}
    >
      <button
        type="button"
        class="dots"
        aria-expanded={open}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
      >
        ⋯
      </button>
      {open ? (
        <div class="popover-body" role="group" aria-label={label}>
          {children}
        </div>
      ) : null}
    </div>
  );
}
