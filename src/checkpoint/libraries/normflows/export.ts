/**
 * For normflows: MaskedAffineFlow, which takes any mask and a network each for s and t, or AffineCouplingBlock where
 * that is what the flow is. The library counts from latent to data and its couplings compute (x − t)·e⁻ˢ towards
 * latents; those that compute x·eˢ + t are wrapped in its Reverse.
 */
import { invertOrder, range } from '../../../base/order';
import { UserError } from '../../../base/user-error';
import type { VectorModelConfig } from '../../../config/schema';
import { permuteAxes, under } from '../../import/names';
import { actNormNames, baseNames, splits, swapOrder } from './import';
import { activationClass, python, sequentialNet } from '../../export-to/activations';
import { baseNet, baseTensors } from '../../export-to/context-encoder';
import {
  conditionedOf,
  hiddenWidths,
  knotsOfNflows,
  mlpOf,
  seenContext,
  type Conditioned,
  type Output,
  type Sees,
} from '../../export-to/conditioned';
import { partsOf, type VectorWriter } from '../../export-to/written-chain';
import {
  type Misfits,
  below,
  floats,
  integers,
  linesIf,
  listed,
  renamed,
  vector,
  type StateDict,
  type Tensors,
  type Written,
} from '../../export-to/state-dict';
import { sequentialTensors, valuesOf, type Mlp } from '../../export-to/nets';
import { couplingNet, madeTensors } from '../../export-to/residual-nets';
import type { ChainLayer, NamedLayer } from '../../import/vector-chain';
import { softplusOffset } from '../../import/splines';
import { checkContext, checkKnots, checkMadeTransform } from '../nflows/export';
import { linearTensors, matrixOfFactors } from '../nflows/write-linears';
import { constantShapes } from '../../import/constant-splines';
import { residualNames } from './residual';

export const normflowsVectors: VectorWriter = {
  advice: 'The preset normflows trains a flow that fits.',
  layers: ['coupling', 'autoregressive', 'actNorm', 'permute', 'lu', 'plu'],
  bases: ['normal', 'diagonalNormal', 'conditionalNormal', 'mixture'],
  transforms: ['affine', 'additive', 'rationalQuadratic'],
  context: true,
  check,
  write,
};

/** How each of our affine forms maps to one in normflows: run the other way round, or with −s and −t. */
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

function write(model: VectorModelConfig, chain: readonly NamedLayer[], tensors: Tensors): StateDict {
  const { base, flows } = partsOf(model, chain);
  const blocks = asBlocks(model, flows);
  const steps = stepsOf(model, flows, tensors).reverse();
  const list = listed(
    'flows.',
    steps.map((step) => writtenStep(model, step, blocks, tensors)),
  );
  return {
    tensors: { ...list.tensors, ...below('q0.', tensorsOfBase(model, base, tensors)) },
    build: buildText(model, blocks ? hiddenWidths(model) : model.hidden, list.lines),
    notes: [],
  };
}

/** @param name of the act norm that it is */
function tensorsOfBase(
  model: VectorModelConfig,
  name: string | undefined,
  tensors: Tensors,
): StateDict['tensors'] {
  const { base, dim } = model;
  if (base.kind === 'conditionalNormal') return baseTensors(model, tensors, 'context_encoder');
  if (base.kind === 'mixture') {
    const part = (tensorName: string) => {
      const { shape, data } = valuesOf(tensors, `base.${tensorName}`);
      return floats([1, ...shape], data);
    };
    return { loc: part('loc'), log_scale: part('logScale'), weight_scores: part('logits') };
  }
  const zeros = { shape: [dim], data: new Float32Array(dim) };
  const part = (tensorName: string) =>
    name === undefined ? zeros : valuesOf(tensors, `${name}.${tensorName}`);
  return renamed({ shift: part('shift'), logScale: part('logScale') }, baseNames);
}

