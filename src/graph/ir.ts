/**
 * The graph: a flat list of kernel calls in execution order, each value with a static shape and dtype.
 * Operator names and attributes are those of TensorFlow.js kernels, so no mapping is needed between what the
 * flow calls and what is recorded.
 */
import { UserError } from '../base/user-error';
import { entryOf, keptOf } from '../base/kept';
import { sizeOf } from '../base/shape';

type Pair = readonly [number, number];
type Sides = readonly [number, number, number, number];

export interface ConvolutionAttrs {
  strides: Pair;
  dilations: Pair;
  /** Rows before, rows after, columns before, columns after. */
  pad: Sides;
}

export const convolutionAttrs = ({ attrs }: Node): ConvolutionAttrs => attrs as unknown as ConvolutionAttrs;

/** The sides that TensorFlow pads by where it says "same". @param image [N, height, width, …] @param filter [height, width, …] */
export function samePad(
  image: readonly number[],
  filter: readonly number[],
  { strides, dilations }: Pick<ConvolutionAttrs, 'strides' | 'dilations'>,
): Sides {
  return [0, 1].flatMap((i) => {
    const dim = image[i + 1]!;
    const extent = (filter[i]! - 1) * dilations[i]! + 1;
    const total = Math.max((Math.ceil(dim / strides[i]!) - 1) * strides[i]! + extent - dim, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  }) as unknown as Sides;
}

/** Whether a convolution, or a gradient of one, works place by place. @param filter [height, width, …] */
export function isPointwise(node: Node, [height, width]: readonly number[]): boolean {
  const { strides, pad } = convolutionAttrs(node);
  return (
    height === 1 && width === 1 && strides.every((step) => step === 1) && pad.every((rows) => rows === 0)
  );
}

export type DType = 'float32' | 'int32' | 'bool';
export type ConstantData = Float32Array | Int32Array | Uint8Array;

export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export interface Node {
  /** TensorFlow.js kernel name, for example "Conv2D"; or our own, "FusedAdam". */
  readonly op: string;
  readonly inputs: readonly number[];
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly number[];
  /** Where in the flow the call was made, for example "scales.0.checkerboard.1/net". */
  readonly scope: string;
}

export interface Port {
  readonly name: string;
  readonly value: number;
}

export interface Graph {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** In execution order: every input of a node is a graph input, a constant or an output of an earlier node. */
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<number, Value>;
  readonly constants: ReadonlyMap<number, ConstantData>;
  /** Names of constants that a person knows, for example names of parameters. */
  readonly constantNames?: ReadonlyMap<number, string>;
  /** What values are called in the flow, of graphs as they are traced. */
  readonly valueNames?: ReadonlyMap<number, string>;
  /**
   * The batch size that the graph was traced with when it stands for "any": a dimension that is a multiple of it
   * is dynamic. Absent for graphs of one batch size.
   */
  readonly dynamicBatch?: number;
}

/** How an operator is written in a form. @throws UserError for one that has none */
export function operatorOf<T>(operators: Readonly<Record<string, T>>, { op, scope }: Node, done: string): T {
  if (Object.hasOwn(operators, op)) return operators[op]!;
  throw new UserError(`The kernel ${op}${scope && ` in ${scope}`} cannot be ${done} yet.`);
}

type Nodes = Graph['nodes'];

// Most passes change nothing, and the next one asks of the same graph.
const producersIn = keptOf(
  (nodes: Nodes): ReadonlyMap<number, Node> =>
    new Map(nodes.flatMap((node) => node.outputs.map((id) => [id, node] as const))),
);

const consumersIn = keptOf((nodes: Nodes): ReadonlyMap<number, readonly Node[]> => {
  const consumers = new Map<number, Node[]>();
  for (const node of nodes) for (const id of node.inputs) entryOf(consumers, id, () => []).push(node);
  return consumers;
});

/** The node that computes each value; none for inputs and constants. */
export function producersOf({ nodes }: Pick<Graph, 'nodes'>): ReadonlyMap<number, Node> {
  return producersIn(nodes);
}

/** The nodes that take each value, one that takes it twice listed twice. */
export function consumersOf({ nodes }: Pick<Graph, 'nodes'>): ReadonlyMap<number, readonly Node[]> {
  return consumersIn(nodes);
}

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

/** The first number that no value has; a graph may have more values than a call takes arguments. */
export const firstFree = ({ values }: Graph): number =>
  [...values.keys()].reduce((free, id) => Math.max(free, id + 1), 0);

/**
 * Builds a new graph: the frame of every pass. For each node (its inputs already resolved) `replace` returns the ids that
 * stand for its outputs, or undefined to keep the node; `type` is that of its first result. Where all are kept the graph
 * is the one that was given.
 */
export function rewrite(
  graph: Graph,
  replace: (node: Node, rewriter: Rewriter, type: Value) => readonly number[] | undefined,
): Graph {
  const recorder = new Recorder(graph.dynamicBatch, firstFree(graph));
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
    const ids = replace(node, rewriter, graph.values.get(node.outputs[0]!)!);
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

export interface TensorType {
  shape: Shape;
  dtype: DType;
}

/** Collects the nodes, values and constants of a graph while it is being traced or rewritten. */
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
    if (shape.length > 0 && data.length > 0 && isUniform(data))
      return this.addNode('Fill', [], { value: data[0] }, [{ shape, dtype }], '')[0]!;
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

export type Shape = readonly number[];

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Whether something is one number, or one for each channel, the last axis. */
export function isPerChannel(shape: Shape, channels: number): boolean {
  return sizeOf(shape) === 1 || (sizeOf(shape) === channels && shape.at(-1) === channels);
}

/** The shape of an elementwise result, by NumPy's rules. */
export function broadcastShapes(...shapes: Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const at = rank - shape.length + i;
      const dim = shape[i]!;
      if (dim === 1 || dim === result[at]) continue;
      if (result[at] !== 1)
        throw new UserError(`Shapes ${shapes.map(showShape).join(' and ')} cannot be broadcast together.`);
      result[at] = dim;
    }
  }
  return result;
}

export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Axes as ascending numbers in [0, rank); null or undefined means all. */
export function normalizeAxes(axis: number | readonly number[] | null | undefined, rank: number): number[] {
  const axes = axis === null || axis === undefined ? [...Array(rank).keys()] : [axis].flat();
  const absolute = axes.map((a) => normalizeAxis(a, rank));
  return [...new Set(absolute)].sort((a, b) => a - b);
}

export function normalizeAxis(axis: number, rank: number): number {
  const absolute = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || absolute < 0 || absolute >= rank)
    throw new UserError(`Axis ${axis} is outside a tensor of rank ${rank}.`);
  return absolute;
}

export function reduceShape(shape: Shape, axes: Shape, keepDims: boolean): number[] {
  return keepDims
    ? shape.map((dim, i) => (axes.includes(i) ? 1 : dim))
    : shape.filter((_, i) => !axes.includes(i));
}
