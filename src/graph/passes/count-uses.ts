import { keptOf } from '../../base/kept';
import type { Graph } from '../ir';

/** How often each value is an input of a node or a result. */
export const countUses = keptOf((graph: Graph): ReadonlyMap<number, number> => {
  const uses = new Map<number, number>();
  const count = (id: number): void => void uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const { value } of graph.outputs) count(value);
  return uses;
});
