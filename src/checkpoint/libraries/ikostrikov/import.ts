/**
 * ikostrikov/pytorch-flows: a FlowSequential of CouplingLayer or MADE with BatchNormFlow and Reverse between them, as its
 * main.py builds them for `--flow realnvp` and `--flow maf`, with or without conditions; from data to latent as it is in the file.
 */
import { range } from '../../../base/order';
import { inverseSoftplus } from '../../../base/softplus';
import { UserError } from '../../../base/user-error';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import {
  chainImporter,
  maskOf,
  withSeen,
  type Chain,
  type OurLayer,
  type StepOf,
  type Values,
} from '../../import/chain-importer';
import { checkMasks } from '../../import/made';
import { matrixLayer } from '../../import/matrices';
import {
  hiddenWords,
  layerWidths,
  linearStack,
  otherContext,
  otherSize,
  sizesOf,
  stackNames,
  type FileModule,
} from '../../import/modules';
import { linearNames, permuteAxes, runningNames, under, type Renaming } from '../../import/names';
import { activationChoice, activationOf, choice, chosen, gapQuestionOf } from '../../import/questions';
import type { TensorFile } from '../../import/types';
import type { VectorFields } from '../../import/vector-chain';
import { refuse } from '../../import/unread';

const sQuestion = activationChoice('tanh', 'sActivation', 'Activation of the scale networks');
const tQuestion = activationChoice('relu', 'tActivation', 'Activation of the translation networks');
const madeQuestion = activationChoice('relu');

const maskQuestion = choice(
  'mask',
  'Masks of the couplings',
  'Masks are not in the file. In main.py they alternate, beginning with `torch.arange(0, num_inputs) % 2`.',
  {
    'odd-first': 'features 2, 4, … condition first (as in main.py)',
    'even-first': 'features 1, 3, … condition first',
  },
);

const gapQuestion = gapQuestionOf({ reverse: 'Reverse (as in main.py)', none: 'layers that change nothing' });

const lastQuestion = choice(
  'lastReverse',
  'Reverse after the last block',
  'A Reverse at the end leaves no trace in the file. In main.py each block has one after it.',
  { yes: 'yes, as after the other blocks', no: 'no' },
);

type Coupling = ReturnType<typeof readCoupling>;
type Made = ReturnType<typeof readMade>;
type Affine = Coupling | Made;
type Other = StepOf<'batchNorm' | 'reverse' | 'matrix'>;
type FlowChain = Chain<Affine, Other>;

const otherKind = 'is not of the same kind as';
const conditionLayer = 'joiner.cond_linear.weight';

/** Least gain of our batch norm, and the value that it adds to the variance. */
const gainFloor = 1e-5;
const epsilon = 1e-5;

const normNames: readonly Renaming[] = [
  { library: 'log_gamma', flowscope: 'gain', transform: 'same' },
  { library: 'beta', flowscope: 'bias', transform: 'same' },
  ...runningNames(),
];

function readCoupling(module: FileModule) {
  const s = linearStack(module.within('scale_net.'));
  const t = linearStack(module.within('translate_net.'));
  module.refuseUnless((rest) => /^(scale|translate)_net\./.test(rest));
  const features = s.widths.at(-1)!;
  const context = s.widths[0]! - features;
  if (context < 0) refuse(`${s.prefix} is not a network from ${features} features to ${features}`);
  if (t.widths.join() !== s.widths.join()) refuse(`${t.prefix} has other widths than ${s.prefix}`);
  return {
    kind: 'coupling' as const,
    at: module.at,
    features,
    s,
    t,
    /** Numbers of a condition that its networks see behind the features. */
    context,
    alike: { [otherKind]: 'coupling', ...sizesOf(s), [otherContext]: context },
  };
}

