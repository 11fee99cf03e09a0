/** A conditioner of image flows: convolutions one after the other with an activation between each two (Glow). */
import type { Tensor } from '@tensorflow/tfjs-core';
import { layered, type Net } from './conditioner';
import { plainConvolution } from './plain-convolution';

export interface ConvolutionsOptions {
  name: string;
  inputs: number;
  /** Size of each convolution's kernel. */
  kernels: readonly number[];
  /** Channels after each but the last. */
  widths: readonly number[];
  outputs: number;
  activation: (x: Tensor) => Tensor;
  /** Padding of the last convolution, and whether it has scales. */
  padding: 'zeros' | 'ones';
  scaled: boolean;
}

/** The last convolution starts at zero. */
export function convolutions(options: ConvolutionsOptions): Net {
  const { name, kernels, widths, activation, padding, scaled } = options;
  const channels = [options.inputs, ...widths, options.outputs];
  const last = kernels.length - 1;
  const layers = kernels.map((kernelSize, i) =>
    plainConvolution({
      name: `${name}.${i}`,
      kernelSize,
      inputs: channels[i]!,
      outputs: channels[i + 1]!,
      ...(i === last ? { padding, scaled, startAtZero: true } : {}),
    }),
  );
  return layered(name, layers, activation);
}
