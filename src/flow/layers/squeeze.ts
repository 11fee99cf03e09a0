/**
 * The 2×2 squeeze (paper, section 3.6): [H, W, C] → [H/2, W/2, 4C]; log-det 0. Three channel orders are in use:
 * `channel-major` puts the four sub-pixels of one channel together, out = 4c + 2·dh + dw (the authors' squeeze_2x2, and
 * pixel_unshuffle); the others put all channels of one sub-pixel together, out = k·C + c: `subpixel-major` in the order of
 * the authors' squeeze_2x2_ordered, (0,0), (1,1), (0,1), (1,0), `row-major` row by row (i-RevNet, space_to_depth).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Bijection } from '../core/bijection';
import { invertOrder } from '../../base/order';
import { reorder } from '../core/tensors';
import type { SqueezeOrder } from '../core/spec';

export type ImageShape = readonly [number, number, number];

/** Sub-pixels as 2·dh + dw. */
const subpixelOrders = { 'subpixel-major': [0, 3, 1, 2], 'row-major': [0, 1, 2, 3] } as const;

/** Which channel of a channel-major squeeze is at each place of another one. */
function channelsIn(order: keyof typeof subpixelOrders, channels: number): number[] {
  return subpixelOrders[order].flatMap((sub) => Array.from({ length: channels }, (_, c) => 4 * c + sub));
}

/** Which channel of a channel-major squeeze is at each place of a subpixel-major one. */
export function subpixelMajorChannels(channels: number): number[] {
  return channelsIn('subpixel-major', channels);
}

function squeezeTensor(x: tf.Tensor, [height, width, channels]: ImageShape): tf.Tensor {
  const blocks = tf.reshape(x, [-1, height / 2, 2, width / 2, 2, channels]);
  return tf.reshape(tf.transpose(blocks, [0, 1, 3, 5, 2, 4]), [-1, height / 2, width / 2, 4 * channels]);
}

function unsqueezeTensor(y: tf.Tensor, [height, width, channels]: ImageShape): tf.Tensor {
  const blocks = tf.reshape(y, [-1, height / 2, width / 2, channels, 2, 2]);
  return tf.reshape(tf.transpose(blocks, [0, 1, 4, 2, 5, 3]), [-1, height, width, channels]);
}

/**
 * @param shape [H, W, C] with even H and W.
 * @throws Error for odd height or width.
 */
export function squeeze(name: string, shape: ImageShape, order: SqueezeOrder): Bijection {
  if (shape[0] % 2 || shape[1] % 2)
    throw new Error(`${name}: cannot squeeze ${shape.join('×')}: height and width must be even`);
  const toSubpixel = order === 'channel-major' ? undefined : channelsIn(order, shape[2]);
  const toChannel = toSubpixel && invertOrder(toSubpixel);
  const ordered = (x: tf.Tensor, indices: readonly number[] | undefined): tf.Tensor =>
    indices ? reorder(x, indices, 3) : x;
  return {
    name,
    inputShape: shape,
    outputShape: [shape[0] / 2, shape[1] / 2, 4 * shape[2]],
    parameters: [],
    state: [],
    forward: (_, x) => ({ value: ordered(squeezeTensor(x, shape), toSubpixel), logDet: tf.scalar(0) }),
    inverse: (_, y) => ({ value: unsqueezeTensor(ordered(y, toChannel), shape), logDet: tf.scalar(0) }),
  };
}

/**
 * The same squeeze on row-major element numbers instead of values: entry i of the result is the input element that
 * output element i takes. The inspector carries masks back to image coordinates with it.
 */
export function squeezePositions(shape: ImageShape, order: SqueezeOrder): Int32Array {
  const [height, width, channels] = shape;
  const sub = order === 'channel-major' ? undefined : channelsIn(order, channels);
  const out = new Int32Array(height * width * channels);
  let i = 0;
  for (let h = 0; h < height / 2; h++) {
    for (let w = 0; w < width / 2; w++) {
      for (let k = 0; k < 4 * channels; k++) {
        const channelMajor = sub ? sub[k]! : k;
        const c = channelMajor >> 2;
        const dh = (channelMajor >> 1) & 1;
        const dw = channelMajor & 1;
        out[i++] = ((2 * h + dh) * width + 2 * w + dw) * channels + c;
      }
    }
  }
  return out;
}
