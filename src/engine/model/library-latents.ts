/**
 * A chain over images with its latents as the library of its file gives them. Ours are standard normal and stand at their
 * places in the image; libraries give the parts one after the other, channels first, and before the learned priors, which
 * they count beside the log-det.
 */
import type { ImageModelConfig } from '../../config/schema';
import { sizeOf } from '../../base/shape';
import type { Flow } from '../../flow/layers';
import type { FlowRunner } from './runner';

/** The chain without its learned priors, which change no other layer. */
export function withoutPriors(config: ImageModelConfig): ImageModelConfig {
  return { ...config, priors: 'standard', layers: config.layers?.filter(({ kind }) => kind !== 'prior') };
}

/** The element of z that stands at each place of the library's. */
function libraryOrder({ latents }: ImageModelConfig, { latentParts = [] }: Flow): number[] {
  const parts = latents === 'last-out-first' ? latentParts.toReversed() : latentParts;
  return parts.flatMap((part) => [...part]);
}

/**
 * @param bare of the chain without learned priors @param whole of the chain itself
 * @returns a runner over [D], which shares the programs of the two
 */
export function libraryRunner(
  config: ImageModelConfig,
  flow: Flow,
  whole: FlowRunner,
  bare: FlowRunner,
): FlowRunner {
  const order = libraryOrder(config, flow);
  const size = sizeOf(flow.outputShape);
  const moved = (values: Float32Array, count: number, fromOurs: boolean): Float32Array => {
    const out = new Float32Array(values.length);
    for (let start = 0; start < count * size; start += size) {
      order.forEach((ours, theirs) => {
        if (fromOurs) out[start + theirs] = values[start + ours]!;
        else out[start + ours] = values[start + theirs]!;
      });
    }
    return out;
  };
  return {
    ...bare,
    outputShape: [size],
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
