/** How nodes on values in blocks are written with ONNX Runtime's own operators. */
import type { Node } from '../ir';
import {
  convolutionAttributes,
  intAttribute,
  intsAttribute,
  stringAttribute,
  type Attribute,
} from './messages';
import type { OnnxWriter } from './writer';
import {
  blockedConv,
  blockedScale,
  blockedSum,
  fromBlocks,
  toBlocks,
  transformRows,
} from '../layouts/blocked/ops';

export const blockedDomain = 'com.microsoft.nchwc';

type Emit = (node: Node, writer: OnnxWriter) => void;

const kernelAttributes = (kernel: readonly number[], group: number): Attribute[] => [
  intsAttribute('kernel_shape', kernel),
  intAttribute('group', group),
];

export const blockedOperators: Record<string, Emit> = {
  [toBlocks]: (node, writer) => {
    const last = intAttribute('channels_last', Number(Boolean(node.attrs['channelsLast'])));
    const input = writer.nameOf(node.inputs[0]!);
    writer.inWhole(() => writer.emit(node, 'ReorderInput', [input], [last], blockedDomain));
  },
  [fromBlocks]: (node, writer) => {
    const { shape } = writer.typeOf(node.outputs[0]!);
    const isLast = Boolean(node.attrs['channelsLast']);
    writer.emit(
      node,
      'ReorderOutput',
      [writer.wholeName(node.inputs[0]!)],
      [intAttribute('channels', shape[isLast ? 3 : 1]!), intAttribute('channels_last', Number(isLast))],
      blockedDomain,
    );
  },
  [blockedConv]: (node, writer) => {
    const [x, filter, ...added] = node.inputs as [number, number, ...number[]];
    const { bias, sum } = node.attrs as { bias: boolean; sum: boolean };
    const {
      kernel,
      channels,
      group = 1,
    } = node.attrs as { kernel: number[]; channels: number; group?: number };
    const { shape } = writer.typeOf(node.outputs[0]!);
    const filters = writer.add('Reshape', [
      writer.nameOf(filter),
      writer.int64([shape[1]! * shape[4]!, channels, ...kernel]),
    ]);
    writer.inWhole(() =>
      writer.emit(
        node,
        'Conv',
        [
          writer.wholeName(x),
          filters,
          bias ? writer.nameOf(added[0]!) : '',
          ...(sum ? [writer.wholeName(added.at(-1)!)] : []),
        ],
        [...kernelAttributes(kernel, group), ...convolutionAttributes(node)],
        blockedDomain,
      ),
    );
  },
  // In two steps, each of which is fast: over pixels, then over images.
  [blockedSum]: (node, writer) => {
    const [images, blocks, rows, columns, block] = writer.typeOf(node.inputs[0]!).shape as [
      number, number, number, number, number,
    ]; // prettier-ignore
    const isMean = Boolean(node.attrs['mean']);
    const keepdims = intAttribute('keepdims', 0);
    const pixels = writer.add('Reshape', [
      writer.wholeName(node.inputs[0]!),
      writer.shape([images, blocks, rows * columns, block]),
    ]);
    const perImage = isMean
      ? writer.add('ReduceMean', [pixels], [intsAttribute('axes', [2]), keepdims])
      : writer.add('ReduceSum', [pixels, writer.int64([2])], [keepdims]);
    const channels = writer.add('Reshape', [perImage, writer.shape([images, blocks * block])]);
    if (writer.isDynamic(images)) {
      if (isMean) writer.emit(node, 'ReduceMean', [channels], [intsAttribute('axes', [0]), keepdims]);
      else writer.emit(node, 'ReduceSum', [channels, writer.int64([0])], [keepdims]);
    } else {
      const weights = writer.constant(isMean ? 1 / images : 1, 'float32', [images]);
      writer.emit(node, 'MatMul', [weights, channels]);
    }
  },
  [transformRows]: (node, writer) => {
    const [x, matrix] = node.inputs as [number, number];
    const [rows, blocks, , columns, block] = writer.typeOf(node.outputs[0]!).shape as [
      number, number, number, number, number,
    ]; // prettier-ignore
    const [, inner] = writer.typeOf(matrix).shape as [number, number];
    const groups = node.attrs['groups'] as number;
    const grouped = writer.add('Reshape', [writer.wholeName(x), writer.int64([groups, inner, -1])]);
    const combined = writer.add('MatMul', [writer.nameOf(matrix), grouped]);
    const shape = writer.int64([rows, blocks * block, -1, columns]);
    writer.inWhole(() => writer.emit(node, 'Reshape', [combined, shape]));
  },
  // A convolution of each channel with a filter of one number.
  [blockedScale]: (node, writer) => {
    const [x, scale, shift, ...sum] = node.inputs as [number, number, number, ...number[]];
    const [channels] = writer.typeOf(scale).shape as [number];
    writer.inWhole(() =>
      writer.emit(
        node,
        'Conv',
        [
          writer.wholeName(x),
          writer.nameOf(scale),
          writer.nameOf(shift),
          ...sum.map((id) => writer.wholeName(id)),
        ],
        [
          ...kernelAttributes([1, 1], channels),
          ...(node.attrs['relu'] ? [stringAttribute('activation', 'Relu')] : []),
        ],
        blockedDomain,
      ),
    );
  },
};
