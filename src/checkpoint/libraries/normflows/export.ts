/**
 * For normflows: MaskedAffineFlow, which takes any mask and a network each for s and t, or AffineCouplingBlock where
 * that is what the flow is. The library counts from latent to data and its couplings compute (x − t)·e⁻ˢ towards
 * latents; those that compute x·eˢ + t are wrapped in its Reverse.
 */
import type { VectorModelConfig } from '../../../config/schema';
import type { NdArray } from '../../../protocol/tensors';
import { under } from '../../import/names';
import { actNormNames, baseNames, swapOrder } from './import';
import { layerNames } from '../../../config/layer-folders';
import { endsInBase, type WrittenLayer } from '../../export-to/written-chain';
import { Misfits } from '../../export-to/misfits';
import { hiddenOf, readMlp, sequentialTensors, valuesOf, type Mlp } from '../../export-to/nets';
import { floats, integers, renamed, type StateDict } from '../../export-to/state-dict';
import {
  couplingOf,
  hasOneActivation,
  netOf,
  type Coupling,
  type Output,
} from '../../export-to/vector-couplings';

type Tensors = Readonly<Record<string, NdArray>>;

/** How each affine form of ours is one of theirs: run the other way round, or with −s and −t. */
const forms: Record<VectorModelConfig['affine'], { reverse: boolean; negated: boolean }> = {
  'inverse-scale-then-shift': { reverse: false, negated: false },
  'shift-then-scale': { reverse: false, negated: true },
  'scale-then-shift': { reverse: true, negated: false },
  'inverse-shift-then-scale': { reverse: true, negated: true },
};

/** The library's additive couplings subtract towards latents. */
function formOf(model: VectorModelConfig): { reverse: boolean; negated: boolean } {
  return model.transform === 'additive' ? { reverse: false, negated: true } : forms[model.affine];
}

/** @throws UserError naming the settings that normflows has no counterpart of */
export function normflowsStateDict(
  model: VectorModelConfig,
  chain: readonly WrittenLayer[],
  tensors: Tensors,
): StateDict {
  const { dim } = model;
  const names = layerNames(chain);
  const base = endsInBase(model, chain) ? names.at(-1)! : undefined;
  const flows = base === undefined ? chain : chain.slice(0, -1);
  const blocks = asBlocks(model, flows);
  checkFit(model, flows, blocks);

  const dict: StateDict['tensors'] = {};
  const lines: string[] = [];
  let hidden: number[] = [];
  const { reverse } = formOf(model);
  [...flows].reverse().forEach((layer, number) => {
    const name = names[flows.length - 1 - number]!;
    const at = `flows.${number}`;
    if (layer.kind === 'permute') lines.push(permutation(dict, at, layer.order));
    else if (layer.kind === 'actNorm') {
      Object.assign(dict, actNormTensors(at, name, tensors));
      lines.push(`    nf.flows.ActNorm(${dim}),`);
    } else if (layer.kind === 'coupling') {
      const coupling = couplingOf(model, layer, name);
      const inner = reverse ? `${at}.flow` : at;
      const made = blocks
        ? blockOf(dict, inner, model, coupling, tensors)
        : maskedOf(dict, inner, model, layer.mask, coupling, tensors);
      hidden = made.hidden;
      lines.push(reverse ? `    nf.flows.Reverse(${made.line}),` : `    ${made.line},`);
    }
  });
  const zeros = { shape: [dim], data: new Float32Array(dim) };
  const baseOf = (part: string) => (base === undefined ? zeros : valuesOf(tensors, `${base}.${part}`));
  const normal = { shift: baseOf('shift'), logScale: baseOf('logScale') };
  Object.assign(dict, renamed(normal, under('q0.', '', baseNames)));
  return { tensors: dict, build: buildText(model, hidden, lines), notes: [] };
}

