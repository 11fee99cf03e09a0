/** What is asked of convolutions in several places. */
import type { Node } from './ir';

type Pair = readonly [number, number];
type Sides = readonly [number, number, number, number];

export interface ConvolutionAttrs {
  strides: Pair;
  dilations: Pair;
  /** Rows before, rows after, columns before, columns after. */
  pad: Sides;
}

export const convolutionAttrs = ({ attrs }: Node): ConvolutionAttrs => attrs as unknown as ConvolutionAttrs;

/** The sides that TensorFlow pads by where it says "same". @param image [N, height, width, …] @param filter [height, width, …] */
export function samePad(
  image: readonly number[],
  filter: readonly number[],
  { strides, dilations }: Pick<ConvolutionAttrs, 'strides' | 'dilations'>,
): Sides {
  return [0, 1].flatMap((i) => {
    const dim = image[i + 1]!;
    const extent = (filter[i]! - 1) * dilations[i]! + 1;
    const total = Math.max((Math.ceil(dim / strides[i]!) - 1) * strides[i]! + extent - dim, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  }) as unknown as Sides;
}

/** Whether a convolution, or a gradient of one, works place by place. @param filter [height, width, …] */
export function isPointwise(node: Node, [height, width]: readonly number[]): boolean {
  const { strides, pad } = convolutionAttrs(node);
  return (
    height === 1 && width === 1 && strides.every((step) => step === 1) && pad.every((rows) => rows === 0)
  );
}
