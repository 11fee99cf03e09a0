/**
 * normflows' MaskedAffineFlow and AffineCouplingBlock, with ActNorm and Permute between them; what has residual networks
 * is in residual.ts. The library counts from latent to data, so its last layer is our first, and its maps run backwards:
 * (x − t)·e⁻ˢ.
 */
import { sizeOf } from '../../../base/shape';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import {
  chainImporter,
  trainedMixture,
  trainedNormal,
  mapColumns,
  maskOf,
  readMask,
  readOrder,
  type Chain,
  type OurLayer,
  type StepOf,
  type Values,
} from '../../import/chain-importer';
import {
  hiddenWords,
  linearStack,
  sizesOf,
  stackNames,
  type FileModule,
  type LinearStack,
} from '../../import/modules';
import { conditionalNormalOf } from '../../import/conditional-base';
import { matrixLayer, productOf } from '../../import/matrices';
import { permuteAxes, under, type Renaming } from '../../import/names';
import { answeredNumber, choice, chosen, gapQuestionOf } from '../../import/questions';
import type { TensorFile } from '../../import/types';
import type { VectorFields } from '../../import/vector-chain';
import { scaleMapQuestion, shiftSlopeQuestion, slopeQuestion } from './questions';
import {
  readResidual,
  readReversed,
  residualLayers,
  residualModel,
  residualQuestions,
  residualTitle,
  type Lu,
  type Residual,
} from './residual';
import { normflowsModules } from './modules';
import { refuse } from '../../import/unread';

const outputQuestion = choice(
  'scaleOutput',
  'Last function of the scale networks',
  'The `output_fn` argument of the networks s. With another one all numbers are wrong.',
  { none: 'none', tanh: 'tanh' },
);

/** With an output_scale in the file there is a function before it. */
const scaledOutputQuestion = choice(outputQuestion.key, outputQuestion.title, outputQuestion.detail, {
  tanh: 'tanh',
});

const splitQuestion = choice(
  'splitMode',
  'Split mode of the coupling blocks',
  'The `split_mode` argument of AffineCouplingBlock: which features condition.',
  {
    channel: 'channel: the first half conditions',
    channel_inv: 'channel_inv: the second half conditions',
    checkerboard: 'checkerboard: features 2, 4, … condition',
    checkerboard_inv: 'checkerboard_inv: features 1, 3, … condition',
  },
);

const gapQuestion = gapQuestionOf({ swap: 'Permute(mode="swap")', none: 'layers that change nothing' });

const lastQuestion = choice(
  'lastPermute',
  'Permutation after the last block',
  'A permutation at the end of the list leaves no trace in the file. In the usual list each block has one after it.',
  { yes: 'yes, as after the other blocks', no: 'no' },
);

const baseQuestion = choice(
  'base',
  'Base distribution',
  'The file has no tensors of one. A Uniform has none, and neither has a file of the flows alone.',
  { DiagGaussian: 'DiagGaussian, standard normal', Uniform: 'Uniform' },
);
const cornerQuestion = (key: 'low' | 'high', fallback: number): ImportQuestion => ({
  key,
  title: key === 'low' ? 'Lower end of a Uniform' : 'Upper end of a Uniform',
  detail: `The \`${key}\` argument of Uniform, if that is the base.`,
  answer: { kind: 'number', default: fallback },
});
const lowQuestion = cornerQuestion('low', -1);
const highQuestion = cornerQuestion('high', 1);

type Masked = ReturnType<typeof readMasked>;
type Block = ReturnType<typeof readBlock>;

type Coupling = Masked | Block | Residual;

type Other = StepOf<'actNorm' | 'permute' | 'gap' | 'matrix' | 'factors'> | Lu;

type NormflowsChain = Chain<Coupling, Other>;

const blockNet = 'flows.1.param_map.';

/** Below the prefix of an ActNorm. */
export const actNormNames: readonly Renaming[] = [
  { library: 's', flowscope: 'logScale', transform: 'row' },
  { library: 't', flowscope: 'shift', transform: 'row' },
];

/** Below "q0.". */
export const baseNames: readonly Renaming[] = [
  { library: 'log_scale', flowscope: 'logScale', transform: 'row' },
  { library: 'loc', flowscope: 'shift', transform: 'row' },
];

