/**
 * For normflows: MaskedAffineFlow, which takes any mask and a network each for s and t, or AffineCouplingBlock where
 * that is what the flow is. The library counts from latent to data and its couplings compute (x − t)·e⁻ˢ towards
 * latents; those that compute x·eˢ + t are wrapped in its Reverse.
 */
import { invertOrder, range } from '../../../base/order';
import { UserError } from '../../../base/user-error';
import type { VectorModelConfig } from '../../../config/schema';
import { permuteAxes, under } from '../../import/names';
import { actNormNames, baseNames, swapOrder } from './import';
import { layerNames } from '../../../config/layer-folders';
import { activationClass, sequentialNet } from '../../export-to/activations';
import { baseNet, baseTensors } from '../../export-to/context-encoder';
import {
  conditionedOf,
  hasOneActivation,
  knotsOfNflows,
  mlpOf,
  seenContext,
  together,
  type Conditioned,
  type ConditionedLayer,
  type Output,
} from '../../export-to/conditioned';
import { endsInBase, type Holds } from '../../export-to/written-chain';
import { Misfits } from '../../export-to/misfits';
import { hiddenOf, sequentialTensors, valuesOf, type Mlp } from '../../export-to/nets';
import { madeTensors, residualNetTensors } from '../../export-to/residual-nets';
import {
  below,
  floats,
  integers,
  linesIf,
  renamed,
  type StateDict,
  type Tensors,
} from '../../export-to/state-dict';
import type { ChainLayer } from '../../import/vector-chain';
import { softplusOffset } from '../../import/splines';
import { checkContext, checkKnots, checkMadeTransform } from '../nflows/export';
import { linearTensors, matrixOfFactors } from '../nflows/write-linears';
import { constantShapes } from '../../import/constant-splines';
import { residualNames } from './residual';

export const normflowsHolds: Holds = {
  layers: ['coupling', 'autoregressive', 'actNorm', 'permute', 'lu', 'plu'],
  bases: ['conditionalNormal', 'mixture'],
  transforms: ['affine', 'additive', 'rationalQuadratic'],
  context: true,
};

/** How each of our affine forms is one of theirs: run the other way round, or with −s and −t. */
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
  chain: readonly ChainLayer[],
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
  const steps = stepsOf(model, flows, names, tensors);
  steps.reverse().forEach(({ layer, name, constant, order }, number) => {
    const at = `flows.${number}`;
    if (layer.kind === 'permute') lines.push(permutation(dict, at, layer.order));
    else if (layer.kind === 'actNorm') {
      Object.assign(dict, actNormTensors(at, name, tensors));
      lines.push(`    ${actNorm(model)}(${dim}),`);
    } else if (layer.kind === 'lu') {
      Object.assign(dict, below(`${at}.linear.`, linearTensors(layer, dim, name, tensors).tensors));
      dict[`${at}.permutation._permutation`] = integers(order ?? range(dim));
      lines.push(`    nf.flows.LULinearPermute(${dim}),`);
    } else if (layer.kind === 'plu') {
      dict[`${at}.W`] = matrixOf(layer, dim, name, tensors);
      lines.push(`    nf.flows.InvertibleAffine(${dim}, use_lu=False),`);
    } else if (layer.kind === 'autoregressive') {
      lines.push(`    ${autoregressiveOf(dict, at, model, layer, name, tensors)},`);
    } else if (layer.kind === 'coupling' && model.transform === 'rationalQuadratic') {
      lines.push(`    ${splineOf(dict, at, model, { layer, name, constant }, tensors)},`);
    } else if (layer.kind === 'coupling') {
      const coupling = conditionedOf(model, layer, name);
      const inner = reverse ? `${at}.flow` : at;
      const made = blocks
        ? blockOf(dict, inner, model, coupling, tensors)
        : maskedOf(dict, inner, model, layer.mask, coupling, tensors);
      hidden = made.hidden;
      lines.push(reverse ? `    nf.flows.Reverse(${made.line}),` : `    ${made.line},`);
    }
  });
  if (model.base.kind === 'conditionalNormal')
    Object.assign(dict, baseTensors(model.base.hidden.length, tensors, 'q0.context_encoder'));
  else if (model.base.kind === 'mixture') {
    for (const [theirs, ours] of [
      ['loc', 'loc'],
      ['log_scale', 'logScale'],
      ['weight_scores', 'logits'],
    ]) {
      const { shape, data } = valuesOf(tensors, `base.${ours}`);
      dict[`q0.${theirs}`] = floats([1, ...shape], Float32Array.from(data));
    }
  } else {
    const zeros = { shape: [dim], data: new Float32Array(dim) };
    const baseOf = (part: string) => (base === undefined ? zeros : valuesOf(tensors, `${base}.${part}`));
    const normal = { shift: baseOf('shift'), logScale: baseOf('logScale') };
    Object.assign(dict, renamed(normal, under('q0.', '', baseNames)));
  }
  return { tensors: dict, build: buildText(model, hidden, lines), notes: [] };
}

