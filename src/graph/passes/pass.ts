/** What every pass is wrapped in, so that its effect can be watched where it really runs. */
import type { Graph } from '../ir';
import type { PassName } from './list';

export interface PassRun {
  name: PassName;
  before: Graph;
  after: Graph;
}

export type Pass = (graph: Graph) => Graph;

let watcher: PassRun[] | undefined;

/** A pass with a name. It computes the same, watched or not. */
export function pass(name: PassName, run: Pass): Pass {
  return (before) => {
    const told = watcher;
    if (!told) return run(before);
    // A pass that calls others counts as one.
    watcher = undefined;
    try {
      const after = run(before);
      told.push({ name, before, after });
      return after;
    } finally {
      watcher = told;
    }
  };
}

/** Calls `fn`, and lists the passes that ran in it, in order. */
export function watchPasses<T>(fn: () => T): { result: T; runs: PassRun[] } {
  const outer = watcher;
  const runs: PassRun[] = [];
  watcher = runs;
  try {
    return { result: fn(), runs };
  } finally {
    watcher = outer;
  }
}
