/**
 * Flow matching: the network of a vector field is trained to give the velocity of straight lines from data to noise, one
 * line through each pair, with no solver (Lipman et al. 2023, "Flow Matching for Generative Modeling"; Tong et al. 2024).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Flow } from './built-flow';
import type { FlowContext } from './core/bijection';
import type { Preprocess } from './nets/context';

/** Whether a flow is trained by flow matching: it is a vector field and nothing else. */
export const isMatched = ({ layers }: Flow): boolean =>
  layers.every(({ bijection }) => bijection?.slice !== undefined);

/**
 * A place on the line from each example to its noise: `place`, `velocity` of the field there, and `slope` of the line, all [N, D].
 * Takes `x` [N, D] in data units; `noise` [N, D], the latent where the line ends; and `share` [N, 1], how far along the line the
 * place is, from 0 to 1.
 */
export function alongLines(
  { layers }: Flow,
  preprocess: Preprocess | undefined,
  ctx: FlowContext,
  { x, noise, share }: Record<string, tf.Tensor>,
): Record<'place' | 'velocity' | 'slope', tf.Tensor> {
  const [first, last] = [layers[0], layers.at(-1)].map((layer) => layer?.bijection?.slice);
  const { from, velocity } = first!;
  const length = last!.to - from;
  const data = preprocess ? preprocess.forward(ctx, x!).value : x!;
  const way = tf.sub(noise!, data);
  const place = tf.add(data, tf.mul(way, share!));
  const t: tf.Tensor2D = tf.add(tf.mul(share!, length), from);
  return { place, velocity: velocity(ctx, place, t), slope: tf.div(way, length) };
}

/** Squared errors of the velocity on lines, [N, D]. The field alone is trained by them, so the flow may have no other layers. */
export function velocityErrors(...lines: Parameters<typeof alongLines>): tf.Tensor {
  const { velocity, slope } = alongLines(...lines);
  return tf.square(tf.sub(velocity, slope));
}
