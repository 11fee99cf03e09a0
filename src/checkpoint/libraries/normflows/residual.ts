/**
 * normflows' layers with the networks of nflows: CoupledRationalQuadraticSpline and AutoregressiveRationalQuadraticSpline,
 * which run from data to latent as nflows' do, and MaskedAffineAutoregressive, whose network sees latents. Between them
 * stands LULinearPermute.
 */
import { range } from '../../../base/order';
import { UserError } from '../../../base/user-error';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import {
  maskOf,
  readOrder,
  type CouplingStep,
  type OurLayer,
  type StepOf,
  type Values,
} from '../../import/chain-importer';
import { constantCoupling, readConstant, type ConstantSplines } from '../../import/constant-splines';
import { luFeatures, luLayer } from '../../import/lu';
import {
  foldNorms,
  joinContext,
  lastLayer,
  madeOrder,
  residualFields,
  residualNet,
  residualTable,
  type ResidualNet,
} from '../../import/made';
import { productOf } from '../../import/matrices';
import { otherContext, otherSize, type FileModule } from '../../import/modules';
import { activationOf, activationQuestion, answeredNumber, questionOfLayers } from '../../import/questions';
import { boundQuestion, featureMap, foldKnots, leastOfNflows } from '../../import/splines';
import type { TensorFile } from '../../import/types';
import type { VectorFields } from '../../import/vector-chain';
import { refuse } from '../../import/unread';

export interface Residual extends CouplingStep {
  kind: 'splineCoupling' | 'splineAutoregressive' | 'affineAutoregressive';
  net: ResidualNet;
  /** Bins of splines; else 0. */
  bins: number;
  /** Splines of the features that condition, which depend on nothing. */
  constant?: ConstantSplines;
  /** Whether it is in a Reverse, and so sees data. */
  reverse?: boolean;
  /** What is in the way of it, in words. */
  blocked?: string;
}

export type Lu = StepOf<'lu'>;

/** Prefixes below which all tensors of a layer are. */
export const residualNames = {
  inCoupling: 'prqct.',
  inAutoregressive: 'mprqat.',
  made: 'autoregressive_net.',
  residual: 'transform_net.',
  inConstant: 'unconditional_transform.',
} as const;
const { inCoupling, inAutoregressive, made, residual, inConstant } = residualNames;

const tailQuestion = boundQuestion('tail_bound', 3);

/** Undefined where the names belong to another layer; refused where they fit but cannot be read. */
export function readResidual(module: FileModule): Residual | Lu | undefined {
  const { at, rests } = module;
  if (module.isWithin(inCoupling)) return readCoupling(module);
  if (module.isWithin(inAutoregressive + made)) return readMade(module, inAutoregressive);
  if (module.isWithin(made)) return readMade(module, '');
  if (!rests.includes('permutation._permutation')) return undefined;
  const linear = module.within('linear.');
  const features = luFeatures(linear);
  const isLu = features !== undefined && rests.length === linear.rests.length + 1;
  if (!isLu || module.length('permutation._permutation') !== features)
    refuse(`${at} is a permutation and a mixing that is not an LULinear`);
  return { kind: 'lu', at, features };
}

/** What may be in a Reverse: a MaskedAffineAutoregressive. Undefined for others. */
export function readReversed(module: FileModule): Residual | undefined {
  if (!module.isWithin(made)) return undefined;
  const step = readMade(module, '');
  return { ...step, reverse: true, alike: { ...step.alike, 'runs the other way than': true } };
}

function readCoupling(whole: FileModule): Residual {
  const module = whole.within(inCoupling);
  const conditioning = module.length('identity_features');
  const moving = module.length('transform_features');
  if (conditioning === undefined || moving === undefined)
    refuse(`${module.at} is not a coupling of features`);
  const network = residualNet(module.within(residual), false, conditioning);
  const others = ['identity_features', 'transform_features'];
  module.refuseUnless(
    (rest) => rest.startsWith(residual) || rest.startsWith(inConstant) || others.includes(rest),
  );
  const step = withSplines('splineCoupling', whole.at, conditioning + moving, network, moving);
  const constant = module.within(inConstant);
  if (constant.rests.length === 0 || step.blocked !== undefined) return step;
  return { ...step, constant: readConstant(constant, conditioning, step.bins, network) };
}

