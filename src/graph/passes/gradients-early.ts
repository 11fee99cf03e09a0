import { type Node, producersOf } from '../ir';
import { countUses, pass } from './pass';

/** A Concat of fewer is none of all gradients. */
const many = 32;

/**
 * ONNX Runtime goes from the results back to what they need, and where several paths meet, first to the node that comes last
 * in the model. All gradients meet in one Concat, and the last of them needs the whole way back: taken first, it leaves all
 * others for the end, with everything that they need held in memory. So what goes into the Concat is written the other way
 * round, and each gradient is computed as soon as it can be.
 */
export const computeGradientsEarly = pass('early gradients', (graph) => {
  const uses = countUses(graph);
  const producers = producersOf(graph);
  const before = new Map<Node, Node[]>();
  const moved = new Set<Node>();
  for (const node of graph.nodes) {
    if (node.op !== 'Concat' || node.inputs.length < many) continue;
    const last = node.inputs
      .map((id) => producers.get(id))
      .filter((made): made is Node => made?.outputs.length === 1 && uses.get(made.outputs[0]!) === 1);
    for (const made of last) moved.add(made);
    before.set(node, last);
  }
  if (moved.size === 0) return graph;
  const places = new Map(graph.nodes.map((node, i) => [node, i]));
  // Flattened, which may have been written long after it was computed.
  const place = (node: Node): number => {
    const before = node.op === 'Reshape' ? producers.get(node.inputs[0]!) : undefined;
    return before ? place(before) : places.get(node)!;
  };
  const backwards = (list: Node[]): Node[] => list.toSorted((a, b) => place(b) - place(a));
  const nodes = graph.nodes
    .filter((node) => !moved.has(node))
    .flatMap((node) => [...backwards(before.get(node) ?? []), node]);
  return { ...graph, nodes };
});
