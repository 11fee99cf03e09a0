import type { NdArray } from '../../protocol/tensors';

/** Order of the axes of image arrays. */
export type Layout = 'nhwc' | 'nchw';

/** Reads [N, C, H, W] as [N, H, W, C]; `shape` is [H, W, C]. Vectors come back as they are. */
export function toChannelsLast(values: Float32Array, shape: readonly number[], layout: Layout): Float32Array {
  return layout === 'nhwc' || shape.length !== 3 ? values : transpose(values, shape, true);
}

/** The other way round. */
export function fromChannelsLast(
  values: Float32Array,
  shape: readonly number[],
  layout: Layout,
): Float32Array {
  return layout === 'nhwc' || shape.length !== 3 ? values : transpose(values, shape, false);
}

/** Shape in that layout of examples of shape [H, W, C] or [D]. */
export function laidOut(shape: readonly number[], layout: Layout): number[] {
  if (layout === 'nhwc' || shape.length !== 3) return [...shape];
  const [height, width, channels] = shape as [number, number, number];
  return [channels, height, width];
}

/** An array whose last axes are the axes of examples of the shape `event`, in that layout. */
export function arrayIn(
  { shape, data }: NdArray<Float32Array>,
  event: readonly number[],
  layout: Layout,
): NdArray<Float32Array> {
  return {
    shape: [...shape.slice(0, shape.length - event.length), ...laidOut(event, layout)],
    data: fromChannelsLast(data, event, layout),
  };
}

function transpose(values: Float32Array, shape: readonly number[], toLast: boolean): Float32Array {
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