const runsOther = 'runs the other way than';
const otherKind = 'is not of the same kind as';

/** Whether a coupling has networks of s and t of unlike sizes. */
const areUnlike = ({ s, t }: { s?: LinearStack; t?: LinearStack }): boolean =>
  s !== undefined && t !== undefined && s.hidden.join() !== t.hidden.join();

/** Whether the slope of the networks of t is a question of its own. */
const hasShiftSlope = ({ file, first }: NormflowsChain): boolean =>
  first.kind === 'masked' &&
  (areUnlike(first) ||
    (file.modules !== undefined && first.s !== undefined && (first.t?.hidden.length ?? 0) > 0));

/** @param at where it is in the list: in a Reverse its own name is longer */
function readMasked(module: FileModule, at: string, reverse: boolean) {
  const { prefix: inner } = module;
  const features = module.length('b') ?? refuse(`${inner}b is not a mask of features, such as [1, 2]`);
  const isScale = (rest: string) => /^[st]\.net\.\d+\.scale$/.test(rest);
  const scales = module.rests.filter(isScale);
  const others = module.filtered((rest) => rest !== 'b' && !isScale(rest));
  others.refuseUnless((rest) => /^[st]\.net\./.test(rest));
  const stacks: { s?: LinearStack; t?: LinearStack } = {};
  for (const path of ['s', 't'] as const) {
    const net = others.within(`${path}.`);
    if (net.rests.length === 0) continue;
    const stack = linearStack(net, 'last');
    if (stack.widths[0] !== features || stack.widths.at(-1) !== features)
      refuse(`${stack.prefix} is not a network from ${features} features to ${features}`);
    stacks[path] = stack;
  }
  const { s, t } = stacks;
  const any = s ?? t ?? refuse(`${inner} has no network`);
  const expected = `s.net.${(s?.numbers.at(-1) ?? NaN) + 2}.scale`;
  if (scales.length > 1 || (scales.length === 1 && scales[0] !== expected))
    refuse(`${inner}${scales[0]} scales the output of a network of t or before its function`);
  if (areUnlike(stacks) && [s, t].some((one) => one!.hidden.length === 0))
    refuse(`${inner} has a network without hidden layers beside one that has some`);
  const scale = scales.length === 1 ? `${inner}${expected}` : undefined;
  // Length of the factor of tanh: 1 for a scalar.
  const length = scale === undefined ? undefined : (module.shape(expected)?.at(-1) ?? 1);
  return {
    kind: 'masked' as const,
    at,
    features,
    reverse,
    /** Up to its tensors, which in a Reverse are below "flow.". */
    inner,
    ...stacks,
    /** Name of the factor of tanh, of one number or one a feature. */
    scale,
    perFeature: (length ?? 1) > 1,
    alike: {
      [otherKind]: 'masked',
      ...sizesOf(any),
      ...(areUnlike(stacks) ? { 'has a network of t of another size than': t!.hidden } : {}),
      [runsOther]: reverse,
      'has another output function than': length,
    },
  };
}

function readBlock(module: FileModule, at: string, reverse: boolean) {
  module.refuseUnless((rest) => rest.startsWith(blockNet));
  const stack = linearStack(module.within(blockNet), 'last');
  const [inputs, outputs] = [stack.widths[0]!, stack.widths.at(-1)!];
  // Halves, of which the first is the larger one in an odd number. From 2 to 2 is one of 3 features or, without a scale,
  // of 4; the base distribution tells.
  const readings = [
    { moving: outputs / 2, additive: false },
    { moving: outputs, additive: true },
  ].filter(({ moving }) => Number.isInteger(moving) && Math.abs(inputs - moving) <= 1);
  // Prefix of the whole flow, even where the block is part of a composition: "flows.0._flows.1".
  const root = /^(?:.*?\.)?(?=flows\.\d)/.exec(at)?.[0] ?? '';
  const base = module.file.tensors.get(`${root}q0.loc`)?.shape.at(-1);
  const reading =
    readings.find(({ moving }) => inputs + moving === base) ??
    readings[0] ??
    refuse(`${stack.prefix} does not go from one half of the features to the other`);
  const features = inputs + reading.moving;
  const alike = { [otherKind]: 'block', ...sizesOf(stack), [runsOther]: reverse };
  return { kind: 'block' as const, at, features, reverse, stack, additive: reading.additive, alike };
}