/** Matrix of an InvertibleAffine: x·W from data to latent, without a bias. */
function matrixOf(
  layer: Extract<ChainLayer, { kind: 'plu' }>,
  dim: number,
  name: string,
  tensors: Tensors,
): StateDict['tensors'][string] {
  if (valuesOf(tensors, `${name}.bias`).data.some((value) => value !== 0))
    throw new UserError(
      `This flow cannot be written for normflows: ${name} has a bias, and InvertibleAffine has none. ` +
        'Train with "between": "lu", which LULinearPermute is.',
    );
  const { shape, data } = permuteAxes(
    { shape: [dim, dim], data: matrixOfFactors(layer, dim, name, tensors) },
    [1, 0],
  );
  return floats(shape, data);
}

/** A conditional flow of the library gives its context to all layers, and ActNorm takes none. */
const actNorm = ({ context }: VectorModelConfig): string => (context > 0 ? 'ActNorm' : 'nf.flows.ActNorm');

const actNormLines = [
  '',
  'class ActNorm(nf.flows.ActNorm):',
  '    def forward(self, z, context=None):',
  '        return super().forward(z)',
  '',
  '    def inverse(self, z, context=None):',
  '        return super().inverse(z)',
];

/** Parts that one of their modules is made of. */
interface Step {
  layer: ChainLayer;
  name: string;
  /** Name of the layer after a spline coupling, if its splines depend on nothing. */
  constant?: string;
  /** Permutation before a mixing layer. */
  order?: readonly number[];
}

/** From data to latent. A permutation and a mixing are one module, and so are splines of both parts. */
function stepsOf(
  model: VectorModelConfig,
  chain: readonly ChainLayer[],
  names: readonly string[],
  tensors: Tensors,
): Step[] {
  const steps: Step[] = [];
  chain.forEach((layer, i) => {
    const before = steps.at(-1);
    if (layer.kind === 'lu' && before?.layer.kind === 'permute') {
      steps[steps.length - 1] = { layer, name: names[i]!, order: before.layer.order };
    } else if (
      layer.kind === 'coupling' &&
      before?.layer.kind === 'coupling' &&
      before.constant === undefined &&
      layer.mask.every((bit, f) => bit !== (before.layer as typeof layer).mask[f]) &&
      isConstant(model, names[i]!, tensors)
    ) {
      steps[steps.length - 1] = { ...before, constant: names[i]! };
    } else steps.push({ layer, name: names[i]! });
  });
  return steps;
}

/** Whether a spline coupling gives the same splines for all examples. */
function isConstant(model: VectorModelConfig, name: string, tensors: Tensors): boolean {
  if (model.transform !== 'rationalQuadratic' || model.net !== 'residual') return false;
  return tensors[`${name}.net.out.weight`]!.data.every((weight) => weight === 0);
}

