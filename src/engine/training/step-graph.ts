/**
 * A training step as one pure function, traced with its gradients and the optimizer's update: state in, state out.
 * The state is a few vectors (packed.ts), named `state:NAME`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { isReverse } from '../../config/check-target';
import type { TrainingConfig } from '../../config/schema';
import type { FlowContext, ParameterSpec } from '../../flow/core/bijection';
import type { Flow, FlowLayer } from '../../flow/built-flow';
import { drawSamples, logLikelihood } from '../../flow/flow';
import { isMatched, velocityErrors } from '../../flow/matching';
import { fusedAdam } from '../../graph/trace/adam';
import type { Graph } from '../../graph/ir';
import { anyBatch, trace, type InputSpec, type TensorMap } from '../../graph/trace/trace';
import { sizeOf } from '../../base/shape';
import { contextInputs, graphContext, type FlowParts } from '../model/flow-graphs';
import { densityOf } from '../model/densities';
import { weighedGraph } from './against';
import { packedVector, type PackedVector } from './packed';

/** All parameters as one vector; so are Adam's moments and the moving average. */
const parameters = 'parameters';
const firstMoment = 'adam.m';
const secondMoment = 'adam.v';
const average = 'ema';
/** All running statistics as one vector. */
const statistics = 'statistics';
/** In float16, what the loss is multiplied by so that gradients do not become 0. */
export const lossScale = 'lossScale';

/** What came of the last steps, a row for each, where a training looks at several at a time. */
const outcomes = 'outcomes';

/** What is known of a step, in this order in a row of `outcomes`. */
export function outcomeNames(flow: Flow, { objective: kind }: TrainingConfig): string[] {
  const terms = isMatched(flow) || kind === 'reverseKl' ? [] : ['prior', 'logDet', 'preprocessing'];
  return ['loss', 'gradientNorm', ...terms, ...(kind === 'mixed' ? ['reverseKl'] : [])];
}

/** The state that keeps the outcomes of so many steps. */
export function outcomeState(flow: Flow, config: TrainingConfig, steps: number) {
  return { name: outcomes, shape: [steps * outcomeNames(flow, config).length] };
}

/** Parameters with L2 regularization first, so that it applies to one stretch of a vector. */
function ordered({ parameters: all }: Flow): ParameterSpec[] {
  return [...all.filter(({ decay }) => decay), ...all.filter(({ decay }) => !decay)];
}

/** The vectors that a training run keeps between steps, and what they hold. */
export function trainingVectors(flow: Flow, config: TrainingConfig): PackedVector[] {
  const trained = [parameters, firstMoment, secondMoment, ...(config.ema > 0 ? [average] : [])];
  return [
    ...trained.map((name) => packedVector(name, ordered(flow), name === parameters ? '' : `${name}.`)),
    ...(flow.state.length > 0 ? [packedVector(statistics, flow.state, '')] : []),
  ];
}

function vectorInput({ name, size }: PackedVector): InputSpec {
  return { name: `state:${name}`, shape: [size] };
}

/** The tensors in a vector, in their own shapes. */
function unpacked(vector: tf.Tensor, { members }: PackedVector): TensorMap {
  const parts =
    members.length === 1
      ? [vector]
      : tf.split(
          vector,
          members.map(({ size: n }) => n),
          0,
        );
  return Object.fromEntries(
    members.map(({ stored, shape }, i) => [stored, tf.reshape(parts[i]!, [...shape])]),
  );
}

interface Objective {
  /** What is made smaller: −ln p of the preprocessed density in nats, the velocity's mean squared error, or the reverse KL of a target. */
  loss: tf.Scalar;
  /** `prior`, `logDet` and `preprocessing`, which −loss is the sum of, and `reverseKl` where both are trained; none for others. */
  terms: TensorMap;
  updates: TensorMap;
  /** Gradient with respect to the vector of parameters. */
  gradient: tf.Tensor;
}

/** State vectors by name, without the prefix. */
function stateOf(inputs: TensorMap): TensorMap {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, tensor]) =>
      name.startsWith('state:') ? [[name.slice(6), tensor]] : [],
    ),
  );
}

const named = (vectors: readonly PackedVector[], name: string): PackedVector =>
  vectors.find((vector) => vector.name === name)!;

