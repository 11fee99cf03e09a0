/** A plain evaluator: slow, dependable, for folding constants. */
import type { NdArray } from '../../protocol/tensors';
import type { Node, Value } from '../ir';
import { arrangements } from './arrange';
import { evaluateElementwise } from './elementwise';
import { evaluateReduction } from './reduce';

/** The results of one node; undefined for kernels that are not worth evaluating here (products, convolutions, optimizers). */
export function evaluateNode(
  node: Node,
  inputs: readonly NdArray[],
  outputs: readonly Value[],
): NdArray[] | undefined {
  const arranged = arrangements[node.op]?.(inputs, node.attrs, outputs);
  if (arranged) return arranged;
  const single =
    evaluateElementwise(node, inputs, outputs[0]!) ?? evaluateReduction(node, inputs, outputs[0]!);
  return single ? [single] : undefined;
}
