/**
 * nflows' chains, data to latent: couplings, affine ones with x·scale + shift, additive ones and splines, whose residual network
 * sees the features that condition and gives shifts, then scales, of those that move; masked autoregressive layers, affine and of
 * splines; LULinear, BatchNorm, ActNorm and permutations. glasflow and nessai save the same.
 */
import type { conventionFields } from '../../../config/convention-fields';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import {
  affineLayer,
  chainImporter,
  maskOf,
  readOrder,
  type CouplingStep,
  type StepOf,
} from '../../import/chain-importer';
import { luFeatures, luLayer } from '../../import/lu';
import { madeOrder, residualNet, type ResidualNet } from '../../import/made';
import { lengthOf, otherSize } from '../../import/modules';
import { batchNormNames, linearNames, runningNames, under, type Renaming } from '../../import/names';
import { activationOf, activationQuestion, answeredNumber, choice, chosen } from '../../import/questions';
import {
  boundQuestion,
  featureMap,
  foldKnots,
  knownMaps,
  leastOfNflows,
  type FeatureMap,
} from '../../import/splines';
import type { TensorFile } from '../../import/types';
import type { VectorFields } from '../../import/vector-chain';

const scaleQuestion = choice(
  'scaleActivation',
  'Scale of a coupling',
  'How the network’s output u becomes the scale. nflows up to 0.14 knows only the first.',
  [
    { value: 'sigmoid', label: 'sigmoid(u + 2) + 0.001' },
    { value: 'softplus-clamp', label: 'softplus(u) + 0.001, at most 3 (GENERAL_SCALE_ACTIVATION)' },
  ],
);

/** Of autoregressive layers. */
const autoregressiveScale = choice(
  'scaleActivation',
  'Scale of an autoregressive layer',
  'How the network’s output u becomes the scale; which one depends on the version of nflows.',
  [
    { value: 'softplus', label: 'softplus(u) + 0.001 (nflows 0.14)' },
    { value: 'sigmoid', label: 'sigmoid(u + 2) + 0.001' },
  ],
);

interface Coupling extends CouplingStep {
  kind: 'coupling';
  map: FeatureMap;
  width: number;
  blocks: number;
  netNorm: boolean;
  /** Names of its tensors. */
  rests: readonly string[];
}

interface Autoregressive extends CouplingStep {
  kind: 'autoregressive';
  map: FeatureMap;
  net: ResidualNet;
}

type Working = Coupling | Autoregressive;
type Other = StepOf<'batchNorm' | 'actNorm' | 'permute' | 'lu'>;

const net = 'transform_net.';
const made = 'autoregressive_net.';

const tailQuestion = boundQuestion('tail_bound', 1);

/** What the config says once of all couplings and autoregressive layers, for `alike`. */
const kindOf = (kind: Working['kind'], { transform, bins }: FeatureMap): string =>
  [kind, transform, bins].join(' ');

/** Without a coupling's index lists: our names below "couplings.I.net.". */
export function residualNames(blocks: number, netNorm: boolean): Renaming[] {
  const half = (b: number, i: 0 | 1): Renaming[] => [
    ...(netNorm
      ? under(`blocks.${b}.batch_norm_layers.${i}.`, `blocks.${b}.norm${i + 1}.`, batchNormNames)
      : []),
    ...under(`blocks.${b}.linear_layers.${i}.`, `blocks.${b}.linear${i + 1}.`, linearNames),
  ];
  return [
    ...under('initial_layer.', 'in.', linearNames),
    ...Array.from({ length: blocks }, (_, b) => [...half(b, 0), ...half(b, 1)]).flat(),
    ...under('final_layer.', 'out.', linearNames),
  ];
}

/** nflows' own batch norm, on the flow's path. */
export const flowNormNames: readonly Renaming[] = [
  { theirs: 'unconstrained_weight', ours: 'gain', transform: 'same' },
  { theirs: 'bias', ours: 'bias', transform: 'same' },
  ...runningNames(),
];

