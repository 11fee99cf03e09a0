/**
 * zuko's flows, data to latent: NICE and RealNVP, whose networks see the identity features, and MAF and NSF, whose
 * masked networks see those before each feature; all of them may see a context behind the features. A network gives what each feature takes one after the other: a shift
 * for x + t, (shift, scale) for x·eˢ + t with a softly clipped s, or the knots of a spline, softly clipped too.
 */
import { UserError } from '../../../base/user-error';
import type { ImportQuestion } from '../../../protocol/import';
import {
  chainImporter,
  fixedNormal,
  readMask,
  readOrder,
  type Chain,
  type CouplingStep,
  type OurLayer,
  type StepOf,
} from '../../import/chain-importer';
import { arePlaces, checkMasks } from '../../import/made';
import {
  hiddenWords,
  lengthOf,
  linearStack,
  sizesOf,
  stackNames,
  type LinearStack,
} from '../../import/modules';
import { ofFeatures } from '../../import/names';
import { activationOf, activationQuestion, answeredNumber } from '../../import/questions';
import { boundQuestion, featureMap, knownMaps, type FeatureMap } from '../../import/splines';
import type { TensorFile } from '../../import/types';
import { zukoModules } from './modules';

interface Mapped extends CouplingStep {
  kind: 'coupling' | 'autoregressive';
  stack: LinearStack;
  /** Numbers of a context that its network sees behind the features. */
  context: number;
  map: FeatureMap;
  /** What is in the way of it, in words. */
  blocked?: string;
}

type ZukoChain = Chain<Mapped, StepOf<'permute' | 'affine'>>;

const splineQuestion = boundQuestion('bound', 5);

const slopeQuestion: ImportQuestion = {
  key: 'slope',
  title: 'Least slope of the splines',
  detail: 'The `slope` argument of MonotonicRQSTransform, which a state dict does not hold.',
  answer: { kind: 'number', default: 1e-3, minimum: 1e-9, maximum: 0.999 },
};

const boxUniform = 'BoxUniform';

/** NCSF: splines on a circle of fixed size with a base that is uniform on it. */
function isCircular({ first, base }: ZukoChain): boolean {
  return first.map.bins !== undefined && base === boxUniform;
}

type Read = Pick<Mapped, 'kind' | 'at' | 'features' | 'stack'>;

/** @param identity features that the network may see; the others are mapped, and what it sees more is a context */
function mapped(step: Read, transformed: number, identity: number): Mapped | undefined {
  const { stack } = step;
  const map = featureMap(stack.widths.at(-1)! / transformed);
  const context = stack.widths[0]! - identity;
  if (!map || context < 0) return undefined;
  return {
    ...step,
    context,
    map,
    alike: {
      ...sizesOf(stack),
      'has another transform than': stack.widths.at(-1)! / transformed,
      'sees another context than': context,
    },
  };
}

/** Something is in the way, and yet it is of zuko. */
function blocked(step: Read, words: string): Mapped {
  return { ...step, context: 0, map: { transform: 'affine' }, blocked: words, alike: {} };
}

function readCoupling(file: TensorFile, at: string, rests: readonly string[]): Mapped | string {
  const name = at.slice(0, -1);
  const mask = file.tensors.get(`${at}mask`)?.shape;
  if (mask?.length !== 1) return `${at}mask of a coupling`;
  const features = mask[0]!;
  const stack = stackOf(
    file,
    at,
    rests.filter((rest) => rest !== 'mask'),
  );
  if (typeof stack === 'string') return stack;
  const [inputs, outputs] = [stack.widths[0]!, stack.widths.at(-1)!];
  const step = { kind: 'coupling', at: name, features, stack } as const;
  // The mask is read later. zuko's pass half of the features; what the network sees more is a context.
  const half = features / 2;
  const sizes = inputs < features ? [inputs] : [];
  for (const identity of [...sizes, Math.ceil(half), Math.floor(half)]) {
    const known = mapped(step, features - identity, identity);
    if (known) return known;
  }
  return blocked(
    step,
    `a known transform for ${at}hyper, which sees ${inputs} values and gives ${outputs} for ${features} features; ${knownMaps}`,
  );
}

function readAutoregressive(file: TensorFile, at: string, rests: readonly string[]): Mapped | string {
  const name = at.slice(0, -1);
  const features = lengthOf(file, `${at}order`);
  if (features === undefined) return `${at}order is not of features, such as [2]`;
  const layers = rests.filter((rest) => rest !== 'order');
  const stack = stackOf(
    file,
    at,
    layers.filter((rest) => !rest.endsWith('.mask')),
  );
  if (typeof stack === 'string') return stack;
  for (const number of stack.numbers) {
    const [mask, weight] = ['mask', 'weight'].map(
      (part) => file.tensors.get(`${at}hyper.${number}.${part}`)?.shape,
    );
    if (!mask || mask.join() !== weight!.join())
      return `${at}hyper.${number}.mask of the shape of its weight`;
  }
  if (layers.length !== 3 * stack.numbers.length) return `layers for all masks in ${at}hyper`;
  const step = { kind: 'autoregressive', at: name, features, stack } as const;
  const outputs = stack.widths.at(-1)!;
  return (
    mapped(step, features, features) ??
    blocked(
      step,
      `a known transform for ${at}hyper, which gives ${outputs} values for ${features} features; ${knownMaps}`,
    )
  );
}

function stackOf(file: TensorFile, at: string, rests: readonly string[]): LinearStack | string {
  const strange = rests.find((rest) => !/^hyper\.\d+\./.test(rest));
  if (strange) return `${at}${strange} is not known`;
  return linearStack(
    file,
    `${at}hyper.`,
    rests.map((rest) => rest.slice('hyper.'.length)),
  );
}

