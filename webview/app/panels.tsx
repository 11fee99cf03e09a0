/** The panels of the page, of which some take turns in a small editor. */
import type { ComponentChildren, RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import { useResized } from '../base/size/resized';
import { Segmented } from '../base/controls/segmented';
import type { TabRegion } from '../base/store/store';
import { useFeature } from '../base/store/use-store';
import { words } from '../base/words';
import { panelsState, takingTurns, type Turns } from './panels-state';
import { text } from './text';

/** Reads from the style sheet who takes turns: it alone knows the sizes at which that changes. */
export function useTurns(): RefObject<HTMLElement | null> {
  const page = useRef<HTMLElement>(null);
  const { turns } = useFeature(panelsState);
  useResized(
    () => page.current,
    (element) => {
      turns.value = (getComputedStyle(element).getPropertyValue('--turns').trim() || 'all') as Turns;
    },
  );
  return page;
}

export interface PanelProps {
  region: TabRegion;
  class: string;
  label: string;
  children: ComponentChildren;
}

/** A panel that stays as it is while another one has its turn. */
export function Panel({ region, class: name, label, children }: PanelProps) {
  const shown = useFeature(panelsState).shows(region);
  return (
    <section class={shown ? name : `${name} away`} aria-label={label}>
      {children}
    </section>
  );
}

/** At the same place in each panel that takes turns. */
export function PanelSwitch({ region }: { region: TabRegion }) {
  const panels = useFeature(panelsState);
  const names = { layer: words.layer, gallery: text.gallery, diagnostics: words.diagnostics };
  const choices = takingTurns(panels.turns.value);
  if (!choices.includes(region)) return null;
  return (
    <div class="panel-switch flex-center" id={`${region}-switch`}>
      <Segmented
        label={text.panel}
        value={region}
        options={choices.map((value) => ({ value, text: names[value] }))}
        onChange={(value) => {
          panels.choose(value);
          // The choice is drawn in each panel, and what had the focus goes with its own.
          setTimeout(() =>
            document.querySelector<HTMLElement>(`#${value}-switch [aria-checked=true]`)?.focus(),
          );
        }}
      />
    </div>
  );
}
