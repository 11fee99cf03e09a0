/** Which examples are listed: a page of a split by index, or members of a population by how likely they are. */
import { batch as together, computed, effect, signal } from '@preact/signals';
import type { PopulationRef } from '../../../src/protocol/population';
import { examplesQuery } from '../../../src/protocol/questions';
import { populationState } from '../../base/store/population-state';
import { ask, stateOf } from '../../base/store/store';

export type ExampleOrder = 'index' | 'most' | 'least';

export const examplesState = stateOf((store) => {
  const { context, model } = store;
  const population = store.state(populationState);
  const { userPath } = population;
  const page = signal<{ split: 'train' | 'validation'; offset: number }>({ split: 'validation', offset: 0 });
  /** Whether the examples come from the user's own data. */
  const showsUserData = signal(false);
  const order = signal<ExampleOrder>('index');
  const offset = signal(0);
  const source = computed<PopulationRef | undefined>(() => {
    if (userPath.value !== undefined && showsUserData.value) return { kind: 'file', path: userPath.value };
    return order.value === 'index' ? undefined : { kind: 'split', split: page.value.split };
  });
  effect(() => void (population.listSource.value = store.shows('examples') ? source.value : undefined));

  const pageSize = computed(() => (model.value ? examplesQuery(model.value, 'train', 0).count : 24));
  /** What is listed by how likely it is; absent where a split is paged through by index. */
  const listed = computed(() => population.scoresOf(source.value));
  /** Places in `listed` of the page that is shown. */
  const shown = computed(() => {
    const found = listed.value;
    if (!found || found.status === 'scoring') return [];
    const { scores, indices } = found;
    const places = [...indices.keys()];
    // What is not finite is neither likely nor unlikely; it comes last.
    const at = (i: number): number => (Number.isFinite(scores[i]) ? scores[i]! : Infinity);
    if (order.value === 'most') places.sort((a, b) => at(a) - at(b) || a - b);
    if (order.value === 'least')
      places.sort((a, b) => (at(b) === Infinity ? -1 : at(b)) - (at(a) === Infinity ? -1 : at(a)) || a - b);
    return places.slice(offset.value, offset.value + pageSize.value);
  });
  return {
    page,
    examples: ask(context, 'examples', () =>
      store.shows('examples') && model.value && model.value.splits.length > 0
        ? examplesQuery(model.value, page.value.split, page.value.offset)
        : null,
    ),
    showsUserData,
    order,
    offset,
    listed,
    shown,
    pictures: ask(context, 'pickExamples', () => {
      const found = listed.value;
      return store.shows('examples') && found && shown.value.length > 0
        ? { source: found.source, indices: shown.value.map((place) => found.indices[place]!) }
        : null;
    }),
    pageSize,
    async choose(what: 'file' | 'folder') {
      if (!(await population.choose(what))) return;
      together(() => {
        showsUserData.value = true;
        offset.value = 0;
      });
    },
    drop() {
      together(() => {
        population.drop();
        showsUserData.value = false;
        offset.value = 0;
      });
    },
    reset(found) {
      page.value = {
        split: (found.splits.find((s) => s.name === 'validation') ?? found.splits[0])?.name ?? 'validation',
        offset: 0,
      };
    },
  };
});
