/** Images [N, C, H, W] as [N, H, W, C], or the other way round; `shape` is [H, W, C]. */
export function moveChannels(values: Float32Array, shape: readonly number[], toLast: boolean): Float32Array {
  const [height, width, channels] = shape as [number, number, number];
  const plane = height * width;
  const size = plane * channels;
  const out = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += size) {
    for (let p = 0; p < plane; p++) {
      for (let c = 0; c < channels; c++) {
        const last = start + p * channels + c;
        const first = start + c * plane + p;
        if (toLast) out[last] = values[first]!;
        else out[first] = values[last]!;
      }
    }
  }
  return out;
}
