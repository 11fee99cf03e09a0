/** Builds the nodes of a TensorFlow graph from one or more of our graphs. */
import type { AttrValue, NodeDef } from '@tensorflow/tfjs-node/dist/proto/api_pb.js';
import { entryOf } from '../../base/kept';
import { type ConstantData, type DType, type Graph, type Node, producersOf } from '../ir';
import { emptyData } from '../evaluate/array';
import { GraphWriter, UniqueNames } from '../writing';
import { intAttribute, nodeDef, tensorAttribute, typeAttribute } from './messages';

export type Attributes = Record<string, AttrValue>;

/** Every node of a session's graph has a name of its own. */
export class GraphDefWriter {
  readonly nodes: NodeDef[] = [];
  private readonly taken = new UniqueNames();

  /** Adds a node and returns its name, made unique and free of what TensorFlow does not allow. */
  add(stem: string, op: string, inputs: readonly string[], attributes: Attributes): string {
    const allowed = stem.replace(/[^A-Za-z0-9_./-]/g, '_').replace(/^[^A-Za-z0-9.]/, 'n$&');
    const name = this.taken.unique(allowed);
    this.nodes.push(nodeDef(name, op, inputs, attributes));
    return name;
  }
}

/** Writes one graph, its nodes prefixed by the name of the function. */
export class FunctionWriter extends GraphWriter {
  private readonly names = new Map<number, string>();
  private scope = '';
  constructor(
    readonly target: GraphDefWriter,
    graph: Graph,
    private readonly prefix: string,
  ) {
    super(graph);
  }

  /** The node that computes a value; undefined for inputs and constants. */
  producerOf(id: number): Node | undefined {
    return producersOf(this.graph).get(id);
  }

  /** The TensorFlow name of a value; constants are written when first asked for. */
  nameOf(id: number): string {
    return entryOf(this.names, id, () => {
      const data = this.graph.constants.get(id);
      if (!data) throw new Error(`The value ${id} is used before it is computed.`);
      const { shape, dtype } = this.typeOf(id);
      return this.constant(data, shape, dtype, this.graph.constantNames?.get(id));
    });
  }

  setName(id: number, name: string): void {
    this.names.set(id, name);
  }

  enter(scope: string): void {
    this.scope = scope;
  }

  add(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = [this.prefix, this.scope, op].filter(Boolean).join('/');
    return this.target.add(name, op, inputs, attributes);
  }

  /** Adds the TensorFlow node with the outputs of our node. */
  emit(node: Node, op: string, inputs: readonly string[], attributes: Attributes = {}): void {
    const name = this.add(op, inputs, attributes);
    node.outputs.forEach((id, i) => this.names.set(id, i === 0 ? name : `${name}:${i}`));
  }

  constant(data: ConstantData, shape: readonly number[], dtype: DType, name = 'constant'): string {
    return this.target.add(`${this.prefix}/${name}`, 'Const', [], {
      dtype: typeAttribute(dtype),
      value: tensorAttribute(data, shape, dtype),
    });
  }

  scalar(value: number, dtype: DType): string {
    return this.once(`${dtype}:${Object.is(value, -0) ? '-0' : value}`, () =>
      this.constant(emptyData(dtype, 1).fill(value), [], dtype),
    );
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.once(`ints:${values.join()}:${shape.join()}`, () =>
      this.constant(Int32Array.from(values), shape, 'int32', 'sizes'),
    );
  }

  /** A float32 vector without elements, where TensorFlow asks for an input that it will not read. */
  nothing(): string {
    return this.once('nothing', () => this.constant(new Float32Array(0), [0], 'float32'));
  }

  /** A shape as an int32 vector, computed where it depends on the batch size. */
  shape(dims: readonly number[]): string {
    if (!dims.some((dim) => this.isDynamic(dim))) return this.ints(dims);
    const parts = dims.map((dim) => {
      if (!this.isDynamic(dim)) return this.scalar(dim, 'int32');
      const factor = dim / this.graph.dynamicBatch!;
      if (factor === 1) return this.batch();
      return this.add('Mul', [this.batch(), this.scalar(factor, 'int32')], { T: typeAttribute('int32') });
    });
    return this.add('Pack', parts, {
      N: intAttribute(parts.length),
      T: typeAttribute('int32'),
      axis: intAttribute(0),
    });
  }

  /** The batch size as an int32 scalar. */
  private batch(): string {
    return this.once('batch', () => {
      const { value, axis } = this.batchAxis();
      const dims = this.add('Shape', [this.nameOf(value)], {
        T: typeAttribute(this.typeOf(value).dtype),
        out_type: typeAttribute('int32'),
      });
      return this.add('GatherV2', [dims, this.scalar(axis, 'int32'), this.scalar(0, 'int32')], {
        Tparams: typeAttribute('int32'),
        Tindices: typeAttribute('int32'),
        Taxis: typeAttribute('int32'),
        batch_dims: intAttribute(0),
      });
    });
  }
}
