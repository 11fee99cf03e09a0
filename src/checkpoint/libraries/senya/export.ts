/**
 * For the tutorial's RealNVP(nets, nett, mask, prior): couplings (x − t)·e⁻ˢ of two networks over all features, which it
 * counts from latent to data.
 */
import { range } from '../../../base/order';
import type { VectorModelConfig } from '../../../config/schema';
import { activationModule } from '../../export-to/activations';
import { conditionedOf, mlpOf, type Output } from '../../export-to/conditioned';
import { sequentialTensors, valuesOf } from '../../export-to/nets';
import { floats, linesIf, type StateDict, type Tensors } from '../../export-to/state-dict';
import type { VectorWriter } from '../../export-to/written-chain';
import type { NamedLayer } from '../../import/vector-chain';

export const senyaVectors: VectorWriter = {
  advice: 'The preset normflows with "between": "none" trains a flow that fits.',
  layers: ['coupling'],
  bases: ['normal'],
  transforms: ['affine'],
  twoActivations: true,
  only: {
    affine: ['inverse-scale-then-shift', 'shift-then-scale'],
    scaleMap: ['exp', 'tanh-scalar'],
    net: ['mlp'],
  },
  write,
};

function write(model: VectorModelConfig, chain: readonly NamedLayer[], tensors: Tensors): StateDict {
  const { dim } = model;
  const all = range(dim);
  const dict: StateDict['tensors'] = {};
  const rows: (readonly number[])[] = [];
  // (x + t)·eˢ is the same with −s and −t.
  const times = model.affine === 'shift-then-scale' ? { times: -1 } : {};
  const tanh = model.scaleMap === 'tanh-scalar';
  const factors = chain.map(({ name }) => (tanh ? valuesOf(tensors, `${name}.scale`).data[0]! : 1));
  const scaled = factors.some((factor) => factor !== 1);
  [...chain].reverse().forEach((layer, row) => {
    if (layer.kind !== 'coupling') return;
    const at = chain.length - 1 - row;
    const coupling = conditionedOf(model, layer, tensors);
    rows.push(layer.mask);
    for (const [net, of] of [
      ['t', 'shift'],
      ['s', 'scale'],
    ] as const) {
      const outputs = all.map((feature): Output => ({ of, feature, ...times }));
      const mlp = mlpOf(coupling, all, outputs);
      Object.assign(dict, sequentialTensors(`${net}.${row}`, mlp));
      if (net === 's' && scaled)
        dict[`s.${row}.${2 * mlp.length}.scale`] = floats([], Float32Array.of(factors[at]!));
    }
  });
  dict['mask'] = floats([rows.length, dim], Float32Array.from(rows.flat()));
  return {
    tensors: dict,
    build: buildText(model, rows.length, scaled),
    notes: scaled
      ? ['The factors of tanh are not 1, so the networks s end in a module of their own that has them.']
      : [],
  };
}

/** The class in our words: people have a copy of their own, which takes the same tensors. */
function buildText(model: VectorModelConfig, couplings: number, scaled: boolean): string {
  const { dim, hidden, scaleMap, shiftActivation, nets: kind } = model;
  const net = (activation: VectorModelConfig['activation'], end: string): string => {
    const widths = [dim, ...hidden, dim];
    const layers = widths.slice(1).map((to, i) => `torch.nn.Linear(${widths[i]}, ${to})`);
    const between = `, ${activationModule({ ...model, activation })}, `;
    return `lambda: torch.nn.Sequential(${layers.join(between)}${end})`;
  };
  const tanh = scaleMap === 'tanh-scalar' ? ', torch.nn.Tanh()' : '';
  const second = kind === 'separate' ? (shiftActivation ?? model.activation) : model.activation;
  return [
    'import torch',
    '',
    'class RealNVP(torch.nn.Module):',
    '    def __init__(self, nets, nett, mask, prior):',
    '        super().__init__()',
    '        self.prior = prior',
    '        self.mask = torch.nn.Parameter(mask, requires_grad=False)',
    '        self.t = torch.nn.ModuleList([nett() for _ in range(len(mask))])',
    '        self.s = torch.nn.ModuleList([nets() for _ in range(len(mask))])',
    '',
    '    def st(self, i, x):',
    '        kept = self.mask[i]',
    '        return kept, self.s[i](kept * x) * (1 - kept), self.t[i](kept * x) * (1 - kept)',
    '',
    '    def f(self, x):',
    '        log_det = x.new_zeros(x.shape[0])',
    '        for i in reversed(range(len(self.t))):',
    '            kept, s, t = self.st(i, x)',
    '            x = kept * x + (1 - kept) * (x - t) * torch.exp(-s)',
    '            log_det = log_det - s.sum(dim=1)',
    '        return x, log_det',
    '',
    '    def g(self, z):',
    '        for i in range(len(self.t)):',
    '            kept, s, t = self.st(i, z)',
    '            z = kept * z + (1 - kept) * (z * torch.exp(s) + t)',
    '        return z',
    '',
    '    def log_prob(self, x):',
    '        z, log_det = self.f(x)',
    '        return self.prior.log_prob(z) + log_det',
    '',
    ...linesIf(scaled, [
      'class Scaled(torch.nn.Module):',
      '    def __init__(self):',
      '        super().__init__()',
      '        self.scale = torch.nn.Parameter(torch.ones(()))',
      '',
      '    def forward(self, x):',
      '        return self.scale * x',
      '',
    ]),
    `nets = ${net(model.activation, `${tanh}${scaled ? ', Scaled()' : ''}`)}`,
    `nett = ${net(second, '')}`,
    `prior = torch.distributions.MultivariateNormal(torch.zeros(${dim}), torch.eye(${dim}))`,
    `flow = RealNVP(nets, nett, torch.zeros(${couplings}, ${dim}), prior)`,
  ].join('\n');
}
