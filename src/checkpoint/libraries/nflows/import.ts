/**
 * nflows' chains, data to latent: couplings, affine ones with x·scale + shift, additive ones and splines, whose residual network
 * sees the features that condition and gives shifts, then scales, of those that move; masked autoregressive layers, affine and of
 * splines; LULinear and the other linear transforms, BatchNorm, ActNorm and permutations. glasflow and nessai save the same.
 */
import { softplus } from '../../../base/softplus';
import { several } from '../../../base/user-error';
import type { conventionFields } from '../../../config/convention-fields';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import {
  affineLayer,
  chainImporter,
  mapColumns,
  maskOf,
  withUnseen,
  readOrder,
  type Chain,
  trainedNormal,
  type CouplingStep,
  type OurLayer,
  type StepOf,
  type Values,
} from '../../import/chain-importer';
import { conditionalNormalOf } from '../../import/conditional-base';
import { standardizesContext } from '../../import/context-net';
import { constantCoupling, readConstant, type ConstantSplines } from '../../import/constant-splines';
import { inverseLuLayer, luFeatures, luLayer } from '../../import/lu';
import {
  contextTable,
  foldNorms,
  lastLayer,
  madeOrder,
  residualFields,
  residualNet,
  residualTable,
  sequentialNet,
  type ResidualNet,
} from '../../import/made';
import { hiddenWords, otherContext, otherSize, type FileModule } from '../../import/modules';
import { readTable, runningNames, under, type Renaming } from '../../import/names';
import {
  activationChoice,
  activationOf,
  activationQuestion,
  answeredNumber,
  questionOfLayers,
  choice,
  chosen,
} from '../../import/questions';
import {
  SplineKinds,
  type Taken,
  boundQuestion,
  boxSpline,
  featureMap,
  foldKnots,
  leastOfNflows,
  splineValues,
  type FeatureMap,
} from '../../import/splines';
import type { TensorFile } from '../../import/types';
import type { VectorFields } from '../../import/vector-chain';
import { linearLayer, readLinear, svdQuestion, type LinearStep } from './linears';
import { nflowsModules } from './modules';
import { refuse } from '../../import/unread';

const scaleQuestion = choice(
  'scaleActivation',
  'Scale of a coupling',
  'How the network’s output u becomes the scale, which no tensor shows. nflows up to 0.14 knows only the first, which nessai has too; ' +
    'RealNVP of glasflow since 0.3 has the second unless its scale_activation says otherwise.',
  {
    sigmoid: 'sigmoid(u + 2) + 0.001 (nflows, nessai; not the default of glasflow)',
    'softplus-clamp': 'softplus(u) + 0.001, at most 3 (glasflow; GENERAL_SCALE_ACTIVATION)',
  },
);

/** Question about the scale of autoregressive layers. */
const autoregressiveScale = choice(
  'scaleActivation',
  'Scale of an autoregressive layer',
  'How the network’s output u becomes the scale; which one depends on the version of nflows.',
  { softplus: 'softplus(u) + 0.001 (nflows 0.14)', sigmoid: 'sigmoid(u + 2) + 0.001' },
);

interface Working extends CouplingStep {
  kind: 'coupling' | 'autoregressive';
  map: FeatureMap;
  net: ResidualNet;
  /** Splines of the features that condition, which depend on nothing. */
  constant?: ConstantSplines;
  /** One feature, whose network sees the context alone (ContextSplineMap of sbi). */
  single?: boolean;
  /** In an InverseTransform, so that the network sees the output. */
  reversed?: boolean;
}

type Other = (StepOf<'batchNorm' | 'actNorm' | 'permute' | 'lu'> | LinearStep) & { reversed?: boolean };

const net = 'transform_net.';
/** Prefix of a ContextSplineMap's network. */
const predictor = `${net}spline_predictor.`;
const inConstant = 'unconditional_transform.';
const made = 'autoregressive_net.';

const tailQuestion = boundQuestion('tail_bound', 1);

const rationalQuadratic = 'rational-quadratic';
const unitInterval = 'unit-interval';

/** Values that piecewise quadratic and cubic splines of nflows' default, 10 bins, take. */
const asLikely = [19, 22];

/** What the values of a feature may be for. */
const takenFor = (map: FeatureMap): Taken => {
  if (!map.box) return map;
  const values = splineValues(map.bins!, map.box);
  return { values, ...(asLikely.includes(values) ? {} : { likely: unitInterval }) };
};

