/** A plain evaluator: slow, dependable, for folding constants and as a reference in tests. */
import { UserError } from '../../base/user-error';
import type { NdArray } from '../../protocol/tensors';
import type { Graph, Node, Value } from '../ir';
import { evaluateArrangement } from './arrange';
import { evaluateElementwise } from './elementwise';
import { evaluateReduction } from './reduce';

/** The results of one node; undefined for kernels that are not worth evaluating here (convolutions, optimizers). */
export function evaluateNode(
  node: Node,
  inputs: readonly NdArray[],
  outputs: readonly Value[],
): NdArray[] | undefined {
  const arranged = evaluateArrangement(node, inputs, outputs);
  if (arranged) return arranged;
  const single =
    evaluateElementwise(node, inputs, outputs[0]!) ?? evaluateReduction(node, inputs, outputs[0]!);
  return single ? [single] : undefined;
}

/** Runs a whole graph. @throws UserError for kernels that `evaluateNode` does not know. */
export function evaluateGraph(
  graph: Graph,
  feeds: Readonly<Record<string, NdArray>>,
): Record<string, NdArray> {
  const known = new Map<number, NdArray>();
  for (const [id, data] of graph.constants) known.set(id, { shape: [...graph.values.get(id)!.shape], data });
  for (const { name, value } of graph.inputs) {
    const feed = feeds[name];
    if (!feed) throw new UserError(`The graph input "${name}" was not given.`);
    known.set(value, feed);
  }
  for (const node of graph.nodes) {
    const outputs = node.outputs.map((id) => graph.values.get(id)!);
    const results = evaluateNode(
      node,
      node.inputs.map((id) => known.get(id)!),
      outputs,
    );
    if (!results) throw new UserError(`The kernel ${node.op} cannot be evaluated without a backend.`);
    results.forEach((result, i) => known.set(outputs[i]!.id, result));
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, known.get(value)!]));
}
