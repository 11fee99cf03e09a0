/** Which nodes of a graph get a line of their own, and which are written where they are used. */
import { sizeOf } from '../../base/shape';
import { type Graph, type Node, producersOf, broadcastShapes, sameShape, rewrite } from '../ir';
import { arithmeticNames, comparisonNames } from '../kernels/elementwise';
import { countUses } from '../passes/pass';
import { callOp } from './regions';

/** More operations than these in one line are hard to read. */
const mostOperations = 4;

/** In the arguments of a call. */
const mostInCall = 1;

const broadcasting = new Set<string>([...arithmeticNames, ...comparisonNames, 'Select']);

/** What is always a line. */
const lineOps = new Set([
  callOp,
  'SplitV',
  'Unpack',
  'Conv2D',
  'BatchMatMul',
  'BatchMean',
  'BatchNormTraining',
]);

/** Their results are new, and their gradients do without them. */
const makers = new Set(['Add', 'BatchMatMul']);

export type Statements = ReturnType<typeof statementsOf>;

export function statementsOf(graph: Graph) {
  const producers = producersOf(graph);
  const uses = countUses(graph);
  const results = new Set(graph.outputs.map(({ value }) => value));
  const inside = new Set<Node>();
  const costs = new Map<Node, number>();
  const shapeOf = (id: number): readonly number[] => graph.values.get(id)!.shape;

  /** The number that all elements of a value equal, where known. */
  const numberOf = (id: number): number | undefined => {
    const producer = producers.get(id);
    if (producer?.op === 'Fill') return producer.attrs['value'] as number;
    return sizeOf(shapeOf(id)) === 1 ? graph.constants.get(id)?.[0] : undefined;
  };

  /** The number that an input is written as, where its shape does not matter. */
  const numberAt = (node: Node, at: number): number | undefined => {
    const value = numberOf(node.inputs[at]!);
    if (value === undefined || !broadcasting.has(node.op)) return undefined;
    const others = node.inputs.filter((id, i) => i !== at && numberOf(id) === undefined);
    if (others.length === 0) return undefined;
    return sameShape(broadcastShapes(...others.map(shapeOf)), shapeOf(node.outputs[0]!)) ? value : undefined;
  };
  /** The product or convolution that a sum adds a bias to in one call. */
  const biased = (node: Node): Node | undefined => {
    if (node.op !== 'Add') return undefined;
    const product = producers.get(node.inputs[0]!);
    if (!product || (product.op !== 'Conv2D' && product.op !== 'BatchMatMul')) return undefined;
    const { shape } = graph.values.get(node.inputs[1]!)!;
    const fits =
      uses.get(node.inputs[0]!) === 1 &&
      shape.length === 1 &&
      shape[0] === shapeOf(product.outputs[0]!).at(-1) &&
      (product.op === 'Conv2D' || (isPlain(product) && shapeOf(product.inputs[1]!).length === 2));
    return fits ? product : undefined;
  };
  const isPlain = ({ attrs }: Node): boolean => !attrs['transposeA'] && !attrs['transposeB'];

  for (const node of graph.nodes) {
    let cost = 1;
    const product = biased(node);
    if (product) inside.add(product);
    const operands = product ? [...product.inputs, node.inputs[1]!] : node.inputs;
    for (const id of operands) {
      const producer = producers.get(id);
      if (!producer || inside.has(producer)) continue;
      const isFree = producer.op === 'Fill';
      const operationCost = isFree ? 0 : (costs.get(producer) ?? 1);
      const isShort =
        !lineOps.has(producer.op) &&
        !addsLogDet(producer, graph, producers) &&
        !biased(producer) &&
        producer.outputs.length === 1;
      if (!isFree && (uses.get(id) !== 1 || !isShort)) continue;
      // A layer's input and log-det are lines, so that layers look alike; what a network's part takes may be written in its call.
      if (node.op === callOp && node.outputs.length > 1) continue;
      if (results.has(id) || cost + operationCost > (node.op === callOp ? 1 + mostInCall : mostOperations))
        continue;
      inside.add(producer);
      cost += operationCost;
    }
    costs.set(node, cost);
  }

  /** Whether a node may write its result over its input, which nothing else reads and no gradient needs. */
  const overwrites = ({ inputs: [id = -1] }: Node): boolean =>
    uses.get(id) === 1 && makers.has(producers.get(id)?.op ?? '');
  /** The node that is written in place of a value, of those that have no line. */
  const inlined = (id: number): Node | undefined => {
    const producer = producers.get(id);
    return producer && inside.has(producer) ? producer : undefined;
  };
  /** Values that a line reads. */
  const reads = (line: Node): Set<number> => {
    const found = new Set<number>();
    const visit = (node: Node): void => {
      node.inputs.forEach((id, at) => {
        if (numberAt(node, at) !== undefined) return;
        const inner = inlined(id);
        if (inner) visit(inner);
        else found.add(id);
      });
    };
    visit(line);
    return found;
  };
  return {
    lines: graph.nodes.filter((node) => !inside.has(node)),
    inlined,
    biased,
    overwrites,
    numberAt,
    reads,
  };
}

/** Whether a node adds the log-det of a call. */
function addsLogDet(node: Node, graph: Graph, producers: ReadonlyMap<number, Node>): boolean {
  return (
    node.op === 'Add' &&
    graph.values.get(node.outputs[0]!)!.shape.length <= 1 &&
    node.inputs.some((id) => producers.get(id)?.op === callOp)
  );
}

/** Log-dets of modules, added one after the other: each as soon as it is known, the first to nothing, so that all look alike. */
export function startSums(graph: Graph): Graph {
  const producers = producersOf(graph);
  const firsts = new Set(
    graph.nodes.flatMap((node) => {
      const areCalls = node.inputs.every((id) => producers.get(id)?.op === callOp);
      return areCalls && addsLogDet(node, graph, producers) ? [node.inputs[0]!] : [];
    }),
  );
  const started = new Map<number, number>();
  return rewrite(graph, (node, { recorder, add, number }, type) => {
    if (node.op === callOp) {
      recorder.keep(node, graph);
      for (const id of node.outputs.filter((output) => firsts.has(output))) {
        started.set(id, add('Add', [number(0), id], graph.values.get(id)!));
      }
      return node.outputs;
    }
    const first = started.get(node.inputs[0] ?? -1);
    if (first === undefined || !addsLogDet(node, graph, producers)) return undefined;
    return [add('Add', [first, ...node.inputs.slice(1)], type, node.attrs)];
  });
}