function readMade(module: FileModule, wrapper: string): Residual {
  const { at } = module;
  const inner = module.within(wrapper + made);
  const network = residualNet(inner, true);
  const features = network.inputs;
  if (wrapper !== '') return withSplines('splineAutoregressive', at, features, network, features);
  const step = stepOf('affineAutoregressive', at, features, network);
  if (network.outputs === 2 * features) return step;
  const words = `2 values for each of ${features} features from ${inner.at} (it gives ${network.outputs})`;
  return { ...step, blocked: words };
}

function stepOf(kind: Residual['kind'], at: string, features: number, network: ResidualNet): Residual {
  const { width, blocks, plain, context } = network;
  return {
    ...{ kind, at, features, net: network, bins: 0 },
    alike: {
      'is not of the same kind as': kind === 'affineAutoregressive' ? 'affine' : 'spline',
      [otherSize]: [width, blocks, plain].join(),
      [otherContext]: context,
    },
  };
}

/** @param moving features that the network answers for */
function withSplines(
  kind: Residual['kind'],
  at: string,
  features: number,
  network: ResidualNet,
  moving: number,
): Residual {
  const step = stepOf(kind, at, features, network);
  const { bins } = featureMap(network.outputs / moving) ?? {};
  if (bins !== undefined)
    return { ...step, bins, alike: { ...step.alike, 'has splines of another number of bins than': bins } };
  const words =
    `splines of 2 to 256 bins with linear tails, 3·bins − 1 values for each of ${moving} features from ` +
    `${network.prefix.slice(0, -1)} (it gives ${network.outputs})`;
  return { ...step, blocked: words };
}

/** "4 spline couplings", and the like. */
export function residualTitle(couplings: readonly Residual[]): string {
  const first = couplings[0]!;
  const spline = first.bins > 0 ? 'spline ' : 'affine ';
  const apart = couplings.filter(({ kind }) => kind === 'splineCoupling').length;
  const layers = [
    ...(apart > 0 ? [`${apart} ${spline}couplings`] : []),
    ...(apart < couplings.length ? [`${couplings.length - apart} autoregressive ${spline}layers`] : []),
  ].join(' and ');
  const bins = first.bins > 0 ? ` with ${first.bins} bins` : '';
  return `${layers}${bins}, residual networks of ${first.net.width}, ${first.net.blocks} ${first.net.blocks === 1 ? 'block' : 'blocks'}`;
}

/** @param count of such layers */
export function residualQuestions({ bins }: Residual, count: number): ImportQuestion[] {
  return [activationQuestion, ...(bins > 0 ? [questionOfLayers(tailQuestion, count)] : [])];
}

export function residualModel({ bins, net, reverse }: Residual, answers: ImportAnswers): VectorFields {
  const common: VectorFields = {
    ...residualFields(net, { contextInBlocks: 'gate' }),
    ...(net.plain ? { hidden: Array.from({ length: net.blocks }, () => net.width) } : {}),
    nets: 'joint',
    conditioning: 'selected',
    activation: activationOf(answers),
    outputOrder: 'scale-shift',
    outputLayout: 'interleaved',
  };
  if (bins === 0) {
    const affine = reverse ? 'scale-then-shift' : 'inverse-scale-then-shift';
    return { ...common, affine, scaleMap: 'sigmoid', scaleEpsilon: 1e-3 };
  }
  return {
    ...common,
    transform: 'rationalQuadratic',
    bins,
    splineMap: 'softmax-floor',
    splineFloor: leastOfNflows,
    splineBound: answeredNumber(answers, tailQuestion),
  };
}

