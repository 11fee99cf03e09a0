/**
 * What every piece of a flow promises. `forward` is data → latent, as in the paper. Both directions return the value
 * and the log-determinant of their own Jacobian in nats. Pieces are pure: parameters, running statistics and mode come
 * in through the context; randomness comes in as tensors.
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Quantity } from '../../protocol/quantities';
import type { SplineInfo } from '../../protocol/spline';
import type { WholeBatch } from './whole-batch';

/** A trainable tensor. `decay` marks those that L2 regularization is applied to (paper, section 4.1). */
export interface ParameterSpec {
  name: string;
  shape: number[];
  init: Init;
  decay?: boolean;
}

/** A tensor that is kept but not trained: running statistics. */
export interface StateSpec {
  name: string;
  shape: number[];
  /** Where it starts, the same everywhere or value by value. */
  value: number | (() => Float32Array);
}

export interface FlowContext {
  /** True: batch normalization uses the batch's own statistics and reports new running ones. */
  readonly training: boolean;
  /** What conditioners see of the context, [N, S]; set in flows that take one. */
  readonly context?: Tensor;
  /** Autoregressive layers run their whole network for each place: by that, readers of exported files recognize them. */
  readonly wholePasses?: boolean;
  /** In training on batches of any size: how statistics are taken over a batch. Without it, its size is in its shape. */
  readonly wholeBatch?: WholeBatch;
  /** The tensor of a parameter or of a state entry, by its full name. */
  get(name: string): Tensor;
  /** Receives the new value of a state entry; called in training only. */
  update(name: string, value: Tensor): void;
  /** There while a flow is being initialized from a batch: receives parameters that follow from what arrives. */
  initialize?(name: string, value: Tensor): void;
  /** Receives named intermediate values: inputs, outputs, quantities, log-det maps, feature maps. */
  tap?(name: string, value: Tensor): void;
}

export interface Step {
  /** [N, …shape]. */
  value: Tensor;
  /** Nats: [N], or a scalar where it is the same for every example. */
  logDet: Tensor;
}

export interface Bijection {
  readonly name: string;
  /** Shapes without the batch axis. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  /** Parameters that it uses and that are counted to another layer. */
  readonly shared?: readonly ParameterSpec[];
  /** What it computes for each element and taps as `NAME/QUANTITY`, in its own shape. */
  readonly quantities?: readonly Quantity[];
  /** y from x and the quantities, element by element and before any norm, as `UnivariateTransform` has it. */
  readonly formula?: string;
  /** Set where the map is a spline: `NAME/knots.x`, `.y` and `.slopes` are tapped, [N, …, K + 1] of what is transformed. */
  readonly spline?: SplineInfo;
  /** Whether its quantities are the same for every example: learned, and given by no network. */
  readonly sameForAll?: boolean;
  /** Whether its log-det is 0 whatever its parameters, except for the log-det of a norm which it may end with. */
  readonly preservesVolume?: boolean;
  /** y = W·x + b over the last axis, with the same W for every example and place: features or channels are mixed. */
  readonly mixes?: boolean;
  /** Set where it is a stretch of time in which a vector field moves x. */
  readonly slice?: Slice;
  /** How often its network runs in each direction; once in both where it is absent. */
  readonly networkPasses?: { readonly forward: number; readonly inverse: number };
  forward(ctx: FlowContext, x: Tensor): Step;
  /** Throws in training mode where the inverse would need statistics that only the forward pass has. */
  inverse(ctx: FlowContext, y: Tensor): Step;
  /**
   * What the maps of N examples make of P values of each element, and ln |dy/dx| there, in nats; before any norm. Only layers
   * that map each element by itself have it. Elements that pass unchanged are as they are in `at`.
   * @param x [N, …], the layer's inputs, which the maps depend on
   * @param at [N·P, …], the values of one example after the values of another
   */
  curve?(ctx: FlowContext, x: Tensor, at: Tensor): { value: Tensor; logDerivative: Tensor };
}

export interface Slice {
  /** Times at which it begins and ends, from data to noise. */
  readonly from: number;
  readonly to: number;
  /** dx/dt, [N, D], of examples [N, D] at times [N, 1]. */
  velocity(ctx: FlowContext, x: Tensor, t: Tensor2D): Tensor;
  /** The same at one time, with its divergence: Σ ∂vᵢ/∂xᵢ, [N], or a scalar where it is the same for all examples. */
  at(ctx: FlowContext, x: Tensor, t: number): { value: Tensor; divergence: Tensor };
}

/** What a map from a shape to itself says of itself, where nothing of it is trained or stored. */
export const keepingShape = (
  name: string,
  shape: readonly number[],
): Pick<Bijection, 'name' | 'inputShape' | 'outputShape' | 'parameters' | 'state'> => ({
  ...{ name, inputShape: shape, outputShape: shape },
  ...{ parameters: [], state: [] },
});

/** What a coupling's transform takes for each element, from the features that pass unchanged. */
export interface Conditioner {
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  /** h is [N, …]; the results are [N, …output shape], in the order in which the transform takes them. */
  apply(ctx: FlowContext, h: Tensor): Tensor[];
  /**
   * The same in steps, one for each place of an autoregressive order from 0 on. A step takes the features of the place
   * before, none at first, and gives what the transform takes for this place; features of a place are in rising
   * order.
   * @param nothing [N, 1], zeros
   */
  steps?(ctx: FlowContext, nothing: Tensor): (seen: Tensor | undefined, place: number) => Tensor[];
}

/** Initial values as data: who builds a flow needs no random numbers, and who draws them needs no TensorFlow.js. */

type Init =
  | { kind: 'constant'; value: number }
  /** Row-major. */
  | { kind: 'values'; values: readonly number[] }
  /** Uniform in [−bound, bound). */
  | { kind: 'uniform'; bound: number }
  /** A square matrix, any orthogonal one with the same chance. */
  | { kind: 'orthogonal' }
  /** Euclidean length of each output channel (last axis) of the parameter `of`: where weight normalization starts. */
  | { kind: 'lengths'; of: string };

export const zeros: Init = { kind: 'constant', value: 0 };
export const ones: Init = { kind: 'constant', value: 1 };

/** A parameter that starts at 0, without weight decay. */
export function startsAtZero(name: string, shape: number[]): ParameterSpec {
  return { name, shape, init: zeros };
}

/** U(−1/√n, 1/√n) for n inputs a unit: PyTorch's default for linear and convolution layers, which the peers start from. */
export function fanIn(inputs: number): Init {
  return { kind: 'uniform', bound: 1 / Math.sqrt(inputs) };
}