function readCoupling(module: FileModule, at: string, reverse: boolean): Masked | Block | undefined {
  if (module.rests.includes('b')) return readMasked(module, at, reverse);
  return module.within(blockNet).rests.length > 0 ? readBlock(module, at, reverse) : undefined;
}

function readStep(module: FileModule): Coupling | Other {
  const { at, prefix, rests } = module;
  if (module.isWithin('flow.')) {
    const inner = module.within('flow.');
    return (
      readCoupling(inner, at, true) ??
      readReversed(inner) ??
      refuse(`${prefix} is a Reverse of something else than a coupling`)
    );
  }
  const known = readCoupling(module, at, false) ?? readResidual(module);
  if (known !== undefined) return known;
  if (rests.includes('perm')) {
    const features = module.length('inv_perm') ?? refuse(`${prefix}inv_perm is missing`);
    return { kind: 'permute', at, features };
  }
  const matrix = matrixStep(module);
  if (matrix) return matrix;
  const features = module.length('s');
  const parts = ['s', 't', 'data_dep_init_done'];
  const isNorm = module.length('t') === features && rests.every((rest) => parts.includes(rest));
  if (features !== undefined && isNorm) return { kind: 'actNorm', at, features };
  refuse(`${prefix}${rests[0]} belongs to a layer that is not known`);
}

const factors = ['P', 'L', 'U', 'log_S', 'sign_S', 'eye'];

/** An InvertibleAffine, as one matrix or in factors. */
function matrixStep(module: FileModule): StepOf<'matrix' | 'factors'> | undefined {
  const { at, rests } = module;
  const isWhole = rests.join() === 'W';
  const features = module.shape(isWhole ? 'W' : 'log_S')?.[0] ?? 0;
  const isSquare = (name: string): boolean => module.shape(name)?.join() === `${features},${features}`;
  if (isWhole) return isSquare('W') ? { kind: 'matrix', at, features } : undefined;
  const isFactored = factors.toSorted().join() === rests.toSorted().join() && ['P', 'L', 'U'].every(isSquare);
  return isFactored ? { kind: 'factors', at, features } : undefined;
}

/** From data to latent x·W, where W is P·L·U with the diagonal of U apart. */
async function matrixOf(
  file: TensorFile,
  { at, kind }: StepOf<'matrix' | 'factors'>,
  size: number,
): Promise<Values> {
  const read = async (name: string) => (await file.read(`${at}.${name}`)).data;
  const shape = [size, size];
  if (kind === 'matrix') return permuteAxes({ shape, data: await read('W') }, [1, 0]);
  const [p, l, u, logs, signs] = await Promise.all(['P', 'L', 'U', 'log_S', 'sign_S'].map(read));
  const square = (entry: (row: number, column: number) => number): Float64Array =>
    Float64Array.from({ length: size * size }, (_, i) => entry(Math.floor(i / size), i % size));
  const lower = square((i, j) => (i === j ? 1 : i > j ? l![i * size + j]! : 0));
  const upper = square((i, j) =>
    i === j ? signs![i]! * Math.exp(logs![i]!) : i < j ? u![i * size + j]! : 0,
  );
  const times = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array =>
    productOf(`${file.file}: ${at}`, [size, size, size], a, b);
  return permuteAxes({ shape, data: Float32Array.from(times(p!, times(lower, upper))) }, [1, 0]);
}

function hiddenOf(coupling: Masked | Block): number[] {
  return coupling.kind === 'block' ? coupling.stack.hidden : (coupling.s ?? coupling.t)!.hidden;
}

/** Which features condition, by the split mode. */
export const splits: Record<string, (i: number, features: number) => boolean> = {
  channel: (i, features) => i < Math.ceil(features / 2),
  channel_inv: (i, features) => i >= Math.ceil(features / 2),
  checkerboard: (i) => i % 2 === 1,
  checkerboard_inv: (i) => i % 2 === 0,
};

