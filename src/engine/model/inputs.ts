/** From examples as they are stored to what the flow's graphs take: padding, flips, dequantization. */
import { withNoise } from '../../config/standardization';
import type { ModelConfig } from '../../config/schema';
import type { RandomStream } from '../../data/random';
import type { FlowRunner } from './runner';

/**
 * Pads images [N, H, W, C] with zero pixels at each edge; other data is returned as it is.
 * @param values row-major, `count` examples in data units.
 */
export function padImages(values: Float32Array, count: number, config: ModelConfig): Float32Array {
  return copied(values, count, config, 'pad');
}

/** Cuts the padding off again: [N, H + 2p, W + 2p, C] → [N, H, W, C]. */
export function cropImages(values: Float32Array, count: number, config: ModelConfig): Float32Array {
  return copied(values, count, config, 'crop');
}

function copied(values: Float32Array, count: number, config: ModelConfig, how: 'pad' | 'crop'): Float32Array {
  if (config.kind !== 'image' || config.pad === 0) return values;
  const { height, width, channels, pad } = config;
  const row = width * channels;
  const paddedRow = row + 2 * pad * channels;
  const out = new Float32Array(count * (how === 'pad' ? (height + 2 * pad) * paddedRow : height * row));
  for (let n = 0; n < count; n++) {
    for (let h = 0; h < height; h++) {
      const bare = (n * height + h) * row;
      const padded = (n * (height + 2 * pad) + h + pad) * paddedRow + pad * channels;
      const [from, to] = how === 'pad' ? [bare, padded] : [padded, bare];
      out.set(values.subarray(from, from + row), to);
    }
  }
  return out;
}

/** Which of a flow's features are integers. */
export type Discrete = Pick<FlowRunner, 'config' | 'integers'>;

export const hasIntegers = ({ config, integers }: Discrete): boolean =>
  config.kind === 'image' || integers !== undefined;

/** Adds uniform noise in [0, 1) to integer pixels and to features that are integers, in place (paper, section 4.1). */
export function dequantize(values: Float32Array, flow: Discrete, noise: RandomStream): Float32Array {
  if (!hasIntegers(flow)) return values;
  const u = noise.uniform(values.length);
  if (flow.config.kind === 'image') for (let i = 0; i < values.length; i++) values[i]! += u[i]!;
  else changeIntegers(values, flow, (value, i) => withNoise(value, u[i]!));
  return values;
}

/** Takes the noise of features that are integers away again, in place. */
export function roundDown(values: Float32Array, flow: Discrete): Float32Array {
  changeIntegers(values, flow, Math.floor);
  return values;
}

function changeIntegers(
  values: Float32Array,
  { config, integers = [] }: Discrete,
  changed: (value: number, index: number) => number,
): void {
  if (config.kind !== 'vector') return;
  for (const feature of integers) {
    for (let i = feature; i < values.length; i += config.dim) values[i] = changed(values[i]!, i);
  }
}

/** Mirrors each image left to right with probability ½, in place; [N, H, W, C] unpadded. */
export function flipImages(
  values: Float32Array,
  count: number,
  { height, width, channels }: Record<'height' | 'width' | 'channels', number>,
  coin: RandomStream,
): Float32Array {
  const heads = coin.uniform(count);
  for (let n = 0; n < count; n++) {
    if (heads[n]! < 0.5) continue;
    for (let h = 0; h < height; h++) {
      const start = (n * height + h) * width * channels;
      for (let left = 0, right = width - 1; left < right; left++, right--) {
        for (let c = 0; c < channels; c++) {
          const a = start + left * channels + c;
          const b = start + right * channels + c;
          [values[a], values[b]] = [values[b]!, values[a]!];
        }
      }
    }
  }
  return values;
}
