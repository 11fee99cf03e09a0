/** Log-dets of modules, added one after the other: each as soon as it is known, the first to nothing, so that all look alike. */
import { type Graph, type Node, producersOf, rewrite } from '../ir';
import { callOp } from './regions';

/** Whether a node adds the log-det of a call. */
export function addsLogDet(node: Node, graph: Graph, producers: ReadonlyMap<number, Node>): boolean {
  return (
    node.op === 'Add' &&
    graph.values.get(node.outputs[0]!)!.shape.length <= 1 &&
    node.inputs.some((id) => producers.get(id)?.op === callOp)
  );
}

export function startSums(graph: Graph): Graph {
  const producers = producersOf(graph);
  const firsts = new Set(
    graph.nodes.flatMap((node) => {
      const areCalls = node.inputs.every((id) => producers.get(id)?.op === callOp);
      return areCalls && addsLogDet(node, graph, producers) ? [node.inputs[0]!] : [];
    }),
  );
  const started = new Map<number, number>();
  return rewrite(graph, (node, { recorder, add, number }) => {
    if (node.op === callOp) {
      recorder.keep(node, graph);
      for (const id of node.outputs.filter((output) => firsts.has(output))) {
        started.set(id, add('Add', [number(0), id], graph.values.get(id)!));
      }
      return node.outputs;
    }
    const first = started.get(node.inputs[0] ?? -1);
    if (first === undefined || !addsLogDet(node, graph, producers)) return undefined;
    const type = graph.values.get(node.outputs[0]!)!;
    return [add('Add', [first, ...node.inputs.slice(1)], type, node.attrs)];
  });
}
