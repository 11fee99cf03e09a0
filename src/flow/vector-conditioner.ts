/** The conditioners of vector flows as their config says. */
import type { VectorModelConfig } from '../config/schema';
import type { Conditioner } from './bijection';
import { activation } from './nets/activation';
import { jointConditioner, separateConditioner, type Net } from './nets/conditioner';
import { mlp } from './nets/mlp';
import { residualMlp } from './nets/residual-mlp';

/** @param inputs features that it sees; @param moved features that it gives s and t of */
export function vectorConditioner(
  config: VectorModelConfig,
  coupling: string,
  inputs: number,
  moved: number,
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
    ? jointConditioner(net('net', 2 * moved), config)
    : separateConditioner(net('scaleNet', moved), net('shiftNet', moved));
}