/** Whether all couplings are one network over one half of the features, which AffineCouplingBlock has. */
function asBlocks(model: VectorModelConfig, chain: readonly WrittenLayer[]): boolean {
  const splits = chain.every((layer) => layer.kind !== 'coupling' || splitMode(layer.mask) !== undefined);
  const scales = model.transform === 'affine';
  const must = scales && model.scaleMap === 'sigmoid';
  const maps = !scales || model.scaleMap === 'exp' || (must && model.scaleEpsilon === 0);
  return splits && maps && (must || (model.nets === 'joint' && model.conditioning === 'selected'));
}

function checkFit(model: VectorModelConfig, chain: readonly WrittenLayer[], blocks: boolean): void {
  const misfits = new Misfits('normflows', 'flowscope train --preset normflows trains a flow that fits.');
  const masked =
    model.transform === 'additive' ||
    model.scaleMap === 'exp' ||
    model.scaleMap === 'tanh-channel' ||
    model.scaleMap === 'tanh-scalar';
  const isSigmoid = model.transform === 'affine' && model.scaleMap === 'sigmoid';
  misfits.check(
    masked || blocks || isSigmoid,
    'scaleMap',
    model.scaleMap,
    '"exp", "tanh-channel", "tanh-scalar", or "sigmoid" with scaleEpsilon 0',
  );
  misfits.check(!isSigmoid || model.scaleEpsilon === 0, 'scaleEpsilon', model.scaleEpsilon, '0');
  misfits.check(
    blocks || !isSigmoid || model.scaleEpsilon !== 0,
    'mask',
    model.mask,
    'halves, or every other of an even number of features',
  );
  misfits.check(model.net === 'mlp', 'net', model.net, '"mlp"');
  misfits.check(
    model.activation === 'relu' || model.activation === 'leaky-relu',
    'activation',
    model.activation,
    '"relu" or "leaky-relu"',
  );
  const { shiftActivation } = model;
  misfits.check(hasOneActivation(model), 'shiftActivation', shiftActivation, `"${model.activation}"`);
  misfits.check(!model.flowNorm, 'flowNorm', model.flowNorm, 'false');
  const normed = chain.some(({ kind }) => kind === 'batchNorm');
  misfits.check(!normed, model.layers ? 'layers' : 'between', 'batchNorm', 'none or "actNorm"');
  misfits.finish();
}

function splitMode(mask: readonly number[]): string | undefined {
  const half = Math.ceil(mask.length / 2);
  const is = (conditions: (i: number) => boolean) => mask.every((bit, i) => (bit === 1) === conditions(i));
  if (is((i) => i < half)) return 'channel';
  if (is((i) => i >= half)) return 'channel_inv';
  if (mask.length % 2 === 1) return undefined;
  if (is((i) => i % 2 === 1)) return 'checkerboard';
  return is((i) => i % 2 === 0) ? 'checkerboard_inv' : undefined;
}

/** A permutation runs backwards from data to latent. */
function permutation(dict: StateDict['tensors'], at: string, order: readonly number[]): string {
  if (swapOrder(order.length).every((from, i) => from === order[i])) {
    return `    nf.flows.Permute(${order.length}, mode="swap"),`;
  }
  const inverse = new Array<number>(order.length).fill(0);
  order.forEach((from, to) => (inverse[from] = to));
  dict[`${at}.perm`] = integers(inverse);
  dict[`${at}.inv_perm`] = integers(order);
  return `    nf.flows.Permute(${order.length}, mode="shuffle"),`;
}

function actNormTensors(at: string, name: string, tensors: Tensors): StateDict['tensors'] {
  return {
    ...renamed(tensors, under(`${at}.`, `${name}.`, actNormNames)),
    // Else the library would set both from the first batch that it sees.
    [`${at}.data_dep_init_done`]: floats([], Float32Array.of(1)),
  };
}

interface Made {
  hidden: number[];
  line: string;
}

