/** Matrix products and convolutions. */
import { UserError } from '../../base/user-error';
import type { Value } from '../ir';
import { broadcastShapes, showShape, type Shape } from '../shape';
import { shaped, type Attrs, type KernelRules } from './rule';

interface ConvAttrs {
  strides: [number, number];
  dilations: [number, number];
  /** Rows before, rows after, columns before, columns after. */
  pad: [number, number, number, number];
}

const pair = (value: unknown): [number, number] => {
  const [a, b] = [(value as number | number[] | undefined) ?? 1].flat();
  return [a!, b ?? a!];
};

/** Padding in numbers, from the height and width of what is convolved (TensorFlow's rule for "same"). */
function convAttrs(attrs: Attrs, image: readonly number[], filter: readonly number[]): ConvAttrs {
  if ((attrs['dataFormat'] ?? 'NHWC') !== 'NHWC') {
    throw new UserError(`Convolutions are traced in NHWC; this one is ${attrs['dataFormat'] as string}.`);
  }
  const strides = pair(attrs['strides']);
  const dilations = pair(attrs['dilations']);
  const given = attrs['pad'];
  let pad: ConvAttrs['pad'];
  if (given === 'valid') pad = [0, 0, 0, 0];
  else if (given === 'same') {
    const side = (dim: number, kernel: number, stride: number, dilation: number): [number, number] => {
      const total = Math.max((Math.ceil(dim / stride) - 1) * stride + (kernel - 1) * dilation + 1 - dim, 0);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    };
    pad = [
      ...side(image[1]!, filter[0]!, strides[0], dilations[0]),
      ...side(image[2]!, filter[1]!, strides[1], dilations[1]),
    ];
  } else if (typeof given === 'number') pad = [given, given, given, given];
  else {
    const [, rows, columns] = given as [number, number][];
    pad = [...rows!, ...columns!] as ConvAttrs['pad'];
  }
  return { strides, dilations, pad };
}

function convShape(x: Value, filter: Value, { strides, dilations, pad }: ConvAttrs): number[] {
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
