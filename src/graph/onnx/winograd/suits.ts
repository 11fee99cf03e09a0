/** What convolutions by tiles can do, and when they pay. */
import { convolutionAttrs } from '../../convolution';
import type { Graph, Node } from '../../ir';
import { arithmeticNames } from '../../kernels/elementwise';
import { isPerChannel, sameShape } from '../../shape';
import { tile } from '../../winograd/minimal-filtering';

/**
 * What a convolution has to have for its two transforms to pay. Beside ONNX Runtime's own, eight images on a core, one of 128
 * channels and 16×16 pixels takes 0.61 of the time, 64 and 32×32 0.70, 128 and 8×8 0.68, 32 and 32×32 0.86.
 */
const leastChannels = 64;
const leastRows = 2 * tile;

/** Whether a convolution is one that tiles pay for. */
export function isTiled(node: Node, graph: Graph, block: number): boolean {
  if (!liesInRows(node, graph, block)) return false;
  const [height, width] = graph.values.get(node.inputs[1]!)!.shape;
  const { strides, dilations, pad } = convolutionAttrs(node);
  return height === 3 && width === 3 && [...strides, ...dilations, ...pad].every((step) => step === 1);
}

/** Whether a convolution is of a size that tiles pay for, so that it comes between such that go in tiles. */
export function liesInRows(node: Node, graph: Graph, block: number): boolean {
  if (!isFixed(node, graph, block)) return false;
  const [, , inputs, outputs] = graph.values.get(node.inputs[1]!)!.shape;
  const [, rows] = graph.values.get(node.outputs[0]!)!.shape;
  return rows! % tile === 0 && rows! >= leastRows && inputs! >= leastChannels && outputs! >= leastChannels;
}

/** A convolution between whole blocks whose filter and bias are constants. */
export function isFixed(
  { op, inputs: [x, ...rest], outputs }: Node,
  { values, constants }: Graph,
  block: number,
): boolean {
  return (
    op === 'Conv2D' &&
    rest.every((id) => constants.has(id)) &&
    [x!, outputs[0]!].every(
      (id) => values.get(id)!.dtype === 'float32' && values.get(id)!.shape[3]! % block === 0,
    )
  );
}

/** Whether a node works place by place on images in whole blocks and numbers for each channel. */
export function isBetween({ op, inputs, outputs }: Node, { values }: Graph, block: number): boolean {
  const { shape, dtype } = values.get(outputs[0]!)!;
  if (!arithmeticNames.has(op) || dtype !== 'float32' || shape.length !== 4 || shape[3]! % block !== 0)
    return false;
  return inputs.every((id) => {
    const own = values.get(id)!;
    return sameShape(own.shape, shape) || (own.dtype === 'float32' && isPerChannel(own.shape, shape[3]!));
  });
}
