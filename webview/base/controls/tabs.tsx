import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

export interface TabsProps<T extends string> {
  id: string;
  label: string;
  tabs: readonly { id: T; text: string }[];
  selected: T;
  onSelect(id: T): void;
  /** Right of the tabs: actions or a note. */
  end?: ComponentChildren;
}

/** A row of tabs: one stop of the Tab key, arrows move within. The panel is `TabPanel` with the same id. */
export function Tabs<T extends string>({ id, label, tabs, selected, onSelect, end }: TabsProps<T>) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.id === selected);
    const to =
      event.key === 'ArrowRight'
        ? (at + 1) % tabs.length
        : event.key === 'ArrowLeft'
          ? (at + tabs.length - 1) % tabs.length
          : event.key === 'Home'
            ? 0
            : event.key === 'End'
              ? tabs.length - 1
              : -1;
    const next = tabs[to];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    onSelect(next.id);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[to]?.focus();
  };
  return (
    <div class="tabs">
      <div class="tablist" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
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
      {end ? <div class="end">{end}</div> : null}
    </div>
  );
}

export function TabPanel({
  id,
  selected,
  class: name,
  children,
}: {
  id: string;
  selected: string;
  class?: string;
  children: ComponentChildren;
}) {
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