/** Whether all couplings are one network over one half of the features, which AffineCouplingBlock has. */
function asBlocks(model: VectorModelConfig, chain: readonly ChainLayer[]): boolean {
  const splits = chain.every((layer) => layer.kind !== 'coupling' || splitMode(layer.mask) !== undefined);
  const scales = model.transform === 'affine';
  const must = scales && model.scaleMap === 'sigmoid';
  const maps = !scales || model.scaleMap === 'exp' || (must && model.scaleEpsilon === 0);
  return splits && maps && (must || (model.nets === 'joint' && model.conditioning === 'selected'));
}

function checkFit(model: VectorModelConfig, chain: readonly ChainLayer[], blocks: boolean): void {
  const misfits = new Misfits('normflows', 'The preset normflows trains a flow that fits.');
  const spline = model.transform === 'rationalQuadratic';
  const couplings = chain.some(({ kind }) => kind === 'coupling');
  if (couplings && !spline) checkAffine(misfits, model, blocks);
  checkKnots(misfits, model);
  if (couplings && spline) checkContext(misfits, model, 'input', 'gate');
  for (const layer of chain) if (layer.kind === 'autoregressive') checkMade(misfits, model, layer);
  if (model.net === 'residual') misfits.only('netNorm', model.netNorm, false);
  misfits.only('flowNorm', model.flowNorm, false);
  if (model.base.kind === 'mixture') misfits.only('base.covariance', model.base.covariance, 'diagonal');
  misfits.finish();
}

function checkAffine(misfits: Misfits, model: VectorModelConfig, blocks: boolean): void {
  const masked =
    model.transform === 'additive' || ['exp', 'tanh-channel', 'tanh-scalar'].includes(model.scaleMap);
  const isSigmoid = model.transform === 'affine' && model.scaleMap === 'sigmoid';
  misfits.check(
    masked || blocks || isSigmoid,
    'scaleMap',
    model.scaleMap,
    '"exp", "tanh-channel", "tanh-scalar", or "sigmoid" with scaleEpsilon 0',
  );
  if (isSigmoid) misfits.only('scaleEpsilon', model.scaleEpsilon, 0);
  misfits.check(
    blocks || !isSigmoid || model.scaleEpsilon !== 0,
    'mask',
    model.mask,
    'halves, or every other of an even number of features',
  );
  misfits.only('net', model.net, 'mlp');
  misfits.only('activation', model.activation, 'relu', 'leaky-relu');
  const { shiftActivation } = model;
  misfits.check(hasOneActivation(model), 'shiftActivation', shiftActivation, `"${model.activation}"`);
  misfits.check(model.context === 0, 'context', model.context, '0, which affine couplings of normflows take');
}

function checkMade(
  misfits: Misfits,
  model: VectorModelConfig,
  { sees }: Extract<ConditionedLayer, { kind: 'autoregressive' }>,
): void {
  misfits.only('nets', model.nets, 'joint');
  misfits.only('net', model.net, 'residual');
  checkContext(misfits, model, 'input', 'gate');
  checkMadeTransform(misfits, model, sees);
  if (model.transform === 'affine') {
    misfits.only('scaleMap', model.scaleMap, 'sigmoid');
    misfits.only('scaleEpsilon', model.scaleEpsilon, 1e-3);
    // It runs from latent to data; in a Reverse, which takes no context, the other way.
    misfits.check(model.context === 0 || sees === 'output', 'sees', sees, '"output" with a context');
  }
}

function autoregressiveOf(
  dict: StateDict['tensors'],
  at: string,
  model: VectorModelConfig,
  layer: Extract<ConditionedLayer, { kind: 'autoregressive' }>,
  name: string,
  tensors: Tensors,
): string {
  const conditioned = conditionedOf(model, layer, name);
  const spline = model.transform === 'rationalQuadratic';
  const reverse = !spline && layer.sees === 'input';
  const outputs = spline
    ? knotsOfNflows(model, conditioned.transformed, 1)
    : together(conditioned.transformed, ['scale', 'shift']);
  const inner = spline ? residualNames.inAutoregressive : reverse ? 'flow.' : '';
  Object.assign(
    dict,
    madeTensors(`${at}.${inner}${residualNames.made}`, model, conditioned, outputs, tensors),
  );
  return reverse ? 'nf.flows.Reverse(autoregressive())' : 'autoregressive()';
}

