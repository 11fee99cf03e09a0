/** Maps that are larger than a screen shows, as means of blocks. */
import type { NdArray } from './tensors';

/** A side of maps that are drawn value by value; larger ones are reduced. */
export const largestMapSide = 128;

/** Places to show, as rows and columns; all without it. */
export interface MapWindow {
  row: number;
  column: number;
  height: number;
  width: number;
}

/** Channels of [H, W, C], each value the mean of `block` × `block` places where maps are larger than the limit. */
export function reducedMaps(
  { shape, data }: NdArray<Float32Array>,
  { offset, count }: { offset: number; count: number },
  window?: MapWindow,
): { values: NdArray<Float32Array>; block: number } {
  const [fullHeight = 1, fullWidth = 1, channels = 1] = shape;
  const { row, column, height, width } = window ?? {
    row: 0,
    column: 0,
    height: fullHeight,
    width: fullWidth,
  };
  const block = Math.ceil(Math.max(height, width) / largestMapSide);
  const rows = Math.ceil(height / block);
  const columns = Math.ceil(width / block);
  const out = new Float32Array(rows * columns * count);
  const counts = new Float32Array(rows * columns);
  for (let h = 0; h < height; h++) {
    for (let w = 0; w < width; w++) {
      const to = Math.floor(h / block) * columns + Math.floor(w / block);
      counts[to]!++;
      const from = ((row + h) * fullWidth + column + w) * channels + offset;
      for (let c = 0; c < count; c++) out[to * count + c]! += data[from + c]!;
    }
  }
  for (let i = 0; i < out.length; i++) out[i]! /= counts[Math.floor(i / count)]!;
  return { values: { shape: [rows, columns, count], data: out }, block };
}