/** Loss and gradient at a batch, batch norm in training mode. */
function objective(
  parts: FlowParts,
  vectors: readonly PackedVector[],
  state: TensorMap,
  examples: TensorMap,
  config: TrainingConfig,
  tapFilter?: (tap: string) => boolean,
): Objective & { taps: TensorMap } {
  const scale = examples[lossScale] as tf.Scalar | undefined;
  let aside: Omit<Objective, 'loss' | 'gradient'> & { taps: TensorMap };
  const running = state[statistics] ? unpacked(state[statistics], named(vectors, statistics)) : {};
  // What the loss function computes besides the loss has to outlive the scope that gradients are taken in.
  const keep = (tensors: TensorMap): TensorMap =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.keep(tensor)]));
  const lossOf = (vector: tf.Tensor): tf.Scalar => {
    const values = unpacked(vector, named(vectors, parameters));
    const inputs = { ...examples, ...running, ...values };
    const ctx = graphContext(parts, inputs, { training: true, tapFilter });
    const { loss, terms } = isMatched(parts.flow)
      ? { loss: tf.mean<tf.Scalar>(velocityErrors(parts.flow, parts.preprocess, ctx, examples)), terms: {} }
      : isReverse(config)
        ? reverseLoss(parts, ctx, examples, config)
        : likelihoodLoss(parts, ctx, examples);
    aside = { terms: keep(terms), updates: keep(ctx.updates), taps: keep(ctx.taps) };
    return scale ? tf.mul(loss, scale) : loss;
  };
  const { value, grad } = tf.valueAndGrad(lossOf)(state[parameters]!);
  return {
    ...aside!,
    loss: scale ? tf.div(value, scale) : value,
    gradient: scale ? tf.div(grad, scale) : grad,
  };
}

type Loss = Pick<Objective, 'loss' | 'terms'>;

function likelihoodLoss({ flow, preprocess }: FlowParts, ctx: FlowContext, examples: TensorMap): Loss {
  const { prior, logDet, preprocessing } = logLikelihood(flow, preprocess, ctx, examples.x!);
  const terms = { prior: tf.mean(prior), logDet: tf.mean(logDet), preprocessing: tf.mean(preprocessing) };
  return { loss: tf.neg(tf.add(tf.add(terms.prior, terms.logDet), terms.preprocessing)), terms };
}

/** The reverse KL less the log of the target's integral, alone or with the likelihood of data. Taps `target`, the log densities. */
function reverseLoss(
  parts: FlowParts,
  ctx: FlowContext,
  examples: TensorMap,
  { objective: kind, target }: TrainingConfig,
): Loss {
  const { logWeights } = weighedGraph(parts, densityOf(target!), ctx, examples.noise!);
  const reverseKl = tf.neg(tf.mean<tf.Scalar>(logWeights));
  if (kind === 'reverseKl') return { loss: reverseKl, terms: {} };
  const { loss, terms } = likelihoodLoss(parts, ctx, examples);
  return { loss: tf.mul(tf.add(loss, reverseKl), 0.5), terms: { ...terms, reverseKl } };
}

/** Adds L2's part to the gradient of the parameters that have it. */
function withDecay(gradient: tf.Tensor, param: tf.Tensor, flow: Flow, weightDecay: number): tf.Tensor {
  const count = flow.parameters.reduce((sum, { shape, decay }) => sum + (decay ? sizeOf(shape) : 0), 0);
  if (weightDecay === 0 || count === 0) return gradient;
  const part = tf.mul(tf.slice(param, [0], [count]), weightDecay);
  return tf.add(gradient, tf.pad(part, [[0, param.shape[0] - count]]));
}

/**
 * One optimizer step on `x` [batch, …] (data units, dequantized). Scalars `learningRate`, `beta1Power`, `beta2Power`
 * (β₁ᵗ, β₂ᵗ at step t, counted from 1) are inputs, with a moving average its `averageDecay` at this step, and for a vector field
 * where its examples' lines end and are looked at (`velocityErrors`). Outputs `loss` (without the quantization constant) and its terms
 * (batch means, nats), `gradientNorm` (before clipping) and the new state.
 *
 * L2 is added to the gradient after clipping, as PyTorch's Adam does with weight_decay. When anything is not finite
 * the parameters and running statistics stay as they were, so that the cause can be looked for with the same values.
 *
 * In float16 the loss is multiplied by the scalar `lossScale` while gradients are taken, which are divided by it.
 *
 * With a state of outcomes, the loss, its terms and the norm become its last row in place of outputs, and once a row is not finite,
 * all later ones repeat it and nothing changes any more.
 */
