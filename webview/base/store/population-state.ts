/** What the example is compared with: scores of a split or of the user's own data, which come a block at a time. */
import { computed, effect, signal, untracked } from '@preact/signals';
import type { ExampleRef } from '../../../src/protocol/selection';
import type { PopulationRef, Scores } from '../../../src/protocol/population';
import { stateOf, type Store } from './store';
import { messageOf } from '../host/page-api';

/** Scores so far. */
export interface Population extends Pick<Scores, 'total' | 'planned' | 'unreadable' | 'reason'> {
  source: PopulationRef;
  /** Name of a file or folder, without its path. */
  name: string;
  /** How many of `planned` were looked at. */
  done: number;
  indices: number[];
  /** bits/dim of images, nats of vectors. */
  scores: number[];
  status: 'scoring' | 'ready' | 'cancelled' | 'failed';
  message?: string;
}

function sourceKey(source: PopulationRef): string {
  return source.kind === 'split' ? source.split : `file ${source.path}`;
}

export const baseName = (path: string): string => path.replace(/[\\/]+$/, '').replace(/^.*[\\/]/, '') || path;

let nextToken = 1;

export const populationState = stateOf(({ context, model }) => {
  const { host } = context;
  /** Path of the user's own data, if any were chosen. */
  const userPath = signal<string | undefined>(undefined);
  /** Population whose scores a list of examples needs, besides the user's own data. */
  const listSource = signal<PopulationRef | undefined>(undefined);
  /** Why no data could be chosen. */
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
      put(key, { ...now, status: 'failed', message: messageOf(error) });
    } finally {
      if (mine()) running.delete(key);
    }
  };

  const userSource = computed<PopulationRef | undefined>(() =>
    userPath.value === undefined ? undefined : { kind: 'file', path: userPath.value },
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
  // A file that was written again counts as another model, and so its scores are dropped.
  let before = '';
  effect(() => {
    const now = `${context.generation.value} ${model.value?.path ?? ''}`;
    const runnable = model.value?.runnable === true;
    const sources = [userSource.value, listSource.value];
    untracked(() => {
      if (now !== before) {
        before = now;
        stopAll();
        known.value = {};
      }
      if (runnable) sources.forEach(start);
    });
  });

  return {
    userPath,
    /** Scores of the own data. */
    userScores: computed(() => populationOf(userSource.value)),
    listSource,
    scoresOf: populationOf,
    problem,
    kept: userPath,
    reset: (_, kept) => void (userPath.value = kept as string | undefined),
    /** Lets the user choose; whether they did. */
    async choose(what: 'file' | 'folder') {
      problem.value = '';
      try {
        const path = await host.chooseData(what);
        if (path === undefined) return false;
        userPath.value = path;
        return true;
      } catch (error) {
        problem.value = messageOf(error);
        return false;
      }
    },
    drop() {
      const source = userSource.peek();
      const key = source && sourceKey(source);
      userPath.value = undefined;
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
}, 'own');

/** An example of a population, for the page's selection. */
export function memberRef(source: PopulationRef, index: number): ExampleRef {
  return source.kind === 'split'
    ? { kind: 'data', split: source.split, index }
    : { kind: 'file', path: source.path, index };
}

/** Share of `scores` that are lower: a cost that is higher than theirs is less likely. Absent without finite scores. */
export function shareBelow(
  scores: ArrayLike<number> | undefined,
  score: number | undefined,
): number | undefined {
  if (!scores || score === undefined || !Number.isFinite(score)) return undefined;
  const finite = Array.from(scores).filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  // An example among them does not count as more likely than itself for the rounding of float32.
  const low = score - 1e-5 * Math.abs(score);
  return finite.filter((value) => value < low).length / finite.length;
}

/** How many examples there are where this one comes from; 0 where it is on its own. */
export function exampleTotal(store: Store, of: ExampleRef | undefined): number {
  const { userPath, userScores } = store.state(populationState);
  switch (of?.kind) {
    case 'data':
      return store.model.value?.splits.find((s) => s.name === of.split)?.count ?? 0;
    case 'sample':
      return of.count;
    case 'file':
      return (of.path === userPath.value && userScores.value?.total) || of.index + 1;
    default:
      return 0;
  }
}
