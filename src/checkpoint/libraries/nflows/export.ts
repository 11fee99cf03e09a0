/** For nflows: SimpleRealNVP where it can be, else its couplings, norms, permutations and linear transforms in a chain. */
import type { VectorModelConfig } from '../../../config/schema';
import type { NdArray } from '../../../protocol/tensors';
import { under } from '../../import/names';
import { layerNames } from '../../../config/layer-folders';
import type { WrittenLayer } from '../../export-to/written-chain';
import { Misfits } from '../../export-to/misfits';
import {
  denseTensors,
  readDense,
  valuesOf,
  withInputs,
  withOutputs,
  type Column,
} from '../../export-to/nets';
import { batchCounts, bools, floats, integers, renamed, type StateDict } from '../../export-to/state-dict';
import { couplingOf, rowsOf, type Coupling } from '../../export-to/vector-couplings';
import { residualTable } from '../../import/made';
import { flowNormNames } from './import';
import { linearTensors } from './write-linears';

type Tensors = Readonly<Record<string, NdArray>>;

/** @throws UserError naming the settings that nflows has no counterpart of */
export function nflowsStateDict(
  model: VectorModelConfig,
  chain: readonly WrittenLayer[],
  tensors: Tensors,
): StateDict {
  const names = layerNames(chain);
  const couplings = chain.flatMap((layer, i) =>
    layer.kind === 'coupling' ? [couplingOf(model, layer, names[i]!)] : [],
  );
  const additive = model.transform === 'additive';
  checkFit(model, chain);
  const dict: StateDict['tensors'] = {};
  const lines: string[] = [];
  let next = 0;
  chain.forEach((layer, number) => {
    const at = `_transform._transforms.${number}`;
    const name = names[number]!;
    if (layer.kind === 'coupling') {
      const coupling = couplings[next++]!;
      dict[`${at}.identity_features`] = integers(coupling.conditions);
      dict[`${at}.transform_features`] = integers(coupling.moves);
      Object.assign(dict, residualTensors(`${at}.transform_net`, model, coupling, additive, tensors));
      lines.push(`    coupling([${layer.mask.map((bit) => (bit === 1 ? -1 : 1)).join(', ')}]),`);
    } else if (layer.kind === 'batchNorm') {
      Object.assign(dict, renamed(tensors, under(`${at}.`, `${name}.`, flowNormNames)));
      lines.push(`    transforms.BatchNorm(${model.dim}),`);
    } else if (layer.kind === 'actNorm') {
      const logScale = valuesOf(tensors, `${name}.logScale`).data;
      const shift = valuesOf(tensors, `${name}.shift`).data;
      dict[`${at}.initialized`] = bools([true], []);
      dict[`${at}.log_scale`] = floats(
        [model.dim],
        logScale.map((x) => -x),
      );
      dict[`${at}.shift`] = floats(
        [model.dim],
        shift.map((x, i) => -x * Math.exp(-logScale[i]!)),
      );
      lines.push(`    transforms.ActNorm(${model.dim}),`);
    } else if (layer.kind !== 'permute') {
      const linear = linearTensors(layer, model.dim, name, tensors);
      for (const [part, values] of Object.entries(linear.tensors)) dict[`${at}.${part}`] = values;
      lines.push(`    ${linear.line},`);
    } else {
      dict[`${at}._permutation`] = integers(layer.order);
      lines.push(`    transforms.Permutation(torch.tensor([${layer.order.join(', ')}])),`);
    }
  });
  return {
    tensors: dict,
    build: buildText(model, chain, additive, lines),
    notes:
      !additive && model.scaleMap === 'softplus-clamp'
        ? [
            'The scale is GENERAL_SCALE_ACTIVATION, which nflows has since it left 0.14; version 0.14 cannot compute it.',
          ]
        : [],
  };
}

function checkFit(model: VectorModelConfig, chain: readonly WrittenLayer[]): void {
  const misfits = new Misfits('nflows', 'flowscope train --preset nflows trains a flow that fits.');
  if (model.transform === 'affine') {
    const known = model.scaleMap === 'sigmoid' || model.scaleMap === 'softplus-clamp';
    misfits.check(model.affine === 'scale-then-shift', 'affine', model.affine, '"scale-then-shift"');
    misfits.check(known, 'scaleMap', model.scaleMap, '"sigmoid" or "softplus-clamp"');
    misfits.check(!known || model.scaleEpsilon === 1e-3, 'scaleEpsilon', model.scaleEpsilon, '0.001');
  }
  misfits.check(model.net === 'residual', 'net', model.net, '"residual"');
  misfits.check(model.nets === 'joint', 'nets', model.nets, '"joint"');
  misfits.check(!model.flowNorm, 'flowNorm', model.flowNorm, 'false');
  const normed = chain.some(({ kind }) => kind === 'batchNorm');
  misfits.check(!normed || model.normEpsilon === 1e-5, 'normEpsilon', model.normEpsilon, '0.00001');
  misfits.finish();
}