export function stepFunction(parts: FlowParts, config: TrainingConfig): (inputs: TensorMap) => TensorMap {
  const { flow } = parts;
  const vectors = trainingVectors(flow, config);
  return (inputs) => {
    const state = stateOf(inputs);
    const { gradient, loss, updates, terms } = objective(parts, vectors, state, inputs, config);
    const gradientNorm = tf.sqrt(tf.sum(tf.square(gradient)));
    const outcome: TensorMap = { loss, ...terms, gradientNorm };
    const kept =
      state[outcomes] &&
      keptOutcomes(
        state[outcomes],
        outcomeNames(flow, config).map((name) => outcome[name]!),
      );
    const isSound = tf.logicalAnd(tf.isFinite(gradientNorm), tf.isFinite(loss));
    const finite = kept ? tf.logicalAnd(isSound, kept.wasFinite) : isSound;
    const clip = tf.minimum(1, tf.div(config.clipNorm, tf.add(gradientNorm, 1e-6)));
    const clipped = tf.mul(gradient, clip);
    const param = state[parameters]!;
    const regularized = withDecay(clipped, param, flow, config.weightDecay);
    const [next, m, v] = fusedAdam(
      {
        param,
        m: state[firstMoment]!,
        v: state[secondMoment]!,
        gradient: tf.where(finite, regularized, tf.zerosLike(regularized)),
        learningRate: tf.where(finite, inputs.learningRate!, tf.scalar(0)),
        beta1Power: inputs.beta1Power!,
        beta2Power: inputs.beta2Power!,
      },
      { beta1: config.beta1, beta2: config.beta2, epsilon: config.epsilon },
    );
    const settled = (name: string, value: tf.Tensor): tf.Tensor =>
      kept ? tf.where(finite, value, state[name]!) : value;
    const results: TensorMap = {
      ...(kept ? { [`state:${outcomes}`]: kept.next } : outcome),
      [`state:${parameters}`]: next,
      [`state:${firstMoment}`]: settled(firstMoment, m),
      [`state:${secondMoment}`]: settled(secondMoment, v),
    };
    if (config.ema > 0) {
      const moved = tf.mul(tf.sub(next, state[average]!), tf.sub(1, inputs.averageDecay!));
      results[`state:${average}`] = settled(average, tf.add(state[average]!, moved));
    }
    const running = state[statistics];
    if (running) {
      const before = unpacked(running, named(vectors, statistics));
      // What a file brings and no batch changes, such as the mean of a context, stays.
      const flat = flow.state.map(({ name }) => tf.reshape(updates[name] ?? before[name]!, [-1]));
      results[`state:${statistics}`] = tf.where(finite, tf.concat(flat), running);
    }
    return results;
  };
}

/** The last row goes in behind those before it, unless one was not finite. */
function keptOutcomes(
  before: tf.Tensor,
  row: readonly tf.Tensor[],
): { wasFinite: tf.Tensor; next: tf.Tensor } {
  const size = before.shape[0];
  const last = tf.slice(before, [size - row.length], [row.length]);
  const wasFinite = tf.isFinite(tf.sum(last));
  const added = tf.where(wasFinite, tf.stack([...row]), last);
  return { wasFinite, next: tf.concat([tf.slice(before, [row.length], [size - row.length]), added]) };
}

/**
 * `stepFunction` for batches of one size, traced.
 * @param kept steps whose outcomes are kept in state; their outcomes are outputs where it is 0
 */
export function stepGraph(parts: FlowParts, config: TrainingConfig, batch: number, kept = 0): Graph {
  const { name, shape } = outcomeState(parts.flow, config, kept);
  return trace(stepFunction(parts, config), [
    ...batchInputs(parts, config, batch),
    ...(kept > 0 ? [{ name: `state:${name}`, shape }] : []),
    ...[
      ...['learningRate', 'beta1Power', 'beta2Power'],
      ...(config.ema > 0 ? ['averageDecay'] : []),
      ...(config.precision === 'float16' ? [lossScale] : []),
    ].map((scalar) => ({ name: scalar, shape: [] })),
  ]);
}

/** The state, and a batch of examples. */
function batchInputs({ flow }: FlowParts, config: TrainingConfig, batch: number): InputSpec[] {
  return [
    ...trainingVectors(flow, config).map(vectorInput),
    ...(config.objective === 'reverseKl' ? [] : [{ name: 'x', shape: [batch, ...flow.inputShape] }]),
    ...(isReverse(config) ? [{ name: 'noise', shape: [batch, ...flow.base.noiseShape] }] : []),
    ...(isMatched(flow)
      ? [
          { name: 'noise', shape: [batch, ...flow.inputShape] },
          { name: 'share', shape: [batch, 1] },
        ]
      : []),
    ...contextInputs(flow, batch),
  ];
}

/** The vectors that validation, samples and checkpoints use: the moving average of the weights where there is one. */
export function evaluationVectors(flow: Flow, config: TrainingConfig): PackedVector[] {
  const used = [config.ema > 0 ? average : parameters, statistics];
  return trainingVectors(flow, config).filter(({ name }) => used.includes(name));
}

