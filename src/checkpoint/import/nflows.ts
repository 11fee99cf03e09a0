/**
 * nflows' SimpleRealNVP, and its couplings in other chains: data to latent, x·scale + shift, a residual network that
 * sees the features that condition and gives shifts, then scales, of those that move.
 */
import type { ImportQuestion } from '../../protocol/import';
import { gaps, lengthOf, moduleList, type ModuleList } from './modules';
import { batchNormNames, linearNames, readOurs, under, type Renaming } from './names';
import { activationOf, activationQuestion, choice, chosen } from './questions';
import type { Recognized, Recognizer, TensorFile } from './types';
import { chainModel, layerNames, type ChainLayer } from './vector-chain';

const scaleQuestion = choice(
  'scaleActivation',
  'Scale of a coupling',
  'How the network’s output u becomes the scale. nflows up to 0.14 knows only the first.',
  [
    { value: 'sigmoid', label: 'sigmoid(u + 2) + 0.001' },
    { value: 'softplus-clamp', label: 'softplus(u) + 0.001, at most 3 (GENERAL_SCALE_ACTIVATION)' },
  ],
);

interface Coupling {
  kind: 'coupling';
  number: number;
  conditioning: number;
  moving: number;
  /** The network gives shifts only. */
  additive: boolean;
}

type Step =
  | Coupling
  | { kind: 'batchNorm'; number: number; features: number }
  | { kind: 'actNorm'; number: number; features: number }
  | { kind: 'permute'; number: number; features: number };

interface Structure {
  prefix: string;
  steps: Step[];
  features: number;
  width: number;
  blocks: number;
  netNorm: boolean;
  additive: boolean;
}

const net = 'transform_net.';

/** Without a coupling's index lists: our names below "couplings.I.net.". */
export function residualNames(blocks: number, netNorm: boolean): Renaming[] {
  const block = (b: number): Renaming[] => {
    const from = `blocks.${b}.`;
    return [
      ...(netNorm ? under(`${from}batch_norm_layers.0.`, `${from}norm1.`, batchNormNames) : []),
      ...under(`${from}linear_layers.0.`, `${from}linear1.`, linearNames),
      ...(netNorm ? under(`${from}batch_norm_layers.1.`, `${from}norm2.`, batchNormNames) : []),
      ...under(`${from}linear_layers.1.`, `${from}linear2.`, linearNames),
    ];
  };
  return [
    ...under('initial_layer.', 'in.', linearNames),
    ...Array.from({ length: blocks }, (_, b) => block(b)).flat(),
    ...under('final_layer.', 'out.', linearNames),
  ];
}

/** nflows' own batch norm, on the flow's path. */
export const flowNormNames: readonly Renaming[] = [
  { theirs: 'unconstrained_weight', ours: 'gain', transform: 'same' },
  { theirs: 'bias', ours: 'bias', transform: 'same' },
  { theirs: 'running_mean', ours: 'mean', transform: 'same' },
  { theirs: 'running_var', ours: 'variance', transform: 'same' },
];

function readStep(
  file: TensorFile,
  list: ModuleList,
  number: number,
  rests: readonly string[],
): Step | string {
  const at = `${list.prefix}${number}.`;
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
    return { kind: 'coupling', number, conditioning, moving, additive };
  }
  const permuted = lengthOf(file, `${at}_permutation`);
  if (permuted !== undefined && rests.length === 1) return { kind: 'permute', number, features: permuted };
  const normed = lengthOf(file, `${at}unconstrained_weight`);
  if (normed !== undefined) return { kind: 'batchNorm', number, features: normed };
  const scaled = lengthOf(file, `${at}log_scale`);
  if (scaled !== undefined && rests.includes('initialized'))
    return { kind: 'actNorm', number, features: scaled };
  return `${at} is a layer that is not known (${rests[0]})`;
}

