import { type ConstantData, type Graph, type Node, rewrite } from '../ir';
import { loneProducers, pass, removeDeadCode } from './pass';

/** Fewer columns than these cost a product as much as all of them: kernels compute eight or more at once. */
const fewColumns = 8;

/**
 * With the parameters bound: the parts of a product with a matrix of weights that is split by columns, as a conditioner's
 * answer into s and t, become products of their own. Nothing is copied then, and ONNX Runtime computes what follows one of
 * them, such as tanh, in the same step.
 */
export const splitProducts = pass('split products', (graph) => {
  const split = rewrite(graph, (node, { recorder, constantNames, resolve, add, named }) => {
    const sum = linearBefore(node, graph);
    if (!sum) return undefined;
    const { product, weights, bias } = sum;
    let start = 0;
    return node.outputs.map((output) => {
      const type = graph.values.get(output)!;
      const [rows, columns] = [graph.values.get(weights)!.shape[0]!, type.shape[1]!];
      const constant = (id: number, dims: number[]): number => {
        const part = columnsOf(graph.constants.get(id)!, sum.columns, start, columns);
        return named(recorder.addConstant(part, dims, type.dtype), constantNames.get(id));
      };
      const inputs = [resolve(product.inputs[0]!), constant(weights, [rows, columns])];
      const part = add('BatchMatMul', inputs, type, product.attrs, product.scope);
      const whole = add('Add', [part, constant(bias, [columns])], type, {}, product.scope);
      start += columns;
      return whole;
    });
  });
  return removeDeadCode(split);
});

/** h·W + b with constant W and b that a node splits by columns and that nothing else needs. */
function linearBefore(node: Node, graph: Graph) {
  const lone = loneProducers(graph);
  const { axis, sizes } = node.attrs as { axis: number; sizes: number[] };
  if (node.op !== 'SplitV' || axis !== 1 || sizes.some((size) => size < fewColumns)) return undefined;
  const [whole] = node.inputs as [number];
  const sum = lone(whole);
  const [x, bias] = sum?.op === 'Add' ? (sum.inputs as [number, number]) : [];
  const product = x === undefined ? undefined : lone(x);
  if (product?.op !== 'BatchMatMul' || bias === undefined) return undefined;
  const { transposeA, transposeB } = product.attrs;
  const [, weights] = product.inputs as [number, number];
  const [, columns] = graph.values.get(weights)!.shape;
  const fits = graph.constants.has(weights) && graph.constants.get(bias)?.length === columns;
  const { shape } = graph.values.get(whole)!;
  if (transposeA || transposeB || !fits || shape.length !== 2) return undefined;
  return { product, weights, bias, columns: columns! };
}

function columnsOf(data: ConstantData, all: number, start: number, count: number): Float32Array {
  const rows = data.length / all;
  const part = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < count; column++)
      part[row * count + column] = data[row * all + start + column]!;
  }
  return part;
}
