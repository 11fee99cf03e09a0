/**
 * A training step as one pure function, traced with its gradients and the optimizer's update: state in, state out.
 * State entries are named `state:NAME`; NAME is a stored tensor's name, or has one of the prefixes below.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { TrainingConfig } from '../../config/schema';
import type { Bijection } from '../../flow/bijection';
import type { Flow } from '../../flow/layers';
import { decode, logLikelihood } from '../../flow/real-nvp';
import { fusedAdam } from '../../graph/adam';
import type { Graph } from '../../graph/ir';
import { anyBatch, trace, type InputSpec, type TensorMap } from '../../graph/trace';
import { graphContext, storedTensors } from '../model/flow-graphs';

export const firstMoment = 'adam.m.';
export const secondMoment = 'adam.v.';
export const average = 'ema.';

export interface StateEntry {
  name: string;
  shape: readonly number[];
}

/** Everything that a training run keeps between steps. */
export function trainingState(flow: Flow, config: TrainingConfig): StateEntry[] {
  const prefixes = [firstMoment, secondMoment, ...(config.ema > 0 ? [average] : [])];
  return [
    ...storedTensors(flow),
    ...prefixes.flatMap((prefix) =>
      flow.parameters.map(({ name, shape }) => ({ name: prefix + name, shape })),
    ),
  ];
}

const asInput = ({ name, shape }: StateEntry): InputSpec => ({ name: `state:${name}`, shape });

function stateOf(inputs: TensorMap): TensorMap {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, tensor]) =>
      name.startsWith('state:') ? [[name.slice(6), tensor]] : [],
    ),
  );
}

interface Objective {
  /** −ln p of the preprocessed density, mean over the batch, nats. */
  loss: Scalar;
  prior: Tensor;
  logDet: Tensor;
  preprocessing: Tensor;
  updates: TensorMap;
  gradients: Tensor[];
}

/** Loss and gradients of all parameters at a batch, batch norm in training mode. */
function objective(
  flow: Flow,
  preprocess: Bijection | undefined,
  state: TensorMap,
  x: Tensor,
  wanted?: (tap: string) => boolean,
): Objective & { taps: TensorMap } {
  let aside: Omit<Objective, 'loss' | 'gradients'> & { taps: TensorMap };
  // What the loss function computes besides the loss has to outlive the scope that gradients are taken in.
  const keep = (tensors: TensorMap): TensorMap =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.keep(tensor)]));
  const lossOf = (...parameters: Tensor[]): Scalar => {
    const values = Object.fromEntries(flow.parameters.map(({ name }, i) => [name, parameters[i]!]));
    const ctx = graphContext({ ...state, ...values }, { training: true, ...(wanted ? { wanted } : {}) });
    const parts = logLikelihood(flow, preprocess, ctx, x);
    const mean = (t: Tensor): Tensor => tf.keep(tf.mean(t));
    aside = {
      prior: mean(parts.prior),
      logDet: mean(parts.logDet),
      preprocessing: mean(parts.preprocessing),
      updates: keep(ctx.updates),
      taps: keep(ctx.taps),
    };
    return tf.neg(tf.add(tf.add(aside.prior, aside.logDet), aside.preprocessing));
  };
  const { value, grads } = tf.valueAndGrads(lossOf)(flow.parameters.map(({ name }) => state[name]!));
  return { ...aside!, loss: value, gradients: grads };
}

/**
 * One optimizer step on `x` [batch, …] (data units, dequantized). Scalars `learningRate`, `beta1Power`, `beta2Power`
 * (β₁ᵗ, β₂ᵗ at step t, counted from 1) are inputs. Outputs `loss` (without the quantization constant), `prior`,
 * `logDet`, `preprocessing` (batch means, nats), `gradientNorm` (before clipping) and the new state.
 *
 * L2 is added to the gradient after clipping, as PyTorch's Adam does with weight_decay. When anything is not finite
 * the parameters and running statistics stay as they were, so that the cause can be looked for with the same values.
 */
