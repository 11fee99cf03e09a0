/** A row that never wraps and cuts nothing: what does not fit into it is left out, for a menu at its end. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface Fitting {
  /** Parent of the items, which have their keys as `data-fit`, and of other elements next to them. */
  row: RefObject<HTMLDivElement | null>;
  /** Keys of the items that are not to be drawn in the row. */
  away: readonly string[];
}

/**
 * @param keys of the items, the one that goes first at first
 * @param reserve pixels for the menu, once there is one
 */
export function useFitting(keys: readonly string[], reserve: number): Fitting {
  const row = useRef<HTMLDivElement>(null);
  // Width of each item; for an item that is away, its width when it was last drawn.
  const widths = useRef(new Map<string, number>());
  const [away, setAway] = useState<readonly string[]>([]);
  const measured = (): void => {
    if (!row.current) return;
    const next = leftOut(row.current, keys, widths.current, reserve);
    setAway((before) => (before.join() === next.join() ? before : next));
  };
  const latest = useRef(measured);
  latest.current = measured;
  const observer = useRef<ResizeObserver>(undefined);
  useLayoutEffect(() => {
    observer.current = new ResizeObserver(() => latest.current());
    return () => observer.current?.disconnect();
  }, []);
  useLayoutEffect(() => {
    measured();
    const element = row.current;
    // Observing what is observed already changes nothing.
    for (const part of element ? [element, ...partsOf(element)] : []) observer.current?.observe(part);
  });
  return { row, away };
}

/** Items, and the elements next to them. */
function partsOf(row: Element): HTMLElement[] {
  const items = [...row.querySelectorAll<HTMLElement>('[data-fit]')];
  const others = [...row.children].filter(
    (child) => !child.matches('.spring, [data-fit], .fit-menu') && !child.querySelector('[data-fit]'),
  );
  return [...items, ...(others as HTMLElement[])];
}

function leftOut(
  row: HTMLElement,
  keys: readonly string[],
  widths: Map<string, number>,
  reserve: number,
): string[] {
  const style = getComputedStyle(row);
  const gap = parseFloat(style.columnGap) || 0;
  let room = row.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  // Before it is laid out, and while it is hidden, nothing is known.
  if (row.clientWidth === 0) return [];
  for (const part of partsOf(row)) {
    const { width } = part.getBoundingClientRect();
    const key = part.dataset['fit'];
    // An item without content takes no room, nor does it belong in a menu.
    if (width === 0) widths.delete(key ?? '');
    else if (key === undefined) room -= width + gap;
    else widths.set(key, width + gap);
  }
  const known = keys.filter((key) => widths.has(key));
  let need = known.reduce((sum, key) => sum + widths.get(key)!, 0);
  const out: string[] = [];
  for (const key of known) {
    if (need <= room + gap - (out.length > 0 ? reserve + gap : 0)) break;
    out.push(key);
    need -= widths.get(key)!;
  }
  return out;
}
