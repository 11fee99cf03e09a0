/** Passes have names, and a pipeline is a list of them, so that what each saves can be shown. */
import { type Graph, type Node, producersOf } from '../ir';
import type { PassName } from './list';
import { keptOf } from '../../base/kept';

export interface Pass {
  (graph: Graph): Graph;
  readonly passName: PassName;
}

/** Passes that run again until they change nothing, or only change nodes for as many others. */
interface Rounds {
  most: number;
  passes: readonly Pass[];
}

export type Pipeline = readonly (Pass | Rounds)[];

export interface PassRun {
  name: PassName;
  before: Graph;
  after: Graph;
}

/** Gives a pass its name. Passes that it calls itself are part of it. */
export function pass(name: PassName, run: (graph: Graph) => Graph): Pass {
  return Object.assign(run, { passName: name });
}

/** Runs all passes in order; `ran` hears of each. */
export function runPasses(graph: Graph, pipeline: Pipeline, ran?: (run: PassRun) => void): Graph {
  return pipeline.reduce((before, step) => {
    if ('passes' in step) return runRounds(before, step, ran);
    const after = step(before);
    ran?.({ name: step.passName, before, after });
    return after;
  }, graph);
}

function runRounds(graph: Graph, { most, passes }: Rounds, ran?: (run: PassRun) => void): Graph {
  let current = graph;
  for (let round = 0; round < most; round++) {
    const before = current.nodes;
    current = runPasses(current, passes, ran);
    if (
      current.nodes.length === before.length &&
      (round > 0 || current.nodes.every((node, at) => node === before[at]))
    )
      break;
  }
  return current;
}

/** How often each value is an input of a node or a result. */
export const countUses = keptOf((graph: Graph): ReadonlyMap<number, number> => {
  const uses = new Map<number, number>();
  const count = (id: number): void => void uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const { value } of graph.outputs) count(value);
  return uses;
});

/** The node that computes a value, where the value is used once. */
export function loneProducers(graph: Graph): (id: number) => Node | undefined {
  const uses = countUses(graph);
  const producers = producersOf(graph);
  return (id) => (uses.get(id) === 1 ? producers.get(id) : undefined);
}

/** Drops nodes and constants that no output needs. Inputs stay, since callers feed them by name. */
export const removeDeadCode = pass('dead code', (graph) => {
  const live = new Set(graph.outputs.map(({ value }) => value));
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      const needed = node.outputs.some((id) => live.has(id));
      if (needed) for (const id of node.inputs) live.add(id);
      return needed;
    })
    .reverse();
  for (const { value } of graph.inputs) live.add(value);
  for (const { outputs } of nodes) for (const id of outputs) live.add(id);
  if ([...graph.values.keys()].every((id) => live.has(id))) return graph;
  return {
    ...graph,
    nodes,
    values: new Map([...graph.values].filter(([id]) => live.has(id))),
    constants: new Map([...graph.constants].filter(([id]) => live.has(id))),
  };
});
