/** A plain evaluator: slow, dependable, for folding constants and for small graphs where no backend is. */
import type { NdArray } from '../../protocol/tensors';
import type { Graph, Node, Value } from '../ir';
import { arrangements } from './arrange';
import { evaluateElementwise } from './elementwise';
import { evaluateReduction } from './reduce';

/** The results of one node; undefined for kernels that are not worth evaluating here (products, convolutions, optimizers). */
export function evaluateNode(
  node: Node,
  inputs: readonly NdArray[],
  outputs: readonly Value[],
): NdArray[] | undefined {
  const arranged = arrangements[node.op]?.(inputs, node.attrs, outputs);
  if (arranged) return arranged;
  const single =
    evaluateElementwise(node, inputs, outputs[0]!) ?? evaluateReduction(node, inputs, outputs[0]!);
  return single ? [single] : undefined;
}

/** @throws Error for a graph with a kernel that is not evaluated here */
export function evaluateGraph(graph: Graph, feeds: Record<string, NdArray>): Record<string, NdArray> {
  const { constants, values, inputs, nodes, outputs } = graph;
  const known = new Map(inputs.map(({ name, value }) => [value, feeds[name]!]));
  const of = (ids: readonly number[]): NdArray[] => ids.map((id) => known.get(id)!);
  for (const [id, data] of constants) known.set(id, { shape: [...values.get(id)!.shape], data });
  for (const node of nodes) {
    const shapes = node.outputs.map((id) => values.get(id)!);
    const results = evaluateNode(node, of(node.inputs), shapes);
    if (!results) throw new Error(`${node.op} is not evaluated without a backend`);
    node.outputs.forEach((id, i) => known.set(id, results[i]!));
  }
  return Object.fromEntries(outputs.map(({ name, value }) => [name, known.get(value)!]));
}