function readMade(module: FileModule) {
  const { file, prefix, rests } = module;
  const condition = module.shape(conditionLayer);
  const context = condition?.[1] ?? 0;
  const numbers = rests.flatMap((rest) => {
    const match = /^trunk\.([1-9]\d*)\.mask$/.exec(rest);
    return match ? [Number(match[1])] : [];
  });
  const trunk = numbers.sort((a, b) => a - b);
  if (trunk.length === 0 || trunk.some((number, i) => number !== 2 * i + 1))
    refuse(`${prefix}trunk is not masked layers with an activation before each`);
  const parts = ['joiner', ...trunk.map((number) => `trunk.${number}`)];
  const known = new Set(
    parts.flatMap((part) => ['mask', 'linear.weight', 'linear.bias'].map((x) => `${part}.${x}`)),
  );
  module.refuseUnless((rest) => known.has(rest) || rest === conditionLayer);
  const widths = layerWidths(
    file,
    parts.map((part) => `${prefix}${part}.linear`),
  );
  const unmasked = parts.findIndex(
    (part, i) => module.shape(`${part}.mask`)?.join() !== `${widths[i + 1]},${widths[i]}`,
  );
  if (unmasked >= 0) refuse(`${prefix}${parts[unmasked]}.mask is not of the shape of its weight`);
  const features = widths[0]!;
  if (widths.at(-1) !== 2 * features) {
    refuse(
      `${prefix}${parts.at(-1)} gives ${widths.at(-1)} values for ${features} features; expected ${2 * features}`,
    );
  }
  const hidden = widths.slice(1, -1);
  if (condition && condition.join() !== [hidden[0], context].join())
    refuse(`${prefix}${conditionLayer} is not of the shape [${hidden[0]}, numbers of a condition]`);
  return {
    kind: 'made' as const,
    at: module.at,
    features,
    /** Its masked layers below it: "joiner", "trunk.1", "trunk.3". */
    parts,
    hidden,
    /** Numbers of a condition, which a layer of its own adds to the first one. */
    context,
    alike: { [otherKind]: 'made', [otherSize]: hidden.join(), [otherContext]: context },
  };
}

function readStep(module: FileModule): Affine | Other {
  const { at, rests } = module;
  const parts = [...new Set(rests.map((rest) => rest.split('.')[0]!))];
  if (parts.includes('scale_net') || parts.includes('translate_net')) return readCoupling(module);
  if (parts.includes('joiner')) return readMade(module);
  const features = module.length('log_gamma');
  const isNorm =
    features !== undefined &&
    parts.length === normNames.length &&
    normNames.every(({ library }) => module.shape(library as string)?.join() === `${features}`);
  if (isNorm) return { kind: 'batchNorm', at, features };
  const matrix = module.shape('W') ?? [];
  if (rests.length === 1 && matrix.length === 2 && matrix[0] === matrix[1])
    return { kind: 'matrix', at, features: matrix[0]! };
  if (parts.includes('log_S'))
    refuse(`the permutation and the signs of ${at}, an LUInvertibleMM, which its state dict does not hold`);
  refuse(`${at} (${parts.slice(0, 4).join(', ')}) is not a CouplingLayer, a MADE or a BatchNormFlow`);
}

const hiddenOf = (first: Affine): number[] => (first.kind === 'made' ? first.hidden : first.s.hidden);

const hasGaps = ({ steps }: FlowChain): boolean => steps.some(({ kind }) => kind === 'reverse');

function questions(chain: FlowChain): ImportQuestion[] {
  const gaps = hasGaps(chain);
  const isMade = chain.first.kind === 'made';
  return [
    ...(isMade ? [madeQuestion] : [sQuestion, tQuestion, maskQuestion]),
    ...(gaps ? [gapQuestion] : []),
    ...(gaps || isMade ? [lastQuestion] : []),
  ];
}

function model({ first }: FlowChain, answers: ImportAnswers): VectorFields {
  const { context } = first;
  const common: VectorFields = {
    hidden: hiddenOf(first),
    scaleMap: 'exp',
    normEpsilon: epsilon,
    ...(context > 0 ? { context } : {}),
  };
  if (first.kind === 'made') {
    return {
      ...common,
      nets: 'joint',
      // Hidden units depend on one feature at least.
      ...(context > 0 ? { contextFirst: false } : {}),
      activation: activationOf(answers, madeQuestion),
      affine: 'inverse-scale-then-shift',
      outputOrder: 'shift-scale',
      outputLayout: 'halves',
    };
  }
  const [activation, shiftActivation] = [activationOf(answers, sQuestion), activationOf(answers, tQuestion)];
  return {
    ...common,
    nets: 'separate',
    conditioning: 'masked',
    activation,
    ...(shiftActivation === activation ? {} : { shiftActivation }),
    affine: 'scale-then-shift',
  };
}

