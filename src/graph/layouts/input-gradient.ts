/** The gradient of a convolution with respect to what it convolves. */
import { convolutionAttrs } from '../convolution';
import type { Node, Value } from '../ir';

/**
 * The attributes with which the gradient of a convolution's input is a convolution of the output's gradient, with the
 * filter turned by 180 degrees; undefined where it is not one. ConvTranspose, which is always right, is slower.
 */
export function asConvolution(node: Node, typeOf: (id: number) => Value): Node['attrs'] | undefined {
  const { strides, dilations, pad } = convolutionAttrs(node);
  if (strides.some((stride) => stride !== 1)) return undefined;
  const given = typeOf(node.inputs[0]!).shape;
  const filter = typeOf(node.inputs[1]!).shape;
  const wanted = typeOf(node.outputs[0]!).shape;
  const sides = [0, 1].flatMap((i) => {
    const reach = (filter[i]! - 1) * dilations[i]!;
    const before = reach - pad[2 * i]!;
    return [before, wanted[i + 1]! + reach - given[i + 1]! - before];
  });
  return sides.every((side) => side >= 0) ? { strides, dilations, pad: sides } : undefined;
}
