import { moveChannels } from '../../base/channels';
import type { NdArray } from '../../protocol/tensors';

/** Order of the axes of image arrays. */
export type Layout = 'nhwc' | 'nchw';

/** Reads [N, C, H, W] as [N, H, W, C]; `shape` is [H, W, C]. Vectors come back as they are. */
export function toChannelsLast(values: Float32Array, shape: readonly number[], layout: Layout): Float32Array {
  return layout === 'nhwc' || shape.length !== 3 ? values : moveChannels(values, shape, true);
}

/** The other way round. */
export function fromChannelsLast(
  values: Float32Array,
  shape: readonly number[],
  layout: Layout,
): Float32Array {
  return layout === 'nhwc' || shape.length !== 3 ? values : moveChannels(values, shape, false);
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
