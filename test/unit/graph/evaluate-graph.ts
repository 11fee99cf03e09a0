/** A plain evaluator of whole graphs: slow, dependable, a reference for backends and passes. */
import { evaluateNode } from '../../../src/graph/evaluate/evaluate';
import type { Graph } from '../../../src/graph/ir';
import type { NdArray } from '../../../src/protocol/tensors';

/** Runs a whole graph. @throws Error for kernels that `evaluateNode` does not know. */
export function evaluateGraph(
  graph: Graph,
  feeds: Readonly<Record<string, NdArray>>,
): Record<string, NdArray> {
  const known = new Map<number, NdArray>();
  for (const [id, data] of graph.constants) known.set(id, { shape: [...graph.values.get(id)!.shape], data });
  for (const { name, value } of graph.inputs) {
    const feed = feeds[name];
    if (!feed) throw new Error(`The graph input "${name}" was not given.`);
    known.set(value, feed);
  }
  for (const node of graph.nodes) {
    const outputs = node.outputs.map((id) => graph.values.get(id)!);
    const results = evaluateNode(
      node,
      node.inputs.map((id) => known.get(id)!),
      outputs,
    );
    if (!results) throw new Error(`The kernel ${node.op} cannot be evaluated without a backend.`);
    results.forEach((result, i) => known.set(outputs[i]!.id, result));
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, known.get(value)!]));
}
