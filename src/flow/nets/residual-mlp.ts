/**
 * A conditioner of vector flows with residual blocks (nflows' ResidualNet): a linear layer, blocks of
 * [norm] → activation → linear → [norm] → activation → linear added to their input, and a linear layer. The same around
 * other layers than linear ones is `residualBlocks`.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { maskBetween, type Degrees } from '../../base/degrees';
import type { FlowContext } from '../bijection';
import type { Net } from './conditioner';
import { linear } from './linear';
import { noNorm, norm, type Norm } from './norm';

/** ε of nflows' norms inside conditioners, a hundred times PyTorch's default. */
const normEpsilon = 1e-3;

export interface ResidualBlocksOptions {
  name: string;
  /** Features or channels of the blocks. */
  width: number;
  blocks: number;
  activation: (x: Tensor) => Tensor;
  batchNorm: boolean;
  normDecay: number;
  first: Net;
  /** One of the two layers of a block, under this name. */
  layer(name: string): Net;
  last: Net;
}

/** Taps `NAME.in/features` and `NAME.blocks.B/features`. */
export function residualBlocks(options: ResidualBlocksOptions): Net {
  const { name, width, activation, first, layer, last } = options;
  const makeNorm = (path: string): Norm =>
    options.batchNorm
      ? norm({ name: path, channels: width, decay: options.normDecay, epsilon: normEpsilon })
      : noNorm;
  const active = (ctx: FlowContext, path: string, h: Tensor): Tensor => {
    const units = activation(h);
    ctx.tap?.(`${path}/active`, units);
    return units;
  };
  const blocks = Array.from({ length: options.blocks }, (_, i) => {
    const path = `${name}.blocks.${i}`;
    return {
      norm1: makeNorm(`${path}.norm1`),
      linear1: layer(`${path}.linear1`),
      norm2: makeNorm(`${path}.norm2`),
      linear2: layer(`${path}.linear2`),
    };
  });
  const modules = [first, ...blocks.flatMap((b) => [b.norm1, b.linear1, b.norm2, b.linear2]), last];
  return {
    parameters: modules.flatMap((m) => m.parameters),
    state: modules.flatMap((m) => m.state),
    apply(ctx, x) {
      let h = first.apply(ctx, x);
      ctx.tap?.(`${name}.in/features`, h);
      blocks.forEach((block, i) => {
        const path = `${name}.blocks.${i}`;
        const inner = block.linear1.apply(ctx, active(ctx, `${path}.norm1`, block.norm1.apply(ctx, h)));
        h = tf.add(h, block.linear2.apply(ctx, active(ctx, `${path}.norm2`, block.norm2.apply(ctx, inner))));
        ctx.tap?.(`${path}/features`, h);
      });
      return last.apply(ctx, h);
    },
  };
}

export interface ResidualMlpOptions extends Omit<ResidualBlocksOptions, 'first' | 'layer' | 'last'> {
  inputs: number;
  outputs: number;
  /** Makes it autoregressive. */
  degrees?: Degrees | undefined;
}

/** The last layer starts at zero, so that the flow starts as the identity. */
export function residualMlp({ inputs, outputs, degrees, ...options }: ResidualMlpOptions): Net {
  const { name, width } = options;
  const units = degrees?.hidden(width);
  const between = degrees && units && maskBetween(units, units);
  return residualBlocks({
    ...options,
    first: linear(`${name}.in`, inputs, width, {
      mask: degrees && units && maskBetween(degrees.inputs, units),
    }),
    layer: (path) => linear(path, width, width, { mask: between }),
    last: linear(`${name}.out`, width, outputs, {
      startAtZero: true,
      mask: degrees && units && maskBetween(units, degrees.outputs),
    }),
  });
}
