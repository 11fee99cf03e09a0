import { type Graph, type Node, type Value, producersOf, rewrite, type Rewriter, sameShape } from '../ir';
import { arithmeticNames } from '../kernels/elementwise';
import { sizeOf } from '../../base/shape';
import { countUses, pass, removeDeadCode } from './pass';

/** What takes the place of the parts: a value there is, the parts side by side, or a step with the whole. */
type Whole =
  | { kind: 'value'; id: number }
  | { kind: 'parts'; ids: readonly number[] }
  | { kind: 'step'; like: Node; operands: readonly Whole[] };

/**
 * Where each part of a vector goes through the same steps, element by element, and the parts are joined at the end, the
 * whole vector goes through them once. Running statistics of an image flow are some hundred small vectors in one, each
 * moved towards the batch's by two multiplications and a sum.
 */
export const joinParts = pass('joined parts', (graph) => {
  const find = finder(graph);
  const joined = rewrite(graph, (node, rewriter, type) => {
    const [output] = node.outputs as [number];
    if (node.op !== 'Concat' || type.shape.length !== 1) return undefined;
    const { inputs } = find.producers.get(output)!;
    const whole = find.wholeOf(inputs);
    const saved = stepsIn(whole) * inputs.length + 1;
    return callsOf(whole) < saved ? [write(whole, type, node, rewriter)] : undefined;
  });
  return removeDeadCode(joined);
});

function finder(graph: Graph) {
  const uses = countUses(graph);
  const producers = producersOf(graph);
  const shapeOf = (id: number): readonly number[] => graph.values.get(id)!.shape;

  /** What the operands of one step are, together; undefined where they are not what the parts need. */
  const operand = (parts: readonly number[], ids: readonly number[]): Whole | undefined => {
    const [first] = ids as [number];
    if (ids.every((id) => id === first) && sizeOf(shapeOf(first)) === 1) return { kind: 'value', id: first };
    return ids.every((id, i) => sameShape(shapeOf(id), shapeOf(parts[i]!))) ? wholeOf(ids) : undefined;
  };

  function wholeOf(parts: readonly number[]): Whole {
    const [like, ...others] = parts.map((id) => producers.get(id));
    const splits = like?.op === 'SplitV' && like.attrs['axis'] === 0;
    if (splits && sameShape(like.outputs, parts)) return { kind: 'value', id: like.inputs[0]! };
    const alike =
      like &&
      arithmeticNames.has(like.op) &&
      others.every((node) => node?.op === like.op && sameAttrs(node, like)) &&
      parts.every((id) => uses.get(id) === 1);
    const operands = alike
      ? like.inputs.map((_, at) =>
          operand(
            parts,
            parts.map((id) => producers.get(id)!.inputs[at]!),
          ),
        )
      : [undefined];
    const known = operands.filter((each) => each !== undefined);
    if (!like || known.length < operands.length) return { kind: 'parts', ids: parts };
    return { kind: 'step', like, operands: known };
  }
  return { producers, wholeOf };
}

const sameAttrs = (a: Node, b: Node): boolean => JSON.stringify(a.attrs) === JSON.stringify(b.attrs);

/** Nodes that are written for it. */
function callsOf(whole: Whole): number {
  if (whole.kind !== 'step') return whole.kind === 'parts' ? 1 : 0;
  return whole.operands.reduce((sum, each) => sum + callsOf(each), 1);
}

function stepsIn(whole: Whole): number {
  return whole.kind === 'step' ? whole.operands.reduce((sum, each) => sum + stepsIn(each), 1) : 0;
}

function write(whole: Whole, type: Value, concat: Node, rewriter: Rewriter): number {
  const { resolve, add } = rewriter;
  if (whole.kind === 'value') return resolve(whole.id);
  if (whole.kind === 'parts') return add('Concat', whole.ids.map(resolve), type, concat.attrs);
  const inputs = whole.operands.map((each) => write(each, type, concat, rewriter));
  return add(whole.like.op, inputs, type, whole.like.attrs, whole.like.scope);
}
