/** What is asked of convolutions in several places. */
import type { Node } from './ir';

export interface ConvolutionAttrs {
  strides: readonly number[];
  dilations: readonly number[];
  /** Rows before, rows after, columns before, columns after. */
  pad: readonly number[];
}

export const convolutionAttrs = ({ attrs }: Node): ConvolutionAttrs => attrs as unknown as ConvolutionAttrs;

/** Whether a convolution, or a gradient of one, works place by place. @param filter [height, width, …] */
export function isPointwise(node: Node, [height, width]: readonly number[]): boolean {
  const { strides, pad } = convolutionAttrs(node);
  return (
    height === 1 && width === 1 && strides.every((step) => step === 1) && pad.every((rows) => rows === 0)
  );
}