function readMade(file: TensorFile, at: string, rests: readonly string[]): Autoregressive | string {
  const found = residualNet(
    file,
    at + made,
    rests.map((rest) => rest.slice(made.length)),
    true,
  );
  if (typeof found === 'string') return found;
  const { inputs: features, outputs, width, blocks, context } = found;
  if (context) return `${at}${made} takes a context`;
  const map = featureMap(outputs / features);
  if (!map) return `${at}${made} gives ${outputs} values for ${features} features; ${knownMaps}`;
  return {
    kind: 'autoregressive',
    at: at.slice(0, -1),
    ...{ features, map, net: found },
    alike: {
      [otherSize]: [width, blocks].join(),
      'is not of the same kind as': kindOf('autoregressive', map),
    },
  };
}

function readStep(file: TensorFile, at: string, rests: readonly string[]): Working | Other | string {
  const name = at.slice(0, -1);
  if (rests.every((rest) => rest.startsWith(made))) return readMade(file, at, rests);
  const conditioning = lengthOf(file, `${at}identity_features`);
  const moving = lengthOf(file, `${at}transform_features`);
  if (conditioning !== undefined && moving !== undefined) {
    const final = file.tensors.get(`${at}${net}final_layer.weight`)?.shape;
    const initial = file.tensors.get(`${at}${net}initial_layer.weight`)?.shape;
    if (!initial || !final) return `${at}${net} is not a ResidualNet`;
    const map = featureMap(final[0]! / moving);
    if (!map) return `${at} gives ${final[0]} values for ${moving} features that move; ${knownMaps}`;
    if (initial[1] !== conditioning) return `${at} takes a context besides the features that condition`;
    const width = initial[0]!;
    const blocks = rests.reduce(
      (most, rest) => Math.max(most, 1 + Number(/^transform_net\.blocks\.(\d+)\./.exec(rest)?.[1] ?? -1)),
      0,
    );
    const netNorm = rests.includes(`${net}blocks.0.batch_norm_layers.0.weight`);
    return {
      kind: 'coupling',
      at: name,
      features: conditioning + moving,
      ...{ map, width, blocks, netNorm, rests },
      alike: {
        [otherSize]: [width, blocks, netNorm].join(),
        'is not of the same kind as': kindOf('coupling', map),
      },
    };
  }
  const mixed = luFeatures(file, at, rests);
  if (mixed !== undefined) return { kind: 'lu', at: name, features: mixed };
  const permuted = lengthOf(file, `${at}_permutation`);
  if (permuted !== undefined && rests.length === 1) return { kind: 'permute', at: name, features: permuted };
  const normed = lengthOf(file, `${at}unconstrained_weight`);
  if (normed !== undefined) return { kind: 'batchNorm', at: name, features: normed };
  const scaled = lengthOf(file, `${at}log_scale`);
  if (scaled !== undefined && rests.includes('initialized')) {
    return { kind: 'actNorm', at: name, features: scaled };
  }
  return `${at} is a layer that is not known (${rests[0]})`;
}

/** Blocks without a gap, and nothing that no ResidualNet has. */
function check(step: Working): string[] {
  if (step.kind === 'autoregressive') return [];
  const { at, rests, blocks, netNorm } = step;
  if (blocks > rests.length) {
    return [`blocks of the network of ${at}, which are numbered up to ${blocks - 1}`];
  }
  const known = new Set([
    'identity_features',
    'transform_features',
    ...residualNames(blocks, netNorm).map(({ theirs }) => `${net}${theirs as string}`),
  ]);
  const unknown = rests.find((rest) => !known.has(rest) && !rest.endsWith('.num_batches_tracked'));
  return unknown ? [`${at}.${unknown} has no place in a ResidualNet`] : [];
}

