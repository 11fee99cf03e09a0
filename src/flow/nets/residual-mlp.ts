/**
 * A conditioner of vector flows with residual blocks (nflows' ResidualNet): a linear layer, blocks of
 * [norm] → activation → linear → [norm] → activation → linear added to their input, and a linear layer.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { maskBetween, withContextDegrees, type Degrees } from '../../base/degrees';
import type { FlowContext } from '../bijection';
import { contextFor, seenWithContext } from '../context';
import type { Net } from './conditioner';
import { linear } from './linear';
import { noNorm, norm, type Norm } from './norm';

/** ε of nflows' norms inside conditioners, a hundred times PyTorch's default. */
const normEpsilon = 1e-3;

export interface ResidualMlpOptions {
  name: string;
  inputs: number;
  /** Numbers of a context that it sees besides. */
  context?: number;
  /** Whether the context also says how much each block adds: the sigmoid of a linear map of it (nflows). */
  gates?: boolean;
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
  const { name, inputs, context = 0, width, outputs, activation, degrees } = options;
  const hasGates = options.gates === true && context > 0;
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
  const first = linear(`${name}.in`, inputs + context, width, {
    mask: degrees && units && maskBetween(withContextDegrees(degrees, context), units),
  });
  const blocks = Array.from({ length: options.blocks }, (_, i) => {
    const path = `${name}.blocks.${i}`;
    return {
      norm1: makeNorm(`${path}.norm1`),
      linear1: linear(`${path}.linear1`, width, width, { mask: between }),
      norm2: makeNorm(`${path}.norm2`),
      linear2: linear(`${path}.linear2`, width, width, { mask: between }),
      ...(hasGates ? { gate: linear(`${path}.gate`, context, width) } : {}),
    };
  });
  const last = linear(`${name}.out`, width, outputs, {
    startAtZero: true,
    mask: degrees && units && maskBetween(units, degrees.outputs),
  });
  const modules = [first, ...blocks.flatMap((b) => [b.norm1, b.linear1, b.norm2, b.linear2, ...(b.gate ? [b.gate] : [])]), last];
  return {
    parameters: modules.flatMap((m) => m.parameters),
    state: modules.flatMap((m) => m.state),
    apply(ctx, x) {
      let h = first.apply(ctx, seenWithContext(ctx, x, context));
      ctx.tap?.(`${name}.in/features`, h);
      blocks.forEach((block, i) => {
        const path = `${name}.blocks.${i}`;
        const inner = block.linear1.apply(ctx, active(ctx, `${path}.norm1`, block.norm1.apply(ctx, h)));
        const added = block.linear2.apply(ctx, active(ctx, `${path}.norm2`, block.norm2.apply(ctx, inner)));
        const gate = block.gate && tf.sigmoid(block.gate.apply(ctx, contextFor(ctx, x)));
        h = tf.add(h, gate ? tf.mul(added, gate) : added);
        ctx.tap?.(`${path}/features`, h);
      });
      return last.apply(ctx, h);
    },
  };
}
