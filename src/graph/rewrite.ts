/** The frame of every pass: walk the nodes in order, and put something in the place of each. */
import type { Graph, Node } from './ir';
import { Recorder, type TensorType } from './recorder';

export interface Rewriter {
  /** The graph being built; its ids are the old graph's where a value was kept. */
  readonly recorder: Recorder;
  /** Those of the graph being built: what is computed from a parameter keeps the parameter's name. */
  readonly constantNames: Map<number, string>;
  /** What stands for an old value. */
  resolve(id: number): number;
  /** Writes a node with one result. @param scope by default the scope of the node that it replaces */
  add(op: string, inputs: readonly number[], type: TensorType, attrs?: Node['attrs'], scope?: string): number;
  /** A scalar of type float32. */
  number(value: number): number;
  /** Gives a constant a name, where there is one. */
  named(constant: number, name: string | undefined): number;
}

/**
 * Builds a new graph. For each node (its inputs already resolved) `replace` returns the ids that stand for its outputs,
 * or undefined to keep the node. Where all are kept the graph is the one that was given.
 */
export function rewrite(
  graph: Graph,
  replace: (node: Node, rewriter: Rewriter) => readonly number[] | undefined,
): Graph {
  const firstFree = Math.max(-1, ...graph.values.keys()) + 1;
  const recorder = new Recorder(graph.dynamicBatch, firstFree);
  const replaced = new Map<number, number>();
  const constantNames = new Map(graph.constantNames);
  const resolve = (id: number): number => replaced.get(id) ?? id;
  for (const { value } of graph.inputs) recorder.values.set(value, graph.values.get(value)!);
  for (const [id, data] of graph.constants) {
    recorder.values.set(id, graph.values.get(id)!);
    recorder.constants.set(id, data);
  }
  let place = '';
  const rewriter: Rewriter = {
    recorder,
    constantNames,
    resolve,
    add: (op, inputs, type, attrs = {}, scope = place) =>
      recorder.addNode(op, inputs, attrs, [type], scope)[0]!,
    number: (value) => recorder.addConstant(Float32Array.of(value), [], 'float32'),
    named(constant, name) {
      if (name !== undefined) constantNames.set(constant, name);
      return constant;
    },
  };
  let changed = false;
  for (const old of graph.nodes) {
    // Most nodes stay the same object through dozens of passes.
    const node = old.inputs.some((id) => replaced.has(id))
      ? { ...old, inputs: old.inputs.map(resolve) }
      : old;
    place = node.scope;
    const ids = replace(node, rewriter);
    if (ids) {
      changed = true;
      old.outputs.forEach((output, i) => {
        if (ids[i] !== output) replaced.set(output, ids[i]!);
      });
    } else recorder.keep(node, graph);
  }
  if (!changed) return graph;
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: resolve(value) }));
  return { ...recorder.graph(graph.inputs, outputs), constantNames };
}
