/**
 * A conditioner of vector flows with residual blocks (nflows' ResidualNet): a linear layer, blocks of
 * [norm] → activation → linear → [norm] → activation → linear added to their input, and a linear layer; blocks of zuko lack
 * the first activation. The same around other layers than linear ones is `residualBlocks`.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { VectorModelConfig } from '../../config/schema';
import type { FlowContext } from '../core/bijection';
import { withScope } from '../core/scope';
import { firstLayer, contextOf, noContext } from './context';
import { haveSteps, unitsByDegree, type Net, type Steps } from './conditioner';
import { linear } from './linear';
import { noNorm, norm, type Norm } from './norm';
import type { MlpOptions } from './mlp';

/** ε of nflows' norms inside conditioners, a hundred times PyTorch's default. */
const normEpsilon = 1e-3;

export interface ResidualBlocksOptions {
  name: string;
  /** Features or channels of the blocks. */
  width: number;
  blocks: number;
  blockStart?: VectorModelConfig['blockStart'];
  activation: (x: tf.Tensor) => tf.Tensor;
  batchNorm: boolean;
  normDecay: number;
  first: Net;
  /** One of the two layers of a block, under this name. */
  layer(name: string): Net;
  last: Net;
  /** What a context does in each block besides, and the layer that sees it. */
  context?: { does: 'add' | 'gate'; layer(name: string): Net };
  /** Degrees of the features, in an autoregressive network. */
  units?: readonly number[] | undefined;
}

/** Taps `NAME.in/features` and `NAME.blocks.B/features`. */
export function residualBlocks(options: ResidualBlocksOptions): Net {
  const { name, width, activation, first, layer, last, context } = options;
  const isActive = options.blockStart !== 'linear';
  const makeNorm = (path: string): Norm =>
    options.batchNorm
      ? norm({ name: path, channels: width, decay: options.normDecay, epsilon: normEpsilon })
      : noNorm;
  const active = (ctx: FlowContext, path: string, h: tf.Tensor): tf.Tensor => {
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
      ...(context ? { context: context.layer(`${path}.context`) } : {}),
    };
  });
  const modules = [
    first,
    ...blocks.flatMap((b) => [b.norm1, b.linear1, b.norm2, b.linear2, ...(b.context ? [b.context] : [])]),
    last,
  ];
  const does = context?.does;
  const within = (sum: tf.Tensor, contextTerm: tf.Tensor | undefined): tf.Tensor =>
    contextTerm && does === 'add' ? tf.add(sum, contextTerm) : sum;
  const gated = (added: tf.Tensor, contextTerm: tf.Tensor | undefined): tf.Tensor =>
    contextTerm && does === 'gate' ? tf.mul(added, tf.sigmoid(contextTerm)) : added;
  const linears = [first, ...blocks.flatMap(({ linear1, linear2 }) => [linear1, linear2]), last];
  const stepsOf = (ctx: FlowContext, nothing: tf.Tensor): Steps => {
    const [begin, ...others] = linears.map((net) => net.steps!(ctx, nothing)) as [Steps, ...Steps[]];
    const end = others.pop()!;
    const contexts = blocks.map(
      (block) => block.context && unitsByDegree(block.context.apply(ctx, contextOf(ctx)), options.units!),
    );
    return (seen, degree) => {
      let h = begin(seen, degree);
      blocks.forEach((_, i) => {
        // Without units of this degree there is nothing to add.
        if (!h) return;
        const contextTerm = contexts[i]?.(degree);
        const sum = within(others[2 * i]!(isActive ? activation(h) : h, degree)!, contextTerm);
        h = tf.add(h, gated(others[2 * i + 1]!(activation(sum), degree)!, contextTerm));
      });
      return end(h, degree);
    };
  };
  return {
    parameters: modules.flatMap((m) => m.parameters),
    state: modules.flatMap((m) => m.state),
    ...(haveSteps(linears) && !options.batchNorm ? { steps: stepsOf } : {}),
    apply(ctx, x) {
      let h = first.apply(ctx, x);
      ctx.tap?.(`${name}.in/features`, h);
      blocks.forEach((block, i) => {
        const path = `${name}.blocks.${i}`;
        const contextTerm = block.context?.apply(ctx, contextOf(ctx));
        h = withScope(path, () => {
          const taken = block.norm1.apply(ctx, h);
          const sum = block.linear1.apply(ctx, isActive ? active(ctx, `${path}.norm1`, taken) : taken);
          const inner = within(sum, contextTerm);
          const added = block.linear2.apply(ctx, active(ctx, `${path}.norm2`, block.norm2.apply(ctx, inner)));
          return tf.add(h, gated(added, contextTerm));
        });
        ctx.tap?.(`${path}/features`, h);
      });
      return last.apply(ctx, h);
    },
  };
}

export interface ResidualMlpOptions
  extends
    Omit<ResidualBlocksOptions, 'first' | 'layer' | 'last' | 'context' | 'units'>,
    Pick<MlpOptions, 'inputs' | 'outputs' | 'context' | 'degrees'> {
  contextInBlocks?: VectorModelConfig['contextInBlocks'];
}

/** The last layer starts at zero, so that the flow starts as the identity. */
export function residualMlp(options: ResidualMlpOptions): Net {
  const { inputs, outputs, context = noContext, contextInBlocks = 'none', degrees, ...rest } = options;
  const { name, width, activation } = rest;
  const units = degrees?.hidden(width);
  return residualBlocks({
    ...rest,
    units,
    first: firstLayer(`${name}.in`, `${name}.context`, inputs, width, context, activation, {
      units,
      degrees,
    }),
    layer: (path) =>
      linear(path, width, width, {
        degrees: units && { inputs: units, outputs: units },
        storesMask: degrees?.stored,
      }),
    last: linear(`${name}.out`, width, outputs, {
      startAtZero: true,
      degrees: degrees && units && { inputs: units, outputs: degrees.outputs },
      storesMask: degrees?.stored,
    }),
    ...(context.size > 0 &&
      contextInBlocks !== 'none' && {
        context: { does: contextInBlocks, layer: (path: string) => linear(path, context.size, width) },
      }),
  });
}
