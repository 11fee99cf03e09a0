/**
 * Convolutions 3×3 padded by one, and their gradients, of images whose rows come first, [H, N, W, C]: each is six convolutions
 * 1×3 between products with small matrices, each the transposed map of another.
 */
import { entryOf } from '../../../base/kept';
import type { ConstantData } from '../../ir';
import { sizeOf } from '../../../base/shape';
import { Permuted } from '../relayout';
import {
  filterMatrix,
  products,
  resultsMatrix,
  taps,
  tile,
  transposed,
  valueMatrix,
} from '../minimal-filtering';

/** A graph whose images are multiplied by constant matrices. */
export abstract class Products extends Permuted {
  private readonly matrices = new Map<string, number>();

  /** The product of two matrices. */
  multiply(a: number, b: number): number {
    const shape = [this.typeOf(a).shape[0]!, this.typeOf(b).shape[1]!];
    const attrs = { transposeA: false, transposeB: false };
    return this.add('BatchMatMul', [a, b], { shape, dtype: 'float32' }, attrs);
  }

  /** A constant matrix of `columns`, which is there once. */
  matrix(name: string, columns: number, data: () => ConstantData): number {
    return entryOf(this.matrices, name, () => {
      const values = data();
      return this.recorder.addConstant(values, [values.length / columns, columns], 'float32');
    });
  }
}

const float = (shape: readonly number[]): { shape: readonly number[]; dtype: 'float32' } => ({
  shape,
  dtype: 'float32',
});
const along = { strides: [1, 1], dilations: [1, 1], pad: [0, 0, 1, 1] };

/** x [H, N, W, C], filter [3, 3, C, K] → [H, N, W, K]. */
export function convolve(graph: Products, x: number, filter: number): number {
  const depth = graph.typeOf(filter).shape[3]!;
  const filters = filtersOf(graph, filter);
  const results = valuesOf(graph, x).map((part, i) =>
    graph.add('Conv2D', [part, filters[i]!], float([...graph.typeOf(part).shape.slice(0, 3), depth]), along),
  );
  const height = graph.typeOf(x).shape[0]!;
  const matrix = graph.matrix(`results ${height}`, (height / tile) * products, () => resultsMatrix(height));
  return combined(graph, results, matrix);
}

/** dy [H, N, W, K], filter [3, 3, C, K] → dx [H, N, W, C]. */
export function gradientOfInput(graph: Products, dy: number, filter: number): number {
  const depth = graph.typeOf(filter).shape[2]!;
  const filters = filtersOf(graph, filter);
  const parts = gradientsOf(graph, dy).map((part, i) => {
    const shape = [...graph.typeOf(part).shape.slice(0, 3), depth];
    return graph.add('Conv2DBackpropInput', [part, filters[i]!], float(shape), along);
  });
  const height = graph.typeOf(dy).shape[0]!;
  const back = graph.matrix(`values back ${height}`, (height / tile) * products, () =>
    transposed(valueMatrix(height, 'product by product'), height),
  );
  return combined(graph, parts, back);
}

/** x [H, N, W, C], dy [H, N, W, K] → [3, 3, C, K]. */
export function gradientOfFilter(graph: Products, x: number, dy: number): number {
  const shape = [1, taps, graph.typeOf(x).shape[3]!, graph.typeOf(dy).shape[3]!];
  const values = valuesOf(graph, x);
  const parts = gradientsOf(graph, dy).map((part, i) =>
    graph.add('Conv2DBackpropFilter', [values[i]!, part], float(shape), along),
  );
  const back = graph.matrix('filters back', products, () => transposed(filterMatrix(), taps));
  return combined(graph, parts, back);
}

/** Six of [H/4, N, W, C]. */
function valuesOf(graph: Products, x: number): number[] {
  const height = graph.typeOf(x).shape[0]!;
  const matrix = graph.matrix(`values ${height}`, height, () => valueMatrix(height, 'product by product'));
  return inProducts(graph, x, matrix);
}

function gradientsOf(graph: Products, dy: number): number[] {
  const height = graph.typeOf(dy).shape[0]!;
  const matrix = graph.matrix(`results back ${height}`, height, () =>
    transposed(resultsMatrix(height), (height / tile) * products),
  );
  return inProducts(graph, dy, matrix);
}

/** Six of [1, 3, C, K]. */
const filtersOf = (graph: Products, filter: number): number[] =>
  inProducts(graph, filter, graph.matrix('filters', taps, filterMatrix));

/** The first axis of a value times a matrix, cut into six. */
function inProducts(graph: Products, value: number, matrix: number): number[] {
  const [rows, ...rest] = graph.typeOf(value).shape as [number, ...number[]];
  const multiplied = graph.multiply(matrix, graph.reshape(value, [rows, sizeOf(rest)]));
  const all = graph.typeOf(matrix).shape[0]!;
  const each = all / products;
  return graph.recorder.addNode(
    'SplitV',
    [graph.reshape(multiplied, [all, ...rest])],
    { axis: 0, sizes: Array<number>(products).fill(each) },
    Array.from({ length: products }, () => float([each, ...rest])),
    graph.scope,
  );
}

/** Six values one after the other, their first axis times a matrix. */
function combined(graph: Products, parts: readonly number[], matrix: number): number {
  const [each, ...rest] = graph.typeOf(parts[0]!).shape as [number, ...number[]];
  const all = graph.add('Concat', parts, float([each * products, ...rest]), { axis: 0 });
  const result = graph.multiply(matrix, graph.reshape(all, [each * products, sizeOf(rest)]));
  return graph.reshape(result, [graph.typeOf(matrix).shape[0]!, ...rest]);
}