/** A coupling of splines, and the splines of the other part, which depend on nothing. */
function splineOf(
  dict: StateDict['tensors'],
  at: string,
  model: VectorModelConfig,
  {
    layer,
    name,
    constant,
  }: { layer: Extract<ChainLayer, { kind: 'coupling' }>; name: string; constant: string | undefined },
  tensors: Tensors,
): string {
  const coupling = conditionedOf(model, layer, name);
  const { bins } = model;
  const inner = `${at}.${residualNames.inCoupling}`;
  dict[`${inner}identity_features`] = integers(coupling.identity);
  dict[`${inner}transform_features`] = integers(coupling.transformed);
  const residual = model.net === 'residual';
  const outputs = knotsOfNflows(model, coupling.transformed, residual ? Math.sqrt(model.hidden[0]!) : 1);
  Object.assign(
    dict,
    residual
      ? residualNetTensors(`${inner}${residualNames.residual}`, model, coupling, outputs, tensors)
      : sequentialTensors(
          `${inner}${residualNames.residual.slice(0, -1)}`,
          mlpOf(model, coupling, coupling.identity, outputs, tensors),
        ),
  );
  if (constant !== undefined) {
    const other = conditionedOf(
      model,
      { kind: 'coupling', mask: layer.mask.map((bit) => (bit === 1 ? 0 : 1)) },
      constant,
    );
    const { data } = valuesOf(tensors, `${constant}.net.out.bias`);
    let from = 0;
    for (const [part, shape] of constantShapes({ bins, features: other.transformed.length })) {
      const of = (['widths', 'heights', 'derivatives'] as const).find((one) => part.endsWith(one))!;
      const values = other.transformed.flatMap((feature) =>
        other.heads[of]!.columns.get(feature)!.map(
          (column) => data[column]! + (of === 'derivatives' ? softplusOffset : 0),
        ),
      );
      dict[`${inner}${residualNames.inConstant}${part}`] = floats(shape, Float32Array.from(values));
      from += values.length;
    }
    if (from !== data.length) throw new Error(`${constant} has other splines.`);
  }
  // A mask of the library's own is 1 for what is transformed.
  const alternating = [0, 1].find((first) => layer.mask.every((bit, i) => bit === (i + first) % 2));
  if (residual && constant !== undefined && alternating !== undefined) {
    return `coupling(reverse_mask=${alternating === 1 ? 'False' : 'True'})`;
  }
  const bits = layer.mask.map((bit) => (bit === 1 ? 0 : 1)).join(', ');
  return `spline(mask=[${bits}], unconditional=${constant === undefined ? 'False' : 'True'})`;
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
  dict[`${at}.perm`] = integers(invertOrder(order));
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
  coupling: Conditioned,
  tensors: Tensors,
): Made {
  const { negated } = formOf(model);
  const scales = model.transform === 'affine';
  const sigmoid = model.scaleMap === 'sigmoid';
  // With the sigmoid, whether it multiplies or divides is the library's scale_map; only t changes its sign.
  const sign = (minus: boolean) => (minus ? { times: -1 } : {});
  const outputs = coupling.transformed.flatMap((feature): Output[] => [
    { of: 'shift', feature, ...sign(negated) },
    ...(scales ? [{ of: 'scale' as const, feature, ...sign(negated && !sigmoid) }] : []),
  ]);
  const net = mlpOf(model, coupling, coupling.identity, outputs, tensors);
  Object.assign(dict, sequentialTensors(`${at}.flows.1.param_map.net`, net));
  const mask = Array.from({ length: model.dim }, (_, i) => (coupling.identity.includes(i) ? 1 : 0));
  const map = sigmoid ? (negated ? 'sigmoid' : 'sigmoid_inv') : 'exp';
  const scale = scales ? `scale_map="${map}"` : 'scale=False';
  const widths = `${coupling.identity.length}, ${outputs.length}`;
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
  coupling: Conditioned,
  tensors: Tensors,
): Made {
  const { negated } = formOf(model);
  const all = range(model.dim);
  const sign = negated ? { times: -1 } : {};
  const net = (of: Output['of']): Mlp =>
    mlpOf(
      model,
      coupling,
      all,
      all.map((feature) => ({ of, feature, ...sign })),
      tensors,
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
      data.forEach((w, i) => (wide[data.length === model.dim ? i : coupling.transformed[i]!] = w));
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

function buildText(model: VectorModelConfig, hidden: readonly number[], lines: readonly string[]): string {
  const { dim, blocks, bins, splineBound } = model;
  const has = (call: string): boolean => lines.some((line) => line.includes(call));
  const leaky = model.activation === 'leaky-relu' ? model.slope : 0;
  const context = seenContext(model);
  const width = model.hidden[0]!;
  const channels = context > 0 ? `, num_context_channels=${context}` : '';
  const features = context > 0 ? `, context_features=${context}` : '';
  const activation = activationClass(model);
  const spline = model.transform === 'rationalQuadratic';
  const splineSize = `${dim}, ${blocks}, ${width}${channels}, num_bins=${bins}, tail_bound=${splineBound}, activation=${activation}`;
  const base =
    model.base.kind === 'conditionalNormal'
      ? `nf.distributions.base.ConditionalDiagGaussian(${dim}, ${baseNet(model, context)})`
      : model.base.kind === 'mixture'
        ? // Its weights start in float64.
          `nf.distributions.GaussianMixture(${model.base.components}, ${dim}).float()`
        : `nf.distributions.DiagGaussian(${dim})`;
  const residualNet = [
    'def net(inputs, outputs):',
    '    return nf.nets.ResidualNet(',
    `        inputs, outputs, hidden_features=${width}${features}, num_blocks=${blocks}, activation=(${activation})(),`,
    '    )',
  ];
  return [
    'import torch',
    'import normflows as nf',
    ...linesIf(has('    ActNorm('), actNormLines),
    ...linesIf(has('net('), [
      '',
      'def net(inputs, outputs, **options):',
      `    return nf.nets.MLP([inputs, ${hidden.map((width) => `${width}, `).join('')}outputs], leaky=${leaky.toFixed(6)}, **options)`,
    ]),
    ...linesIf(has('coupling(reverse_mask'), [
      '',
      'def coupling(reverse_mask):',
      '    return nf.flows.CoupledRationalQuadraticSpline(',
      `        ${splineSize}, reverse_mask=reverse_mask,`,
      '    )',
    ]),
    ...linesIf(has('spline(mask'), [
      'from normflows.flows.neural_spline.coupling import PiecewiseRationalQuadraticCoupling',
      '',
      ...(model.net === 'mlp' ? sequentialNet(model, model.hidden, context) : residualNet),
      '',
      'def spline(mask, unconditional):',
      '    layer = nf.flows.CoupledRationalQuadraticSpline(len(mask), 1, 1)',
      '    layer.prqct = PiecewiseRationalQuadraticCoupling(',
      `        torch.tensor(mask), net, num_bins=${bins}, tails="linear", tail_bound=${splineBound},`,
      '        apply_unconditional_transform=unconditional,',
      '    )',
      '    return layer',
    ]),
    ...linesIf(has('autoregressive()'), [
      '',
      'def autoregressive():',
      spline
        ? `    return nf.flows.AutoregressiveRationalQuadraticSpline(${splineSize})`
        : `    return nf.flows.MaskedAffineAutoregressive(${dim}, ${width}${features}, num_blocks=${blocks}, activation=(${activation})())`,
    ]),
    '',
    `flow = nf.${context > 0 ? 'Conditional' : ''}NormalizingFlow(${base}, [`,
    ...lines,
    '])',
  ].join('\n');
}
