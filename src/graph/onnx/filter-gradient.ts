/** The gradient of a convolution with respect to its filter. */
import { convolutionAttrs, type Node } from '../ir';
import { intAttribute, intsAttribute } from './messages';
import type { OnnxWriter } from './writer';

/**
 * x [N, C, H, W] and dy [N, H', W', K] (as `useChannelsFirst` arranges them) → [h, w, C, K].
 *
 * With a = row of the output, b = its column, the gradient at tap (i, j) is the sum over images and pixels of
 * x[row(a, i), column(b, j), c] · dy[a, b, k]. The shift between rows is put into x, the one between columns into dy: the
 * sum runs over rows a of dy and columns of x, and all taps of some images are one product of matrices,
 * [C·h, n·H'·W] by [n·H'·W, w·K]. So each of the two is copied h or w times, where columns of an image as a convolution makes
 * them would copy x h·w times, and the product is as large as the multiplier of matrices likes it.
 */
export function filterGradient(node: Node, writer: OnnxWriter, [x, dy]: string[]): void {
  const { strides, dilations, pad } = convolutionAttrs(node);
  const [height, width, channels, filters] = writer.typeOf(node.outputs[0]!).shape as [
    number, number, number, number,
  ]; // prettier-ignore
  const [batch, , rows, columns] = writer.typeOf(node.inputs[0]!).shape as [number, number, number, number];
  const [, outRows, outColumns] = writer.typeOf(node.inputs[1]!).shape as [number, number, number];

  // Which row of x meets row a of dy at tap i, and which column of dy meets column c of x at tap j; −1 for none.
  const rowOf = (i: number, a: number): number => {
    const row = a * strides[0] + i * dilations[0] - pad[0];
    return row >= 0 && row < rows ? row : -1;
  };
  const columnOf = (c: number, j: number): number => {
    const b = (c - j * dilations[1] + pad[2]) / strides[1];
    return Number.isInteger(b) && b >= 0 && b < outColumns ? b : -1;
  };
  const shifted = pick(writer, x!, rows, grid(height, outRows, rowOf), [height, outRows]);
  const spread = pick(writer, dy!, outColumns, grid(columns, width, columnOf), [columns, width]);
  const pixels = outRows * columns;
  const joined = imagesAtOnce(batch, pixels);
  const groups = batch / joined;
  let left = writer.add('Reshape', [shifted, writer.int64([groups, joined, channels * height, pixels])]);
  if (joined > 1) left = writer.add('Transpose', [left], [intsAttribute('perm', [0, 2, 1, 3])]);
  let product = writer.add('MatMul', [
    writer.add('Reshape', [left, writer.int64([groups, channels * height, joined * pixels])]),
    writer.add('Reshape', [spread, writer.int64([groups, joined * pixels, width * filters])]),
  ]);
  if (groups > 1)
    product = writer.add('ReduceSum', [product, writer.int64([0])], [intAttribute('keepdims', 0)]);
  const taps = writer.add('Reshape', [product, writer.int64([channels, height, width, filters])]);
  writer.emit(node, 'Transpose', [taps], [intsAttribute('perm', [1, 2, 0, 3])]);
}

/**
 * How many images are summed over by one product. For small images, a product for each would write more than it multiplies;
 * over the whole batch, it would read what the cache does not hold.
 */
function imagesAtOnce(batch: number, pixels: number): number {
  let count = Math.max(1, Math.min(batch, Math.floor(sumLength / pixels)));
  while (batch % count !== 0) count--;
  return count;
}

/** Measured: see docs/decisions.md. */
const sumLength = 2048;

function grid(outer: number, inner: number, at: (o: number, i: number) => number): number[] {
  return Array.from({ length: outer * inner }, (_, n) => at(Math.floor(n / inner), n % inner));
}

/** Takes places along the third axis, zeros for −1. */
function pick(
  writer: OnnxWriter,
  value: string,
  length: number,
  indices: readonly number[],
  shape: readonly number[],
): string {
  if (indices.length === length && indices.every((index, i) => index === i)) return value;
  const padded = indices.includes(-1)
    ? writer.add('Pad', [value, writer.int64([0, 0, 0, 0, 0, 0, 1, 0])])
    : value;
  const places = indices.map((index) => (index < 0 ? length : index));
  return writer.add('Gather', [padded, writer.int64(places, shape)], [intAttribute('axis', 2)]);
}
