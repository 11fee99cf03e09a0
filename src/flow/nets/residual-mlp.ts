/**
 * A conditioner of vector flows with residual blocks (nflows' ResidualNet): a linear layer, blocks of
 * [norm] → activation → linear → [norm] → activation → linear added to their input, and a linear layer.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { maskBetween, type Degrees } from '../../base/degrees';
import type { VectorModelConfig } from '../../config/schema';
import type { FlowContext } from '../bijection';
import { firstLayer, givenContext, noContext, type SeenContext } from '../context';
import type { Net } from './conditioner';
import { linear } from './linear';
import { noNorm, norm, type Norm } from './norm';

/** ε of nflows' norms inside conditioners, a hundred times PyTorch's default. */
const normEpsilon = 1e-3;

export interface ResidualMlpOptions {
  name: string;
  inputs: number;
  context?: SeenContext;
  /** What a context does in each block besides. */
  contextInBlocks?: VectorModelConfig['contextInBlocks'];
  width: number;
  blocks: number;
  outputs: number;
  activation: (x: Tensor) => Tensor;
  batchNorm: boolean;
  normDecay: number;
  /** Makes it autoregressive. */
  degrees?: Degrees | undefined;
}

/** The last layer starts at zero, so that the flow starts as the identity. Taps `NAME.in/features` and `NAME.blocks.B/features`. */
export function residualMlp(options: ResidualMlpOptions): Net {
  const { name, inputs, width, outputs, activation, degrees } = options;
  const { context = noContext, contextInBlocks = 'none' } = options;
  const inBlocks = context.size > 0 && contextInBlocks !== 'none';
  const units = degrees?.hidden(width);
  const between = degrees && units && maskBetween(units, units);
  const makeNorm = (path: string): Norm =>
    options.batchNorm
      ? norm({ name: path, channels: width, decay: options.normDecay, epsilon: normEpsilon })
      : noNorm;
  const active = (ctx: FlowContext, path: string, h: Tensor): Tensor => {
    const units = activation(h);
    ctx.tap?.(`${path}/active`, units);
    return units;
  };
  const first = firstLayer(`${name}.in`, `${name}.context`, inputs, width, context, activation, {
    units,
    degrees,
  });
  const blocks = Array.from({ length: options.blocks }, (_, i) => {
    const path = `${name}.blocks.${i}`;
    return {
      norm1: makeNorm(`${path}.norm1`),
      linear1: linear(`${path}.linear1`, width, width, { mask: between, storesMask: degrees?.stored }),
      norm2: makeNorm(`${path}.norm2`),
      linear2: linear(`${path}.linear2`, width, width, { mask: between, storesMask: degrees?.stored }),
      ...(inBlocks ? { context: linear(`${path}.context`, context.size, width) } : {}),
    };
  });
  const last = linear(`${name}.out`, width, outputs, {
    startAtZero: true,
    mask: degrees && units && maskBetween(units, degrees.outputs),
    storesMask: degrees?.stored,
  });
  const modules = [
    first,
    ...blocks.flatMap((b) => [b.norm1, b.linear1, b.norm2, b.linear2, ...(b.context ? [b.context] : [])]),
    last,
  ];
  return {
    parameters: modules.flatMap((m) => m.parameters),
    state: modules.flatMap((m) => m.state),
    apply(ctx, x) {
      let h = first.apply(ctx, x);
      ctx.tap?.(`${name}.in/features`, h);
      blocks.forEach((block, i) => {
        const path = `${name}.blocks.${i}`;
        const given = block.context?.apply(ctx, givenContext(ctx));
        const first = block.linear1.apply(ctx, active(ctx, `${path}.norm1`, block.norm1.apply(ctx, h)));
        const inner = given && contextInBlocks === 'add' ? tf.add(first, given) : first;
        const added = block.linear2.apply(ctx, active(ctx, `${path}.norm2`, block.norm2.apply(ctx, inner)));
        h = tf.add(h, given && contextInBlocks === 'gate' ? tf.mul(added, tf.sigmoid(given)) : added);
        ctx.tap?.(`${path}/features`, h);
      });
      return last.apply(ctx, h);
    },
  };
}
