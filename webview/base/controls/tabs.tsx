import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { words } from '../words';
import { rowStep } from './arrow-keys';
import { useFitting } from './fitting';
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
      <div class="tab-row" ref={row}>
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
      {end ? <div class="end">{end}</div> : null}
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
