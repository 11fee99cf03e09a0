/** The conditioners of vector flows as their config says. */
import { degreesOf } from '../base/degrees';
import type { VectorModelConfig } from '../config/schema';
import type { Conditioner } from './bijection';
import { contextSeen } from './context';
import { activation } from './nets/activation';
import { jointConditioner, separateConditioner, valuesTaken, type Net } from './nets/conditioner';
import { denseBlocks } from './nets/dense-blocks';
import { mlp } from './nets/mlp';
import { residualMlp } from './nets/residual-mlp';
import type { UnivariateTransform } from './transforms/types';

export interface VectorConditionerOptions {
  /** Of the layer. */
  name: string;
  /** Features that it sees. */
  inputs: number;
  /** Features that it gives what the transform takes of. */
  transformed: number;
  transform: Pick<UnivariateTransform, 'takes'>;
  normDecay: number;
  /** Place of each feature, where what it gives for one must depend on those before it alone. */
  order?: readonly number[];
}

export function vectorConditioner(
  config: VectorModelConfig,
  { name: layer, inputs, transformed, transform: { takes }, normDecay, order }: VectorConditionerOptions,
): Conditioner {
  const context = contextSeen(config);
  const net = (name: string, outputs: number): Net => {
    const common = {
      context: { size: context, entry: config.contextEntry },
      name: `${layer}.${name}`,
      inputs,
      outputs,
      activation: activation({
        activation: (name === 'shiftNet' && config.shiftActivation) || config.activation,
        slope: config.slope,
      }),
      degrees: order && {
        ...degreesOf(order, outputs, config.outputLayout, context > 0 && config.contextFirst),
        stored: config.madeMasks === 'stored',
      },
    };
    switch (config.net) {
      case 'mlp':
        return mlp({ ...common, hidden: config.hidden });
      case 'residual':
        return residualMlp({
          ...common,
          width: config.hidden[0]!,
          blocks: config.blocks,
          batchNorm: config.netNorm,
          contextInBlocks: config.contextInBlocks,
          normDecay,
        });
      case 'dense':
        return denseBlocks({
          ...common,
          context,
          hidden: config.hidden,
          skips: config.denseSkips,
          norm: config.denseNorm,
          normDecay,
        });
    }
  };
  return config.nets === 'joint'
    ? jointConditioner(net('net', valuesTaken(takes) * transformed), takes, config)
    : separateConditioner(
        takes.map(({ name, size }) => net(`${name}Net`, size * transformed)),
        takes,
        config,
      );
}
