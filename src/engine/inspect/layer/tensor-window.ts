/** Parts of tensors that are too large to be sent as a whole. */
import { sizeOf } from '../../../base/shape';
import { UserError } from '../../../base/user-error';
import {
  largestTensorWindow,
  type TensorWindow,
  type TensorWindowQuery,
} from '../../../protocol/tensor-window';
import type { NdArray } from '../../../protocol/tensors';
import { breathe } from '../../model/breathe';
import { layerAt } from '../../model/inspected-flow';
import { tensorsOf } from './layer';
import { selectionPasses } from '../pass';
import { liesIn, type SharedInquiry } from '../inquiry';

/** Values that are read between two looks at whether the answer is still wanted. */
const breathAfter = 2 ** 20;

/** @throws UserError for a tensor that the layer does not have, or a window outside of it; CancelledError */
export async function tensorWindow(inquiry: SharedInquiry, query: TensorWindowQuery): Promise<TensorWindow> {
  const { model, signal } = inquiry;
  const { info, flow } = layerAt(model, query.layer);
  const { batch, example } = await selectionPasses(inquiry, query);
  const tensors = tensorsOf((example ?? batch).layers[info.index]!);
  const found = tensors.find(({ name }) => name === query.tensor)?.values;
  if (!found) {
    throw new UserError(
      `The layer ${info.name} has no tensor "${query.tensor}"; it has ${tensors.map(({ name }) => name).join(', ')}.`,
    );
  }
  checkWindow(query, found.shape);
  const { layer, tensor, from, size, block } = query;
  const mask = flow?.mask?.data.length === found.data.length ? flow.mask.data : undefined;
  return {
    layer,
    tensor,
    shape: [...found.shape],
    from: [...from],
    size: [...size],
    block,
    values: await windowOf(found, query, signal),
    ...(mask ? { passes: (await windowOf({ shape: found.shape, data: mask }, query, signal)).data } : {}),
  };
}

type Window = Pick<TensorWindowQuery, 'from' | 'size' | 'block'>;

function checkWindow({ tensor, from, size, block }: TensorWindowQuery, shape: readonly number[]): void {
  if (!liesIn(shape, { from, size })) {
    throw new UserError(
      `A window of ${size.join('×')} values from (${from.join(', ')}) was asked for; ${tensor} has ${shape.join('×')}.`,
    );
  }
  if (!(Number.isInteger(block) && block >= 1) || (block > 1 && shape.length !== 3)) {
    throw new UserError(
      `Means of ${block} places a side were asked for; expected 1 or more, and 1 for vectors.`,
    );
  }
  const count = countOf(shape, { from, size, block });
  if (count > largestTensorWindow) {
    throw new UserError(
      `A window of ${count} values was asked for; at most ${largestTensorWindow} are sent at once. Ask for fewer, or for means of ` +
        'larger blocks.',
    );
  }
}

function countOf(shape: readonly number[], { size, block }: Window): number {
  const sides =
    shape.length === 3 ? [Math.ceil(size[0]! / block), Math.ceil(size[1]! / block), size[2]!] : size;
  return sizeOf(sides);
}

async function windowOf(
  { shape, data }: NdArray,
  { from, size, block }: Window,
  signal: AbortSignal,
): Promise<NdArray<Float32Array>> {
  if (shape.length !== 3) {
    const start = from[0]!;
    return { shape: [...size], data: Float32Array.from(data.subarray(start, start + size[0]!)) };
  }
  const [, width, channels] = shape as [number, number, number];
  const [top, left, first] = from as [number, number, number];
  const [high, wide, deep] = size as [number, number, number];
  const [rows, columns] = [Math.ceil(high / block), Math.ceil(wide / block)];
  const sums = new Float64Array(rows * columns * deep);
  const counts = new Float64Array(rows * columns);
  let read = 0;
  for (let h = 0; h < high; h++) {
    for (let w = 0; w < wide; w++) {
      const to = Math.floor(h / block) * columns + Math.floor(w / block);
      const at = ((top + h) * width + left + w) * channels + first;
      counts[to]!++;
      for (let c = 0; c < deep; c++) sums[to * deep + c]! += data[at + c]!;
    }
    read += wide * deep;
    if (read < breathAfter) continue;
    read = 0;
    await breathe(signal);
  }
  return {
    shape: [rows, columns, deep],
    data: Float32Array.from(sums, (sum, i) => sum / counts[Math.floor(i / deep)]!),
  };
}