/** Default number of bins: 10, also in sbi; 4 in glasflow; 8 in nessai and dingo. */
export const splineKinds = new SplineKinds({
  name: 'nflows',
  key: 'splineKind',
  spline: rationalQuadratic,
  splineLabel: (bins) => `rational-quadratic splines with ${bins} bins and linear tails`,
  others: (values) => [
    ...(values % 3 === 1
      ? [
          {
            value: unitInterval,
            computed: true,
            label: `splines with ${(values - 1) / 3} bins without tails (on the unit interval)`,
          },
        ]
      : []),
    values % 2 === 1
      ? {
          value: 'quadratic',
          label: `piecewise quadratic splines with ${(values + 1) / 2} bins (without tails ${(values - 1) / 2})`,
        }
      : { value: 'cubic', label: `piecewise cubic splines with ${(values - 2) / 2} bins` },
    { value: 'linear', label: `piecewise linear splines with ${values} bins` },
  ],
});

function workingStep(
  kind: Working['kind'],
  at: string,
  features: number,
  conditioner: ResidualNet,
  transformed: number,
): Working {
  const { outputs, hidden, blocks, norms, plain, context } = conditioner;
  const map = featureMap(outputs / transformed) ?? boxSpline(outputs / transformed);
  if (!map) {
    refuse(
      `${conditioner.prefix} gives ${outputs} values for ${transformed} features; ${splineKinds.knownFor(outputs / transformed)}`,
    );
  }
  return {
    ...{ kind, at, features, map, net: conditioner },
    alike: {
      [otherSize]: [...hidden, blocks, norms, plain].join(),
      'is not of the same kind as': [kind, map.transform, map.bins, map.box].join(' '),
      [otherContext]: context,
    },
  };
}

/** Epsilon of nflows' own batch norm, also added to its gain. */
const normEpsilon = 1e-5;

/** nflows' own batch norm, on the flow's path. */
export const flowNormNames: readonly Renaming[] = [
  { library: 'unconstrained_weight', flowscope: 'gain', transform: 'same' },
  { library: 'bias', flowscope: 'bias', transform: 'same' },
  ...runningNames(),
];

function readStep(module: FileModule): Working | Other {
  const { at, prefix, rests } = module;
  if (module.isWithin(made)) {
    const conditioner = residualNet(module.within(made), true);
    return workingStep('autoregressive', at, conditioner.inputs, conditioner, conditioner.inputs);
  }
  const identity = module.length('identity_features');
  const transformed = module.length('transform_features');
  const predicted = module.within(predictor);
  if (predicted.rests.length > 0 && transformed === 1) {
    const conditioner = sequentialNet(predicted, 0);
    return { ...workingStep('autoregressive', at, 1, conditioner, 1), single: true };
  }
  if (identity !== undefined && transformed !== undefined) {
    module.refuseUnless(
      (rest) =>
        rest.startsWith(net) || rest.startsWith(inConstant) || /^(identity|transform)_features$/.test(rest),
      'has no place in a coupling',
    );
    const inNet = module.within(net);
    const conditioner = inNet.rests.includes('0.weight')
      ? sequentialNet(inNet, identity)
      : residualNet(inNet, false, identity);
    const step = workingStep('coupling', at, identity + transformed, conditioner, transformed);
    const constant = module.within(inConstant);
    if (constant.rests.length === 0) return step;
    const { bins, box } = step.map;
    if (box) refuse(`${constant.at} beside splines without tails`);
    if (bins === undefined) refuse(`${constant.at} of a coupling that has no splines`);
    return { ...step, constant: readConstant(constant, identity, bins, step.net) };
  }
  const mixed = luFeatures(module);
  if (mixed !== undefined) return { kind: 'lu', at, features: mixed };
  const linear = readLinear(module);
  if (linear !== undefined) return linear;
  const permuted = module.length('_permutation');
  if (permuted !== undefined && rests.length === 1) return { kind: 'permute', at, features: permuted };
  const normed = module.length('unconstrained_weight');
  if (normed !== undefined) return { kind: 'batchNorm', at, features: normed };
  const scaled = module.length('log_scale');
  if (scaled !== undefined && rests.includes('initialized')) return { kind: 'actNorm', at, features: scaled };
  refuse(`${prefix} is a layer that is not known (${rests[0]})`);
}

