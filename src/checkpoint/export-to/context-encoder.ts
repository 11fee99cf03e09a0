/** What is done to a context before conditioners see it, as one module: statistics, as sbi has them, and a network. */
import type { VectorModelConfig } from '../../config/schema';
import { linearNames, under } from '../import/names';
import { activationModule } from './activations';
import { floats, renamed, type StateDict, type Tensors } from './state-dict';

/** Python that makes it, and its name there; undefined where conditioners see the context as it is. */
export function encoderOf(model: VectorModelConfig): { lines: string[]; name: string } | undefined {
  const { context, contextNorm, contextNet, contextActivation, contextOutput } = model;
  if (context === 0 || (!contextNorm && contextNet.length === 0)) return undefined;
  const widths = [context, ...contextNet];
  const active = activationModule({ ...model, activation: contextActivation ?? model.activation });
  const layers = contextNet.map((to, i) => `torch.nn.Linear(${widths[i]}, ${to})`).join(`, ${active}, `);
  const standardize = [
    'class Standardize(torch.nn.Module):',
    '    def __init__(self, size):',
    '        super().__init__()',
    '        self.register_buffer("_mean", torch.zeros(size))',
    '        self.register_buffer("_std", torch.ones(size))',
    '',
    '    def forward(self, context):',
    '        return (context - self._mean) / self._std',
    '',
  ];
  const parts = [
    ...(contextNorm ? [`Standardize(${context})`] : []),
    ...(layers ? [layers] : []),
    ...(layers && contextOutput === 'activated' ? [active] : []),
  ];
  return {
    lines: [...(contextNorm ? standardize : []), `encoder = torch.nn.Sequential(${parts.join(', ')})`],
    name: 'encoder',
  };
}

/** @param at prefix of its names, with its dot */
export function encoderTensors(
  { context, contextNorm, contextNet }: VectorModelConfig,
  tensors: Tensors,
  at: string,
): StateDict['tensors'] {
  if (context === 0) return {};
  const first = contextNorm ? 1 : 0;
  const dict: StateDict['tensors'] = {};
  if (contextNorm) {
    for (const [flowscope, library] of [
      ['mean', '_mean'],
      ['std', '_std'],
    ])
      dict[`${at}0.${library}`] = floats([context], Float32Array.from(tensors[`context.${flowscope}`]!.data));
  }
  const table = contextNet.flatMap((_, i) =>
    under(`${at}${first + 2 * i}.`, `context.net.${i}.`, linearNames),
  );
  return { ...dict, ...renamed(tensors, table) };
}

/** The network of a conditional base: one linear layer, or a Sequential. */
export function baseTensors({ base }: VectorModelConfig, tensors: Tensors, at: string): StateDict['tensors'] {
  if (base.kind !== 'conditionalNormal') return {};
  const hidden = base.hidden.length;
  const table = Array.from({ length: hidden + 1 }, (_, i) =>
    under(hidden === 0 ? `${at}.` : `${at}.${2 * i}.`, `base.net.${i}.`, linearNames),
  );
  return renamed(tensors, table.flat());
}

/** How that network is made. @param seen numbers of the context */
export function baseNet({ base, dim }: VectorModelConfig, seen: number): string {
  const hidden = base.kind === 'conditionalNormal' ? base.hidden : [];
  const widths = [seen, ...hidden, 2 * dim];
  const layers = widths.slice(1).map((to, i) => `torch.nn.Linear(${widths[i]}, ${to})`);
  return layers.length === 1 ? layers[0]! : `torch.nn.Sequential(${layers.join(', torch.nn.ReLU(), ')})`;
}