/** Structure, or what is in the way; the share of tensors that fit. */
function read(file: TensorFile): { structure?: Structure; share: number; missing: string[] } {
  const list = moduleList(file, '_transforms');
  if (!list) return { share: 0, missing: ['_transforms.0.identity_features'] };
  const missing: string[] = [];
  const steps: Step[] = [];
  let fitting = 0;
  for (const [number, rests] of list.modules) {
    const step = readStep(file, list, number, rests);
    if (typeof step === 'string') missing.push(step);
    else {
      steps.push(step);
      fitting += rests.length;
    }
  }
  for (const gap of gaps(list.modules)) missing.push(`${list.prefix}${gap} is a layer without tensors`);
  const share = fitting / file.tensors.size;
  const couplings = steps.filter((step) => step.kind === 'coupling');
  const first = couplings[0];
  if (!first || missing.length > 0) return { share, missing };

  const shapeOf = (coupling: Coupling): { width: number; blocks: number; netNorm: boolean } => {
    const rests = list.modules.get(coupling.number)!;
    const numbers = rests.map((rest) => Number(/^transform_net\.blocks\.(\d+)\./.exec(rest)?.[1] ?? -1));
    return {
      width: file.tensors.get(`${list.prefix}${coupling.number}.${net}initial_layer.weight`)!.shape[0]!,
      blocks: Math.max(...numbers) + 1,
      netNorm: rests.includes(`${net}blocks.0.batch_norm_layers.0.weight`),
    };
  };
  const features = first.conditioning + first.moving;
  const shape = shapeOf(first);
  for (const coupling of couplings) {
    const other = shapeOf(coupling);
    const at = `${list.prefix}${coupling.number}`;
    if (other.width !== shape.width || other.blocks !== shape.blocks || other.netNorm !== shape.netNorm) {
      missing.push(`${at} has a network of another size than ${list.prefix}${first.number}`);
    }
    if (coupling.additive !== first.additive)
      missing.push(`${at} is not of the same kind as ${list.prefix}${first.number}`);
    if (coupling.conditioning + coupling.moving !== features)
      missing.push(`${at} is not of ${features} features`);
    const known = new Set([
      'identity_features',
      'transform_features',
      ...residualNames(other.blocks, other.netNorm).map(({ theirs }) => `${net}${theirs as string}`),
    ]);
    const unknown = list.modules
      .get(coupling.number)!
      .find((rest) => !known.has(rest) && !rest.endsWith('.num_batches_tracked'));
    if (unknown) missing.push(`${at}.${unknown} has no place in a ResidualNet`);
  }
  for (const step of steps) {
    if (step.kind !== 'coupling' && step.features !== features) {
      missing.push(`${list.prefix}${step.number} is not of ${features} features`);
    }
  }
  if (missing.length > 0) return { share, missing };
  return {
    structure: { prefix: list.prefix, steps, features, additive: first.additive, ...shape },
    share,
    missing,
  };
}

async function readIndices(file: TensorFile, name: string): Promise<number[]> {
  return [...(await file.read(name)).data];
}

function recognized(file: TensorFile, structure: Structure): Recognized {
  const { prefix, steps, features, width, blocks, netNorm, additive } = structure;
  const couplings = steps.filter(({ kind }) => kind === 'coupling').length;
  const questions: ImportQuestion[] = [...(additive ? [] : [scaleQuestion]), activationQuestion];
  return {
    library: 'nflows',
    title: `nflows, ${features} features, ${couplings} ${additive ? 'additive ' : ''}couplings, residual networks of ${width}, ${blocks} blocks`,
    questions,
    async convert(answers) {
      const chain: ChainLayer[] = [];
      for (const step of steps) {
        const at = `${prefix}${step.number}.`;
        if (step.kind === 'coupling') {
          const conditions = await readIndices(file, `${at}identity_features`);
          const mask = Array.from({ length: features }, (_, i) => (conditions.includes(i) ? 1 : 0));
          chain.push({ kind: 'coupling', mask });
        } else if (step.kind === 'permute') {
          chain.push({ kind: 'permute', order: await readIndices(file, `${at}_permutation`) });
        } else chain.push({ kind: step.kind });
      }
      const names = layerNames(chain);
      const table = steps.flatMap((step, i) => {
        const at = `${prefix}${step.number}.`;
        if (step.kind === 'coupling') {
          return under(`${at}${net}`, `${names[i]}.net.`, residualNames(blocks, netNorm));
        }
        return step.kind === 'batchNorm' ? under(at, `${names[i]}.`, flowNormNames) : [];
      });
      const tensors = await readOurs(file, table);
      for (const [i, step] of steps.entries()) {
        if (step.kind !== 'actNorm') continue;
        const scale = (await file.read(`${prefix}${step.number}.log_scale`)).data;
        const shift = (await file.read(`${prefix}${step.number}.shift`)).data;
        tensors[`${names[i]}.logScale`] = { shape: [features], data: scale.map((x) => -x) };
        // Theirs is x·e^scale + shift, ours (x − shift)·e^(−logScale).
        const ours = shift.map((x, f) => -x * Math.exp(-scale[f]!));
        tensors[`${names[i]}.shift`] = { shape: [features], data: ours };
      }
      return {
        model: chainModel(
          features,
          chain,
          {
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
          },
          file.file,
        ),
        tensors,
        layerNames: Object.fromEntries(names.map((name, i) => [name, `${prefix}${steps[i]!.number}`])),
      };
    },
  };
}

export const nflows: Recognizer = {
  library: 'nflows',
  name: 'nflows',
  recognize(file) {
    const { structure } = read(file);
    return structure && recognized(file, structure);
  },
  closeness(file) {
    const { share, missing } = read(file);
    return { share, missing };
  },
};
