/** Softplus and ELU out of operators that ONNX Runtime has vectorized: its own take 10 and 4 ns a value, these 3 and 1. */
import { sizeOf } from '../../base/shape';
import { type Graph, type Value, rewrite } from '../ir';
import { pass } from './pass';

/** Least values at which several operators cost less than the one. */
const leastValues = 1000;
/** Examples that a batch of any size is taken to have. */
const usualBatch = 128;

function isLarge({ shape }: Value, { dynamicBatch }: Graph): boolean {
  return sizeOf(shape.map((size) => (size === dynamicBatch ? usualBatch : size))) >= leastValues;
}

/**
 * ELU is max(x, 0) + exp(min(x, 0)) − 1. Softplus is max(x, 0) + ln(1 + e) with e = exp(−|x|) and u = 1 + e as rounded, where
 * ln(1 + e) is ln u + (e − (u − 1)) / u: without the second term, what u cannot hold of a small e would be lost.
 */
export const writeOutSlowFunctions = pass('slow functions', (graph) =>
  rewrite(graph, (node, rewriter, type) => {
    if (!['Softplus', 'Elu'].includes(node.op) || !isLarge(type, graph)) return undefined;
    const [x] = node.inputs as [number];
    const add = (op: string, ...inputs: number[]): number => rewriter.add(op, inputs, type);
    const one = rewriter.number(1);
    const above = add('Relu', x);
    if (node.op === 'Elu')
      return [add('Add', above, add('Sub', add('Exp', add('Minimum', x, rewriter.number(0))), one))];
    const e = add('Exp', add('Neg', add('Abs', x)));
    const u = add('Add', e, one);
    const lost = add('RealDiv', add('Sub', e, add('Sub', u, one)), u);
    return [add('Add', above, add('Add', add('Log', u), lost))];
  }),
);
