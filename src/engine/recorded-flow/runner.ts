/** A recording as a flow: of what was recorded, and of all else where it still runs. */
import { range } from '../../base/order';
import { sizeOf } from '../../base/shape';
import { UserError } from '../../base/user-error';
import type { Recording } from '../../checkpoint/recording/read';
import type { ModelConfig } from '../../config/schema';
import type { FlowRunner } from '../model/runner';
import { standardBase, type RunningBase } from '../model/running-base';
import { contextFeed } from '../model/context';
import type { Values } from '../model/layer-record';
import type { ContextInfo } from '../../protocol/model';
import type { Finders } from './finders';
import { notRecorded, priorOf } from './programs';
import { gathered, picked, rowFinder } from './rows';
import type { RunningFlow } from './running-flow';

/** The part of a config that views need. */
export function recordedConfig({ shape }: Recording): ModelConfig {
  const [height = 0, width = 0, channels = 0] = shape;
  return (
    shape.length === 3
      ? // Nothing is added for pixels that were counted: the log-dets are the flow's.
        { kind: 'image', height, width, channels, levels: 1, pad: 0 }
      : { kind: 'vector', dim: sizeOf(shape) }
  ) as ModelConfig;
}

/**
 * @param running of the flow, where it still runs
 * @param info of a conditional flow that still runs
 */
export function recordedRunner(
  recording: Recording,
  find: Finders,
  running: RunningFlow | undefined,
  info: ContextInfo | undefined,
): FlowRunner {
  const { file, samples, shape, z, about } = recording;
  const contexts = (count: number, context: ArrayLike<number> | undefined): Values | undefined =>
    info && context && contextFeed(info, context, count);
  return {
    config: recordedConfig(recording),
    inputShape: shape,
    outputShape: z.shape.slice(1),
    ...(about.parameterCount === undefined ? {} : { parameterCount: about.parameterCount }),
    couplings: [],
    base: recordedBase(recording, running, info),
    ...(info ? { context: info } : {}),
    preprocesses: false,
    async forward(x, count, _, { context } = {}) {
      const { recording: from, indices } = await find.examples(x, count, contexts(count, context));
      return {
        z: gathered(from.z, indices),
        logDet: Float32Array.from(indices, (index) =>
          from.layers.reduce((sum, layer) => sum + layer.logDet[index]!, 0),
        ),
        preprocessing: new Float32Array(count),
        prior: priorOf(from, indices),
        couplings: [],
        norms: [],
      };
    },
    async inverse(latents, count, _, { context } = {}) {
      if (!samples) throw notRecorded(file, 'its way from z to x');
      const { recording: from, indices } = await find.samples(latents, count, contexts(count, context));
      return { x: gathered(from.samples!.inputs[0]!, indices), logDet: new Float32Array(count).fill(NaN) };
    },
  };
}

/** Draws are the recorded samples, whatever the seed; where the flow still runs, those of seed 0 are. */
function recordedBase(
  recording: Recording,
  running: RunningFlow | undefined,
  info: ContextInfo | undefined,
): RunningBase {
  const { file, samples, z, prior } = recording;
  const standard = standardBase(sizeOf(z.shape.slice(1)));
  const draws: Pick<RunningBase, 'noise' | 'draw'> = {
    noise: running && !prior ? standard.noise : 0,
    async draw(noise, count, temperature, context, seed) {
      if (!samples) throw notRecorded(file, 'its way from z to x');
      const isRecorded = count <= samples.count && temperature === 1 && !info;
      if (isRecorded && (!running || seed === 0)) return gathered(samples.z, range(count));
      if (!running) {
        throw new UserError(
          `${file}: is a recording of ${samples.count} samples at temperature 1; ${count} at ${temperature} were asked for.`,
        );
      }
      if (!prior) return standard.draw(noise, count, temperature);
      if (temperature !== 1) {
        throw new UserError(
          `A temperature of ${temperature} was asked for; this flow's base is no normal distribution, so that 1 is the only one.`,
        );
      }
      return running.draw(count, seed ?? 0, info && context && contextFeed(info, context, count));
    },
  };
  if (!prior) return { ...standard, ...draws };
  const find = rowFinder(z);
  const { logProbByElement, ...rest } = standard;
  return {
    ...rest,
    ...draws,
    shape: 'other',
    async logProb(latents, count, context) {
      const found = find(latents, count);
      if (found) return picked(prior, found);
      if (!running) throw notRecorded(file, 'ln p of this z');
      const h = { shape: [count, ...z.shape.slice(1)], data: latents };
      const { prior: asked } = await running.forward(
        recording.layers.length,
        h,
        info && context && contextFeed(info, context, count),
      );
      return asked;
    },
    // How they are distributed is not recorded.
    scores: (latents) => Promise.resolve(latents.map(() => NaN)),
  };
}