/** From data to latent: the place i of Permute(mode="swap") run backwards. */
export function swapOrder(features: number): number[] {
  return Array.from({ length: features }, (_, i) => (i + Math.ceil(features / 2)) % features);
}

/** The same layer widths, all zero: what an absent network of s or t gives. */
function zeroNet(like: Readonly<Record<string, Values>>, from: string, to: string): Record<string, Values> {
  return Object.fromEntries(
    Object.entries(like)
      .filter(([name]) => name.startsWith(from))
      .map(([name, { shape }]) => [
        to + name.slice(from.length),
        { shape, data: new Float32Array(sizeOf(shape)) },
      ]),
  );
}

/** An additive block has no s: its outputs get zeros for s between them. */
function withZeroScales(tensors: Record<string, Values>, layer: string): void {
  for (const part of ['weight', 'bias']) {
    const { shape, data } = tensors[`${layer}.${part}`]!;
    const wide = new Float32Array(2 * data.length);
    data.forEach((x, i) => (wide[2 * i] = x));
    tensors[`${layer}.${part}`] = { shape: [...shape.slice(0, -1), 2 * shape.at(-1)!], data: wide };
  }
}

/** Whether no coupling has a scale. */
const shiftsOnly = ({ couplings }: NormflowsChain): boolean =>
  couplings.every((coupling) =>
    coupling.kind === 'masked' ? !coupling.s : coupling.kind === 'block' && coupling.additive,
  );

/** Either all couplings of a chain are or none. */
const isResidual = (coupling: Coupling): coupling is Residual => 'net' in coupling;

/** With an output_scale in the file there is a function before it. */
const outputQuestionOf = ({ scale }: Masked): ImportQuestion =>
  scale ? scaledOutputQuestion : outputQuestion;

const hasGaps = ({ steps }: NormflowsChain): boolean => steps.some(({ kind }) => kind === 'gap');

/** Whether a gap may be at the end of the list; the list shows one that comes after the last coupling. */
function mayEndInGap(chain: NormflowsChain): boolean {
  const { steps } = chain;
  const last = steps.findLastIndex((step) => 'alike' in step);
  return hasGaps(chain) && steps.slice(last).every(({ kind }) => kind !== 'gap');
}

function questions(chain: NormflowsChain): ImportQuestion[] {
  const { first, features } = chain;
  const gaps = [
    ...(hasGaps(chain) ? [gapQuestion] : []),
    ...(mayEndInGap(chain) ? [lastQuestion] : []),
    ...(chain.base === undefined ? [baseQuestion, lowQuestion, highQuestion] : []),
  ];
  if (isResidual(first)) return [...residualQuestions(first, chain.couplings.length), ...gaps];
  return [
    ...(hiddenOf(first).length > 0 ? [slopeQuestion] : []),
    ...(hasShiftSlope(chain) ? [shiftSlopeQuestion] : []),
    ...(first.kind === 'masked' && !shiftsOnly(chain) ? [outputQuestionOf(first)] : []),
    ...(first.kind === 'block' && !first.additive ? [scaleMapQuestion()] : []),
    ...(first.kind === 'block' && features % 2 === 0 ? [splitQuestion] : []),
    ...gaps,
  ];
}

/** From data to latent, with a permutation that no number stands for. */
function order(chain: NormflowsChain, answers: ImportAnswers): (Coupling | Other)[] {
  const { steps } = chain;
  const backwards = steps.toReversed();
  if (!hasGaps(chain)) return backwards;
  if (chosen(answers, gapQuestion) !== 'swap') return backwards.filter(({ kind }) => kind !== 'gap');
  if (!mayEndInGap(chain) || chosen(answers, lastQuestion) !== 'yes') return backwards;
  const at = steps[0]!.at.replace(/\d+$/, String(steps.length));
  return [{ kind: 'gap', at }, ...backwards];
}

const mapOf = ({ additive }: Block, answers: ImportAnswers) =>
  additive ? 'exp' : chosen<'exp' | 'sigmoid' | 'sigmoid_inv'>(answers, scaleMapQuestion());

