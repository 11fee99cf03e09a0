/** A recording as a flow that runs for what was recorded alone. */
import { range } from '../../base/order';
import { sizeOf } from '../../base/shape';
import { UserError } from '../../base/user-error';
import type { Recording } from '../../checkpoint/recording/read';
import type { ModelConfig } from '../../config/schema';
import type { FlowRunner } from '../model/runner';
import { standardBase, type RunningBase } from '../model/running-base';
import { notRecorded, priorOf, type Finders } from './programs';
import { gathered, picked, rowFinder } from './rows';

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

export function recordedRunner(recording: Recording, find: Finders): FlowRunner {
  const { file, samples, shape, z, layers, about } = recording;
  return {
    config: recordedConfig(recording),
    inputShape: shape,
    outputShape: z.shape.slice(1),
    ...(about.parameterCount === undefined ? {} : { parameterCount: about.parameterCount }),
    couplings: [],
    base: recordedBase(recording),
    preprocesses: false,
    async forward(x, count) {
      const indices = find.examples(x, count);
      return {
        z: gathered(z, indices),
        logDet: Float32Array.from(indices, (index) =>
          layers.reduce((sum, layer) => sum + layer.logDet[index]!, 0),
        ),
        preprocessing: new Float32Array(count),
        prior: priorOf(recording, indices),
        couplings: [],
        norms: [],
      };
    },
    async inverse(latents, count) {
      if (!samples) throw notRecorded(file, 'its way from z to x');
      const indices = find.samples(latents, count);
      return { x: gathered(samples.inputs[0]!, indices), logDet: new Float32Array(count).fill(NaN) };
    },
  };
}

/** Draws are the recorded samples, whatever the seed. */
function recordedBase(recording: Recording): RunningBase {
  const { file, samples, z, prior } = recording;
  const standard = standardBase(sizeOf(z.shape.slice(1)));
  const draws: Pick<RunningBase, 'noise' | 'draw'> = {
    noise: 0,
    async draw(_, count, temperature) {
      if (!samples) throw notRecorded(file, 'its way from z to x');
      if (count > samples.count || temperature !== 1) {
        throw new UserError(
          `${file}: is a recording of ${samples.count} samples at temperature 1; ${count} at ${temperature} were asked for.`,
        );
      }
      return gathered(samples.z, range(count));
    },
  };
  if (!prior) return { ...standard, ...draws };
  const find = rowFinder(z, () => notRecorded(file, 'ln p of this z'));
  const { logProbByElement, ...rest } = standard;
  return {
    ...rest,
    ...draws,
    shape: 'other',
    logProb: (latents, count) => Promise.resolve(picked(prior, find(latents, count))),
    // How they are distributed is not recorded.
    scores: (latents) => Promise.resolve(latents.map(() => NaN)),
  };
}
