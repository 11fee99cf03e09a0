/** The conditioners of vector flows as their config says. */
import type { VectorModelConfig } from '../config/schema';
import type { Conditioner } from './bijection';
import { activation } from './nets/activation';
import { jointConditioner, separateConditioner, type Net } from './nets/conditioner';
import { mlp } from './nets/mlp';
import { residualMlp } from './nets/residual-mlp';
import type { UnivariateTransform } from './transforms/types';

/**
 * @param inputs features that it sees
 * @param transformed features that it gives what the transform takes of
 */
export function vectorConditioner(
  config: VectorModelConfig,
  coupling: string,
  inputs: number,
  transformed: number,
  { takes }: Pick<UnivariateTransform, 'takes'>,
  normDecay: number,
): Conditioner {
  const net = (name: string, outputs: number): Net => {
    const common = { name: `${coupling}.${name}`, inputs, outputs, activation: activation(config) };
    return config.net === 'mlp'
      ? mlp({ ...common, hidden: config.hidden })
      : residualMlp({
          ...common,
          width: config.hidden[0]!,
          blocks: config.blocks,
          batchNorm: config.netNorm,
          normDecay,
        });
  };
  return config.nets === 'joint'
    ? jointConditioner(net('net', takes.length * transformed), takes.length, config)
    : separateConditioner(takes.map((parameter) => net(`${parameter}Net`, transformed)));
}
