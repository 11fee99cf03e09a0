/**
 * nflows' transforms of images: squeezes, act norm, 1×1 convolutions, permutations of channels and couplings with a
 * ConvResidualNet, in a MultiscaleCompositeTransform or a chain. In the former the first half of the channels leaves after
 * each level but the last; that and squeezes have no tensors, so the numbers of channels on both sides tell them.
 */
import { range } from '../../../base/order';
import { several } from '../../../base/user-error';
import { softplus } from '../../../base/softplus';
import type { ImportAnswers } from '../../../protocol/import';
import { affineLayer, type Values } from '../../import/chain-importer';
import { refuseTooWide } from '../../import/convolution-stack';
import { imageChainImporter, type ImageLayer } from '../../import/image-chain';
import { pixelRangeQuestion, activationOf, chosen } from '../../import/questions';
import { luFeatures, luMatrices } from '../../import/lu';
import { FileModule, lengthOfList, listWithin, moduleList, type NumberedModules } from '../../import/modules';
import { batchNormNames, convolutionNames, under, type Renaming } from '../../import/names';
import { featureMap, foldKnots, leastOfNflows } from '../../import/splines';
import type { Closeness, TensorFile } from '../../import/types';
import { mapFields, questionsOf, splineKinds } from './import';
import { readOrNote, refuse } from '../../import/unread';

type Coupling = ReturnType<typeof readCoupling>;

type Module = { at: string; channels: number; level: number } & (
  Coupling | { kind: 'actNorm' | 'conv1x1' | 'permute' }
);

/** A module, or a layer that has to come before it. */
type Step = Module | { kind: 'squeeze' | 'factorOut'; at: string };

type GlowPlan = ReturnType<typeof planOf>;

const net = 'transform_net.';
const anchor = `${net}initial_layer.weight`;
/** Lists in lists; names of a file could nest as deep as they are long. */
const deepest = 16;

/** Names of a ConvResidualNet's layers. */
export function convolutionalNames(blocks: number, netNorm: boolean): Renaming[] {
  const half = (b: number, i: 0 | 1): Renaming[] => [
    ...(netNorm
      ? under(`blocks.${b}.batch_norm_layers.${i}.`, `blocks.${b}.norm${i + 1}.`, batchNormNames)
      : []),
    ...under(`blocks.${b}.conv_layers.${i}.`, `blocks.${b}.linear${i + 1}.`, convolutionNames),
  ];
  return [
    ...under('initial_layer.', 'in.', convolutionNames),
    ...Array.from({ length: blocks }, (_, b) => [...half(b, 0), ...half(b, 1)]).flat(),
    ...under('final_layer.', 'out.', convolutionNames),
  ];
}

function readCoupling(module: FileModule, moving: number, conditioning: number) {
  const { prefix: at, rests } = module;
  const initial = module.shape(`${net}initial_layer.weight`);
  const final = module.shape(`${net}final_layer.weight`);
  if (initial?.length !== 4 || final?.length !== 4) refuse(`${at}${net} is not a ConvResidualNet`);
  if (initial[1] !== conditioning) refuse(`${at} takes a context besides the channels that condition`);
  const map =
    featureMap(final[0]! / moving) ??
    refuse(
      `${at} gives ${final[0]} values for ${moving} channels that move; ${splineKinds.knownFor(final[0]! / moving)}`,
    );
  const numbers = rests.map((rest) => Number(/^transform_net\.blocks\.(\d+)\./.exec(rest)?.[1] ?? -1));
  const blocks = 1 + numbers.reduce((most, number) => Math.max(most, number), -1);
  if (blocks > rests.length) refuse(`blocks of ${at}${net}, which are numbered up to ${blocks - 1}`);
  const netNorm = rests.includes(`${net}blocks.0.batch_norm_layers.0.weight`);
  const known = new Set([
    'identity_features',
    'transform_features',
    ...convolutionalNames(blocks, netNorm).map(({ library }) => `${net}${library as string}`),
  ]);
  module.refuseUnless(
    (rest) => known.has(rest) || rest.endsWith('.num_batches_tracked'),
    'has no place in a ConvResidualNet',
  );
  return { kind: 'coupling' as const, map, width: initial[0]!, blocks, netNorm };
}

