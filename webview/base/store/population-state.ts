/** What the example is compared with: scores of a split or of the user's own data, which come a block at a time. */
import {
  batch as together,
  computed,
  effect,
  signal,
  untracked,
  type ReadonlySignal,
  type Signal,
} from '@preact/signals';
import type { ExampleRef } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import type { PickedExamples, PopulationRef } from '../../../src/protocol/population';
import { examplesQuery } from '../../../src/protocol/questions';
import { ask, type Question, type QuestionContext } from './question';

export type ExampleOrder = 'index' | 'most' | 'least';

/** Scores so far. */
export interface Population {
  source: PopulationRef;
  /** Of a file or folder, without where it lies. */
  name: string;
  total: number;
  planned: number;
  /** How many of `planned` were looked at. */
  done: number;
  indices: number[];
  /** bits/dim of images, nats of vectors. */
  scores: number[];
  unreadable: number;
  reason?: string;
  status: 'scoring' | 'ready' | 'cancelled' | 'failed';
  message?: string;
}

export interface PopulationState {
  /** The user's own data, if any were chosen. */
  own: Signal<string | undefined>;
  /** Whether the gallery's examples are those of the own data. */
  ownShown: Signal<boolean>;
  order: Signal<ExampleOrder>;
  offset: Signal<number>;
  /** What the gallery lists by how likely it is; absent where it pages through a split by index. */
  listed: ReadonlySignal<Population | undefined>;
  /** Scores of the own data. */
  ownScores: ReadonlySignal<Population | undefined>;
  /** Places in `listed` of the page that is shown. */
  shown: ReadonlySignal<number[]>;
  pictures: Question<PickedExamples>;
  pageSize: ReadonlySignal<number>;
  choose(what: 'file' | 'folder'): Promise<void>;
  drop(): void;
  cancel(): void;
  retry(): void;
  /** Why no data could be chosen. */
  problem: Signal<string>;
}

export function sourceKey(source: PopulationRef): string {
  return source.kind === 'split' ? source.split : `file ${source.path}`;
}

export const baseName = (path: string): string => path.replace(/[\\/]+$/, '').replace(/^.*[\\/]/, '') || path;

let nextToken = 1;

