/**
 * nflows' SimpleRealNVP, and its couplings in other chains: data to latent, x·scale + shift, a residual network that
 * sees the features that condition and gives shifts, then scales, of those that move.
 */
import {
  affineLayer,
  chainImporter,
  maskOf,
  readOrder,
  type CouplingStep,
  type StepOf,
} from '../../import/chain-importer';
import { lengthOf, otherSize } from '../../import/modules';
import { batchNormNames, linearNames, runningNames, under, type Renaming } from '../../import/names';
import { activationOf, activationQuestion, choice, chosen } from '../../import/questions';
import type { TensorFile } from '../../import/types';

const scaleQuestion = choice(
  'scaleActivation',
  'Scale of a coupling',
  'How the network’s output u becomes the scale. nflows up to 0.14 knows only the first.',
  [
    { value: 'sigmoid', label: 'sigmoid(u + 2) + 0.001' },
    { value: 'softplus-clamp', label: 'softplus(u) + 0.001, at most 3 (GENERAL_SCALE_ACTIVATION)' },
  ],
);

interface Coupling extends CouplingStep {
  kind: 'coupling';
  /** The network gives shifts only. */
  additive: boolean;
  width: number;
  blocks: number;
  netNorm: boolean;
  /** Names of its tensors. */
  rests: readonly string[];
}

type Other = StepOf<'batchNorm' | 'actNorm' | 'permute'>;

const net = 'transform_net.';

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

function readStep(file: TensorFile, at: string, rests: readonly string[]): Coupling | Other | string {
  const name = at.slice(0, -1);
  const conditioning = lengthOf(file, `${at}identity_features`);
  const moving = lengthOf(file, `${at}transform_features`);
  if (conditioning !== undefined && moving !== undefined) {
    const final = file.tensors.get(`${at}${net}final_layer.weight`)?.shape;
    const initial = file.tensors.get(`${at}${net}initial_layer.weight`)?.shape;
    if (!initial || !final) return `${at}${net} is not a ResidualNet`;
    const additive = final[0] === moving;
    if (!additive && final[0] !== 2 * moving) {
      return `${at} gives ${final[0]} values for ${moving} features that move; an affine coupling gives ${2 * moving}`;
    }
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
      ...{ additive, width, blocks, netNorm, rests },
      alike: {
        [otherSize]: [width, blocks, netNorm].join(),
        'is not of the same kind as': additive,
      },
    };
  }
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
function check({ at, rests, blocks, netNorm }: Coupling): string[] {
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

export const nflows = chainImporter<Coupling, Other>({
  name: 'nflows',
  list: '_transforms',
  lacks: '_transforms.0.identity_features',
  readStep,
  gap: (at) => `${at} is a layer without tensors`,
  check,
  title: ({ couplings, first: { additive, width, blocks } }) =>
    `${couplings.length} ${additive ? 'additive ' : ''}couplings, residual networks of ${width}, ${blocks} blocks`,
  questions: ({ first }) => [...(first.additive ? [] : [scaleQuestion]), activationQuestion],
  model: ({ first: { additive, width, blocks, netNorm } }, answers) => ({
    net: 'residual',
    hidden: [width],
    blocks,
    netNorm,
    nets: 'joint',
    conditioning: 'selected',
    activation: activationOf(answers),
    ...(additive
      ? { transform: 'additive' }
      : {
          affine: 'scale-then-shift',
          outputOrder: 'shift-scale',
          outputLayout: 'halves',
          scaleMap: chosen(answers, scaleQuestion),
          scaleEpsilon: 1e-3,
        }),
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
    const conditions = await values('identity_features');
    return [
      {
        theirs,
        layer: maskOf(features, (i) => conditions.includes(i)),
        table: under(`${theirs}.${net}`, 'net.', residualNames(step.blocks, step.netNorm)),
      },
    ];
  },
});