export function stepGraph(
  flow: Flow,
  preprocess: Bijection | undefined,
  config: TrainingConfig,
  batch: number,
): Graph {
  const entries = trainingState(flow, config);
  return trace(
    (inputs) => {
      const state = stateOf(inputs);
      const { gradients, loss, updates, ...parts } = objective(flow, preprocess, state, inputs.x!);
      const squares = gradients.map((g) => tf.sum(tf.square(g)));
      const gradientNorm = tf.sqrt(tf.addN(squares));
      const finite = tf.logicalAnd(tf.isFinite(gradientNorm), tf.isFinite(loss));
      const clip = tf.minimum(1, tf.div(config.clipNorm, tf.add(gradientNorm, 1e-6)));
      const learningRate = tf.where(finite, inputs.learningRate!, tf.scalar(0)) as Scalar;
      const results: TensorMap = {
        loss,
        prior: parts.prior,
        logDet: parts.logDet,
        preprocessing: parts.preprocessing,
        gradientNorm,
      };

      flow.parameters.forEach(({ name, decay }, i) => {
        const clipped = tf.mul(gradients[i]!, clip);
        const regularized =
          decay && config.weightDecay > 0
            ? tf.add(clipped, tf.mul(state[name]!, config.weightDecay))
            : clipped;
        const [parameter, m, v] = fusedAdam(
          {
            param: state[name]!,
            m: state[firstMoment + name]!,
            v: state[secondMoment + name]!,
            gradient: tf.where(finite, regularized, tf.zerosLike(regularized)),
            learningRate,
            beta1Power: inputs.beta1Power!,
            beta2Power: inputs.beta2Power!,
          },
          { beta1: config.beta1, beta2: config.beta2, epsilon: config.epsilon },
        );
        results[`state:${name}`] = parameter;
        results[`state:${firstMoment}${name}`] = m;
        results[`state:${secondMoment}${name}`] = v;
        if (config.ema > 0) {
          const old = state[average + name]!;
          results[`state:${average}${name}`] = tf.add(
            tf.mul(old, config.ema),
            tf.mul(parameter, 1 - config.ema),
          );
        }
      });
      for (const [name, value] of Object.entries(updates)) {
        results[`state:${name}`] = tf.where(finite, value, state[name]!);
      }
      return results;
    },
    [
      ...entries.map(asInput),
      { name: 'x', shape: [batch, ...flow.inputShape] },
      ...['learningRate', 'beta1Power', 'beta2Power'].map((name) => ({ name, shape: [] })),
    ],
  );
}

/** Names of the weights that validation, samples and checkpoints use: their moving average where there is one. */
export function evaluationState(
  flow: Flow,
  config: TrainingConfig,
): { stored: string; from: string; shape: readonly number[] }[] {
  const parameters = new Set(flow.parameters.map((p) => p.name));
  return storedTensors(flow).map(({ name, shape }) => ({
    stored: name,
    from: config.ema > 0 && parameters.has(name) ? average + name : name,
    shape,
  }));
}

function evaluationGraph(
  flow: Flow,
  config: TrainingConfig,
  inputs: InputSpec[],
  fn: (state: TensorMap, inputs: TensorMap) => TensorMap,
): Graph {
  const weights = evaluationState(flow, config);
  return trace(
    (all) => {
      const state = stateOf(all);
      return fn(Object.fromEntries(weights.map(({ stored, from }) => [stored, state[from]!])), all);
    },
    [...weights.map(({ from, shape }) => asInput({ name: from, shape })), ...inputs],
    { dynamicBatch: anyBatch },
  );
}

/** x [N, …] in data units → `prior`, `logDet` [N] and `preprocessing` ([N] or scalar) in nats, evaluation mode. */
export function validationGraph(
  flow: Flow,
  preprocess: Bijection | undefined,
  config: TrainingConfig,
): Graph {
  return evaluationGraph(
    flow,
    config,
    [{ name: 'x', shape: [anyBatch, ...flow.inputShape] }],
    (state, { x }) => {
      const { prior, logDet, preprocessing } = logLikelihood(flow, preprocess, graphContext(state), x!);
      return { prior, logDet, preprocessing };
    },
  );
}

/** z [N, …] → `x` [N, …] in data units, evaluation mode. */
export function trainingSampleGraph(
  flow: Flow,
  preprocess: Bijection | undefined,
  config: TrainingConfig,
): Graph {
  return evaluationGraph(
    flow,
    config,
    [{ name: 'z', shape: [anyBatch, ...flow.outputShape] }],
    (state, { z }) => ({ x: decode(flow, preprocess, graphContext(state), z!) }),
  );
}

/**
 * Where a step goes wrong: for the batch of a step that was not finite, the number of non-finite values of each layer's
 * output (`layer:NAME`) and of each parameter's squared gradient (`gradient:NAME`), and the largest |s| of each coupling
 * (`scale:NAME`). Assigns nothing.
 */
export function diagnosisGraph(
  flow: Flow,
  preprocess: Bijection | undefined,
  config: TrainingConfig,
  batch: number,
): Graph {
  const outputTap = (layer: { name: string; kind: string }): string =>
    layer.kind === 'factorOut' ? `${layer.name}/kept` : `${layer.name}/y`;
  const wanted = new Set(
    flow.layers.flatMap((layer) => [
      outputTap(layer),
      ...(layer.coupling === undefined ? [] : [`${layer.name}/s`]),
    ]),
  );
  const nonFinite = (t: Tensor): Tensor => tf.sum(tf.cast(tf.logicalNot(tf.isFinite(t)), 'float32'));
  return trace(
    (inputs) => {
      const { taps, gradients, loss } = objective(flow, preprocess, stateOf(inputs), inputs.x!, (tap) =>
        wanted.has(tap),
      );
      const results: TensorMap = { loss };
      for (const layer of flow.layers) {
        const y = taps[outputTap(layer)];
        const s = taps[`${layer.name}/s`];
        if (y) results[`layer:${layer.name}`] = nonFinite(y);
        if (s) results[`scale:${layer.name}`] = tf.max(tf.abs(s));
      }
      flow.parameters.forEach(
        ({ name }, i) => (results[`gradient:${name}`] = nonFinite(tf.square(gradients[i]!))),
      );
      return results;
    },
    [...trainingState(flow, config).map(asInput), { name: 'x', shape: [batch, ...flow.inputShape] }],
  );
}