function titleOf(couplings: readonly Working[], first: Working): string {
  const { transform, bins } = first.map;
  const maps = { affine: '', additive: 'additive ', rationalQuadratic: 'spline ' }[transform];
  const layers = first.kind === 'coupling' ? `${maps}couplings` : `autoregressive ${maps}layers`;
  const { width, blocks } = first.kind === 'coupling' ? first : first.net;
  const ofBins = bins === undefined ? '' : ` with ${bins} bins`;
  return `${couplings.length} ${layers}${ofBins}, residual networks of ${width}, ${blocks} blocks`;
}

/** Settings that vectors and images share. */
type MapFields = Pick<VectorFields, keyof typeof conventionFields>;

/** How outputs become a map: those of a coupling are shifts, then scales; those of a MADE stand together for each feature. */
export function mapFields(
  { kind, map: { transform, bins } }: Pick<Working, 'kind' | 'map'>,
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
        splineBound: answeredNumber(answers, tailQuestion),
      };
    case 'affine':
      return {
        affine: 'scale-then-shift',
        ...(kind === 'coupling' ? { outputOrder: 'shift-scale', outputLayout: 'halves' } : together),
        scaleMap: chosen(answers, kind === 'coupling' ? scaleQuestion : autoregressiveScale),
        scaleEpsilon: 1e-3,
      };
  }
}

export function questionsOf({ kind, map: { transform } }: Pick<Working, 'kind' | 'map'>): ImportQuestion[] {
  return [
    ...(transform === 'affine' ? [kind === 'coupling' ? scaleQuestion : autoregressiveScale] : []),
    activationQuestion,
    ...(transform === 'rationalQuadratic' ? [tailQuestion] : []),
  ];
}

export const nflows = chainImporter<Working, Other>({
  name: 'nflows',
  list: '_transforms',
  nested: true,
  lacks: '_transforms.0.identity_features',
  readStep,
  gap: (at) => `${at} is a layer without tensors`,
  check,
  title: ({ couplings, first }) => titleOf(couplings, first),
  questions: ({ first }) => questionsOf(first),
  model: ({ first }, answers) => ({
    net: 'residual',
    hidden: [first.kind === 'coupling' ? first.width : first.net.width],
    blocks: first.kind === 'coupling' ? first.blocks : first.net.blocks,
    netNorm: first.kind === 'coupling' && first.netNorm,
    nets: 'joint',
    conditioning: 'selected',
    activation: activationOf(answers),
    ...mapFields(first, answers),
    normEpsilon: 1e-5,
    normVariance: 'unbiased',
  }),
  async layers(step, { file, features }) {
    const { at: theirs } = step;
    const values = async (name: string) => (await file.read(`${theirs}.${name}`)).data;
    if (step.kind === 'permute') return [{ theirs, layer: await readOrder(file, `${theirs}._permutation`) }];
    if (step.kind === 'actNorm') {
      return [{ theirs, ...affineLayer(await values('log_scale'), await values('shift')) }];
    }
    if (step.kind === 'batchNorm') {
      return [{ theirs, layer: { kind: 'batchNorm' }, table: under(`${theirs}.`, '', flowNormNames) }];
    }
    if (step.kind === 'lu') return [luLayer(file, theirs, features)];
    const { bins } = step.map;
    if (step.kind === 'autoregressive') {
      const { prefix, blocks } = step.net;
      return [
        {
          theirs,
          layer: { kind: 'autoregressive', order: await madeOrder(file, step.net), sees: 'input' },
          table: under(prefix, 'net.', residualNames(blocks, false)),
          adapt(tensors, name) {
            // A MADE does not divide widths and heights by anything.
            if (bins !== undefined) foldKnots(tensors, `${name}.net.out`, bins, 1);
          },
        },
      ];
    }
    const conditions = await values('identity_features');
    return [
      {
        theirs,
        layer: maskOf(features, (i) => conditions.includes(i)),
        table: under(`${theirs}.${net}`, 'net.', residualNames(step.blocks, step.netNorm)),
        adapt(tensors, name) {
          if (bins !== undefined) foldKnots(tensors, `${name}.net.out`, bins, step.width);
        },
      },
    ];
  },
});
