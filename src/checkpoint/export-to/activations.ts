/** Activations of conditioners in Python, as functions and as modules. */
import type { VectorModelConfig } from '../../config/schema';
import { torchActivations } from '../import/questions';

type Activated = Pick<VectorModelConfig, 'activation' | 'slope'>;

/** With torch.nn.functional as F. */
export function activationFunction({ activation, slope }: Activated): string {
  const [name] = torchActivations[activation];
  const call = `${activation === 'tanh' || activation === 'sigmoid' ? 'torch' : 'F'}.${name}`;
  return activation === 'leaky-relu' ? `lambda x: ${call}(x, ${slope})` : call;
}

/** What makes the module, called without arguments. */
export function activationClass({ activation, slope }: Activated): string {
  const name = `torch.nn.${torchActivations[activation][1]}`;
  return activation === 'leaky-relu' ? `lambda: ${name}(${slope})` : name;
}

/** The module itself. */
export function activationModule({ activation, slope }: Activated): string {
  return `torch.nn.${torchActivations[activation][1]}(${activation === 'leaky-relu' ? slope : ''})`;
}

export const python = (flag: boolean): string => (flag ? 'True' : 'False');

/** A coupling's network as a Sequential that takes the context behind the features; `net` makes it. */
export function sequentialNet(
  model: VectorModelConfig,
  hidden: readonly number[],
  context: number,
): string[] {
  const widths = ['inputs' + (context > 0 ? ` + ${context}` : ''), ...hidden.map(String), 'outputs'];
  const layers = widths
    .slice(1)
    .map((to, i) => `torch.nn.Linear(${widths[i]}, ${to})`)
    .join(`, ${activationModule(model)}, `);
  return [
    'class Net(torch.nn.Sequential):',
    '    def forward(self, x, context=None):',
    '        return super().forward(x if context is None else torch.cat((x, context), dim=1))',
    '',
    'def net(inputs, outputs):',
    `    return Net(${layers})`,
  ];
}
