/** For zuko: couplings whose scale is softly clipped, with a network over the features that condition. */
import type { VectorModelConfig } from '../../../config/schema';
import type { NdArray } from '../../../protocol/tensors';
import { layerNames } from '../../../config/layer-folders';
import { endsInBase, type WrittenLayer } from '../../export-to/written-chain';
import { Misfits } from '../../export-to/misfits';
import { hiddenOf, readMlp, sequentialTensors, valuesOf } from '../../export-to/nets';
import { bools, floats, integers, type StateDict } from '../../export-to/state-dict';
import { couplingOf, hasOneActivation, netOf, type Output } from '../../export-to/vector-couplings';

/** @throws UserError naming the settings that zuko has no counterpart of */
export function zukoStateDict(
  model: VectorModelConfig,
  chain: readonly WrittenLayer[],
  tensors: Readonly<Record<string, NdArray>>,
): StateDict {
  const { dim } = model;
  const base = endsInBase(model, chain) ? chain.length - 1 : undefined;
  checkFit(model, chain.slice(0, base));
  const names = layerNames(chain);
  const dict: StateDict['tensors'] = {};
  const lines: string[] = [];
  let hidden: number[] = [];
  chain.slice(0, base).forEach((layer, number) => {
    const at = `transform.transforms.${number}`;
    if (layer.kind === 'permute') {
      dict[`${at}._0`] = integers(layer.order);
      lines.push('    permutation(),');
    }
    if (layer.kind !== 'coupling') return;
    const coupling = couplingOf(model, layer, names[number]!);
    const outputs = coupling.moves.flatMap((feature): Output[] => [
      { of: 'shift', feature },
      { of: 'scale', feature },
    ]);
    const net = netOf(coupling, coupling.conditions, outputs, (name) =>
      readMlp(tensors, `${coupling.name}.${name}`),
    );
    hidden = hiddenOf(net);
    dict[`${at}.mask`] = bools(layer.mask.map((bit) => bit === 1));
    Object.assign(dict, sequentialTensors(`${at}.hyper`, net));
    lines.push(`    coupling([${layer.mask.join(', ')}]),`);
  });
  const constant = (value: number) => new Float32Array(dim).fill(value);
  const baseOf = (part: string) => valuesOf(tensors, `${names[base!]!}.${part}`).data;
  dict['base.loc'] = floats([dim], base === undefined ? constant(0) : baseOf('shift'));
  dict['base.scale'] = floats([dim], base === undefined ? constant(1) : baseOf('logScale').map(Math.exp));
  return { tensors: dict, build: buildText(model, hidden, chain.slice(0, base), lines), notes: [] };
}

function checkFit(model: VectorModelConfig, chain: readonly WrittenLayer[]): void {
  const misfits = new Misfits('zuko', 'flowscope train --preset zuko trains a flow that fits.');
  misfits.only('transform', model.transform, 'affine');
  misfits.check(model.affine === 'scale-then-shift', 'affine', model.affine, '"scale-then-shift"');
  misfits.check(model.scaleMap === 'soft-clip', 'scaleMap', model.scaleMap, '"soft-clip"');
  misfits.check(model.net === 'mlp', 'net', model.net, '"mlp"');
  const { shiftActivation } = model;
  misfits.check(hasOneActivation(model), 'shiftActivation', shiftActivation, `"${model.activation}"`);
  misfits.check(!model.flowNorm, 'flowNorm', model.flowNorm, 'false');
  const other = chain.find(({ kind }) => kind === 'batchNorm' || kind === 'actNorm');
  misfits.check(!other, model.layers ? 'layers' : 'between', other?.kind, 'couplings and permutations only');
  misfits.finish();
}

const activations: Record<VectorModelConfig['activation'], (slope: number) => string> = {
  relu: () => 'torch.nn.ReLU',
  'leaky-relu': (slope) => `lambda: torch.nn.LeakyReLU(${slope})`,
  tanh: () => 'torch.nn.Tanh',
  elu: () => 'torch.nn.ELU',
  silu: () => 'torch.nn.SiLU',
  'hard-silu': () => 'torch.nn.Hardswish',
  gelu: () => 'torch.nn.GELU',
  mish: () => 'torch.nn.Mish',
  selu: () => 'torch.nn.SELU',
  sigmoid: () => 'torch.nn.Sigmoid',
  softplus: () => 'torch.nn.Softplus',
};

function buildText(
  model: VectorModelConfig,
  hidden: readonly number[],
  chain: readonly WrittenLayer[],
  lines: readonly string[],
): string {
  const { dim, scaleEpsilon } = model;
  const network = `hidden_features=[${hidden.join(', ')}], activation=${activations[model.activation](model.slope)}`;
  const alternating = chain.every(
    (layer, number) =>
      layer.kind === 'coupling' && layer.mask.every((bit, i) => bit === (i % 2 === number % 2 ? 1 : 0)),
  );
  if (alternating && scaleEpsilon === 1e-3) {
    return [
      'import torch',
      'import zuko',
      '',
      `flow = zuko.flows.RealNVP(${dim}, transforms=${chain.length}, ${network})`,
    ].join('\n');
  }
  return [
    'import functools',
    'import torch',
    'import zuko',
    '',
    `affine = functools.partial(zuko.transforms.MonotonicAffineTransform, slope=${scaleEpsilon})`,
    'coupling = lambda mask: zuko.flows.coupling.GeneralCouplingTransform(',
    `    ${dim}, mask=torch.tensor(mask, dtype=torch.bool), univariate=affine, ${network}`,
    ')',
    'permutation = lambda: zuko.lazy.UnconditionalTransform(',
    `    zuko.transforms.PermutationTransform, torch.arange(${dim}), buffer=True`,
    ')',
    `base = zuko.lazy.UnconditionalDistribution(`,
    `    zuko.distributions.DiagNormal, loc=torch.zeros(${dim}), scale=torch.ones(${dim}), buffer=True`,
    ')',
    'flow = zuko.lazy.Flow([',
    ...lines,
    '], base)',
  ].join('\n');
}
