/**
 * The graph: a flat list of kernel calls in execution order, each value with a static shape and dtype.
 * Operator names and attributes are those of TensorFlow.js kernels, so no mapping is needed between what the
 * flow calls and what is recorded.
 */
import { UserError } from '../base/user-error';
import { entryOf, keptOf } from '../base/kept';

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
