/**
 * A chain over images with its latents as the library of its file gives them. Ours are standard normal and are at their
 * places in the image; libraries give the parts one after the other, channels first, and before the learned priors, which
 * they count in addition to the log-det; or only the part that leaves last.
 */
import type { ImageModelConfig } from '../../config/schema';
import { sizeOf } from '../../base/shape';
import { imageLayers } from '../../flow/expand/image-layers';
import type { Flow } from '../../flow/built-flow';
import { toChannelsLast } from './layout';
import { standardLogProb } from './running-base';
import type { FlowRunner } from './runner';

/**
 * The chain whose latents are the library's where it gives them: without learned priors, which change no other layer. A
 * library that gives the last part alone scores the others under their priors, which stay.
 */
export function barePriors(config: ImageModelConfig): ImageModelConfig {
  const layers = [...imageLayers(config)!];
  const from = config.latents === 'last' ? layers.findLastIndex(({ kind }) => kind === 'factorOut') : -1;
  return {
    ...config,
    latents: 'in-place',
    layers: layers.filter(({ kind }, i) => kind !== 'prior' || i < from),
  };
}

/** The shape of the library's z, channels last, and our element at each place of it. */
function libraryLatents(
  { latents }: ImageModelConfig,
  { latentParts = [], layers }: Flow,
): { shape: readonly number[]; order: ArrayLike<number> } {
  const last = layers.at(-1)!.outputShape;
  const alone = latents === 'last' ? latentParts.slice(-1) : latentParts;
  if (alone.length === 1 && last[0]! * last[1]! > 1) {
    return { shape: last, order: toChannelsLast(Float32Array.from(alone[0]!), last, 'nchw') };
  }
  const parts = latents === 'last-out-first' ? alone.toReversed() : alone;
  const order = parts.flatMap((part) => [...part]);
  return { shape: [order.length], order };
}

/**
 * @param bare of the chain of `barePriors` @param whole of the chain itself
 * @returns a runner that shares the programs of the two; its z is [D], or [H, W, C] where all that it gives leaves at once.
 *   Latents that it does not give are scored with the log-det, and are at their mean in the inverse
 */
export function libraryRunner(
  config: ImageModelConfig,
  flow: Flow,
  whole: FlowRunner,
  bare: FlowRunner,
): FlowRunner {
  const { shape, order } = libraryLatents(config, flow);
  const [given, size] = [order.length, sizeOf(flow.outputShape)];
  const toTheirs = (ours: Float32Array, count: number): Float32Array => {
    const out = new Float32Array(count * given);
    for (let i = 0; i < out.length; i++) out[i] = ours[Math.floor(i / given) * size + order[i % given]!]!;
    return out;
  };
  const toOurs = (theirs: Float32Array, count: number): Float32Array => {
    const out = new Float32Array(count * size);
    for (let i = 0; i < theirs.length; i++)
      out[Math.floor(i / given) * size + order[i % given]!] = theirs[i]!;
    return out;
  };
  /** ln p of the latents that are not given, of each example. */
  const others = (ours: Float32Array, theirs: Float32Array): Float32Array => {
    const all = standardLogProb(ours, size);
    const known = standardLogProb(theirs, given);
    return all.map((value, i) => value - known[i]!);
  };
  return {
    ...bare,
    outputShape: shape,
    async forward(x, count, space, total) {
      const batch = await bare.forward(x, count, space, total);
      const { logDet, prior } = bare === whole ? batch : await whole.forward(x, count, space, total);
      const z = toTheirs(batch.z, count);
      const beside = others(batch.z, z);
      const own = batch.logDet.map((value, i) => value + beside[i]!);
      return { ...batch, z, logDet: own, prior: prior.map((value, i) => value + (logDet[i]! - own[i]!)) };
    },
    async inverse(z, count, space, total) {
      const ours = toOurs(z, count);
      const beside = others(ours, z);
      const out = await bare.inverse(ours, count, space, total);
      return { ...out, logDet: out.logDet.map((value, i) => value - beside[i]!) };
    },
  };
}
