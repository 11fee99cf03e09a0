import type { NdArray } from '../../protocol/tensors';
import type { Node, Value } from '../ir';
import { sizeOf, stridesOf } from '../../base/shape';
import { broadcastReader, emptyData, gatherFrom, makeArray, offsetsOf } from './array';

type Evaluator = (inputs: readonly NdArray[], attrs: Node['attrs'], outputs: readonly Value[]) => NdArray[];

const relabel: Evaluator = ([x], _, [output]) => [{ shape: [...output!.shape], data: x!.data }];

export const arrangements: Readonly<Record<string, Evaluator | undefined>> = {
  Reshape: relabel,
  ExpandDims: relabel,
  Transpose: ([x], { perm }, [output]) => [transpose(x!, perm as number[], output!)],
  Concat: (inputs, { axis }, [output]) => [concat(inputs, axis as number, output!)],
  Pack: (inputs, { axis }, [output]) => {
    const at = axis as number;
    const parts = inputs.map(({ shape, data }) => ({
      shape: [...shape.slice(0, at), 1, ...shape.slice(at)],
      data,
    }));
    return [concat(parts, at, output!)];
  },
  Unpack: ([x], { axis }, outputs) =>
    outputs.map((output, i) => gatherFrom(x!, output, (index) => index.toSpliced(axis as number, 0, i))),
  SplitV: ([x], { axis, sizes }, outputs) => {
    let start = 0;
    return outputs.map((output, i) => {
      const from = start;
      start += (sizes as number[])[i]!;
      return gatherFrom(x!, output, (index) => index.with(axis as number, index[axis as number]! + from));
    });
  },
  Slice: ([x], { begin }, [output]) => [
    gatherFrom(x!, output!, (index) => index.map((i, axis) => i + (begin as number[])[axis]!)),
  ],
  PadV2: ([x], { paddings, constantValue }, [output]) => [
    gatherFrom(
      x!,
      output!,
      (index) => {
        const from = index.map((i, axis) => i - (paddings as number[][])[axis]![0]!);
        return from.every((i, axis) => i >= 0 && i < x!.shape[axis]!) ? from : undefined;
      },
      constantValue as number,
    ),
  ],
  GatherV2: ([x, indices], { axis }, [output]) => {
    const at = axis as number;
    const rank = indices!.shape.length;
    const read = broadcastReader(indices!, indices!.shape);
    return [
      gatherFrom(x!, output!, (index) => [
        ...index.slice(0, at),
        read(index.slice(at, at + rank)),
        ...index.slice(at + rank),
      ]),
    ];
  },
  UnsortedSegmentSum: ([x, ids], _, [output]) => {
    const data = emptyData(output!.dtype, sizeOf(output!.shape));
    const inner = sizeOf(output!.shape.slice(1));
    ids!.data.forEach((id, i) => {
      if (id < 0) return;
      for (let j = 0; j < inner; j++) data[id * inner + j]! += x!.data[i * inner + j]!;
    });
    return [{ shape: [...output!.shape], data }];
  },
  Tile: ([x], _, [output]) => [
    gatherFrom(x!, output!, (index) => index.map((i, axis) => i % x!.shape[axis]!)),
  ],
  Fill: (_, { value }, [output]) => [makeArray(output!.shape, output!.dtype, () => value as number)],
};

/** Filters are transposed with it: whole rows of the last output axis at a time, or of the last input axis where it stays. */
function transpose(x: NdArray, perm: readonly number[], { shape, dtype }: Value): NdArray {
  const strides = stridesOf(x.shape);
  const data = emptyData(dtype, sizeOf(shape));
  const row = shape.at(-1) ?? 1;
  const step = perm.length > 0 ? strides[perm.at(-1)!]! : 1;
  const starts = offsetsOf(
    shape.slice(0, -1),
    perm.slice(0, -1).map((axis) => strides[axis]!),
  );
  const from = x.data;
  for (let r = 0, to = 0; r < starts.length; r++) {
    for (let i = 0, at = starts[r]!; i < row; i++, at += step) data[to++] = from[at]!;
  }
  return { shape: [...shape], data };
}

function concat(inputs: readonly NdArray[], axis: number, output: Value): NdArray {
  const data = emptyData(output.dtype, sizeOf(output.shape));
  const outer = sizeOf(output.shape.slice(0, axis));
  const rows = inputs.map(({ shape }) => sizeOf(shape.slice(axis)));
  let at = 0;
  for (let o = 0; o < outer; o++) {
    inputs.forEach((input, i) => {
      data.set(input.data.subarray(o * rows[i]!, (o + 1) * rows[i]!), at);
      at += rows[i]!;
    });
  }
  return { shape: [...output.shape], data };
}