function residualTensors(
  at: string,
  model: VectorModelConfig,
  coupling: Coupling,
  additive: boolean,
  tensors: Tensors,
): StateDict['tensors'] {
  const net = `${coupling.name}.net`;
  const columns = (part: 'scale' | 'shift'): Column[] =>
    coupling.moves.map((feature) => ({ from: coupling[part].columns.get(feature)! }));
  const wired = {
    ...tensors,
    ...denseTensors(
      `${net}.in`,
      withInputs(readDense(tensors, `${net}.in`), rowsOf(coupling.inputs, coupling.conditions)),
    ),
    ...denseTensors(
      `${net}.out`,
      withOutputs(readDense(tensors, `${net}.out`), [
        ...columns('shift'),
        ...(additive ? [] : columns('scale')),
      ]),
    ),
  };
  const table = residualTable({
    prefix: `${at}.`,
    blocks: model.blocks,
    norms: model.netNorm,
    plain: false,
    masked: false,
    context: 0,
  });
  const dict = renamed(wired, under('', `${coupling.name}.`, table));
  return { ...dict, ...batchCounts(Object.keys(dict)) };
}

const activations: Record<VectorModelConfig['activation'], (slope: number) => string> = {
  relu: () => 'F.relu',
  'leaky-relu': (slope) => `lambda x: F.leaky_relu(x, ${slope})`,
  tanh: () => 'torch.tanh',
  elu: () => 'F.elu',
  silu: () => 'F.silu',
  'hard-silu': () => 'F.hardswish',
  gelu: () => 'F.gelu',
  mish: () => 'F.mish',
  selu: () => 'F.selu',
  sigmoid: () => 'torch.sigmoid',
  softplus: () => 'F.softplus',
};

const python = (flag: boolean): string => (flag ? 'True' : 'False');

function buildText(
  model: VectorModelConfig,
  chain: readonly WrittenLayer[],
  additive: boolean,
  lines: readonly string[],
): string {
  const { dim, blocks, netNorm } = model;
  const width = model.hidden[0]!;
  const activation = activations[model.activation](model.slope);
  const general = !additive && model.scaleMap === 'softplus-clamp';
  const normed = chain[1]?.kind === 'batchNorm';
  const period = normed ? 2 : 1;
  const simple = chain.every((layer, i) =>
    layer.kind === 'coupling'
      ? i % period === 0 && layer.mask.every((bit, f) => bit === (f % 2 === (i / period) % 2 ? 1 : 0))
      : normed && i % 2 === 1 && layer.kind === 'batchNorm',
  );
  const head = ['import torch', 'import torch.nn.functional as F'];
  if (simple && !general && chain.length % period === 0) {
    return [
      ...head,
      'from nflows.flows.realnvp import SimpleRealNVP',
      '',
      'flow = SimpleRealNVP(',
      `    features=${dim}, hidden_features=${width}, num_layers=${chain.length / period}, num_blocks_per_layer=${blocks},`,
      `    use_volume_preserving=${python(additive)}, activation=${activation},`,
      `    batch_norm_within_layers=${python(netNorm)}, batch_norm_between_layers=${python(normed)},`,
      ')',
    ].join('\n');
  }
  const kind = additive ? 'AdditiveCouplingTransform' : 'AffineCouplingTransform';
  return [
    ...head,
    'from nflows import transforms',
    'from nflows.distributions.normal import StandardNormal',
    'from nflows.flows.base import Flow',
    'from nflows.nn.nets import ResidualNet',
    '',
    'def net(inputs, outputs):',
    '    return ResidualNet(',
    `        inputs, outputs, hidden_features=${width}, num_blocks=${blocks}, activation=${activation},`,
    `        use_batch_norm=${python(netNorm)},`,
    '    )',
    '',
    'def coupling(mask):',
    `    return transforms.${kind}(`,
    `        torch.tensor(mask), net${general ? ', scale_activation=transforms.AffineCouplingTransform.GENERAL_SCALE_ACTIVATION' : ''}`,
    '    )',
    '',
    'flow = Flow(transforms.CompositeTransform([',
    ...lines,
    `]), StandardNormal([${dim}]))`,
  ].join('\n');
}
