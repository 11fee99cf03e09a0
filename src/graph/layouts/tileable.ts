/** What both kinds of convolutions by tiles, in training and with constant filters, ask of a graph. */
import { convolutionAttrs, type Graph, type Node, isPerChannel } from '../ir';
import { tile } from './minimal-filtering';
import { imagesOf } from './relayout';

/** Whether the step of a convolution, or of a gradient of one, suits tiles: 3×3, and images keep their size. */
export function stepsByOne(node: Node, [height, width]: readonly number[]): boolean {
  const { strides, dilations, pad } = convolutionAttrs(node);
  return height === 3 && width === 3 && [...strides, ...dilations, ...pad].every((step) => step === 1);
}

/** Whether tiles divide the rows of images [N, rows, …], and a filter [h, w, in, out] has channels enough to pay for them. */
export function fillsTiles(
  [, rows]: readonly number[],
  [, , inputs, outputs]: readonly number[],
  leastChannels: number,
): boolean {
  return rows! % tile === 0 && rows! > tile && Math.min(inputs!, outputs!) >= leastChannels;
}

/**
 * Which inputs of an elementwise node are images shaped as its result, where all others are numbers for each channel;
 * undefined where they are not, or nothing is an image.
 */
export function imageOperands(node: Node, graph: Graph): number[] | undefined {
  const shapeOf = (id: number): readonly number[] => graph.values.get(id)!.shape;
  const channels = shapeOf(node.outputs[0]!).at(-1)!;
  const images = imagesOf(node, graph);
  const suit = node.inputs.every((id, i) => images.includes(i) || isPerChannel(shapeOf(id), channels));
  return images.length > 0 && suit ? images : undefined;
}