function writtenStep(
  model: VectorModelConfig,
  { layer, constant, order }: Step,
  blocks: boolean,
  tensors: Tensors,
): Written {
  const { dim } = model;
  switch (layer.kind) {
    case 'permute':
      return permutation(layer.order);
    case 'actNorm':
      return {
        tensors: {
          ...renamed(tensors, under('', `${layer.name}.`, actNormNames)),
          // Else the library would set both from the first batch that it sees.
          data_dep_init_done: floats([], Float32Array.of(1)),
        },
        line: `${actNorm(model)}(${dim})`,
      };
    case 'lu':
      return {
        tensors: {
          ...below('linear.', linearTensors(layer, dim, tensors).tensors),
          'permutation._permutation': integers(order ?? range(dim)),
        },
        line: `nf.flows.LULinearPermute(${dim})`,
      };
    case 'plu':
      return {
        tensors: { W: matrixOf(layer, dim, tensors) },
        line: `nf.flows.InvertibleAffine(${dim}, use_lu=False)`,
      };
    case 'autoregressive': {
      const spline = model.transform === 'rationalQuadratic';
      const at = `${spline ? residualNames.inAutoregressive : ''}${residualNames.made}`;
      const written = {
        tensors: madeTensors(at, conditionedOf(model, layer, tensors)),
        line: 'autoregressive()',
      };
      return !spline && layer.sees === 'input' ? reversed(written) : written;
    }
    case 'coupling': {
      const coupling = conditionedOf(model, layer, tensors);
      if (model.transform === 'rationalQuadratic') return splineOf(coupling, constant);
      const written = blocks ? blockOf(coupling) : maskedOf(coupling);
      return formOf(model).reverse ? reversed(written) : written;
    }
    default:
      throw new Error(`${layer.kind} is not written for normflows.`);
  }
}

const reversed = ({ tensors, line }: Written): Written => ({
  tensors: below('flow.', tensors),
  line: `nf.flows.Reverse(${line})`,
});

