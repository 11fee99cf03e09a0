/** Which nodes make a graph's values, and which take them. */
import type { Graph, Node } from './ir';

/** The node that computes each value; none for inputs and constants. */
export function producersOf({ nodes }: Pick<Graph, 'nodes'>): Map<number, Node> {
  return new Map(nodes.flatMap((node) => node.outputs.map((id) => [id, node] as const)));
}

/** The nodes that take each value, one that takes it twice listed twice. */
export function consumersOf({ nodes }: Pick<Graph, 'nodes'>): Map<number, Node[]> {
  const consumers = new Map<number, Node[]>();
  for (const node of nodes)
    for (const id of node.inputs) {
      const known = consumers.get(id);
      if (known) known.push(node);
      else consumers.set(id, [node]);
    }
  return consumers;
}