function evaluationGraph(
  parts: FlowParts,
  config: TrainingConfig,
  input: InputSpec,
  fn: (ctx: ReturnType<typeof graphContext>, value: tf.Tensor) => TensorMap,
): Graph {
  const vectors = evaluationVectors(parts.flow, config);
  return trace(
    ({ [input.name]: value, ...rest }) => {
      const state = stateOf(rest);
      const tensors = vectors.map((vector) => unpacked(state[vector.name]!, vector));
      return fn(graphContext(parts, Object.assign({}, ...tensors, rest) as TensorMap), value!);
    },
    [...vectors.map(vectorInput), input, ...contextInputs(parts.flow)],
    { dynamicBatch: anyBatch },
  );
}

/** x [N, …] in data units → `prior`, `logDet` [N] and `preprocessing` ([N] or scalar) in nats, evaluation mode. */
export function validationGraph(parts: FlowParts, config: TrainingConfig): Graph {
  const { flow, preprocess } = parts;
  const input = { name: 'x', shape: [anyBatch, ...flow.inputShape] };
  return evaluationGraph(parts, config, input, (ctx, x) => {
    const { prior, logDet, preprocessing } = logLikelihood(flow, preprocess, ctx, x);
    return { prior, logDet, preprocessing };
  });
}

/** `noise` [N, …] of the base → `logWeights` [N] of the flow's draws with the target, evaluation mode. */
export function weighGraph(parts: FlowParts, config: TrainingConfig): Graph {
  const input = { name: 'noise', shape: [anyBatch, ...parts.flow.base.noiseShape] };
  return evaluationGraph(parts, config, input, (ctx, noise) =>
    weighedGraph(parts, densityOf(config.target!), ctx, noise),
  );
}

/** `noise` [N, …] of the base → `x` [N, …] in data units, evaluation mode. */
export function trainingSampleGraph(parts: FlowParts, config: TrainingConfig): Graph {
  const { flow, preprocess } = parts;
  const input = { name: 'noise', shape: [anyBatch, ...flow.base.noiseShape] };
  return evaluationGraph(parts, config, input, (ctx, noise) => ({
    x: drawSamples(flow, preprocess, ctx, noise),
  }));
}

/**
 * Where a step goes wrong: for the batch of a step that was not finite, the number of non-finite values of each layer's
 * output (`layer:NAME`) and of each parameter's squared gradient (`gradient:NAME`), and the largest |log-scale| of each layer that has
 * one (`scale:NAME`). Assigns nothing.
 */
export function diagnosisGraph(parts: FlowParts, config: TrainingConfig, batch: number): Graph {
  const { flow } = parts;
  const vectors = trainingVectors(flow, config);
  const reverse = config.objective === 'reverseKl';
  const outputTap = ({ name, kind }: { name: string; kind: string }): string =>
    `${name}/${reverse ? 'inverse.x' : kind === 'factorOut' ? 'kept' : 'y'}`;
  const scaleTap = ({ name, bijection }: FlowLayer): string | undefined => {
    const scale = bijection?.quantities?.find(({ role }) => role === 'logScale');
    return scale && `${name}/${scale.name}`;
  };
  const layerTaps = flow.layers.flatMap((layer) => [outputTap(layer), scaleTap(layer) ?? []].flat());
  const tapNames = new Set(['target', ...layerTaps]);
  const nonFinite = (t: tf.Tensor): tf.Tensor => tf.sum(tf.cast(tf.logicalNot(tf.isFinite(t)), 'float32'));
  const diagnose = (inputs: TensorMap): TensorMap => {
    const tapFilter = (tap: string): boolean => tapNames.has(tap);
    const { taps, gradient, loss } = objective(parts, vectors, stateOf(inputs), inputs, config, tapFilter);
    const results: TensorMap = { loss };
    if (taps.target) results.target = nonFinite(taps.target);
    for (const layer of flow.layers) {
      const y = taps[outputTap(layer)];
      const scale = scaleTap(layer);
      if (y) {
        results[`layer:${layer.name}`] = nonFinite(y);
        results[`largest:${layer.name}`] = tf.max(tf.abs(y));
      }
      if (scale && taps[scale]) results[`scale:${layer.name}`] = tf.max(tf.abs(taps[scale]));
    }
    for (const [name, part] of Object.entries(unpacked(gradient, named(vectors, parameters))))
      results[`gradient:${name}`] = nonFinite(tf.square(part));
    return results;
  };
  return trace(diagnose, batchInputs(parts, config, batch));
}