/** From data to latent. */
export async function residualLayers(
  file: TensorFile,
  step: Residual | Lu,
  features: number,
): Promise<OurLayer[]> {
  const { at } = step;
  if (step.kind === 'lu') {
    return [
      { at: `${at}.permutation`, layer: await readOrder(file, `${at}.permutation._permutation`) },
      luLayer(file, `${at}.linear`, features),
    ];
  }
  const { net, bins, kind } = step;
  const common: Pick<OurLayer, 'table' | 'adapt'> = {
    table: residualTable(net),
    async adapt(tensors, name) {
      const isMade = kind !== 'splineCoupling';
      if (isMade) await joinContext(file, net, tensors, name);
      await foldNorms(file, net, tensors, name);
      if (bins > 0) foldKnots(tensors, `${name}.${lastLayer(net)}`, { bins }, isMade ? 1 : net.width);
      if (net.plain) joinFirstLayers(tensors, `${name}.net`, net, `${file.file}: ${net.prefix}`);
    },
  };
  if (kind !== 'splineCoupling') {
    const sees = kind === 'affineAutoregressive' && !step.reverse ? 'output' : 'input';
    const order = await madeOrder(file, net);
    return [{ at, layer: { kind: 'autoregressive', order, sees }, ...common }];
  }
  const conditions = await readConditions(file, step);
  const coupling = maskOf(features, (i) => conditions.has(i));
  const { constant } = step;
  if (!constant) return [{ at, layer: coupling, ...common }];
  return [
    { at: net.prefix.slice(0, -1), layer: coupling, ...common },
    constantCoupling(
      file,
      constant,
      net,
      maskOf(features, (i) => !conditions.has(i)),
    ),
  ];
}

/**
 * Without residual blocks normflows has no activation between the first layer and the first block, unlike nflows, so that
 * both become one of our layers. In place; layers after it get the number before.
 */
function joinFirstLayers(
  tensors: Record<string, Values>,
  net: string,
  { inputs, width, blocks }: ResidualNet,
  where: string,
): void {
  const take = (part: string): Float32Array => {
    const { data } = tensors[`${net}.${part}`]!;
    return data;
  };
  const [first, firstMask, firstBias] = [take('0.weight'), take('0.mask'), take('0.bias')];
  const [second, secondMask, bias] = [take('1.weight'), take('1.mask'), take('1.bias')];
  const product = (a: ArrayLike<number>, b: ArrayLike<number>, rows: number): Float32Array =>
    Float32Array.from(productOf(where, [rows, width, width], a, b));
  const masked = (weight: Float32Array, mask: Float32Array): Float64Array =>
    Float64Array.from(weight, (value, i) => value * mask[i]!);
  const after = masked(second, secondMask);
  const shape = [inputs, width];
  tensors[`${net}.0.weight`] = { shape, data: product(masked(first, firstMask), after, inputs) };
  tensors[`${net}.0.mask`] = {
    shape,
    data: product(firstMask, secondMask, inputs).map((x) => Number(x > 0)),
  };
  tensors[`${net}.0.bias`] = {
    shape: [width],
    data: product(firstBias, after, 1).map((value, i) => value + bias[i]!),
  };
  for (let layer = 1; layer <= blocks; layer++) {
    for (const part of ['weight', 'bias', 'mask']) {
      tensors[`${net}.${layer}.${part}`] = tensors[`${net}.${layer + 1}.${part}`]!;
    }
  }
  for (const part of ['weight', 'bias', 'mask'])
    Reflect.deleteProperty(tensors, `${net}.${blocks + 1}.${part}`);
}

/** The features that condition. */
async function readConditions(file: TensorFile, { at, features }: Residual): Promise<Set<number>> {
  const read = async (part: string) => [...(await file.read(`${at}.${inCoupling}${part}`)).data];
  const conditions = new Set(await read('identity_features'));
  const moves = await read('transform_features');
  // The network's inputs and outputs are in the order of the features, as ours are.
  const rest = range(features);
  const expected = [...rest.filter((i) => conditions.has(i)), ...rest.filter((i) => !conditions.has(i))];
  if ([...conditions, ...moves].join() !== expected.join()) {
    throw new UserError(
      `${file.file}: ${at}.${inCoupling}identity_features and transform_features are not two parts of ${features} ` +
        'features, each in ascending order.',
    );
  }
  return conditions;
}