export function createPopulationState(
  context: QuestionContext,
  model: ReadonlySignal<ModelSummary | undefined>,
  split: ReadonlySignal<'train' | 'validation'>,
  open: ReadonlySignal<boolean>,
): PopulationState {
  const { host } = context;
  const own = signal<string | undefined>(undefined);
  const ownShown = signal(false);
  const order = signal<ExampleOrder>('index');
  const offset = signal(0);
  const problem = signal('');
  const known = signal<Record<string, Population>>({});
  const running = new Map<string, string>();

  const put = (key: string, population: Population): void => {
    known.value = { ...known.peek(), [key]: population };
  };

  const score = async (source: PopulationRef): Promise<void> => {
    const key = sourceKey(source);
    const token = `scores-${nextToken++}`;
    running.set(key, token);
    let now: Population = {
      source,
      name: source.kind === 'split' ? source.split : baseName(source.path),
      total: 0,
      planned: 0,
      done: 0,
      indices: [],
      scores: [],
      unreadable: 0,
      status: 'scoring',
    };
    put(key, now);
    const mine = (): boolean => running.get(key) === token;
    try {
      for (;;) {
        const part = await host.ask('scores', { source, start: now.done }, token);
        if (!mine()) return;
        now = {
          ...now,
          total: part.total,
          planned: part.planned,
          done: part.next,
          indices: [...now.indices, ...part.indices],
          scores: [...now.scores, ...part.scores],
          unreadable: now.unreadable + part.unreadable,
          reason: now.reason ?? part.reason,
        };
        if (part.next >= part.planned) break;
        put(key, now);
      }
      put(key, { ...now, status: 'ready' });
    } catch (error) {
      if (!mine()) return;
      put(key, { ...now, status: 'failed', message: error instanceof Error ? error.message : String(error) });
    } finally {
      if (mine()) running.delete(key);
    }
  };

  const wanted = computed<PopulationRef | undefined>(() => {
    if (own.value !== undefined && ownShown.value) return { kind: 'file', path: own.value };
    return order.value === 'index' ? undefined : { kind: 'split', split: split.value };
  });
  const ownSource = computed<PopulationRef | undefined>(() =>
    own.value === undefined ? undefined : { kind: 'file', path: own.value },
  );
  const populationOf = (source: PopulationRef | undefined): Population | undefined =>
    source && known.value[sourceKey(source)];

  const start = (source: PopulationRef | undefined): void => {
    if (source && !known.peek()[sourceKey(source)]) void score(source);
  };
  const stopAll = (): void => {
    for (const token of running.values()) void host.cancel(token).catch(() => {});
    running.clear();
  };
  // Scores of another model, or of a file that was written anew, are those of another model.
  let before = '';
  effect(() => {
    const now = `${context.generation.value} ${model.value?.path ?? ''}`;
    const runnable = model.value?.runnable === true;
    const sources = [ownSource.value, open.value ? wanted.value : undefined];
    untracked(() => {
      if (now !== before) {
        before = now;
        stopAll();
        known.value = {};
      }
      if (runnable) sources.forEach(start);
    });
  });

  const pageSize = computed(() => (model.value ? examplesQuery(model.value, 'train', 0).count : 24));
  const listed = computed(() => populationOf(wanted.value));
  const shown = computed(() => {
    const population = listed.value;
    if (!population || population.status === 'scoring') return [];
    const { scores, indices } = population;
    const places = [...indices.keys()];
    // What is not finite is neither likely nor unlikely; it comes last.
    const at = (i: number): number => (Number.isFinite(scores[i]) ? scores[i]! : Infinity);
    if (order.value === 'most') places.sort((a, b) => at(a) - at(b) || a - b);
    if (order.value === 'least')
      places.sort((a, b) => (at(b) === Infinity ? -1 : at(b)) - (at(a) === Infinity ? -1 : at(a)) || a - b);
    return places.slice(offset.value, offset.value + pageSize.value);
  });
  const pictures = ask(context, 'pickExamples', () => {
    const population = listed.value;
    return open.value && population && shown.value.length > 0
      ? { source: population.source, indices: shown.value.map((place) => population.indices[place]!) }
      : null;
  });

  return {
    own,
    ownShown,
    order,
    offset,
    listed,
    ownScores: computed(() => populationOf(ownSource.value)),
    shown,
    pictures,
    pageSize,
    problem,
    async choose(what) {
      problem.value = '';
      try {
        const path = await host.chooseData(what);
        if (path === undefined) return;
        together(() => {
          own.value = path;
          ownShown.value = true;
          offset.value = 0;
        });
      } catch (error) {
        problem.value = error instanceof Error ? error.message : String(error);
      }
    },
    drop() {
      const source = ownSource.peek();
      const key = source && sourceKey(source);
      together(() => {
        own.value = undefined;
        ownShown.value = false;
        offset.value = 0;
      });
      if (key === undefined) return;
      const token = running.get(key);
      running.delete(key);
      if (token !== undefined) void host.cancel(token).catch(() => {});
      known.value = Object.fromEntries(Object.entries(known.peek()).filter(([name]) => name !== key));
    },
    cancel() {
      for (const [key, token] of running) {
        void host.cancel(token).catch(() => {});
        const now = known.peek()[key];
        if (now) put(key, { ...now, status: 'cancelled' });
      }
      running.clear();
    },
    retry() {
      for (const [key, { source, status }] of Object.entries(known.peek()))
        if (status === 'failed' || status === 'cancelled') {
          running.delete(key);
          void score(source);
        }
    },
  };
}

/** An example of a population, for the page's selection. */
export function memberRef(source: PopulationRef, index: number): ExampleRef {
  return source.kind === 'split'
    ? { kind: 'data', split: source.split, index }
    : { kind: 'file', path: source.path, index };
}

/** Share of `scores` that are lower: a cost that is higher than theirs is less likely. Absent without finite scores. */
export function shareBelow(
  scores: ArrayLike<number> | undefined,
  own: number | undefined,
): number | undefined {
  if (!scores || own === undefined || !Number.isFinite(own)) return undefined;
  const finite = Array.from(scores).filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  // An example among them does not count as more likely than itself for the rounding of float32.
  const low = own - 1e-5 * Math.abs(own);
  return finite.filter((value) => value < low).length / finite.length;
}
