/** Where the values of a weight's window are in its picture. */
import type { AxisRole } from '../../../src/protocol/conditioner';
import type { NdArray } from '../../../src/protocol/tensors';
import type { WeightLayout } from '../../../src/protocol/weight-window';

/** Kernels one cell apart. */
export function pictureOf(
  { shape, data }: NdArray<Float32Array>,
  axes: readonly AxisRole[],
  from: readonly number[],
  layout: WeightLayout,
) {
  const length = (axis: number | undefined): number => (axis === undefined ? 1 : shape[axis]!);
  const [tall, wide] = [length(layout.kernelRows), length(layout.kernelColumns)];
  const gap = tall * wide > 1 ? 1 : 0;
  const height = length(layout.rows) * (tall + gap) - gap;
  const width = length(layout.columns) * (wide + gap) - gap;
  const indexOf = (cell: number): number[] | undefined => {
    const [y, x] = [Math.floor(cell / width), cell % width];
    const [kernelRow, kernelColumn] = [y % (tall + gap), x % (wide + gap)];
    if (kernelRow >= tall || kernelColumn >= wide) return undefined;
    const index = axes.map(() => 0);
    const set = (axis: number | undefined, value: number): void => {
      if (axis !== undefined) index[axis] = value;
    };
    set(layout.rows, Math.floor(y / (tall + gap)));
    set(layout.columns, Math.floor(x / (wide + gap)));
    set(layout.kernelRows, kernelRow);
    set(layout.kernelColumns, kernelColumn);
    return index;
  };
  const values = new Float32Array(height * width);
  for (let cell = 0; cell < values.length; cell++) {
    const index = indexOf(cell);
    if (index) values[cell] = data[index.reduce((at, i, axis) => at * shape[axis]! + i, 0)]!;
  }
  return {
    plane: { width, height, values },
    /** Index of a cell of the plane along each axis of the whole tensor; undefined between kernels. */
    placeOf: (cell: number) => indexOf(cell)?.map((i, axis) => i + from[axis]!),
  };
}
