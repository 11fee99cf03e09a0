/**
 * A conditioner of image flows with residual blocks (nflows' ConvResidualNet): a 1×1 convolution, blocks of [norm] →
 * activation → 3×3 convolution, twice, added to their input, and a 1×1 convolution.
 */
import { plainConvolution } from './plain-convolution';
import { residualBlocks, type ResidualBlocksOptions } from './residual-mlp';
import type { Net } from './conditioner';

export interface ResidualConvolutionsOptions extends Omit<ResidualBlocksOptions, 'first' | 'layer' | 'last'> {
  inputs: number;
  outputs: number;
}

/** The last convolution starts at zero. Taps as a residual MLP. */
export function residualConvolutions({ inputs, outputs, ...options }: ResidualConvolutionsOptions): Net {
  const { name, width } = options;
  return residualBlocks({
    ...options,
    first: plainConvolution({ name: `${name}.in`, kernelSize: 1, inputs, outputs: width }),
    layer: (path) => plainConvolution({ name: path, kernelSize: 3, inputs: width, outputs: width }),
    last: plainConvolution({ name: `${name}.out`, kernelSize: 1, inputs: width, outputs, startAtZero: true }),
  });
}