function readModule(module: FileModule, level: number): Module {
  const { at, rests } = module;
  const moving = module.length('transform_features');
  const conditioning = module.length('identity_features');
  if (moving !== undefined && conditioning !== undefined)
    return { ...readCoupling(module, moving, conditioning), at, level, channels: moving + conditioning };
  const permuted = module.length('_permutation');
  if (permuted !== undefined && rests.length === 1) return { kind: 'permute', at, level, channels: permuted };
  const permutes = 'permutation._permutation';
  const mixed = luFeatures(module.filtered((rest) => rest !== permutes));
  if (mixed !== undefined && module.length(permutes) === mixed)
    return { kind: 'conv1x1', at, level, channels: mixed };
  const scaled = module.length('log_scale');
  if (scaled !== undefined && rests.toSorted().join() === 'initialized,log_scale,shift')
    return { kind: 'actNorm', at, level, channels: scaled };
  refuse(`${at} is a layer of images that is not known (${rests[0]})`);
}

function modulesOf(file: TensorFile, list: NumberedModules) {
  const found: Module[] = [];
  /** For each of these, the place of the one before it that has no tensors, if any. */
  const gaps: (string | undefined)[] = [];
  const missing: string[] = [];
  let fitting = 0;
  let gap: string | undefined;
  const visit = ({ prefix, modules }: NumberedModules, top: number | undefined, depth: number): void => {
    const length = lengthOfList(modules);
    for (let number = 0; number < length && missing.length <= file.tensors.size; number++) {
      const at = `${prefix}${number}`;
      const level = top ?? number;
      const rests = modules.get(number);
      if (!rests) {
        if (gap !== undefined) missing.push(`${gap} and ${at} are layers without tensors`);
        gap = at;
        continue;
      }
      const whole = new FileModule(file, `${at}.`, rests);
      const inner = depth < deepest ? listWithin(whole, '_transforms') : undefined;
      if (inner) {
        visit(inner, level, depth + 1);
        continue;
      }
      const module = readOrNote(missing, () => readModule(whole, level));
      if (!module) continue;
      found.push(module);
      gaps.push(gap);
      gap = undefined;
      fitting += rests.length;
    }
  };
  visit(list, undefined, 0);
  return { modules: found, gaps, fitting, missing };
}

/** Layers between modules, as their numbers of channels show. */
function planOf(file: TensorFile, { modules, gaps }: ReturnType<typeof modulesOf>) {
  const steps: Step[] = [];
  const first = modules.find((module) => module.kind === 'coupling') ?? refuse('a coupling');
  let channels = gaps[0] === undefined ? modules[0]!.channels : modules[0]!.channels / 4;
  const image = channels;
  let halvings = 0;
  let level = 0;
  for (const [i, module] of modules.entries()) {
    const gap = gaps[i];
    const split = module.level !== level && 2 * module.channels === channels * (gap === undefined ? 1 : 4);
    if (split) {
      const list = module.at.slice(0, module.at.lastIndexOf('._transforms.'));
      steps.push({ kind: 'factorOut', at: `${list}.split` });
      channels /= 2;
    }
    if (gap !== undefined) {
      steps.push({ kind: 'squeeze', at: gap });
      channels *= 4;
      halvings++;
    }
    if (module.channels !== channels) {
      refuse(
        `${module.at} of ${channels} channels (it has ${module.channels}); between layers are squeezes by 2 alone`,
      );
    }
    level = module.level;
    steps.push(module);
  }
  if (!Number.isInteger(image)) refuse(`a number of channels after ${gaps[0]} that is divisible by 4`);
  refuseTooWide(modules);
  const kindOf = ({ map }: Coupling): string => [map.transform, map.bins].join(' ');
  const other = modules.find((module) => module.kind === 'coupling' && kindOf(module) !== kindOf(first));
  if (other) refuse(`${other.at} of the same kind as ${first.at}`);
  return { file, steps, first, channels: image, halvings };
}

