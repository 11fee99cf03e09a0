/** Convolutions of values that lie row by row. */
import type { ConstantData, TensorType } from '../../ir';
import type { BlockedGraph } from '../blocked/builder';
import { constantFilterInBlocks } from '../blocked/filters';
import { transformRows } from '../blocked/ops';
import {
  biasProducts,
  filterProducts,
  products,
  resultMatrix,
  tile,
  valueMatrix,
} from '../minimal-filtering';

export interface Fixed {
  filter: ConstantData;
  bias: ConstantData | undefined;
  /** Shape of the result, [N, H, W, K]. */
  shape: readonly number[];
}

const plainConvolution = { strides: [1, 1], dilations: [1, 1] };

/** 1×1, [+ sum]. */
export function pointwise(
  x: number,
  { filter, bias, shape }: Fixed,
  graph: BlockedGraph,
  sum?: number,
): number {
  const [, , , outputs] = shape as [number, number, number, number];
  const channels = filter.length / outputs;
  const filters = blocksOf([filter], { taps: 1, channels, outputs }, graph);
  const attrs = { ...plainConvolution, pad: [0, 0, 0, 0], kernel: [1, 1], channels };
  const type = graph.relaidType({ shape, dtype: 'float32' });
  return graph.convolve([x, filters], type, attrs, { bias: bias && vector(bias, graph), sum });
}

/** 3×3, padded by one. */
export function tiledConvolution(x: number, { filter, bias, shape }: Fixed, graph: BlockedGraph): number {
  const [images, height, width, outputs] = shape as [number, number, number, number];
  const channels = filter.length / (9 * outputs);
  const tiles = height / tile;
  const inProducts = (depth: number): TensorType => ({
    shape: [tiles, (products * depth) / graph.block, images, width, graph.block],
    dtype: 'float32',
  });
  const transform = (
    value: number,
    matrix: Float32Array,
    columns: number,
    groups: number,
    type: TensorType,
  ): number =>
    graph.add(
      transformRows,
      [value, graph.constant(matrix, { shape: [matrix.length / columns, columns], dtype: 'float32' })],
      type,
      { groups },
    );
  const given = transform(x, valueMatrix(height, 'tile by tile'), height, 1, inProducts(channels));
  const filters = blocksOf(filterProducts(filter), { taps: 3, channels, outputs }, graph);
  const attrs = { ...plainConvolution, pad: [0, 0, 1, 1], kernel: [1, 3], channels, group: products };
  const multiplied = graph.convolve([given, filters], inProducts(outputs), attrs, {
    bias: bias && vector(biasProducts(bias), graph),
  });
  const type = graph.relaidType({ shape, dtype: 'float32' });
  return transform(multiplied, resultMatrix(), products, tiles, type);
}

const vector = (data: ConstantData, { recorder }: BlockedGraph): number =>
  recorder.addConstant(data, [data.length], 'float32');

function blocksOf(
  groups: readonly ConstantData[],
  size: { taps: number; channels: number; outputs: number },
  { block, recorder }: BlockedGraph,
): number {
  const data = constantFilterInBlocks(groups, { ...size, block });
  return recorder.addConstant(data, [groups.length * size.outputs, size.channels, 1, size.taps], 'float32');
}
