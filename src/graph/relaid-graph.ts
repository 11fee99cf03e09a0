/** What is written while values of a graph change their layout: which exist as they were, and helpers to add nodes. */
import type { Graph, Node, Value } from './ir';
import { Recorder, type TensorType } from './recorder';

export abstract class RelaidGraph {
  readonly recorder: Recorder;
  /** What stands for values of the old graph, as they were. */
  private readonly plain: Map<number, number>;
  scope = '';

  constructor(private readonly graph: Graph) {
    this.recorder = new Recorder(graph.dynamicBatch, Math.max(-1, ...graph.values.keys()) + 1);
    for (const [id, value] of graph.values) this.recorder.values.set(id, value);
    for (const [id, data] of graph.constants) this.recorder.constants.set(id, data);
    const given = [...graph.inputs.map(({ value }) => value), ...graph.constants.keys()];
    this.plain = new Map(given.map((id) => [id, id]));
  }

  /** Writes an old value that is there in the other layout alone as it was. */
  protected abstract backToPlain(id: number): number;

  typeOf(id: number): Value {
    return this.recorder.values.get(id)!;
  }

  add(op: string, inputs: readonly number[], type: TensorType, attrs: Node['attrs'] = {}): number {
    return this.recorder.addNode(op, inputs, attrs, [type], this.scope)[0]!;
  }

  /** A node of the old graph, on values as they were. */
  keep(node: Node): void {
    this.recorder.nodes.push({ ...node, inputs: node.inputs.map((id) => this.asPlain(id)) });
    for (const id of node.outputs) this.plain.set(id, id);
  }

  setPlain(old: number, value: number): void {
    this.plain.set(old, value);
  }

  isPlain(old: number): boolean {
    return this.plain.has(old);
  }

  /** An old value as it was. */
  asPlain(id: number): number {
    const known = this.plain.get(id);
    if (known !== undefined) return known;
    const value = this.backToPlain(id);
    this.plain.set(id, value);
    return value;
  }

  finish(): Graph {
    const outputs = this.graph.outputs.map(({ name, value }) => ({ name, value: this.asPlain(value) }));
    const { constantNames } = this.graph;
    return {
      ...this.recorder.graph(this.graph.inputs, outputs),
      ...(constantNames ? { constantNames } : {}),
    };
  }
}
