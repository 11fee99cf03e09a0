/** What convolutions by tiles can do, and when they pay. */
import type { Graph, Node } from '../../ir';
import { arithmeticNames } from '../../kernels/elementwise';
import { fillsTiles, imageOperands, stepsByOne } from '../../winograd/tileable';

/**
 * What a convolution has to have for its two transforms to pay. Beside ONNX Runtime's own, eight images on a core, one of 128
 * channels and 16×16 pixels takes 0.61 of the time, 64 and 32×32 0.70, 128 and 8×8 0.68, 32 and 32×32 0.86.
 */
const leastChannels = 64;

/** Whether a convolution is one that tiles pay for. */
export function isTiled(node: Node, graph: Graph, block: number): boolean {
  return liesInRows(node, graph, block) && stepsByOne(node, graph.values.get(node.inputs[1]!)!.shape);
}

/** Whether a convolution is of a size that tiles pay for, so that it comes between such that go in tiles. */
export function liesInRows(node: Node, graph: Graph, block: number): boolean {
  if (!isFixed(node, graph, block)) return false;
  const [images, filter] = [node.outputs[0]!, node.inputs[1]!].map((id) => graph.values.get(id)!.shape);
  return fillsTiles(images!, filter!, leastChannels);
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
export function isBetween(node: Node, graph: Graph, block: number): boolean {
  const { shape, dtype } = graph.values.get(node.outputs[0]!)!;
  if (!arithmeticNames.has(node.op) || dtype !== 'float32' || !imageOperands(node, graph)) return false;
  return shape[3]! % block === 0;
}
