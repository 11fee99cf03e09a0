/** Which of layer, gallery and diagnostics is shown, where the editor is too small for all of them. */
import { computed, effect, signal } from '@preact/signals';
import { stateOf, type TabRegion } from '../base/store/store';

/** `one`: the three take turns. `shared`: gallery and diagnostics do. The style sheet decides by the room that there is. */
export type Turns = 'all' | 'shared' | 'one';

interface Fronts {
  /** The front region of all three; in `shared`, of gallery and diagnostics. */
  one: TabRegion;
  shared: TabRegion;
  /** Diagnostics alone, beside the strip. */
  filled: boolean;
}

const first: Fronts = { one: 'layer', shared: 'diagnostics', filled: false };
const regions: readonly TabRegion[] = ['layer', 'gallery', 'diagnostics'];

export const panelsState = stateOf((store) => {
  const turns = signal<Turns>('all');
  const fronts = signal(first);
  const filled = computed(() => turns.value !== 'one' && fronts.value.filled);
  /** The front one of the regions that take turns now; undefined where none do. */
  const front = computed(() => (turns.value === 'all' ? undefined : fronts.value[turns.value]));
  const choose = (region: TabRegion): void => {
    const { shared, filled: was } = fronts.peek();
    const filled = was && region === 'diagnostics';
    fronts.value = { one: region, shared: region === 'layer' ? shared : region, filled };
  };
  // What was asked for from elsewhere comes to the front: a tab by a key or a command, a layer by its row.
  const seen = new Map<TabRegion, string>();
  const note = (region: TabRegion): void => void seen.set(region, store.tabs[region].peek());
  for (const region of regions) {
    note(region);
    effect(() => {
      if (store.tabs[region].value === seen.get(region)) return;
      note(region);
      choose(region);
    });
  }
  store.onLayer(() => choose('layer'));
  return {
    turns,
    front,
    choose,
    filled,
    fill: () => (fronts.value = { ...fronts.value, filled: !fronts.value.filled }),
    shows: (region: TabRegion) =>
      (!filled.value || region === 'diagnostics') &&
      (front.value === undefined ||
        front.value === region ||
        (turns.value === 'shared' && region === 'layer')),
    kept: fronts,
    reset(_, kept) {
      // The tabs belong to another model, or to an earlier session: the user has not asked for one of them.
      regions.forEach(note);
      fronts.value = (kept as Fronts | undefined) ?? first;
    },
  };
}, 'panels');

export const takingTurns = (turns: Turns): readonly TabRegion[] =>
  turns === 'all' ? [] : turns === 'one' ? regions : regions.slice(1);