const hasTanh = (first: Masked, answers: ImportAnswers): boolean =>
  chosen(answers, outputQuestionOf(first)) === 'tanh';

const leaky = (slope: number) =>
  slope === 0 ? { activation: 'relu' as const } : { activation: 'leaky-relu' as const, slope };

function model(chain: NormflowsChain, answers: ImportAnswers): VectorFields {
  const { first } = chain;
  if (isResidual(first)) return residualModel(first, answers);
  const hidden = hiddenOf(first);
  const common: VectorFields = {
    hidden,
    ...leaky(hidden.length > 0 ? answeredNumber(answers, slopeQuestion) : 0),
  };
  if (shiftsOnly(chain)) {
    return {
      ...common,
      transform: 'additive',
      ...(first.kind === 'masked'
        ? { nets: 'separate', conditioning: 'masked' }
        : { nets: 'joint', conditioning: 'selected' }),
    };
  }
  if (first.kind === 'masked') {
    const tanh = first.perFeature ? 'tanh-channel' : 'tanh-scalar';
    return {
      ...common,
      nets: 'separate',
      conditioning: 'masked',
      affine: first.reverse ? 'scale-then-shift' : 'inverse-scale-then-shift',
      scaleMap: hasTanh(first, answers) ? tanh : 'exp',
    };
  }
  const map = mapOf(first, answers);
  // From data to latent it multiplies by the sigmoid, (x + t)·eˢ with t = −shift; in a Reverse, x·e⁻ˢ − t.
  const affine = map === 'sigmoid' ? 'shift-then-scale' : 'inverse-scale-then-shift';
  const reversed = map === 'sigmoid' ? 'inverse-shift-then-scale' : 'scale-then-shift';
  return {
    ...common,
    nets: 'joint',
    conditioning: 'selected',
    outputOrder: 'shift-scale',
    outputLayout: 'interleaved',
    affine: first.reverse ? reversed : affine,
    ...(map === 'exp' ? { scaleMap: 'exp' } : { scaleMap: 'sigmoid', scaleEpsilon: 0 }),
  };
}

/** From data to latent, a coupling without a scale subtracts what its network gives, unless it is in a Reverse. */
function subtracts(tensors: Record<string, Values>, net: string, coupling: Masked | Block): void {
  if (!coupling.reverse) mapColumns(tensors, `${net}.${hiddenOf(coupling).length}`, (x) => -x);
}

async function masked(step: Masked, chain: NormflowsChain, answers: ImportAnswers): Promise<OurLayer> {
  const { at, inner, s, t, scale } = step;
  const { file, first } = chain;
  const shiftSlope = hasShiftSlope(chain) ? answeredNumber(answers, shiftSlopeQuestion) : undefined;
  const isOther = areUnlike(step) || (shiftSlope ?? 0) !== answeredNumber(answers, slopeQuestion);
  const layer = await readMask(file, `${inner}b`);
  if (layer.kind === 'coupling' && shiftSlope !== undefined && isOther) {
    const { activation } = leaky(shiftSlope);
    layer.shiftNet = { kind: 'mlp', hidden: t!.hidden, contextEntry: 'input', activation, slope: shiftSlope };
  }
  return {
    at,
    layer,
    table: [...(s ? stackNames(s, 'scaleNet.') : []), ...(t ? stackNames(t, 'shiftNet.') : [])],
    async adapt(tensors, name) {
      if (shiftsOnly(chain)) {
        subtracts(tensors, `${name}.shiftNet`, step);
        return;
      }
      if (!s) Object.assign(tensors, zeroNet(tensors, `${name}.shiftNet.`, `${name}.scaleNet.`));
      if (!t) Object.assign(tensors, zeroNet(tensors, `${name}.scaleNet.`, `${name}.shiftNet.`));
      if (first.kind !== 'masked' || !hasTanh(first, answers)) return;
      const factor = scale === undefined ? Float32Array.of(1) : (await file.read(scale)).data;
      tensors[`${name}.scale`] = { shape: [factor.length], data: factor };
    },
  };
}

