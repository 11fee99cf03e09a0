/** What every base distribution promises: the distribution of z, which the flow maps data to. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { FlowContext, ParameterSpec } from '../core/bijection';

export interface Base {
  /** What is trained; all names begin with "base.". */
  readonly parameters: readonly ParameterSpec[];
  /** Standard normal values that one draw is made of, without the batch axis. */
  readonly noiseShape: readonly number[];
  /**
   * `standard`: N(0, 1) in each latent. `normal`: each latent is its own noise times a deviation, plus a mean. Bounds and
   * deviations of single latents have a meaning for these two.
   */
  readonly shape: 'standard' | 'normal' | 'other';
  /** z [N, …] → [N], nats; −Infinity where z cannot be. */
  logProb(ctx: FlowContext, z: Tensor): Tensor;
  /** Where latents are independent: the terms that `logProb` is the sum of, [N, …]. */
  logProbByElement?(ctx: FlowContext, z: Tensor): Tensor;
  /**
   * Noise [N, …noiseShape] → z [N, …]. Temperature multiplies deviations: 1 for the distribution itself, 0 for its mode;
   * a scalar. A uniform distribution has no use for it.
   */
  draw(ctx: FlowContext, noise: Tensor, temperature: Tensor): Tensor;
  /** z through its own distribution function and back through that of N(0, 1): standard normal if z is of this base. */
  scores(ctx: FlowContext, z: Tensor): Tensor;
}