function blockOf(
  dict: StateDict['tensors'],
  at: string,
  model: VectorModelConfig,
  coupling: Coupling,
  tensors: Tensors,
): Made {
  const { negated } = formOf(model);
  const scales = model.transform === 'affine';
  const sigmoid = model.scaleMap === 'sigmoid';
  // With the sigmoid, whether it multiplies or divides is the library's scale_map; only t changes its sign.
  const outputs = coupling.moves.flatMap((feature): Output[] => [
    { of: 'shift', feature, negated },
    ...(scales ? [{ of: 'scale' as const, feature, negated: negated && !sigmoid }] : []),
  ]);
  const net = netOf(coupling, coupling.conditions, outputs, reader(coupling, tensors));
  Object.assign(dict, sequentialTensors(`${at}.flows.1.param_map.net`, net));
  const mask = Array.from({ length: model.dim }, (_, i) => (coupling.conditions.includes(i) ? 1 : 0));
  const map = sigmoid ? (negated ? 'sigmoid' : 'sigmoid_inv') : 'exp';
  const scale = scales ? `scale_map="${map}"` : 'scale=False';
  const widths = `${coupling.conditions.length}, ${outputs.length}`;
  return {
    hidden: hiddenOf(net),
    line: `nf.flows.AffineCouplingBlock(net(${widths}), ${scale}, split_mode="${splitMode(mask)}")`,
  };
}

function maskedOf(
  dict: StateDict['tensors'],
  at: string,
  model: VectorModelConfig,
  mask: readonly number[],
  coupling: Coupling,
  tensors: Tensors,
): Made {
  const { negated } = formOf(model);
  const all = Array.from({ length: model.dim }, (_, i) => i);
  const read = reader(coupling, tensors);
  const net = (of: Output['of']): Mlp =>
    netOf(
      coupling,
      all,
      all.map((feature) => ({ of, feature, negated })),
      read,
    );
  const t = net('shift');
  dict[`${at}.b`] = floats([1, model.dim], Float32Array.from(mask));
  Object.assign(dict, sequentialTensors(`${at}.t.net`, t));
  const dims = `${model.dim}, ${model.dim}`;
  const bits = `torch.tensor([${mask.map((bit) => `${bit}.0`).join(', ')}])`;
  if (model.transform === 'additive')
    return { hidden: hiddenOf(t), line: `nf.flows.MaskedAffineFlow(${bits}, t=net(${dims}))` };
  const s = net('scale');
  Object.assign(dict, sequentialTensors(`${at}.s.net`, s));
  let output = '';
  if (model.scaleMap !== 'exp') {
    output = ', output_fn="tanh"';
    const { data } = valuesOf(tensors, `${coupling.name}.scale`);
    if (model.scaleMap === 'tanh-channel') {
      // Given for the features that move, or for all.
      const wide = new Float32Array(model.dim).fill(1);
      data.forEach((w, i) => (wide[data.length === model.dim ? i : coupling.moves[i]!] = w));
      dict[`${at}.s.net.${2 * s.length}.scale`] = floats([model.dim], wide);
      output += `, output_scale=[1.0] * ${model.dim}`;
    } else if (data[0] !== 1) {
      dict[`${at}.s.net.${2 * s.length}.scale`] = floats([], data);
      output += ', output_scale=1.0';
    }
  }
  return {
    hidden: hiddenOf(s),
    line: `nf.flows.MaskedAffineFlow(${bits}, t=net(${dims}), s=net(${dims}${output}))`,
  };
}

function reader(coupling: Coupling, tensors: Tensors): (name: string) => Mlp {
  return (name) => readMlp(tensors, `${coupling.name}.${name}`);
}

function buildText(model: VectorModelConfig, hidden: readonly number[], lines: readonly string[]): string {
  const leaky = model.activation === 'leaky-relu' ? model.slope : 0;
  return [
    'import torch',
    'import normflows as nf',
    '',
    'def net(inputs, outputs, **options):',
    `    return nf.nets.MLP([inputs, ${hidden.map((width) => `${width}, `).join('')}outputs], leaky=${leaky.toFixed(6)}, **options)`,
    '',
    `flow = nf.NormalizingFlow(nf.distributions.DiagGaussian(${model.dim}), [`,
    ...lines,
    '])',
  ].join('\n');
}