async function coupling({ at, features, stack, context }: Mapped, file: TensorFile): Promise<OurLayer> {
  const layer = await readMask(file, `${at}.mask`);
  const conditions = layer.kind === 'coupling' ? layer.mask.filter((bit) => bit === 1).length : 0;
  if (conditions + context !== stack.widths[0]) {
    throw new UserError(
      `${file.file}: ${at}.mask passes ${conditions} of ${features} features, and ${at}.hyper sees ${stack.widths[0]} ` +
        'values; masks that do not pass half of the features are read without a context only.',
    );
  }
  return { theirs: at, layer, table: stackNames(stack, 'net.') };
}

async function autoregressive({ at, stack, context }: Mapped, file: TensorFile): Promise<OurLayer> {
  const order = [...(await file.read(`${at}.order`)).data];
  if (!arePlaces(order)) {
    throw new UserError(
      `${file.file}: ${at}.order does not number at least two places from 0 on; it is [${order.slice(0, 20).join(', ')}].`,
    );
  }
  const masks = stack.numbers.map((number, i) => ({
    mask: `${at}.hyper.${number}.mask`,
    outputs: stack.widths[i + 1]!,
  }));
  await checkMasks(file, order, masks, { context, fromContext: context > 0 });
  const layer = { kind: 'autoregressive', order, sees: 'input' } as const;
  return { theirs: at, layer, table: stackNames(stack, 'net.') };
}

async function rescale(file: TensorFile, theirs: string, features: number): Promise<OurLayer> {
  const [scale, shift] = await Promise.all(
    ['scale', 'loc'].map((name) => ofFeatures(file, `${theirs}.${name}`, features)),
  );
  return { theirs, layer: { kind: 'rescale', scale: [...scale!], shift: [...shift!] } };
}

function title(chain: ZukoChain): string {
  const { couplings, first } = chain;
  const { stack, map } = first;
  const autoregressive = couplings.filter(({ kind }) => kind === 'autoregressive').length;
  const layers = [
    ...(autoregressive < couplings.length ? [`${couplings.length - autoregressive} couplings`] : []),
    ...(autoregressive > 0 ? [`${autoregressive} autoregressive layers`] : []),
  ].join(' and ');
  const splines =
    map.bins === undefined ? '' : ` of ${isCircular(chain) ? 'circular ' : ''}splines with ${map.bins} bins`;
  return `${map.transform === 'additive' ? 'shifts only, ' : ''}${layers}${splines}, networks ${hiddenWords(stack.hidden)}`;
}

export const zuko = chainImporter<Mapped, StepOf<'permute' | 'affine'>>({
  name: 'zuko',
  modules: zukoModules,
  list: 'transform.transforms',
  lacks: 'transform.transforms.0.mask',
  readStep(file, at, rests) {
    // An UnconditionalTransform of a PermutationTransform keeps its order under this name.
    if (rests.join() === '_0' && lengthOf(file, `${at}_0`) !== undefined) {
      return { kind: 'permute', at: at.slice(0, -1), features: lengthOf(file, `${at}_0`) };
    }
    // An UnconditionalTransform of an AffineTransform, by which sbi standardizes.
    if (rests.toSorted().join() === 'loc,scale') return { kind: 'affine', at: at.slice(0, -1) };
    return rests.includes('order') ? readAutoregressive(file, at, rests) : readCoupling(file, at, rests);
  },
  gap: (at) => `${at} is a transform without tensors`,
  base: {
    prefix: 'base.',
    readers: [
      {
        kind: 'DiagNormal',
        names: ['loc', 'scale'],
        read: ([loc, scale]) => fixedNormal(loc!, scale!),
      },
      {
        kind: boxUniform,
        names: ['lower', 'upper'],
        read: ([lower, upper]) => ({ base: { kind: 'uniform', lower: [...lower!], upper: [...upper!] } }),
      },
    ],
  },
  check: ({ blocked: words }) => (words === undefined ? [] : [words]),
  title,
  questions: (chain) => [
    activationQuestion,
    ...(chain.first.map.bins === undefined || isCircular(chain) ? [] : [splineQuestion, slopeQuestion]),
  ],
  model(chain, answers) {
    const { stack, map, context } = chain.first;
    const { transform, bins } = map;
    return {
      hidden: stack.hidden,
      nets: 'joint',
      conditioning: 'selected',
      activation: activationOf(answers),
      transform,
      ...(context > 0 ? { context } : {}),
      outputLayout: 'interleaved',
      ...(transform === 'affine'
        ? {
            affine: 'scale-then-shift',
            outputOrder: 'shift-scale',
            scaleMap: 'soft-clip',
            scaleEpsilon: 1e-3,
          }
        : {}),
      ...(bins === undefined
        ? {}
        : {
            bins,
            splineMap: 'soft-clip',
            ...(isCircular(chain)
              ? { splineEnds: 'half-turn', splineBound: Math.PI, splineSlope: 1e-3 }
              : {
                  splineBound: answeredNumber(answers, splineQuestion),
                  splineSlope: answeredNumber(answers, slopeQuestion),
                }),
          }),
    };
  },
  async layers(step, { file, features }) {
    switch (step.kind) {
      case 'affine':
        return [await rescale(file, step.at, features)];
      case 'permute':
        return [{ theirs: step.at, layer: await readOrder(file, `${step.at}._0`) }];
      case 'coupling':
        return [await coupling(step, file)];
      case 'autoregressive':
        return [await autoregressive(step, file)];
    }
  },
});
