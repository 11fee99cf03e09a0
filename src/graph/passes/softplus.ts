/** Softplus out of operators that ONNX Runtime has vectorized: its own takes 11 ns a value, these together 4. */
import { sizeOf } from '../../base/shape';
import { type Graph, type Node, type Value, rewrite } from '../ir';
import { pass } from './pass';

/** Least values at which eleven operators cost less than the one. */
const leastValues = 1000;
/** Examples that a batch of any size is taken to have. */
const usualBatch = 128;

function isLarge(node: Node, { values, dynamicBatch }: Graph): boolean {
  const { shape } = values.get(node.outputs[0]!)!;
  return sizeOf(shape.map((size) => (size === dynamicBatch ? usualBatch : size))) >= leastValues;
}

/**
 * max(x, 0) + ln(1 + e) with e = exp(−|x|) and u = 1 + e as rounded, where ln(1 + e) is ln u + (e − (u − 1)) / u: without the second
 * term, what u cannot hold of a small e would be lost.
 */
export const writeOutSoftplus = pass('written-out softplus', (graph) =>
  rewrite(graph, (node, rewriter) => {
    if (node.op !== 'Softplus' || !isLarge(node, graph)) return undefined;
    const [x] = node.inputs as [number];
    const like: Value = rewriter.recorder.values.get(x)!;
    const add = (op: string, ...inputs: number[]): number => rewriter.add(op, inputs, like);
    const one = rewriter.number(1);
    const e = add('Exp', add('Neg', add('Abs', x)));
    const u = add('Add', e, one);
    const lost = add('RealDiv', add('Sub', e, add('Sub', u, one)), u);
    return [add('Add', add('Relu', x), add('Add', add('Log', u), lost))];
  }),
);