function order(chain: FlowChain, answers: ImportAnswers): readonly (Affine | Other)[] {
  const { steps, first } = chain;
  const gaps = hasGaps(chain);
  if (gaps && chosen(answers, gapQuestion) !== 'reverse')
    return steps.filter(({ kind }) => kind !== 'reverse');
  if (!(gaps || first.kind === 'made') || chosen(answers, lastQuestion) !== 'yes') return steps;
  const at = steps[0]!.at.replace(/\d+$/, String(steps.length));
  return [...steps, { kind: 'reverse', at }];
}

/**
 * e^logGamma·(x − μ)/√v as our batch norm, softplus(gain)·(x − μ)/√(variance + ε): the library's variances have
 * their ε in them already.
 */
function normalize(file: TensorFile, at: string, tensors: Record<string, Values>, name: string): void {
  const gain = tensors[`${name}.gain`]!;
  const variance = tensors[`${name}.variance`]!;
  const without = variance.data.map((v) => Math.max(0, v - epsilon));
  const gains = gain.data.map((logGamma, i) => {
    const v = variance.data[i]!;
    const scale = Math.exp(logGamma) * Math.sqrt((without[i]! + epsilon) / v) - gainFloor;
    if (v > 0 && scale > 0 && scale < Infinity) return inverseSoftplus(scale);
    throw new UserError(
      `${file.file}: ${at} scales feature ${i} by e^${logGamma} over the root of ${v}; expected a variance above 0 and a ` +
        `gain above ${gainFloor}, which a batch norm here has at least.`,
    );
  });
  tensors[`${name}.variance`] = { shape: variance.shape, data: without };
  tensors[`${name}.gain`] = { shape: gain.shape, data: gains };
}

async function made({ at, parts, hidden, features, context }: Made, { file }: FlowChain): Promise<OurLayer> {
  const order = range(features);
  const outputs = [...hidden, 2 * features];
  const layers = parts.map((part, i) => ({ mask: `${at}.${part}.mask`, outputs: outputs[i]! }));
  await checkMasks(file, order, layers, { layout: 'halves' });
  const condition = context > 0 ? await file.read(`${at}.${conditionLayer}`) : undefined;
  return {
    at,
    layer: { kind: 'autoregressive', order, sees: 'input' },
    table: parts.flatMap((part, i) => under(`${at}.${part}.linear.`, `net.${i}.`, linearNames)),
    adapt(tensors, name) {
      // Ours sees the condition behind the features.
      if (condition) withSeen(tensors, `${name}.net.0`, permuteAxes(condition, [1, 0]).data);
    },
  };
}

export const ikostrikov = chainImporter<Affine, Other>({
  name: 'ikostrikov/pytorch-flows',
  list: '',
  lacks: '0.scale_net.0.weight, or 0.joiner.linear.weight',
  readStep,
  gap: (at) => ({ kind: 'reverse', at }),
  title(chain) {
    const { couplings, first, steps } = chain;
    const kind =
      first.kind === 'made' ? 'masked autoregressive layers, networks' : 'couplings, networks s and t';
    const norms = steps.some(({ kind }) => kind === 'batchNorm') ? ', batch norm' : '';
    return `${couplings.length} ${kind} ${hiddenWords(hiddenOf(first))}${norms}`;
  },
  questions,
  model,
  order,
  async layers(step, chain, answers) {
    const { file, features, couplings } = chain;
    const { at } = step;
    switch (step.kind) {
      case 'coupling': {
        const first = chosen(answers, maskQuestion) === 'odd-first' ? 1 : 0;
        const parity = (couplings.indexOf(step) + first) % 2;
        return {
          at,
          layer: maskOf(features, (i) => i % 2 === parity),
          table: [...stackNames(step.s, 'scaleNet.'), ...stackNames(step.t, 'shiftNet.')],
        };
      }
      case 'made':
        return made(step, chain);
      case 'batchNorm':
        return {
          at,
          layer: { kind: 'batchNorm' },
          table: under(`${at}.`, '', normNames),
          adapt: (tensors, name) => normalize(file, at, tensors, name),
        };
      case 'matrix': {
        const matrix = permuteAxes(await file.read(`${at}.W`), [1, 0]);
        return { at, ...matrixLayer(`${file.file}: ${at}.W`, matrix) };
      }
      case 'reverse':
        return { at, layer: { kind: 'permute', order: range(features).reverse() } };
    }
  },
});
