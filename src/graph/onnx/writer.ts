/** Builds the node list of an ONNX graph: names that a person can read, initializers, dynamic sizes. */
import type { onnx } from 'onnx-proto';
import { entryOf } from '../../base/kept';
import type { ConstantData, DType, Graph, Node } from '../ir';
import { emptyData } from '../evaluate/array';
import { GraphWriter, UniqueNames } from '../writing';
import { sizeOf } from '../../base/shape';
import { int64Proto, intAttribute, tensorProto, type Attribute } from './messages';

export class OnnxWriter extends GraphWriter {
  readonly nodes: onnx.INodeProto[] = [];
  readonly initializers: onnx.ITensorProto[] = [];
  private readonly names = new Map<number, string>();
  private readonly taken: UniqueNames;
  /** Names under which values in blocks, [N, C/b, H, W, b], are [N, C, H, W] to ONNX Runtime. */
  private readonly wholes = new Map<number, string>();
  private whole = false;
  private scope = '';

  constructor(graph: Graph) {
    super(graph);
    this.taken = new UniqueNames([...graph.inputs, ...graph.outputs].map(({ name }) => name));
    for (const { name, value } of graph.inputs) this.names.set(value, name);
    for (const [id, data] of graph.constants) {
      const { shape, dtype } = this.typeOf(id);
      const name = this.taken.unique(graph.constantNames?.get(id) ?? 'constant');
      this.names.set(id, name);
      this.initializers.push(tensorProto(name, data, shape, dtype));
    }
    // An output that some node computes carries the output's name; the others get an Identity at the end.
    const computed = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
    for (const { name, value } of graph.outputs) {
      if (computed.has(value) && !this.names.has(value)) this.names.set(value, name);
    }
  }

  nameOf(id: number): string {
    const whole = this.wholes.get(id);
    if (whole !== undefined && !this.names.has(id))
      this.names.set(id, this.add('Reshape', [whole, this.shape(this.typeOf(id).shape)]));
    return this.names.get(id)!;
  }

  /** Whether a value in blocks has been seen as [N, C, H, W], so that `wholeName` costs nothing. */
  isWhole(id: number): boolean {
    return this.wholes.has(id);
  }

  /** The name of a value in blocks as [N, C, H, W]; of other values, their name. */
  wholeName(id: number): string {
    const { shape } = this.typeOf(id);
    if (shape.length !== 5) return this.nameOf(id);
    const [images, blocks, rows, columns, block] = shape as [number, number, number, number, number];
    return entryOf(this.wholes, id, () =>
      this.add('Reshape', [this.nameOf(id), this.shape([images, blocks * block, rows, columns])]),
    );
  }

  /** Starts a node of the graph: what is added from now on is named by its scope. */
  enter(node: Node): void {
    this.scope = node.scope;
  }

  /** Adds a node with one new intermediate result and returns that result's name. */
  add(opType: string, input: readonly string[], attribute: readonly Attribute[] = []): string {
    const name = this.nodeName(opType);
    this.nodes.push({
      name,
      opType,
      input: [...input],
      output: [`${name}_output`],
      attribute: [...attribute],
    });
    return `${name}_output`;
  }

  /** Adds a node whose results are the outputs of the graph's node. */
  emit(
    node: Node,
    opType: string,
    input: readonly string[],
    attribute: readonly Attribute[] = [],
    domain = '',
  ): void {
    const name = this.nodeName(opType);
    const output = node.outputs.map((id, i) =>
      this.outputName(id, node.outputs.length > 1 ? `${name}_output_${i}` : `${name}_output`),
    );
    this.nodes.push({ name, opType, input: [...input], output, attribute: [...attribute], domain });
  }

  /** While `fn` runs, results are values in blocks seen as [N, C, H, W]. */
  inWhole(fn: () => void): void {
    this.whole = true;
    fn();
    this.whole = false;
  }

  private outputName(id: number, fresh: string): string {
    if (this.whole) {
      this.wholes.set(id, fresh);
      return fresh;
    }
    return entryOf(this.names, id, () => fresh);
  }

  private nodeName(opType: string): string {
    return this.taken.unique(this.scope ? `${this.scope}/${opType}` : opType);
  }

  /** The same list of numbers is stored once. */
  int64(values: readonly number[], shape?: readonly number[]): string {
    const key = `${values.join()}:${shape?.join()}`;
    return this.stored(key, 'sizes', (name) => int64Proto(name, values, shape));
  }

  /** A constant all of whose elements are equal. */
  constant(value: number, dtype: DType, shape: readonly number[] = []): string {
    const key = `${dtype}:${Object.is(value, -0) ? '-0' : value}:${shape.join()}`;
    const data = (): ConstantData => emptyData(dtype, sizeOf(shape)).fill(value);
    return this.stored(key, 'constant', (name) => tensorProto(name, data(), shape, dtype));
  }

  /** A small constant; the same numbers under the same name are stored once. */
  tensor(name: string, data: Float32Array, shape: readonly number[]): string {
    const key = `${name}:${data.join()}:${shape.join()}`;
    return this.stored(key, name, (fresh) => tensorProto(fresh, data, shape, 'float32'));
  }

  private stored(key: string, stem: string, make: (name: string) => onnx.ITensorProto): string {
    return this.once(key, () => {
      const name = this.taken.unique(stem);
      this.initializers.push(make(name));
      return name;
    });
  }

  /** A shape as an int64 vector, computed where it depends on the batch size. */
  shape(dims: readonly number[]): string {
    if (!dims.some((dim) => this.isDynamic(dim))) return this.int64(dims);
    const parts = dims.map((dim) =>
      this.isDynamic(dim) ? this.batchMultiple(dim / this.graph.dynamicBatch!) : this.int64([dim]),
    );
    return parts.length === 1 ? parts[0]! : this.add('Concat', parts, [intAttribute('axis', 0)]);
  }

  /** factor · N as an int64 vector of one element. */
  private batchMultiple(factor: number): string {
    const batch = this.batch();
    if (factor === 1) return batch;
    return this.add('Mul', [batch, this.int64([factor])]);
  }

  private batch(): string {
    return this.once('batch', () => {
      const { value, axis } = this.batchAxis();
      const scope = this.scope;
      this.scope = 'batch';
      const shape = this.add('Shape', [this.nameOf(value)], []);
      const batch = this.add('Gather', [shape, this.int64([axis])], [intAttribute('axis', 0)]);
      this.scope = scope;
      return batch;
    });
  }
}
