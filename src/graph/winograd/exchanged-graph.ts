/** What is written while images of a graph change to rows first: which values exist in which order, and helpers to add nodes. */
import type { ConstantData, Graph, Node, Value } from '../ir';
import { Recorder, type TensorType } from '../recorder';

const perm = [1, 0, 2, 3];
/** [N, H, W, C] ↔ [H, N, W, C]. */
export const exchanged = (shape: readonly number[]): number[] => perm.map((axis) => shape[axis]!);

export class ExchangedGraph {
  readonly recorder: Recorder;
  private readonly plain: Map<number, number>;
  private readonly rowsFirst = new Map<number, number>();
  private readonly known = new Map<string, number>();
  scope = '';

  constructor(private readonly graph: Graph) {
    this.recorder = new Recorder(graph.dynamicBatch, Math.max(-1, ...graph.values.keys()) + 1);
    for (const [id, value] of graph.values) this.recorder.values.set(id, value);
    for (const [id, data] of graph.constants) this.recorder.constants.set(id, data);
    const given = [...graph.inputs.map(({ value }) => value), ...graph.constants.keys()];
    this.plain = new Map(given.map((id) => [id, id]));
  }

  typeOf(id: number): Value {
    return this.recorder.values.get(id)!;
  }

  add(op: string, inputs: readonly number[], type: TensorType, attrs: Node['attrs'] = {}): number {
    return this.recorder.addNode(op, inputs, attrs, [type], this.scope)[0]!;
  }

  reshape(value: number, shape: readonly number[]): number {
    return this.add('Reshape', [value], { shape, dtype: 'float32' });
  }

  /** The product of two matrices. */
  multiply(a: number, b: number): number {
    const shape = [this.typeOf(a).shape[0]!, this.typeOf(b).shape[1]!];
    return this.add(
      'BatchMatMul',
      [a, b],
      { shape, dtype: 'float32' },
      { transposeA: false, transposeB: false },
    );
  }

  /** A constant matrix of `columns`, which is there once. */
  matrix(name: string, columns: number, data: () => ConstantData): number {
    const found = this.known.get(name);
    if (found !== undefined) return found;
    const values = data();
    const id = this.recorder.addConstant(values, [values.length / columns, columns], 'float32');
    this.known.set(name, id);
    return id;
  }

  /** A node of the old graph, on values as they were. */
  keep(node: Node): void {
    this.recorder.nodes.push({ ...node, inputs: node.inputs.map((id) => this.asPlain(id)) });
    for (const id of node.outputs) this.plain.set(id, id);
  }

  setPlain(old: number, value: number): void {
    this.plain.set(old, value);
  }

  setRowsFirst(old: number, value: number): void {
    this.rowsFirst.set(old, value);
  }

  isRowsFirst(old: number): boolean {
    return this.rowsFirst.has(old);
  }

  /** An old value as it was. */
  asPlain(id: number): number {
    return this.plain.get(id) ?? this.exchange(this.rowsFirst.get(id)!, id, this.plain);
  }

  /** An old value [N, H, W, C] as [H, N, W, C]. */
  asRowsFirst(id: number): number {
    return this.rowsFirst.get(id) ?? this.exchange(this.asPlain(id), id, this.rowsFirst);
  }

  /** An old value in the order in which it is there. */
  asItIs(id: number): number {
    return this.plain.get(id) ?? this.asRowsFirst(id);
  }

  private exchange(value: number, old: number, into: Map<number, number>): number {
    const { shape, dtype } = this.typeOf(value);
    const result = this.add('Transpose', [value], { shape: exchanged(shape), dtype }, { perm });
    into.set(old, result);
    return result;
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
