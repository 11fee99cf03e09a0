/** Convolutions of values that lie row by row. */
import type { ConstantData } from '../../ir';
import { constantFilterInBlocks } from '../blocked/filters';
import { blockedConv, transformRows } from '../blocked/ops';
import {
  biasProducts,
  filterProducts,
  products,
  resultMatrix,
  tile,
  valueMatrix,
} from '../../winograd/minimal-filtering';
import type { RowsGraph } from './rows-graph';

export interface Fixed {
  filter: ConstantData;
  bias: ConstantData | undefined;
  /** Of the result, [N, H, W, K]. */
  shape: readonly number[];
}

const plainConvolution = { strides: [1, 1], dilations: [1, 1] };

/** 1×1, [+ sum]. */
export function pointwise(
  x: number,
  { filter, bias, shape }: Fixed,
  result: RowsGraph,
  sum?: number,
): number {
  const channels = filter.length / shape[3]!;
  const inputs = [
    x,
    blocksOf([filter], { taps: 1, channels, outputs: shape[3]! }, result),
    ...(bias ? [result.recorder.addConstant(bias, [bias.length], 'float32')] : []),
    ...(sum === undefined ? [] : [sum]),
  ];
  const attrs = { ...plainConvolution, pad: [0, 0, 0, 0], kernel: [1, 1], channels };
  const type = { shape: result.blockedShape(shape), dtype: 'float32' } as const;
  return result.add(blockedConv, inputs, type, {
    ...attrs,
    bias: bias !== undefined,
    sum: sum !== undefined,
  });
}

/** 3×3, padded by one. */
export function tiledConvolution(x: number, { filter, bias, shape }: Fixed, result: RowsGraph): number {
  const { block } = result;
  const [images, height, width, outputs] = shape as [number, number, number, number];
  const channels = filter.length / (9 * outputs);
  const tiles = height / tile;
  const inProducts = (depth: number): { shape: number[]; dtype: 'float32' } => ({
    shape: [tiles, (products * depth) / block, images, width, block],
    dtype: 'float32',
  });
  const matrix = (data: Float32Array, columns: number): number =>
    result.constant(data, { shape: [data.length / columns, columns], dtype: 'float32' });

  const values = result.add(
    transformRows,
    [x, matrix(valueMatrix(height, 'tile by tile'), height)],
    inProducts(channels),
    {
      groups: 1,
    },
  );
  const filters = blocksOf(filterProducts(filter), { taps: 3, channels, outputs }, result);
  const attrs = { ...plainConvolution, pad: [0, 0, 1, 1], kernel: [1, 3], channels, group: products };
  const added = bias
    ? [result.recorder.addConstant(biasProducts(bias), [products * outputs], 'float32')]
    : [];
  const multiplied = result.add(blockedConv, [values, filters, ...added], inProducts(outputs), {
    ...attrs,
    bias: bias !== undefined,
    sum: false,
  });
  const type = { shape: result.blockedShape(shape), dtype: 'float32' } as const;
  return result.add(transformRows, [multiplied, matrix(resultMatrix(), products)], type, { groups: tiles });
}

function blocksOf(
  groups: readonly ConstantData[],
  size: { taps: number; channels: number; outputs: number },
  { block, recorder }: RowsGraph,
): number {
  const data = constantFilterInBlocks(groups, { ...size, block });
  return recorder.addConstant(data, [groups.length * size.outputs, size.channels, 1, size.taps], 'float32');
}