function read(file: TensorFile): { plan?: GlowPlan } & Closeness {
  const list = moduleList(file, '_transforms');
  const convolves = [...file.tensors].some(
    ([name, { shape }]) => name.endsWith(anchor) && shape.length === 4,
  );
  if (!list || !convolves) return { share: 0, missing: [`_transforms.0.${anchor} of a convolution`] };
  const scan = modulesOf(file, list);
  const missing = [
    ...scan.missing,
    ...[...list.others, ...list.beyond].map((name) => `a meaning for ${name}`),
  ];
  const share = scan.fitting / file.tensors.size;
  if (missing.length > 0) return { share, missing };
  const plan = readOrNote(missing, () => planOf(file, scan));
  return { ...(plan ? { plan } : {}), share, missing };
}

async function layersOf(file: TensorFile, step: Step, answers: ImportAnswers): Promise<ImageLayer[]> {
  const { at } = step;
  const values = async (name: string): Promise<Values> => file.read(`${at}.${name}`);
  switch (step.kind) {
    case 'squeeze':
      return [{ at, layer: { kind: 'squeeze' } }];
    case 'factorOut':
      return [{ at, layer: { kind: 'factorOut', leaves: 'first' } }];
    case 'permute':
      return [{ at, layer: { kind: 'permute', order: [...(await values('_permutation')).data] } }];
    case 'actNorm': {
      const [logScale, shift] = [await values('log_scale'), await values('shift')];
      return [{ at, ...affineLayer(logScale.data, shift.data) }];
    }
    case 'conv1x1': {
      const order = [...(await values('permutation._permutation')).data];
      const { lower, upper, diagonal, bias } = await luMatrices(file, at, step.channels);
      const same = range(step.channels);
      const logDiagonal = diagonal.data.map((u) => Math.log(softplus(u) + leastOfNflows));
      return [
        { at: `${at}.permutation`, layer: { kind: 'permute', order } },
        {
          at,
          layer: { kind: 'conv1x1', order: same, signs: same.map(() => 1 as const), bias: true },
          tensors: { lower, upper, bias, logDiagonal: { shape: diagonal.shape, data: logDiagonal } },
        },
      ];
    }
    case 'coupling': {
      const conditions = new Set((await values('identity_features')).data);
      const { width, blocks, netNorm, map } = step;
      return [
        {
          at,
          layer: {
            kind: 'coupling',
            mask: Array.from({ length: step.channels }, (_, i) => (conditions.has(i) ? 1 : 0)),
            net: { kind: 'residual', width, blocks, activation: activationOf(answers), batchNorm: netNorm },
          },
          table: under(`${at}.${net}`, 'net.', convolutionalNames(blocks, netNorm)),
          adapt(tensors, name) {
            if (map.bins !== undefined) foldKnots(tensors, `${name}.net.out`, { bins: map.bins }, width);
          },
        },
      ];
    }
  }
}

export const nflowsGlow = imageChainImporter<GlowPlan>({
  name: 'nflows',
  side: 32,
  read,
  title: ({ steps, first }) => {
    const levels = 1 + steps.filter(({ kind }) => kind === 'factorOut').length;
    const couplings = steps.filter(({ kind }) => kind === 'coupling').length;
    const maps = { affine: '', additive: 'additive ', rationalQuadratic: 'spline ' }[first.map.transform];
    return (
      `images, ${several(levels, 'level')}, ${couplings} ${maps}couplings, residual networks of ${first.width} channels, ` +
      several(first.blocks, 'block')
    );
  },
  questions: ({ first, file, steps }) => [
    pixelRangeQuestion,
    ...splineKinds.questions(file, first.map),
    ...questionsOf(first, steps.filter(({ kind }) => kind === 'coupling').length),
  ],
  model({ first, file }, answers) {
    splineKinds.check(file, first.map, answers);
    return {
      ...mapFields(first, answers),
      dataConstraint: chosen(answers, pixelRangeQuestion),
      latents: 'first-out-first',
    };
  },
  async layers({ steps }, file, answers) {
    const layers: ImageLayer[] = [];
    for (const step of steps) layers.push(...(await layersOf(file, step, answers)));
    return layers;
  },
});
