/** Training against a target: draws of the flow and their weights, in place of data or beside them. */
import * as tf from '@tensorflow/tfjs-core';
import { effectiveCount } from '../../base/effective-count';
import { logEvidence, weightsOf } from '../../base/log-weights';
import { UserError } from '../../base/user-error';
import type { StoredConfig, VectorModelConfig } from '../../config/schema';
import type { Standardization } from '../../config/standardization';
import { isTargetName, targets } from '../../config/targets';
import type { Dataset } from '../../data/dataset';
import { stream } from '../../data/random';
import { memoryExamples } from '../../data/records';
import { limited } from '../../data/split';
import type { Flow } from '../../flow/built-flow';
import type { FlowContext } from '../../flow/core/bijection';
import type { LogDensity } from '../../flow/targets/targets';
import type { Batches } from './batches';
import type { FlowParts } from '../model/flow-graphs';

/** Draws that a validation weighs. */
export const weighedDraws = 4096;

const dimOf = ({ model }: StoredConfig): number => (model as VectorModelConfig).dim;
const scaleOf = ({ training: { target = '', targetScale } }: StoredConfig): number =>
  targetScale ?? (isTargetName(target) ? targets[target].scale : 1);

/** A dataset without examples, for what a training asks of data whether or not it has them. */
export function targetDataset(config: StoredConfig): Dataset {
  const [name, dim] = [config.training.target!, dimOf(config)];
  const none = limited(memoryExamples(new Float32Array(), dim), undefined, 0);
  return {
    ...{ kind: 'vector', name, shape: [dim], train: none, validation: none },
    provenance: { source: name, rows: 0, note: `a density of ${dim} numbers` },
    close: () => Promise.resolve(),
  };
}

/** So wide that the untrained flow reaches all of the target. */
export function targetStandardization(config: StoredConfig): Standardization {
  const dim = dimOf(config);
  return { mean: Array<number>(dim).fill(0), std: Array<number>(dim).fill(scaleOf(config)) };
}

/** What an untrained flow draws, for layers that are set by a first batch; a step has noise instead. */
export function drawnBatches(config: StoredConfig): Batches {
  const { seed, batch } = config.training;
  const [dim, scale] = [dimOf(config), scaleOf(config)];
  const drawn = (step: number) =>
    stream(seed, 'latents', step)
      .normal(batch * dim)
      .map((v) => scale * v);
  return {
    ...{ size: batch, perEpoch: Infinity, close: () => Promise.resolve() },
    at: (step) => Promise.resolve({ features: drawn(step) }),
  };
}

/** @throws UserError for a flow whose draws have no gradient, or whose inverse needs a batch of data */
export function checkReverse({ layers, base }: Flow): void {
  const norm = layers.find(({ kind, hasNorm }) => hasNorm || kind === 'batchNorm');
  const advice = 'is not trained on a target. Take';
  if (norm)
    throw new UserError(
      `The inverse of batch normalization (layer ${norm.name}) needs data in training, so it ${advice} "between": "actNorm".`,
    );
  if (base.shape === 'other' && base.parameters.length > 0)
    throw new UserError(`Draws of this trained base have no gradient, so it ${advice} a normal one.`);
}

/** Draws `x` [N, …] in data units, and `logQ` [N] of each, nats, from noise of the base. */
export function drawnGraph(
  { flow, preprocess }: FlowParts,
  ctx: FlowContext,
  noise: tf.Tensor,
): { x: tf.Tensor; logQ: tf.Tensor } {
  const z = flow.base.draw(ctx, noise, tf.scalar(1));
  const inner = flow.inverse(ctx, z);
  const { value: x, logDet } = preprocess?.inverse(ctx, inner.value) ?? { value: inner.value, logDet: 0 };
  return { x, logQ: tf.sub(tf.sub(flow.base.logProb(ctx, z), inner.logDet), logDet) };
}

/** Draws [N, …] in data units, and `logWeights` [N], log p − log q of each, nats. Taps `target`, log p. */
export function weighedGraph(
  parts: FlowParts,
  logDensity: LogDensity,
  ctx: FlowContext,
  noise: tf.Tensor,
): { x: tf.Tensor; logWeights: tf.Tensor } {
  const { x, logQ } = drawnGraph(parts, ctx, noise);
  const logTarget = logDensity(x as tf.Tensor2D);
  ctx.tap?.('target', logTarget);
  return { x, logWeights: tf.sub(logTarget, logQ) };
}

/** What a validation measures; a draw without a finite weight counts as one outside of the target. */
export function weighedRow(logWeights: Float64Array) {
  const finite = logWeights.map((value) => (Number.isFinite(value) ? value : -Infinity));
  const { value, error } = logEvidence(finite);
  const efficiency = effectiveCount(weightsOf(finite, value)) / finite.length || 0;
  return { efficiency, logEvidence: value, logEvidenceError: error };
}
