import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { words } from '../words';
import { rowStep } from './arrow-keys';
import { Menu } from './menu';

export interface TabsProps<T extends string> {
  id: string;
  label: string;
  tabs: readonly { id: T; text: string }[];
  selected: T;
  onSelect(id: T): void;
  /** Right of the tabs: actions or a note. */
  end?: ComponentChildren;
}

/** Pixels for "More", in wide fonts too. */
const moreWidth = 68;

/**
 * A row of tabs: one stop of the Tab key, arrows move within. The last ones are under "More" where they do not fit; the
 * selected one always shows. The panel is `TabPanel` with the same id.
 */
export function Tabs<T extends string>({ id, label, tabs, selected, onSelect, end }: TabsProps<T>) {
  const list = useRef<HTMLDivElement>(null);
  const focuses = useRef(false);
  const last = tabs.filter((tab) => tab.id !== selected).reverse();
  const { row, away } = useFitting([...last.map((tab) => tab.id), selected], moreWidth);
  const select = (to: T): void => {
    focuses.current = true;
    onSelect(to);
  };
  // A tab that was under "More" is drawn after it was selected.
  useLayoutEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>('[aria-selected=true]');
    if (!focuses.current || !tab) return;
    focuses.current = false;
    tab.focus();
  });
  const hidden = tabs.filter((tab) => tab.id !== selected && away.includes(tab.id));
  const move = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.id === selected);
    const next = tabs[rowStep(event.key, at, tabs.length) ?? -1];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    select(next.id);
  };
  return (
    <div class="tabs">
      <div class="tab-row grow" ref={row}>
        <div class="tablist" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
          {tabs
            .filter((tab) => !hidden.includes(tab))
            .map((tab) => (
              <button
                key={tab.id}
                data-fit={tab.id}
                type="button"
                role="tab"
                id={`${id}-tab-${tab.id}`}
                aria-controls={`${id}-panel`}
                aria-selected={tab.id === selected}
                tabIndex={tab.id === selected ? 0 : -1}
                onClick={() => onSelect(tab.id)}
              >
                {tab.text}
              </button>
            ))}
        </div>
        {hidden.length > 0 ? (
          <Menu
            label={words.more}
            plain
            items={hidden.map((tab) => ({ text: tab.text, run: () => select(tab.id) }))}
          />
        ) : null}
      </div>
      {end ? <div class="end flex-center">{end}</div> : null}
    </div>
  );
}

export interface TabPanelProps {
  id: string;
  selected: string;
  class?: string;
  children: ComponentChildren;
}

export function TabPanel({ id, selected, class: name, children }: TabPanelProps) {
  return (
    <div
      id={`${id}-panel`}
      role="tabpanel"
      aria-labelledby={`${id}-tab-${selected}`}
      tabIndex={0}
      class={`panel ${name ?? ''}`}
    >
      {children}
    </div>
  );
}

/**
 * A row that never wraps and cuts nothing: what does not fit into it is left out, for a menu at its end.
 * @param keys of the items, the one that goes first at first
 * @param reserve pixels for the menu, once there is one
 */
export function useFitting(keys: readonly string[], reserve: number) {
  /** Parent of the items, which have their keys as `data-fit`, and of other elements next to them. */
  const row = useRef<HTMLDivElement>(null);
  // Width of each item; for an item that is away, its width when it was last drawn.
  const widths = useRef(new Map<string, number>());
  /** Keys of the items that are not to be drawn in the row. */
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
  room -= gap * row.querySelectorAll(':scope > .spring').length;
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
