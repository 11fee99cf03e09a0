/** Which nodes make a graph's values, and which take them. */
import { entryOf, keptOf } from '../base/kept';
import type { Graph, Node } from './ir';

type Nodes = Graph['nodes'];

// Most passes change nothing, and the next one asks of the same graph.
const producersIn = keptOf(
  (nodes: Nodes): ReadonlyMap<number, Node> =>
    new Map(nodes.flatMap((node) => node.outputs.map((id) => [id, node] as const))),
);

const consumersIn = keptOf((nodes: Nodes): ReadonlyMap<number, readonly Node[]> => {
  const consumers = new Map<number, Node[]>();
  for (const node of nodes) for (const id of node.inputs) entryOf(consumers, id, () => []).push(node);
  return consumers;
});

/** The node that computes each value; none for inputs and constants. */
export function producersOf({ nodes }: Pick<Graph, 'nodes'>): ReadonlyMap<number, Node> {
  return producersIn(nodes);
}

/** The nodes that take each value, one that takes it twice listed twice. */
export function consumersOf({ nodes }: Pick<Graph, 'nodes'>): ReadonlyMap<number, readonly Node[]> {
  return consumersIn(nodes);
}