/** Matrix of an InvertibleAffine: x·W from data to latent, without a bias. */
function matrixOf(
  layer: Extract<NamedLayer, { kind: 'plu' }>,
  dim: number,
  tensors: Tensors,
): StateDict['tensors'][string] {
  if (valuesOf(tensors, `${layer.name}.bias`).data.some((value) => value !== 0))
    throw new UserError(
      `This flow cannot be written for normflows: ${layer.name} has a bias, and InvertibleAffine has none. ` +
        'Train with "between": "lu", which LULinearPermute is.',
    );
  const { shape, data } = permuteAxes(
    { shape: [dim, dim], data: matrixOfFactors(layer, dim, tensors) },
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

type CouplingLayer = Extract<NamedLayer, { kind: 'coupling' }>;
type Coupling = Conditioned<CouplingLayer>;

/** Parts that one of their modules is made of. */
interface Step {
  layer: NamedLayer;
  /** The layer after a spline coupling, if its splines depend on nothing. */
  constant?: CouplingLayer;
  /** Permutation before a mixing layer. */
  order?: readonly number[];
}

/** From data to latent. A permutation and a mixing are one module, and so are splines of both parts. */
function stepsOf(model: VectorModelConfig, chain: readonly NamedLayer[], tensors: Tensors): Step[] {
  const steps: Step[] = [];
  for (const layer of chain) {
    const before = steps.at(-1);
    if (layer.kind === 'lu' && before?.layer.kind === 'permute') {
      steps[steps.length - 1] = { layer, order: before.layer.order };
    } else if (
      layer.kind === 'coupling' &&
      before?.layer.kind === 'coupling' &&
      before.constant === undefined &&
      layer.mask.every((bit, f) => bit !== (before.layer as typeof layer).mask[f]) &&
      isConstant(model, layer.name, tensors)
    ) {
      steps[steps.length - 1] = { ...before, constant: layer };
    } else steps.push({ layer });
  }
  return steps;
}

/** Whether a spline coupling gives the same splines for all examples. */
function isConstant(model: VectorModelConfig, name: string, tensors: Tensors): boolean {
  if (model.transform !== 'rationalQuadratic' || model.net !== 'residual') return false;
  return tensors[`${name}.net.out.weight`]!.data.every((weight) => weight === 0);
}

/** Whether all couplings are one network over one half of the features, which AffineCouplingBlock has. */
function asBlocks(model: VectorModelConfig, chain: readonly ChainLayer[]): boolean {
  const halved = chain.every((layer) => layer.kind !== 'coupling' || splitMode(layer.mask) !== undefined);
  const scales = model.transform === 'affine';
  const must = scales && model.scaleMap === 'sigmoid';
  const maps = !scales || model.scaleMap === 'exp' || (must && model.scaleEpsilon === 0);
  return halved && maps && (must || (model.nets === 'joint' && model.conditioning === 'selected'));
}

function check(misfits: Misfits, model: VectorModelConfig, chain: readonly ChainLayer[]): void {
  const spline = model.transform === 'rationalQuadratic';
  const couplings = chain.some(({ kind }) => kind === 'coupling');
  if (couplings && !spline) checkAffine(misfits, model, asBlocks(model, chain));
  checkKnots(misfits, model);
  if (couplings && spline) checkContext(misfits, model, 'input', 'gate');
  for (const layer of chain) if (layer.kind === 'autoregressive') checkMade(misfits, model, layer.sees);
  if (model.net === 'residual') misfits.only('netNorm', model.netNorm, false);
  if (model.base.kind === 'mixture') misfits.only('base.covariance', model.base.covariance, 'diagonal');
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
  misfits.check(model.context === 0, 'context', model.context, '0, which affine couplings of normflows take');
}

function checkMade(misfits: Misfits, model: VectorModelConfig, sees: Sees): void {
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

/**
 * A coupling of splines, and the splines of the other part, which depend on nothing.
 * @param constant the coupling that has these, if any
 */
function splineOf(coupling: Coupling, constant: CouplingLayer | undefined): Written {
  const { model, identity, transformed } = coupling;
  const { mask } = coupling.layer;
  const inner = {
    identity_features: integers(identity),
    transform_features: integers(transformed),
    ...couplingNet(residualNames.residual, coupling, (divisor) => knotsOfNflows(model, transformed, divisor)),
    ...(constant === undefined ? {} : constantTensors(coupling, constant)),
  };
  // A mask of the library's own is 1 for what is transformed.
  const alternating = [0, 1].find((first) => mask.every((bit, i) => bit === (i + first) % 2));
  const bits = mask.map((bit) => (bit === 1 ? 0 : 1)).join(', ');
  return {
    tensors: below(residualNames.inCoupling, inner),
    line:
      model.net === 'residual' && constant !== undefined && alternating !== undefined
        ? `coupling(reverse_mask=${python(alternating === 0)})`
        : `spline(mask=[${bits}], unconditional=${python(constant !== undefined)})`,
  };
}

function constantTensors({ model, tensors }: Coupling, constant: CouplingLayer): StateDict['tensors'] {
  const { transformed, heads } = conditionedOf(model, constant, tensors);
  const { data } = valuesOf(tensors, `${constant.name}.net.out.bias`);
  const shapes = constantShapes({ bins: model.bins, features: transformed.length });
  const written = [...shapes].map(([part, shape]) => {
    const of = (['widths', 'heights', 'derivatives'] as const).find((one) => part.endsWith(one))!;
    const plus = of === 'derivatives' ? softplusOffset : 0;
    const values = transformed.flatMap((feature) =>
      range(shape[1]).map((at) => data[heads[of]!.columnOf(feature, at)!]! + plus),
    );
    return [part, floats(shape, Float32Array.from(values))] as const;
  });
  const count = written.reduce((sum, [, values]) => sum + values.data.length, 0);
  if (count !== data.length) throw new Error(`${constant.name} has other splines.`);
  return below(residualNames.inConstant, Object.fromEntries(written));
}

/** Undefined where a block has none; of an odd number of features it has halves alone. */
function splitMode(mask: readonly number[]): string | undefined {
  const modes = Object.keys(splits).filter((mode) => mask.length % 2 === 0 || mode.startsWith('channel'));
  return modes.find((mode) => mask.every((bit, i) => (bit === 1) === splits[mode]!(i, mask.length)));
}

/** A permutation runs backwards from data to latent. */
function permutation(order: readonly number[]): Written {
  const { length } = order;
  if (swapOrder(length).every((from, i) => from === order[i]))
    return { tensors: {}, line: `nf.flows.Permute(${length}, mode="swap")` };
  return {
    tensors: { perm: integers(invertOrder(order)), inv_perm: integers(order) },
    line: `nf.flows.Permute(${length}, mode="shuffle")`,
  };
}

function blockOf(coupling: Coupling): Written {
  const { model, identity, layer } = coupling;
  const { negated } = formOf(model);
  const scales = model.transform === 'affine';
  const sigmoid = model.scaleMap === 'sigmoid';
  // With the sigmoid, whether it multiplies or divides is the library's scale_map; only t changes its sign.
  const sign = (minus: boolean) => (minus ? { times: -1 } : {});
  const outputs = coupling.transformed.flatMap((feature): Output[] => [
    { of: 'shift', feature, ...sign(negated) },
    ...(scales ? [{ of: 'scale' as const, feature, ...sign(negated && !sigmoid) }] : []),
  ]);
  const map = sigmoid ? (negated ? 'sigmoid' : 'sigmoid_inv') : 'exp';
  const scale = scales ? `scale_map="${map}"` : 'scale=False';
  const widths = `${identity.length}, ${outputs.length}`;
  return {
    tensors: sequentialTensors('flows.1.param_map.net', mlpOf(coupling, identity, outputs)),
    line: `nf.flows.AffineCouplingBlock(net(${widths}), ${scale}, split_mode="${splitMode(layer.mask)}")`,
  };
}

function maskedOf(coupling: Coupling): Written {
  const { model, layer } = coupling;
  const { dim } = model;
  const all = range(dim);
  const sign = formOf(model).negated ? { times: -1 } : {};
  const net = (of: Output['of']): Mlp => {
    const outputs = all.map((feature): Output => ({ of, feature, ...sign }));
    return mlpOf(coupling, all, outputs);
  };
  const dict = {
    b: floats([1, dim], Float32Array.from(layer.mask)),
    ...sequentialTensors('t.net', net('shift')),
  };
  const bits = `torch.tensor([${layer.mask.map((bit) => `${bit}.0`).join(', ')}])`;
  const t = `${bits}, t=net(${dim}, ${dim})`;
  if (model.transform === 'additive') return { tensors: dict, line: `nf.flows.MaskedAffineFlow(${t})` };
  const s = net('scale');
  const { factor, output } = factorOf(coupling);
  return {
    tensors: {
      ...dict,
      ...sequentialTensors('s.net', s),
      ...(factor ? { [`s.net.${2 * s.length}.scale`]: factor } : {}),
    },
    line: `nf.flows.MaskedAffineFlow(${t}, s=net(${dim}, ${dim}${output}))`,
  };
}

/** What tanh is multiplied by, where it is not 1, and the arguments of the network of scales. */
function factorOf({ model, tensors, layer, transformed }: Coupling): {
  factor?: StateDict['tensors'][string];
  output: string;
} {
  const { dim, scaleMap } = model;
  if (scaleMap === 'exp') return { output: '' };
  const tanh = ', output_fn="tanh"';
  const { data } = valuesOf(tensors, `${layer.name}.scale`);
  if (scaleMap !== 'tanh-channel' && data[0] === 1) return { output: tanh };
  if (scaleMap !== 'tanh-channel') return { factor: floats([], data), output: `${tanh}, output_scale=1.0` };
  // Given for the features that move, or for all.
  const wide = new Float32Array(dim).fill(1);
  data.forEach((w, i) => (wide[data.length === dim ? i : transformed[i]!] = w));
  return { factor: vector(wide), output: `${tanh}, output_scale=[1.0] * ${dim}` };
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