/** What an InverseTransform makes of it. */
function inverseOf(step: Working | Other): Working | Other {
  if (!('net' in step)) return { ...step, reversed: true };
  return { ...step, reversed: true, alike: { ...step.alike, 'runs the other way than': true } };
}

function titleOf(couplings: readonly Working[], first: Working): string {
  const { transform, bins } = first.map;
  const maps = { affine: '', additive: 'additive ', rationalQuadratic: 'spline ' }[transform];
  const layers = first.kind === 'coupling' ? `${maps}couplings` : `autoregressive ${maps}layers`;
  const { width, hidden, blocks, plain, masked, context } = first.net;
  const ofBins = bins === undefined ? '' : ` with ${bins} bins`;
  const contextWords = context > 0 ? ` given ${several(context, 'number')}` : '';
  const networks =
    plain && !masked
      ? `networks ${hiddenWords(hidden)}`
      : `${plain ? '' : 'residual '}networks of ${width}, ${several(blocks, 'block')}`;
  return `${couplings.length} ${layers}${ofBins}${contextWords}, ${networks}`;
}

/** Settings that vectors and images share. */
type MapFields = Pick<VectorFields, Exclude<keyof typeof conventionFields, 'transform'>> &
  Partial<Pick<FeatureMap, 'transform'>>;

/** How outputs become a map: a coupling has all shifts, then all scales; a MADE has each feature's values next to each other. */
export function mapFields(
  { kind, map: { transform, bins, box }, reversed }: Pick<Working, 'kind' | 'map'> & Partial<Working>,
  answers: ImportAnswers,
): MapFields {
  const together: MapFields = { outputOrder: 'scale-shift', outputLayout: 'interleaved' };
  switch (transform) {
    case 'additive':
      return { transform };
    case 'rationalQuadratic':
      return {
        transform,
        ...together,
        ...(bins === undefined ? {} : { bins }),
        ...{ splineMap: 'softmax-floor', splineFloor: leastOfNflows },
        ...(box
          ? { splineEnds: 'box', splineCenter: 0.5, splineBound: 0.5 }
          : { splineBound: answeredNumber(answers, tailQuestion) }),
        ...(reversed ? { splineDirection: 'inverse' } : {}),
      };
    case 'affine':
      return {
        affine: reversed ? 'inverse-scale-then-shift' : 'scale-then-shift',
        ...(kind === 'coupling' ? { outputOrder: 'shift-scale', outputLayout: 'halves' } : together),
        scaleMap: chosen(answers, kind === 'coupling' ? scaleQuestion : autoregressiveScale),
        scaleEpsilon: 1e-3,
      };
  }
}

/** sbi builds its flows of nflows with other defaults, and standardizes parameters and data. */
function isOfSbi({ steps, file, couplings }: Chain<Working, Other>): boolean {
  if (couplings.some(({ single }) => single)) return true;
  return steps.some(({ kind }) => kind === 'rescale') || standardizesContext(file);
}

/** sbi knows no other splines, and splines of the features that condition have tensors that show what they are. */
function isSplineForSure(chain: Chain<Working, Other>): boolean {
  return isOfSbi(chain) || chain.couplings.some(({ constant }) => constant !== undefined);
}

/** @param count of couplings and autoregressive layers */
export function questionsOf(
  { kind, map, single }: Pick<Working, 'kind' | 'map' | 'single'>,
  count: number,
  sbi = false,
): ImportQuestion[] {
  return [
    ...(map.transform === 'affine' ? [kind === 'coupling' ? scaleQuestion : autoregressiveScale] : []),
    // A ContextSplineMap has no argument for it.
    ...(single ? [] : [sbi && kind === 'autoregressive' ? activationChoice('tanh') : activationQuestion]),
    ...(map.transform === 'rationalQuadratic' && !map.box
      ? [questionOfLayers(sbi ? boundQuestion('tail_bound', 3) : tailQuestion, count)]
      : []),
  ];
}

/** x = (z − bias)/γ·σ + mean, with the running statistics. */
async function inverseNorm(file: TensorFile, at: string): Promise<OurLayer> {
  const norm = await readTable(file, under(`${at}.`, '', flowNormNames));
  const [gain, bias, mean, variance] = (['gain', 'bias', 'mean', 'variance'] as const).map(
    (part) => norm[part]!.data,
  );
  const logScale = gain!.map(
    (u, i) => Math.log(softplus(u) + normEpsilon) - Math.log(variance![i]! + normEpsilon) / 2,
  );
  const offset = bias!.map((b, i) => b - mean![i]! * Math.exp(logScale[i]!));
  return { at, ...affineLayer(logScale, offset, true) };
}

