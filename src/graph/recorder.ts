/** Collects the nodes, values and constants of a graph while it is being traced or rewritten. */
import { UserError } from '../base/user-error';
import type { ConstantData, DType, Graph, Node, Port, Value } from './ir';
import { showShape, type Shape } from './shape';

export interface TensorType {
  shape: Shape;
  dtype: DType;
}

export class Recorder {
  readonly values = new Map<number, Value>();
  readonly constants = new Map<number, ConstantData>();
  readonly nodes: Node[] = [];
  /** What values are called. */
  readonly valueNames = new Map<number, string>();
  /** Why no graph may come of it, where what is traced would not notice. */
  refusal?: UserError;
  private next: number;

  constructor(
    readonly dynamicBatch?: number,
    firstId = 0,
  ) {
    this.next = firstId;
  }

  addValue({ shape, dtype }: TensorType): number {
    const id = this.next++;
    this.values.set(id, { id, shape: [...shape], dtype });
    return id;
  }

  addConstant(data: ConstantData, shape: Shape, dtype: DType): number {
    const id = this.addValue({ shape, dtype });
    this.constants.set(id, data);
    return id;
  }

  /**
   * A constant, or a Fill where all elements are equal: gradients multiply by large tensors of ones, which need not be
   * stored, and a Fill may have a dynamic size.
   */
  addTensor(data: ConstantData, shape: Shape, dtype: DType): number {
    if (shape.length > 0 && data.length > 0 && isUniform(data)) {
      return this.addNode('Fill', [], { value: data[0] }, [{ shape, dtype }], '')[0]!;
    }
    if (this.dynamicBatch !== undefined && shape.some((dim) => isDynamic(dim, this.dynamicBatch))) {
      throw new UserError(
        `A constant of shape ${showShape(shape)} holds different values for each example, but the graph is traced for ` +
          'any batch size. Pass it as an input.',
      );
    }
    return this.addConstant(data.slice(), shape, dtype);
  }

  addNode(
    op: string,
    inputs: readonly number[],
    attrs: Readonly<Record<string, unknown>>,
    outputs: readonly TensorType[],
    scope: string,
  ): number[] {
    const ids = outputs.map((type) => this.addValue(type));
    this.nodes.push({ op, inputs: [...inputs], attrs, outputs: ids, scope });
    return ids;
  }

  /** Takes over a node of another graph with its outputs. */
  keep(node: Node, from: Graph): readonly number[] {
    for (const id of node.outputs) this.values.set(id, from.values.get(id)!);
    this.nodes.push(node);
    return node.outputs;
  }

  graph(inputs: readonly Port[], outputs: readonly Port[]): Graph {
    return {
      inputs,
      outputs,
      nodes: this.nodes,
      values: this.values,
      constants: this.constants,
      ...(this.dynamicBatch === undefined ? {} : { dynamicBatch: this.dynamicBatch }),
    };
  }
}

export function isDynamic(dim: number, dynamicBatch: number | undefined): boolean {
  return dynamicBatch !== undefined && dim > 0 && dim % dynamicBatch === 0;
}

function isUniform(data: ConstantData): boolean {
  const first = data[0]!;
  return data.every((value: number) => Object.is(value, first));
}
