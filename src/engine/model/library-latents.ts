/**
 * A chain over images with its latents as the library of its file gives them. Ours are standard normal and stand at their
 * places in the image; libraries give the parts one after the other, channels first, and before the learned priors, which
 * they count beside the log-det.
 */
import type { ImageModelConfig } from '../../config/schema';
import type { Flow } from '../../flow/layers';
import { toChannelsLast } from './layout';
import type { FlowRunner } from './runner';

/** The chain without its learned priors, which change no other layer. */
export function withoutPriors(config: ImageModelConfig): ImageModelConfig {
  return { ...config, priors: 'standard', layers: config.layers?.filter(({ kind }) => kind !== 'prior') };
}

/** The shape of the library's z, channels last, and the element of ours that stands at each place of it. */
function libraryLatents(
  { latents }: ImageModelConfig,
  { latentParts = [], layers }: Flow,
): { shape: readonly number[]; order: ArrayLike<number> } {
  const last = layers.at(-1)!.outputShape;
  if (latentParts.length === 1 && last[0]! * last[1]! > 1) {
    return { shape: last, order: toChannelsLast(Float32Array.from(latentParts[0]!), last, 'nchw') };
  }
  const parts = latents === 'last-out-first' ? latentParts.toReversed() : latentParts;
  const order = parts.flatMap((part) => [...part]);
  return { shape: [order.length], order };
}

/**
 * @param bare of the chain without learned priors @param whole of the chain itself
 * @returns a runner that shares the programs of the two; its z is [D], or [H, W, C] where all latents leave at once
 */
export function libraryRunner(
  config: ImageModelConfig,
  flow: Flow,
  whole: FlowRunner,
  bare: FlowRunner,
): FlowRunner {
  const { shape, order } = libraryLatents(config, flow);
  const size = order.length;
  const moved = (values: Float32Array, count: number, fromOurs: boolean): Float32Array => {
    const out = new Float32Array(values.length);
    for (let start = 0; start < count * size; start += size) {
      for (let theirs = 0; theirs < size; theirs++) {
        const ours = order[theirs]!;
        if (fromOurs) out[start + theirs] = values[start + ours]!;
        else out[start + ours] = values[start + theirs]!;
      }
    }
    return out;
  };
  return {
    ...bare,
    outputShape: shape,
    async forward(x, count, space, total) {
      const batch = await bare.forward(x, count, space, total);
      const { logDet, prior } = bare === whole ? batch : await whole.forward(x, count, space, total);
      return {
        ...batch,
        z: moved(batch.z, count, true),
        prior: prior.map((value, i) => value + (logDet[i]! - batch.logDet[i]!)),
      };
    },
    inverse: (z, count, space, total) => bare.inverse(moved(z, count, false), count, space, total),
  };
}