function block(step: Block, chain: NormflowsChain, answers: ImportAnswers): OurLayer {
  const { at, stack, additive } = step;
  const { features, first } = chain;
  const onlyMode = stack.widths[0]! > features / 2 ? 'channel' : 'channel_inv';
  const mode = features % 2 === 1 ? onlyMode : chosen<string>(answers, splitQuestion);
  return {
    at,
    layer: maskOf(features, (i) => splits[mode]!(i, features)),
    table: stackNames(stack, 'net.'),
    adapt(tensors, name) {
      if (shiftsOnly(chain)) {
        subtracts(tensors, `${name}.net`, step);
        return;
      }
      const last = `${name}.net.${stack.hidden.length}`;
      if (additive) withZeroScales(tensors, last);
      if (first.kind !== 'block' || mapOf(first, answers) !== 'sigmoid') return;
      mapColumns(tensors, last, (x, column) => (column % 2 === 0 ? -x : x));
    },
  };
}

export const normflows = chainImporter<Coupling, Other>({
  name: 'normflows',
  modules: normflowsModules,
  list: 'flows',
  ownNames: /(^|\.)flows\.\d+\.(flows\.1\.param_map|[st]\.net|prqct|mprqat)\./,
  nested: '_flows',
  // The target, which its training by reverse KL divergence knows.
  idle: /^p\./,
  lacks: 'flows.0.b, flows.0.flows.1.param_map.net.0.weight, or flows.0.prqct.identity_features',
  readStep,
  gap: (at) => ({ kind: 'gap', at }),
  base: {
    prefix: 'q0.',
    readers: [
      {
        kind: 'DiagGaussian',
        names: ['loc', 'log_scale'],
        read: ([loc, logScale]) => trainedNormal(loc!, logScale!),
      },
      {
        kind: 'GaussianMixture',
        names: ['loc', 'log_scale', 'weight_scores'],
        shapes: (features) => [
          [1, -1, features],
          [1, -1, features],
          [1, -1],
        ],
        read: ([loc, logScale, scores]) => trainedMixture(scores!, loc!, logScale!),
      },
      {
        kind: 'AffineGaussian',
        names: ['transform.s', 'transform.t'],
        read: ([logScale, loc]) => trainedNormal(loc!, logScale!),
      },
      conditionalNormalOf('ConditionalDiagGaussian', 'context_encoder.'),
    ],
    absent(answers) {
      if (chosen(answers, baseQuestion) !== 'Uniform') return undefined;
      const [lower, upper] = [answeredNumber(answers, lowQuestion), answeredNumber(answers, highQuestion)];
      return { base: { kind: 'uniform', lower, upper } };
    },
  },
  check: (coupling) => (isResidual(coupling) && coupling.blocked !== undefined ? [coupling.blocked] : []),
  title(chain) {
    const { couplings, first } = chain;
    if (isResidual(first)) return residualTitle(couplings.filter(isResidual));
    const map = shiftsOnly(chain) ? 'additive ' : first.kind === 'masked' ? 'affine ' : '';
    const kind = first.kind === 'masked' ? `masked ${map}couplings` : `${map}coupling blocks`;
    const ofShift = first.kind === 'masked' && areUnlike(first) ? ` and ${hiddenWords(first.t!.hidden)}` : '';
    return `${couplings.length} ${kind}, networks ${hiddenWords(hiddenOf(first))}${ofShift}`;
  },
  questions,
  model,
  order,
  async layers(step, chain, answers) {
    const { at } = step;
    switch (step.kind) {
      case 'masked':
        return masked(step, chain, answers);
      case 'block':
        return block(step, chain, answers);
      case 'actNorm':
        return { at, layer: { kind: 'actNorm' }, table: under(`${at}.`, '', actNormNames) };
      case 'permute':
        return { at, layer: await readOrder(chain.file, `${at}.inv_perm`) };
      case 'matrix':
      case 'factors': {
        const { file, features } = chain;
        return { at, ...matrixLayer(`${file.file}: ${at}`, await matrixOf(file, step, features)) };
      }
      case 'lu':
      case 'splineCoupling':
      case 'splineAutoregressive':
      case 'affineAutoregressive':
        return residualLayers(chain.file, step, chain.features);
      case 'gap':
        return { at, layer: { kind: 'permute', order: swapOrder(chain.features) } };
    }
  },
});
