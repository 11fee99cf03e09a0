/** Matrix products and convolutions. */
import { UserError } from '../../base/user-error';
import { samePad, type ConvolutionAttrs, type Value, broadcastShapes, showShape, type Shape } from '../ir';
import { shaped, type Attrs, type KernelRules } from './rule';

const pair = (value: unknown): [number, number] => {
  const [a, b] = [(value as number | number[] | undefined) ?? 1].flat();
  return [a!, b ?? a!];
};

/** Padding in numbers, from the height and width of what is convolved (TensorFlow's rule for "same"). */
function convAttrs(attrs: Attrs, image: readonly number[], filter: readonly number[]): ConvolutionAttrs {
  if ((attrs['dataFormat'] ?? 'NHWC') !== 'NHWC')
    throw new UserError(`Convolutions are traced in NHWC; this one is ${attrs['dataFormat'] as string}.`);
  const strides = pair(attrs['strides']);
  const dilations = pair(attrs['dilations']);
  const padding = attrs['pad'];
  const step = { strides, dilations };
  if (padding === 'valid') return { ...step, pad: [0, 0, 0, 0] };
  if (padding === 'same') return { ...step, pad: samePad(image, filter, step) };
  if (typeof padding === 'number') return { ...step, pad: [padding, padding, padding, padding] };
  const [, rows, columns] = padding as [number, number][];
  return { ...step, pad: [...(rows as [number, number]), ...(columns as [number, number])] };
}

function convShape(x: Value, filter: Value, { strides, dilations, pad }: ConvolutionAttrs): number[] {
  if (x.shape.length !== 4 || filter.shape.length !== 4 || x.shape[3] !== filter.shape[2]) {
    throw new UserError(
      `conv2d expects images [N, H, W, C] and a filter [h, w, C, K]; got ${showShape(x.shape)} and ` +
        `${showShape(filter.shape)}.`,
    );
  }
  const side = (dim: number, kernel: number, i: 0 | 1): number =>
    Math.floor((dim + pad[2 * i]! + pad[2 * i + 1]! - (kernel - 1) * dilations[i] - 1) / strides[i]) + 1;
  return [
    x.shape[0]!,
    side(x.shape[1]!, filter.shape[0]!, 0),
    side(x.shape[2]!, filter.shape[1]!, 1),
    filter.shape[3]!,
  ];
}

export const linearRules: KernelRules = {
  BatchMatMul: shaped(['a', 'b'], ([a, b], attrs) => {
    const transposeA = Boolean(attrs['transposeA']);
    const transposeB = Boolean(attrs['transposeB']);
    const sides = (shape: Shape, turned: boolean): Shape =>
      turned ? shape.slice(-2).toReversed() : shape.slice(-2);
    const [rows, inner] = sides(a!.shape, transposeA);
    const [other, columns] = sides(b!.shape, transposeB);
    if (inner !== other) {
      throw new UserError(
        `matMul of ${showShape(a!.shape)} and ${showShape(b!.shape)}: inner dimensions differ.`,
      );
    }
    const batch = broadcastShapes(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
    return [[...batch, rows!, columns!], { transposeA, transposeB }];
  }),
  Conv2D: shaped(['x', 'filter'], ([x, filter], attrs) => {
    const conv = convAttrs(attrs, x!.shape, filter!.shape);
    return [convShape(x!, filter!, conv), { ...conv }];
  }),
  Conv2DBackpropInput: shaped(['dy', 'filter'], ([, filter], attrs) => {
    const shape = attrs['inputShape'] as number[];
    return [shape, { ...convAttrs(attrs, shape, filter!.shape) }];
  }),
  Conv2DBackpropFilter: shaped(['x', 'dy'], ([x], attrs) => {
    const shape = attrs['filterShape'] as number[];
    return [shape, { ...convAttrs(attrs, x!.shape, shape) }];
  }),
};
