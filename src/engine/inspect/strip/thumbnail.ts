import type { NdArray } from '../../../protocol/tensors';

const largestSide = 64;
const mostChannels = 16;

/** An image of at most 64×64 with its first channels, each value the mean of a block; vectors as they are. */
export function thumbnailOf({ shape, data }: NdArray<Float32Array>): NdArray<Float32Array> {
  if (shape.length !== 3) {
    const [features = 0] = shape;
    return { shape: [Math.min(features, 4096)], data: data.slice(0, 4096) };
  }
  const [height, width, channels] = shape as [number, number, number];
  const kept = Math.min(channels, mostChannels);
  const block = Math.ceil(Math.max(height, width) / largestSide);
  if (block === 1 && kept === channels) return { shape: [...shape], data };
  const rows = Math.ceil(height / block);
  const columns = Math.ceil(width / block);
  const out = new Float32Array(rows * columns * kept);
  const counts = new Float32Array(rows * columns);
  for (let h = 0; h < height; h++) {
    for (let w = 0; w < width; w++) {
      const to = Math.floor(h / block) * columns + Math.floor(w / block);
      counts[to]!++;
      for (let c = 0; c < kept; c++) out[to * kept + c]! += data[(h * width + w) * channels + c]!;
    }
  }
  for (let i = 0; i < out.length; i++) out[i]! /= counts[Math.floor(i / kept)]!;
  return { shape: [rows, columns, kept], data: out };
}
