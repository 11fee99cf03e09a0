/** Which part of a weight is shown at once. */
import { largestWeightWindow, type AxisRole } from './conditioner';

export interface WeightLayout {
  /** Axes that the picture's rows and columns run over: channels of kernels, or the entries of a matrix. */
  rows?: number;
  columns: number;
  /** Axes of the places within a kernel; absent where a kernel is one value. */
  kernelRows?: number;
  kernelColumns?: number;
  /** Axes of which one index is shown at a time. */
  others: number[];
}

const kernelsASide = 16;
const entriesASide = 64;

/** Kernels in a grid of outputs by inputs; matrices as one map of inputs by outputs; vectors as one row. */
export function layoutOf(shape: readonly number[], axes: readonly AxisRole[]): WeightLayout {
  const long = (axis: number): boolean => axis >= 0 && shape[axis]! > 1;
  const kernelRows = axes.indexOf('row');
  const kernelColumns = axes.indexOf('column');
  const kernel = long(kernelRows) || long(kernelColumns);
  const input = axes.indexOf('input');
  const output = axes.indexOf('output');
  // Axes without a meaning that we know: the first two that have one length or more.
  const free = axes.flatMap((role, axis) => (role === 'other' ? [axis] : []));
  const second = input >= 0 ? input : output >= 0 ? undefined : free.length > 1 ? free.shift() : undefined;
  const first = output >= 0 ? output : (free.shift() ?? shape.length - 1);
  const used = [first, second, kernelRows, kernelColumns];
  const others = shape.flatMap((_, axis) => (used.includes(axis) ? [] : [axis]));
  return {
    ...(second === undefined ? {} : kernel ? { rows: first } : { rows: second }),
    columns: kernel ? (second ?? first) : first,
    ...(kernel && kernelRows >= 0 ? { kernelRows } : {}),
    ...(kernel && kernelColumns >= 0 ? { kernelColumns } : {}),
    others,
  };
}

/** Indices along an axis that a window shows at once. */
export function pageOf(shape: readonly number[], layout: WeightLayout, axis: number): number {
  if (axis === layout.kernelRows || axis === layout.kernelColumns) return shape[axis]!;
  if (axis !== layout.rows && axis !== layout.columns) return 1;
  const places = kernelPlaces(shape, layout);
  if (places === 1) return layout.rows === undefined ? 2 * entriesASide : entriesASide;
  const fitting = Math.floor(Math.sqrt(largestWeightWindow / places));
  return Math.max(1, Math.min(kernelsASide, fitting));
}

function kernelPlaces(shape: readonly number[], { kernelRows, kernelColumns }: WeightLayout): number {
  return [kernelRows, kernelColumns].reduce<number>(
    (n, axis) => n * (axis === undefined ? 1 : shape[axis]!),
    1,
  );
}

interface WeightPlace {
  shape: readonly number[];
  axes: readonly AxisRole[];
  from: readonly number[];
}

export function windowOfWeight({ shape, axes, from }: WeightPlace): { from: number[]; size: number[] } {
  const layout = layoutOf(shape, axes);
  return {
    from: [...from],
    size: shape.map((length, axis) => Math.min(length - from[axis]!, pageOf(shape, layout, axis))),
  };
}
