import { isPointwise, type Graph, type Value, rewrite, type TensorType } from '../ir';
import { pass } from './pass';
import { sizeOf } from '../../base/shape';

/**
 * Gradients of convolutions 1×1 are products of matrices, which TensorFlow computes faster: gradients of filters in 0.35 (4×4
 * pixels, 64 channels) to 0.7 of the time (32×32), of inputs in 0.4 to 1.1. In the forward pass they stay convolutions,
 * which take biases and sums along.
 */
export const multiplyPointwise = pass('pointwise products', (graph: Graph) =>
  rewrite(graph, (node, { recorder, add }, type) => {
    const isFilter = node.op === 'Conv2DBackpropFilter';
    if (!isFilter && node.op !== 'Conv2DBackpropInput') return undefined;
    const [a, b] = node.inputs as [number, number];
    const filter = isFilter ? type.shape : recorder.values.get(b)!.shape;
    if (!isPointwise(node, filter)) return undefined;
    const matrixOf = ({ shape }: Value): TensorType => {
      const columns = shape.at(-1)!;
      return { shape: [sizeOf(shape) / columns, columns], dtype: type.dtype };
    };
    const matrices = [a, b].map((id) => add('Reshape', [id], matrixOf(recorder.values.get(id)!)));
    const attrs = { transposeA: isFilter, transposeB: !isFilter };
    return [add('Reshape', [add('BatchMatMul', matrices, matrixOf(type), attrs)], type)];
  }),
);
