/** Conditioners of image flows. */
import type { ImageNetConfig } from '../../config/image-layers';
import { layered, type Net } from './conditioner';
import { plainConvolution } from './plain-convolution';
import { residualBlocks, type ResidualBlocksOptions } from './residual-mlp';
import type { MlpOptions } from './mlp';

type Spec = Extract<ImageNetConfig, { kind: 'convolutions' }>;

export type ConvolutionsOptions = Pick<Spec, 'kernels' | 'widths' | 'padding' | 'scaled'> &
  Pick<MlpOptions, 'name' | 'inputs' | 'outputs' | 'activation'>;

/** Convolutions one after the other with an activation between each two (Glow). The last one starts at zero. */
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

export interface ResidualConvolutionsOptions extends Omit<ResidualBlocksOptions, 'first' | 'layer' | 'last'> {
  inputs: number;
  outputs: number;
}

/**
 * nflows' ConvResidualNet: a 1×1 convolution, blocks of [norm] → activation → 3×3 convolution, twice, added to their
 * input, and a 1×1 convolution, which starts at zero. Taps as a residual MLP.
 */
export function residualConvolutions({ inputs, outputs, ...options }: ResidualConvolutionsOptions): Net {
  const { name, width } = options;
  return residualBlocks({
    ...options,
    first: plainConvolution({ name: `${name}.in`, kernelSize: 1, inputs, outputs: width }),
    layer: (path) => plainConvolution({ name: path, kernelSize: 3, inputs: width, outputs: width }),
    last: plainConvolution({ name: `${name}.out`, kernelSize: 1, inputs: width, outputs, startAtZero: true }),
  });
}
