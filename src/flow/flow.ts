/** A flow from its config, and the functions over it that are traced: log-likelihood, encoding and decoding. */
import * as tf from '@tensorflow/tfjs-core';
import { type ModelConfig, hasLogit } from '../config/schema';
import type { Standardization } from '../config/standardization';
import type { FlowContext, Step } from './core/bijection';
import type { Preprocess } from './nets/context';
import { build } from './build';
import type { Flow } from './built-flow';
import { logit, scalePixels, standardize } from './preprocess';
import { alone, type Room } from './room';
import type { FlowSpec } from './core/spec';
import { imageSpec } from './expand/image';
import { vectorSpec } from './expand/vector';

/** @throws the room's refusal, as soon as the layers so far store more than it has */
export function buildFlow(config: ModelConfig, room: Room = alone): Flow {
  return build(expand(config), room);
}

/** From data units to the flow's input; undefined for vectors that are not standardized. */
export function buildPreprocess(
  config: ModelConfig,
  flow: Flow,
  fitted?: Standardization,
): Preprocess | undefined {
  if (config.kind === 'image') {
    const { levels, dataRange, dataConstraint: constraint } = config;
    const shape = flow.inputShape;
    return hasLogit(constraint)
      ? logit({ name: 'logit', shape, levels, dataRange, constraint })
      : scalePixels('pixels', shape, levels, constraint);
  }
  return fitted ? standardize('standardize', fitted, config.dim) : undefined;
}

/** D ln(levels): from the density of v/levels to the probability of a discrete value; 0 for vectors. Nats. */
export function quantizationNats(config: ModelConfig, dimensions: number): number {
  return config.kind === 'image' ? dimensions * Math.log(config.levels) : 0;
}

/**
 * The parts of ln p(x) of each example, nats; [N] or scalars. Their sum is ln p of the preprocessed density.
 * @param x in data units: dequantized pixels in [0, levels), or coordinates; [N, …].
 */
export function logLikelihood(
  flow: Flow,
  preprocess: Preprocess | undefined,
  ctx: FlowContext,
  x: tf.Tensor,
) {
  const prepared: Step = preprocess ? preprocess.forward(ctx, x) : { value: x, logDet: tf.scalar(0) };
  const { value: z, logDet } = flow.forward(ctx, prepared.value);
  return { z, prior: flow.base.logProb(ctx, z), logDet, preprocessing: prepared.logDet };
}

/** Noise of the base to data units: [N, …] → [N, …]. */
export function drawSamples(
  flow: Flow,
  preprocess: Preprocess | undefined,
  ctx: FlowContext,
  noise: tf.Tensor,
): tf.Tensor {
  return decode(flow, preprocess, ctx, flow.base.draw(ctx, noise, tf.scalar(1)));
}

/** Latents to data units: [N, …] → [N, …]. */
export function decode(
  flow: Flow,
  preprocess: Preprocess | undefined,
  ctx: FlowContext,
  z: tf.Tensor,
): tf.Tensor {
  const x = flow.inverse(ctx, z).value;
  return preprocess ? preprocess.inverse(ctx, x).value : x;
}

/** What a person writes, a config with its shorthands, as the spec of a flow. Nothing that builds a flow reads more. */
const expand = (config: ModelConfig): FlowSpec =>
  config.kind === 'vector' ? vectorSpec(config) : imageSpec(config);