export const nflows = chainImporter<Working, Other>({
  name: 'nflows',
  modules: nflowsModules,
  list: '_transforms',
  alone: '_transform.',
  ownNames: /(^|\.)_transforms\.\d/,
  nested: '_transforms',
  inverse: { prefix: '_transform.', of: inverseOf },
  lacks: '_transforms.0.identity_features',
  readStep,
  base: {
    prefix: '_distribution.',
    without: '_transform.',
    readers: [
      {
        kind: 'DiagonalNormal',
        names: ['mean_', 'log_std_'],
        read: ([loc, logScale]) => trainedNormal(loc!, logScale!),
      },
      conditionalNormalOf('ConditionalDiagonalNormal', '_context_encoder.'),
    ],
    // The constant of a StandardNormal.
    idle: ['_log_z'],
  },
  gap: (at) => refuse(`${at} is a layer without tensors`),
  title: ({ couplings, first }) => titleOf(couplings, first),
  questions: (chain) => [
    ...(isSplineForSure(chain) ? [] : splineKinds.questions(chain.file, takenFor(chain.first.map))),
    ...questionsOf(chain.first, chain.couplings.length, isOfSbi(chain)),
    ...(chain.steps.some(({ kind }) => kind === 'svd') ? [svdQuestion] : []),
  ],
  model(chain, answers) {
    const { first, file } = chain;
    if (!isSplineForSure(chain)) splineKinds.check(file, takenFor(first.map), answers);
    return {
      ...residualFields(first.net, { contextEntry: 'activated', contextInBlocks: 'add' }),
      nets: 'joint',
      conditioning: 'selected',
      activation: first.single ? 'relu' : activationOf(answers),
      ...mapFields(first, answers),
      normEpsilon,
      normVariance: 'unbiased',
    };
  },
  async layers(step, { file, features }, answers) {
    const { at } = step;
    const values = async (name: string) => (await file.read(`${at}.${name}`)).data;
    const { reversed } = step;
    if (step.kind === 'permute') return { at, layer: await readOrder(file, `${at}._permutation`, reversed) };
    if (step.kind === 'actNorm')
      return { at, ...affineLayer(await values('log_scale'), await values('shift'), reversed) };
    if (step.kind === 'batchNorm') {
      if (reversed) return inverseNorm(file, at);
      return { at, layer: { kind: 'batchNorm' }, table: under(`${at}.`, '', flowNormNames) };
    }
    if (step.kind === 'lu')
      return reversed ? inverseLuLayer(file, at, features) : luLayer(file, at, features);
    if (!('net' in step)) return linearLayer(step, file, features, answers);
    const { net: conditioner, map } = step;
    const table = residualTable(conditioner);
    // A MADE does not divide widths and heights by anything.
    const fold = (tensors: Record<string, Values>, name: string, width: number): void => {
      if (map.bins !== undefined)
        foldKnots(tensors, `${name}.${lastLayer(conditioner)}`, { ...map, bins: map.bins }, width);
    };
    if (step.kind === 'autoregressive') {
      const { single } = step;
      const order = single ? [0] : await madeOrder(file, conditioner);
      return {
        at,
        layer: { kind: 'autoregressive', order, sees: reversed ? 'output' : 'input' },
        table: [...table, ...contextTable(conditioner)],
        async adapt(tensors, name) {
          await foldNorms(file, conditioner, tensors, name);
          fold(tensors, name, single ? conditioner.width : 1);
          if (single) withUnseen(tensors, `${name}.net.0`, 1);
        },
      };
    }
    const identity = new Set(await values('identity_features'));
    const coupling: OurLayer = {
      at,
      layer: maskOf(features, (i) => identity.has(i)),
      table,
      // An MLP has no `hidden_features` for widths and heights to be divided by the root of.
      adapt(tensors, name) {
        fold(tensors, name, conditioner.plain ? 1 : conditioner.width);
        if (reversed && map.transform === 'additive')
          mapColumns(tensors, `${name}.${lastLayer(conditioner)}`, (x) => -x);
      },
    };
    if (!step.constant) return coupling;
    const others = maskOf(features, (i) => !identity.has(i));
    const constant = constantCoupling(file, step.constant, conditioner, others);
    return reversed ? [constant, coupling] : [coupling, constant];
  },
});
