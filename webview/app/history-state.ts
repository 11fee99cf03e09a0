/** Back and forward through what was selected: layer, tab, example and comparison, as a browser goes through pages. */
import { batch as together, computed, effect, signal } from '@preact/signals';
import { stateOf } from '../base/store/store';
import { compareState } from '../features/compare/state';

export interface History<T> {
  past: readonly T[];
  present: T;
  /** When the present was selected, ms. */
  since: number;
  /** The nearest last. */
  future: readonly T[];
}

/** A place that was shown for less time is not kept: a held arrow key passes through many. */
const settledMs = 500;
const most = 50;

/** `same` says that nothing was selected; `now` in ms. */
export function visit<T>(
  history: History<T>,
  next: T,
  now: number,
  same: (a: T, b: T) => boolean,
): History<T> {
  const { past, present, since } = history;
  if (same(present, next)) return history;
  const keeps = now - since >= settledMs;
  const grown = keeps ? [...past, present].slice(-most) : past;
  // Passing through and coming back is not a step.
  const last = grown.at(-1);
  return last !== undefined && same(last, next)
    ? { past: grown.slice(0, -1), present: next, since: now, future: [] }
    : { past: grown, present: next, since: now, future: [] };
}

export function goBack<T>(history: History<T>, now: number): History<T> {
  const { past, present, future } = history;
  const before = past.at(-1);
  if (before === undefined) return history;
  return { past: past.slice(0, -1), present: before, since: now, future: [...future, present] };
}

export function goForward<T>(history: History<T>, now: number): History<T> {
  const { past, present, future } = history;
  const after = future.at(-1);
  if (after === undefined) return history;
  return { past: [...past, present], present: after, since: now, future: future.slice(0, -1) };
}

export const historyState = stateOf((store) => {
  const { layer, example } = store;
  const tab = store.tabs.layer;
  const compared = store.state(compareState).path;
  const here = () => ({
    layer: layer.value,
    tab: tab.value,
    example: example.value,
    /** Path of the model that is compared with. */
    compared: compared.value,
  });
  type Place = ReturnType<typeof here>;
  const same = (a: Place, b: Place): boolean => JSON.stringify(a) === JSON.stringify(b);
  const history = signal<History<Place>>({ past: [], present: here(), since: 0, future: [] });

  effect(() => {
    const next = here();
    history.value = visit(history.peek(), next, Date.now(), same);
  });

  const go = (to: History<Place>): void => {
    if (to === history.peek()) return;
    together(() => {
      history.value = to;
      const place = to.present;
      if (place.layer !== layer.peek()) store.selectLayer(place.layer);
      tab.value = place.tab;
      compared.value = place.compared;
      if (place.example !== example.peek()) store.selectExample(place.example);
    });
  };
  return {
    canGoBack: computed(() => history.value.past.length > 0),
    canGoForward: computed(() => history.value.future.length > 0),
    back: () => go(goBack(history.peek(), Date.now())),
    forward: () => go(goForward(history.peek(), Date.now())),
    // There is nothing of another model to go back to.
    reset: () => (history.value = { past: [], present: here(), since: 0, future: [] }),
  };
});
