/**
 * zuko's flows, data to latent: NICE and RealNVP, whose networks see the identity features, and MAF and NSF, whose
 * masked networks see those before each feature; all of them may see a context behind the features. A network gives what each feature takes one after the other: a shift
 * for x + t, (shift, scale) for x·eˢ + t with a softly clipped s, the knots of a spline, softly clipped too, the steps of a
 * Bernstein polynomial (BPF), the coefficients of polynomials whose squares
 * are added (SOSPF), or the components of mixtures (GF), whose layers map each feature by itself and may have no networks.
 */
import { sizeOf } from '../../../base/shape';
import { several, UserError } from '../../../base/user-error';
import { mostDegree, mostPolynomials, type TransformConfig } from '../../../config/layer-parts';
import type { TransformName } from '../../../config/transforms';
import { mostFeatures } from '../../../config/vector-model';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import {
  chainImporter,
  fixedNormal,
  mapColumns,
  readMask,
  readOrder,
  withUnseen,
  type Chain,
  type CouplingStep,
  type OurLayer,
  type ReadBase,
  type StepOf,
} from '../../import/chain-importer';
import { arePlaces, checkMasks, orderOfGraph } from '../../import/made';
import { inverseMatrixLayer, productOf, rescaleOf } from '../../import/matrices';
import {
  hiddenWords,
  layerWidths,
  otherContext,
  linearStack,
  sizesOf,
  stackNames,
  type FileModule,
  type LinearStack,
} from '../../import/modules';
import { linearNames, ofFeatures, under, type Renaming } from '../../import/names';
import {
  slopedActivation,
  slopedActivationQuestion,
  answeredNumber,
  questionOfLayers,
  choice,
  chosen,
  withOptions,
} from '../../import/questions';
import { SplineKinds, boundQuestion, featureMap, type FeatureMap } from '../../import/splines';
import type { TensorFile } from '../../import/types';
import { readFullMixture, readMixture } from './mixture';
import { zukoModules } from './modules';
import { refuse } from '../../import/unread';

/** No spline takes so many values a feature. */
interface PolynomialMap {
  transform: 'polynomial';
  bins?: undefined;
  values: number;
}

type ZukoMap = (FeatureMap & { values?: undefined }) | PolynomialMap;

/** What a layer may be, as far as sizes tell. */
interface Reading {
  map: ZukoMap;
  /** Numbers of a context that its network sees behind the features. */
  context: number;
}

/** In residual blocks, layers are in a Sequential in another one: "1.0". */
type Stack = Omit<LinearStack, 'numbers'> & { numbers: readonly (number | string)[] };

interface Mapped extends CouplingStep {
  kind: 'coupling' | 'autoregressive';
  stack: Stack;
  /** The likeliest first; a coupling whose mask is not read yet may be several things. None where something is in the way. */
  readings: readonly Reading[];
  /** Whether a transform without tensors follows. */
  clipped?: boolean;
  /** Whether its network, if it has one, sees the context alone. */
  elementwise?: boolean;
  /** Without a network: numbers of each feature in each of its parameters, and the transform that has such ones. */
  parameters?: { sizes: readonly number[]; univariate: string | undefined };
  /** Residual blocks of its network; none in an MLP. */
  blocks?: number;
  /** Whether its network normalizes what comes into a layer. */
  normalized?: boolean;
  /** Whether its masks follow a graph of the features instead of an order. */
  graph?: boolean;
  /** In a LazyInverse, so that the network sees the output. */
  reversed?: boolean;
  /** What is in the way of it, in words. */
  blocked?: string;
}

type Other = (StepOf<'permute' | 'affine' | 'clip'> | (StepOf<'matrix'> & { tensor: string })) & {
  reversed?: boolean;
};

type ZukoChain = Chain<Mapped, Other>;

const splineQuestion = boundQuestion('bound', 5);

const polynomialQuestion: ImportQuestion = {
  ...splineQuestion,
  title: 'Bound of Bernstein polynomials',
  detail: 'The `bound` argument, which a state dict does not hold: outside of it nothing changes.',
};

const slopeQuestion: ImportQuestion = {
  key: 'slope',
  title: 'Least slope of the splines',
  detail: 'The `slope` argument of MonotonicRQSTransform or SOSPF, which a state dict does not hold.',
  answer: { kind: 'number', default: 1e-3, minimum: 1e-9, maximum: 0.999 },
};

const boxUniform = 'BoxUniform';
const unnamed = 'DiagNormal or BoxUniform';

const baseQuestion = choice(
  'base',
  'Base distribution',
  'Its arguments were given without names, so that both have tensors of the same names.',
  [
    { value: 'DiagNormal', label: 'DiagNormal(loc, scale)' },
    { value: boxUniform, label: 'BoxUniform(lower, upper)' },
  ],
);

const mixingQuestion = choice(
  'mixing',
  'Linear transforms',
  'A matrix that was given without a name, which leaves open what it is for.',
  [
    { value: 'LULinearTransform', label: 'LULinearTransform(LU)' },
    { value: 'RotationTransform', label: 'RotationTransform(A)' },
  ],
);

const bernstein = 'BoundedBernsteinTransform';
/** With a degree behind it. */
const squares = 'SOSPolynomialTransform';
const mixture = 'GaussianizationTransform';
const splines = 'MonotonicRQSTransform';
/** By which it brings probabilities nearer to 1/2. */
const shrinkage = 1e-6;
/** What SOSPF has between two layers: the bound of its SoftclipTransform. */
const softclip = 11;
/** SOSPF divides features by it, and has no argument for it. */
export const boundOfSquares = 10;

/** The polynomials that `values` may be coefficients and a shift of. */
const squaresOf = (values: number): { value: string; label: string }[] =>
  Array.from({ length: mostDegree }, (_, i) => i + 1).flatMap((degree) => {
    const polynomials = (values - 1) / (degree + 1);
    if (!Number.isInteger(polynomials) || polynomials > mostPolynomials) return [];
    const of =
      polynomials === 1 ? 'squares of a polynomial' : `sums of squares of ${polynomials} polynomials`;
    return [{ value: `${squares}:${degree}`, label: `${of} of degree ${degree} (SOSPF)` }];
  });

/** Defaults of zuko: 8 bins for NSF, degree 16 for BPF; the default of SOSPF, 16 values, fits no spline. */
const splineKinds = new SplineKinds({
  name: 'zuko',
  key: 'univariate',
  spline: splines,
  splineLabel: (bins) => `splines with ${bins} bins (NSF)`,
  others: (values) => [
    {
      value: bernstein,
      label: `Bernstein polynomials of degree ${values - 1} (BPF)`,
      computed: values <= mostValues,
    },
    {
      value: squares,
      label: `sums of squares of polynomials with ${values - 1} coefficients (SOSPF)`,
      ...(squaresOf(values).length > 0 ? { parts: squaresOf(values) } : {}),
    },
    ...(values % 2 === 0
      ? [{ value: mixture, label: `Gaussianization with ${values / 2} components (GF)`, computed: true }]
      : []),
  ],
  // Polynomials of degree 4, SOSPF's default: two and five of them. Splines of 6 bins are as common as BPF's default, 17 values.
  ambiguousAt: [11, 26],
});

type Read = Omit<Mapped, 'readings' | 'alike' | 'blocked' | 'reversed'>;

const mapWords = ({ transform, bins, values }: ZukoMap): string => [transform, bins, values].join(' ');

/** As many values as the degree of a polynomial in a config can be, and one. */
const mostValues = 101;

function mapOf(values: number): ZukoMap | undefined {
  const isPolynomial = Number.isInteger(values) && values > 2 && values <= mostValues;
  return featureMap(values) ?? (isPolynomial ? { transform: 'polynomial', values } : undefined);
}

const isSame = (a: Reading, b: Reading): boolean =>
  a.context === b.context && mapWords(a.map) === mapWords(b.map);

/**
 * What all layers of the chain may be.
 * @returns undefined where they differ
 */
function readingOf({ couplings, first }: Pick<ZukoChain, 'couplings' | 'first'>): Reading | undefined {
  return first.readings.find((reading) =>
    couplings.every(({ readings }) => readings.some((other) => isSame(reading, other))),
  );
}

/** @param identity features that the network may see; the others are mapped, and what it sees more is a context */
function reading({ stack, features }: Read, identity: number): Reading | undefined {
  const map = mapOf(stack.widths.at(-1)! / (features - identity));
  const context = stack.widths[0]! - identity;
  return map && context >= 0 ? { map, context } : undefined;
}

function withReadings(step: Read, readings: readonly (Reading | undefined)[], net: string): Mapped {
  const known = readings.filter((one) => one !== undefined);
  const { features, stack } = step;
  const outputs = stack.widths.at(-1)!;
  // A coupling outputs that many for half of the features, which its mask tells.
  const each = outputs / (step.kind === 'coupling' ? Math.ceil(features / 2) : features);
  const blocked = `a known transform for ${net}, which gives ${outputs} values for ${features} features; ${splineKinds.knownFor(each)}`;
  return {
    ...step,
    readings: known,
    ...(known.length === 0 ? { blocked } : {}),
    alike: {
      ...sizesOf(step.stack),
      ...(step.elementwise ? { 'maps each feature by itself': step.parameters ?? 'by a network' } : {}),
      ...(step.blocks ? { 'has another number of residual blocks than': step.blocks } : {}),
      ...(step.normalized ? { 'has a normalized network, unlike': true } : {}),
      ...(step.clipped ? { 'is before a transform without tensors': true } : {}),
    },
  };
}

function readCoupling(module: FileModule): Mapped {
  const { at, prefix, rests } = module;
  const mask = module.shape('mask');
  if (mask?.length !== 1) refuse(`${prefix}mask of a coupling`);
  const features = mask[0]!;
  // A norm without tensors behind each activation.
  const normalized = rests.includes('hyper.3.weight');
  const stack = stackOf(
    module.filtered((rest) => rest !== 'mask'),
    normalized ? 3 : 2,
  );
  const step = { kind: 'coupling', at, features, stack, normalized } as const;
  // zuko's own masks pass half of the features; others may pass any number.
  const halves = [Math.ceil(features / 2), Math.floor(features / 2)];
  // The number of features is checked later.
  const others = Array.from({ length: Math.min(features, mostFeatures) - 1 }, (_, i) => i + 1);
  const sizes = [...new Set([...halves, stack.widths[0]!, ...others])].filter((n) => n >= 1 && n < features);
  const isUnlikely = (identity: number): boolean =>
    // A polynomial may take any number of values, so that another mask would always do.
    2 * identity !== features && reading(step, identity)?.map.transform === 'polynomial';
  const inOrder = [false, true].flatMap((last) => sizes.filter((size) => isUnlikely(size) === last));
  return withReadings(
    step,
    inOrder.map((identity) => reading(step, identity)),
    `${prefix}hyper`,
  );
}

function readAutoregressive(module: FileModule): Mapped {
  const { file, at, prefix, rests } = module;
  const graph = !rests.includes('order');
  const features = graph ? featuresOfBase(file) : module.length('order');
  if (features === undefined)
    refuse(
      graph
        ? `a base that says how many features ${at} has`
        : `${prefix}order is not of features, such as [2]`,
    );
  const layers = module.filtered((rest) => rest !== 'order');
  const weights = layers.filtered((rest) => !rest.endsWith('.mask'));
  const isResidual = rests.includes('hyper.1.0.weight');
  const stack = isResidual ? residualStack(weights) : stackOf(weights);
  for (const number of stack.numbers) {
    const [mask, weight] = ['mask', 'weight'].map((part) => module.shape(`hyper.${number}.${part}`));
    if (!mask || mask.join() !== weight!.join())
      refuse(`${prefix}hyper.${number}.mask of the shape of its weight`);
  }
  if (layers.rests.length !== 3 * stack.numbers.length) refuse(`layers for all masks in ${prefix}hyper`);
  const clipped = isBeforeGap(file, at);
  const blocks = isResidual ? stack.numbers.length / 2 - 1 : 0;
  const step = { kind: 'autoregressive', at, features, stack, clipped, graph, blocks } as const;
  const map = mapOf(stack.widths.at(-1)! / features);
  const context = stack.widths[0]! - features;
  return withReadings(step, map && context >= 0 ? [{ map, context }] : [], `${prefix}hyper`);
}

/** Which transform has parameters of these shapes, each behind the axis of features. */
function parametersOf(shapes: readonly (readonly number[])[]): Mapped['parameters'] | undefined {
  const sizes = shapes.map(sizeOf);
  const [first = 0, second, third] = sizes;
  const ranks = shapes.map(({ length }) => length).join();
  switch (ranks) {
    case '0':
    case '0,0':
      return { sizes, univariate: undefined };
    case '1':
      return { sizes, univariate: bernstein };
    case '1,1':
      return first === second ? { sizes, univariate: mixture } : undefined;
    case '1,1,1':
      return first === second && third === first - 1 ? { sizes, univariate: splines } : undefined;
    case '2,0':
      return { sizes, univariate: `${squares}:${shapes[0]![1]! - 1}` };
    default:
      return undefined;
  }
}

/** An ElementWiseTransform: its parameters [features, …], or a network of the context that gives them. */
function readElementwise(module: FileModule): Mapped {
  const { file, at, prefix, rests } = module;
  const clipped = isBeforeGap(file, at);
  const step = { kind: 'autoregressive', at, elementwise: true, clipped } as const;
  if (rests.every((rest) => /^phi\.\d+$/.test(rest))) {
    const shapes = rests.map((_, i) => module.shape(`phi.${i}`) ?? []);
    const features = shapes[0]![0] ?? 0;
    const parameters = parametersOf(shapes.map((shape) => shape.slice(1)));
    if (!parameters || shapes.some(([first, ...rest]) => first !== features || rest.includes(0)))
      refuse(`parameters of a known transform in ${prefix}phi`);
    const values = parameters.sizes.reduce((sum, size) => sum + size);
    const stack = {
      prefix: `${prefix}hyper.`,
      numbers: [],
      widths: [features, 1, features * values],
      hidden: [1],
    };
    const isPolynomial = parameters.univariate !== undefined && parameters.univariate !== splines;
    const map: ZukoMap | undefined = isPolynomial ? { transform: 'polynomial', values } : mapOf(values);
    return withReadings(
      { ...step, features, stack, parameters },
      map ? [{ map, context: 0 }] : [],
      `${prefix}phi`,
    );
  }
  const stack = stackOf(module);
  const [context = 0, outputs = 0] = [stack.widths[0], stack.widths.at(-1)];
  const size = featuresOfBase(file, outputs) ?? refuse(`${prefix}mask of a coupling`);
  const map = mapOf(outputs / size);
  const seen = { ...stack, widths: [size + context, ...stack.widths.slice(1)] };
  const readings = map ? [{ map, context }] : [];
  return withReadings({ ...step, features: size, stack: seen }, readings, `${prefix}hyper`);
}

/** Features that the base has, where a network gives as many values for each. */
function featuresOfBase(file: TensorFile, outputs = 0): number | undefined {
  const base = [...file.tensors.keys()].find((tensor) => /(^|\.)base\.(loc|lower|_0|phi\.1)$/.test(tensor));
  const size = base === undefined ? undefined : file.tensors.get(base)!.shape.at(-1);
  return size && outputs % size === 0 ? size : undefined;
}

const nextTo = (at: string, steps = 1): string =>
  at.replace(/\d+$/, (number) => String(Number(number) + steps));

/** Whether one autoregressive layer, a transform without tensors and another one follow each other. @param at of the first */
function isBeforeGap({ tensors }: TensorFile, at: string): boolean {
  const behind = ['order', 'phi.0', 'hyper.0.weight'].map((name) => `${nextTo(at, 2)}.${name}`);
  if (!/\.\d+$/.test(at) || !behind.some((name) => tensors.has(name))) return false;
  const next = `${nextTo(at)}.`;
  return ![...tensors.keys()].some((name) => name.startsWith(next));
}

function stackOf(module: FileModule, step = 2): LinearStack {
  module.refuseUnless((rest) => /^hyper\.\d+\./.test(rest));
  return linearStack(module.within('hyper.'), undefined, step);
}

/** A layer, blocks of two that are added to what they take, and a layer, as `residual=True` makes them of equal widths. */
function residualStack({ file, prefix: at, rests }: FileModule): Stack {
  const prefix = `${at}hyper.`;
  const blocks = rests.filter((rest) => /^hyper\.\d+\.0\.weight$/.test(rest)).length;
  const inBlocks = Array.from({ length: blocks }, (_, i) => [`${i + 1}.0`, `${i + 1}.2`]);
  const numbers = ['0', ...inBlocks.flat(), String(blocks + 1)];
  const widths = layerWidths(
    file,
    numbers.map((number) => prefix + number),
  );
  const width = widths[1]!;
  if (widths.slice(1, -1).some((other) => other !== width) || rests.length !== 2 * numbers.length)
    refuse(`residual blocks of one width in ${prefix.slice(0, -1)}`);
  return { prefix, numbers, widths, hidden: [width] };
}

/** Names below ours, in the order of the stack. */
const pathsOf = ({ blocks = 0, stack: { numbers } }: Mapped): string[] =>
  numbers.map((_, i) => {
    if (blocks === 0) return `net.${i}`;
    if (i === 0 || i === numbers.length - 1) return i === 0 ? 'net.in' : 'net.out';
    return `net.blocks.${(i - 1) >> 1}.linear${2 - (i % 2)}`;
  });

/** The mask decides what a layer is. */
async function coupling(step: Mapped, file: TensorFile, { map, context }: Reading): Promise<OurLayer> {
  const { at, features, stack, reversed } = step;
  const layer = await readMask(file, `${at}.mask`);
  const conditions = layer.kind === 'coupling' ? layer.mask.filter((bit) => bit === 1).length : 0;
  const actual = reading(step, conditions);
  if (actual?.context !== context || mapWords(actual.map) !== mapWords(map)) {
    throw new UserError(
      `${file.file}: ${at}.mask passes ${conditions} of ${features} features, and ${at}.hyper sees ${stack.widths[0]} ` +
        `values and gives ${stack.widths.at(-1)}; that is another transform or context than in the layers before it.`,
    );
  }
  return {
    at,
    layer,
    table: stackNames(stack, 'net.'),
    adapt(tensors, name) {
      if (reversed && map.transform === 'additive')
        mapColumns(tensors, `${name}.net.${stack.hidden.length}`, (x) => -x);
    },
  };
}

/** Reading of the first layer, by its mask. */
async function exactReading(chain: ZukoChain): Promise<Reading> {
  const { first, file } = chain;
  if (first.kind === 'autoregressive') return first.readings[0]!;
  const { data } = await file.read(`${first.at}.mask`);
  return reading(first, data.filter((bit) => bit === 1).length) ?? readingOf(chain)!;
}

async function matrix(
  file: TensorFile,
  { at, tensor, reversed }: Extract<Other, { kind: 'matrix' }>,
  answers: ImportAnswers,
): Promise<OurLayer> {
  const tensorName = `${at}.${tensor}`;
  const { shape, data } = await file.read(tensorName);
  const named = { A: 'RotationTransform', LU: 'LULinearTransform' }[tensor];
  if ((named ?? chosen<string>(answers, mixingQuestion)) === 'RotationTransform') {
    return {
      at,
      layer: { kind: 'orthogonal' },
      // exp(A − Aᵀ), whose inverse is exp(Aᵀ − A).
      table: [{ library: tensorName, flowscope: 'generator', transform: reversed ? 'transpose' : 'same' }],
    };
  }
  // L has a diagonal and U has ones; ours has it the other way round.
  const size = shape[0]!;
  const diagonal = Array.from({ length: size }, (_, i) => data[i * size + i]!);
  if (diagonal.some((value) => value === 0 || !Number.isFinite(value))) {
    throw new UserError(
      `${file.file}: ${tensorName} has a 0 on its diagonal, so that its matrix has no inverse. Save another checkpoint.`,
    );
  }
  const part = (entry: (row: number, column: number, value: number) => number): Float32Array =>
    data.map((value, i) => entry(Math.floor(i / size), i % size, value));
  if (reversed) {
    const where = `${file.file}: ${tensorName}`;
    const l = part((i, k, x) => (k <= i ? x : 0));
    const u = part((k, j, x) => (k === j ? 1 : k < j ? x : 0));
    const product = Float32Array.from(productOf(where, [size, size, size], l, u));
    return { at, ...inverseMatrixLayer(where, { shape, data: product }) };
  }
  return {
    at,
    layer: { kind: 'plu', signs: diagonal.map((value) => (value < 0 ? -1 : 1)) },
    tensors: {
      lower: { shape, data: part((i, j, x) => (i > j ? x / diagonal[j]! : 0)) },
      upper: { shape, data: part((i, j, x) => (i < j ? x * diagonal[i]! : 0)) },
      logDiagonal: { shape: [size], data: Float32Array.from(diagonal, (value) => Math.log(Math.abs(value))) },
      bias: { shape: [size], data: new Float32Array(size) },
    },
  };
}

/** NCSF: splines on a circle of fixed size, with a base that is uniform on it. */
function isCircular(box: ArrayLike<number>): boolean {
  return Array.from(box).every((value) => Math.abs(Math.abs(value) - Math.PI) < 1e-4);
}

/** What a LazyInverse makes of it, or what is in the way, in words. */
function inverseOf(step: Mapped | Other): Mapped | Other {
  if (!('stack' in step)) return { ...step, reversed: true };
  if (step.blocked !== undefined) return step;
  const { at, kind, readings } = step;
  if (kind === 'autoregressive' && readings[0]?.map.transform === 'additive')
    return { ...step, blocked: `an affine transform in ${at} (it is the inverse of shifts)` };
  return { ...step, reversed: true, alike: { ...step.alike, 'runs the other way than': true } };
}

/** All features have one place; a network sees the context behind zeros for them, and without one gives its last bias. */
async function elementwise(
  { at, features, stack, parameters, reversed }: Mapped,
  file: TensorFile,
): Promise<OurLayer> {
  const order = Array.from({ length: features }, () => 0);
  const layer = { kind: 'autoregressive', order, sees: reversed ? 'output' : 'input' } as const;
  if (stack.numbers.length > 0) {
    return {
      ...{ at, layer, table: stackNames(stack, 'net.') },
      adapt: (tensors, name) => withUnseen(tensors, `${name}.net.0`, features),
    };
  }
  const { sizes } = parameters!;
  const parts = await Promise.all(sizes.map((_, i) => file.read(`${at}.phi.${i}`)));
  const bias = Float32Array.from(
    order.flatMap((_, feature) =>
      parts.flatMap(({ data }, i) => [...data.subarray(feature * sizes[i]!, (feature + 1) * sizes[i]!)]),
    ),
  );
  const outputs = bias.length;
  return {
    ...{ at, layer },
    tensors: {
      'net.0.weight': { shape: [features, 1], data: new Float32Array(features) },
      'net.0.bias': { shape: [1], data: new Float32Array(1) },
      'net.1.weight': { shape: [1, outputs], data: new Float32Array(outputs) },
      'net.1.bias': { shape: [outputs], data: bias },
    },
  };
}

async function autoregressive(
  step: Mapped,
  { file, steps }: ZukoChain,
  { context }: Reading,
): Promise<OurLayer> {
  const { at, features, stack, reversed } = step;
  const paths = pathsOf(step);
  const masks = stack.numbers.map((number, i) => ({
    mask: `${at}.hyper.${number}.mask`,
    outputs: stack.widths[i + 1]!,
  }));
  const sees = reversed ? 'output' : 'input';
  const table = stack.numbers.flatMap((number, i) =>
    under(`${stack.prefix}${number}.`, `${paths[i]}.`, linearNames),
  );
  if (steps.some(isGraph)) {
    const order = await orderOfGraph(file, features, masks, context);
    const kept = masks.map(({ mask }, i): Renaming => ({
      library: mask,
      flowscope: `${paths[i]}.mask`,
      transform: 'transpose',
    }));
    return { at, layer: { kind: 'autoregressive', order, sees }, table: [...table, ...kept] };
  }
  const order = [...(await file.read(`${at}.order`)).data];
  if (!arePlaces(order)) {
    throw new UserError(
      `${file.file}: ${at}.order does not number at least two places from 0 on; it is [${order.slice(0, 20).join(', ')}].`,
    );
  }
  await checkMasks(file, order, masks, { context, fromContext: context > 0 });
  return { at, layer: { kind: 'autoregressive', order, sees }, table };
}

async function rescale(
  file: TensorFile,
  { at, reversed }: Extract<Other, { kind: 'affine' }>,
  features: number,
): Promise<OurLayer> {
  const [scale, shift] = await Promise.all(
    ['scale', 'loc'].map((name) => ofFeatures(file, `${at}.${name}`, features)),
  );
  return { at, layer: rescaleOf(Float32Array.from(scale!), Float32Array.from(shift!), reversed) };
}

function title(chain: ZukoChain): string {
  const { couplings, first } = chain;
  const { stack, blocks = 0 } = first;
  const { map } = readingOf(chain)!;
  const autoregressive = couplings.filter(({ kind }) => kind === 'autoregressive').length;
  const layers = [
    ...(autoregressive < couplings.length ? [`${couplings.length - autoregressive} couplings`] : []),
    ...(autoregressive > 0 ? [`${autoregressive} autoregressive layers`] : []),
  ].join(' and ');
  // Splines or polynomials: that is asked.
  const values = map.values ?? (map.bins === undefined ? undefined : 3 * map.bins - 1);
  const taken = values === undefined ? '' : ` of ${values} values a feature`;
  return `${map.transform === 'additive' ? 'shifts only, ' : ''}${layers}${taken}, ${blocks > 0 ? 'residual ' : ''}networks ${hiddenWords(stack.hidden)}${blocks > 0 ? `, ${several(blocks, 'block')}` : ''}`;
}

const isGraph = (step: Mapped | Other): boolean => 'stack' in step && step.graph === true;

/** What parameters without a network leave open, by their transform. */
const parameterQuestions: Readonly<Record<string, ImportQuestion[]>> = {
  [splines]: [splineQuestion, slopeQuestion],
  [bernstein]: [polynomialQuestion],
  [squares]: [slopeQuestion],
};

function splineQuestions(chain: ZukoChain, map: ZukoMap): ImportQuestion[] {
  const { file, base, couplings } = chain;
  const isPolynomial = map.transform === 'polynomial';
  const { parameters } = chain.first;
  if (parameters)
    return (parameterQuestions[parameters.univariate?.split(':')[0] ?? ''] ?? []).map((question) =>
      questionOfLayers(question, couplings.length),
    );
  if (!isPolynomial && map.bins === undefined) return [];
  // Only NCSF has a box whose corners have names.
  const univariate =
    base === boxUniform && !isPolynomial
      ? []
      : splineKinds
          .questions(file, takenBy(chain, map))
          .map((question) => withOptions(question, otherKinds(chain, map)));
  const numbers = [isPolynomial ? polynomialQuestion : splineQuestion, slopeQuestion];
  return [...univariate, ...numbers.map((question) => questionOfLayers(question, couplings.length))];
}

/** What couplings may be if their masks pass the other half of an odd number of features, which only reading them tells. */
const otherKinds = (chain: ZukoChain, map: ZukoMap): ImportQuestion[] =>
  chain.first.readings
    .slice(0, 2)
    .filter(
      (one) =>
        mapWords(one.map) !== mapWords(map) &&
        readingOf({ ...chain, first: { ...chain.first, readings: [one] } }),
    )
    .flatMap((one) => splineKinds.questions(chain.file, takenBy(chain, one.map)));

/** No class of zuko but SOSPF has transforms without tensors, it has one between each two layers, and 4 is its default degree. */
function takenBy({ steps, first }: Pick<ZukoChain, 'steps' | 'first'>, map: ZukoMap) {
  // NSF and MAF of one feature map it by itself too.
  if (first.elementwise && first.features > 1 && (map.values ?? 3 * (map.bins ?? 1) - 1) % 2 === 0)
    return { ...map, likely: mixture };
  const hasClips = steps.some(({ kind }) => kind === 'clip');
  const isSequence = steps.filter((step) => step.kind === 'autoregressive' && !step.elementwise).length > 1;
  if (map.bins !== undefined && isSequence && !hasClips) return { ...map, likely: splines };
  const usual = `${squares}:4`;
  const isUsual = map.values !== undefined && squaresOf(map.values).some(({ value }) => value === usual);
  return { ...map, ...(hasClips && isUsual ? { likely: usual } : {}) };
}

const box = ([lower, upper]: readonly Float32Array[]): ReadBase => ({
  base: { kind: 'uniform', lower: [...lower!], upper: [...upper!] },
});

export const zuko = chainImporter<Mapped, Other>({
  name: 'zuko',
  modules: zukoModules,
  list: 'transform.transforms',
  alone: 'transform.',
  ownNames: /(^|\.)transform\.transforms\.\d/,
  nested: 'transforms',
  inverse: { prefix: 'transform.', of: inverseOf },
  lacks: 'transform.transforms.0.mask',
  readStep(module) {
    const { at, rests } = module;
    // An UnconditionalTransform keeps its arguments under these names, of which those without a name are numbered.
    const [only = ''] = rests;
    if (rests.length === 1 && /^(_0|order|A|LU)$/.test(only)) {
      const features = module.length(only);
      const isOrder = !module.file.tensors.get(module.prefix + only)!.dtype.startsWith('F');
      if (features !== undefined && isOrder) return { at, kind: 'permute', features };
      const shape = module.shape(only)!;
      if (shape.length === 2 && shape[0] === shape[1] && only !== 'order')
        return { at, kind: 'matrix', features: shape[0]!, tensor: only };
    }
    // An AffineTransform, by which sbi standardizes.
    if (rests.toSorted().join() === 'loc,scale') return { at, kind: 'affine' };
    if (rests.includes('order') || rests.includes('hyper.0.mask')) return readAutoregressive(module);
    if (rests.includes('mask')) return readCoupling(module);
    return readElementwise(module);
  },
  gap: (at) => ({ kind: 'clip', at }),
  base: {
    prefix: 'base.',
    readers: [
      { kind: 'DiagNormal', names: ['loc', 'scale'], read: ([loc, scale]) => fixedNormal(loc!, scale!) },
      { kind: boxUniform, names: ['lower', 'upper'], read: box },
      {
        kind: unnamed,
        names: ['_0', '_1'],
        read: (values, answers) =>
          chosen(answers, baseQuestion) === boxUniform ? box(values) : fixedNormal(values[0]!, values[1]!),
      },
      {
        kind: 'GMM with diagonal or spherical covariances',
        names: ['phi.0', 'phi.1', 'phi.2'],
        shapes: (features) => [[-1], [-1, features], [-1, -1]],
        read: (values, _, shapes) => readMixture(values, shapes),
      },
      {
        kind: 'GMM with full covariances',
        names: ['phi.0', 'phi.1', 'phi.2', 'phi.3'],
        shapes: (features) => [[-1], [-1, features], [-1, features], [-1, (features * (features - 1)) / 2]],
        read: (values, _, shapes) => readFullMixture(values, shapes),
      },
    ],
  },
  check: ({ blocked: words }) => (words === undefined ? [] : [words]),
  misfit({ steps }) {
    const known = new Set(
      steps.flatMap((step) => ('stack' in step && step.clipped ? [nextTo(step.at)] : [])),
    );
    const other = steps.find(({ kind, at }) => kind === 'clip' && !known.has(at));
    if (other) return `${other.at} is a transform without tensors`;
    const alone = steps.find((step) => 'stack' in step && step.elementwise);
    const graph = steps.find(isGraph);
    return alone && graph && `${graph.at} with an order of its features beside ${alone.at}, not an adjacency`;
  },
  part(couplings) {
    const parts: Mapped[][] = [];
    for (const one of couplings) {
      const part = parts.find(([first, ...others]) =>
        readingOf({ first: first!, couplings: [first!, ...others, one] }),
      );
      if (part) part.push(one);
      else parts.push([one]);
    }
    return parts;
  },
  together([first, ...others]) {
    let contexts = first!.readings.map(({ context }) => context);
    for (const { at, readings } of others) {
      contexts = contexts.filter((one) => readings.some(({ context }) => context === one));
      if (contexts.length === 0) return [`${at} ${otherContext} ${first!.at}`];
    }
    return [];
  },
  title,
  questions: (chain) => [
    ...(chain.first.parameters ? [] : [slopedActivationQuestion]),
    ...splineQuestions(chain, readingOf(chain)!.map),
    ...(chain.steps.some((step) => step.kind === 'matrix' && step.tensor === '_0') ? [mixingQuestion] : []),
    ...(chain.base === unnamed ? [baseQuestion] : []),
  ],
  async model(chain, answers) {
    const { at, stack, clipped, parameters, normalized, reversed, blocks = 0 } = chain.first;
    const { map, context } = await exactReading(chain);
    const { transform, bins } = map;
    const values = map.values ?? 3 * (bins ?? 0) - 1;
    // A box whose corners have names says that it is NCSF.
    const isNcsf = chain.base === boxUniform && bins !== undefined;
    const univariate = parameters
      ? parameters.univariate
      : isNcsf
        ? undefined
        : splineKinds.check(chain.file, takenBy(chain, map), answers);
    const [, degree] = (univariate?.startsWith(squares) && univariate.split(':')) || [];
    if (clipped && degree === undefined) {
      throw new UserError(
        `${chain.file.file}: ${nextTo(at)} is a transform without tensors, as SOSPF has them between its layers; with other ` +
          'transforms of each feature such a flow is not read. Record it in Python with flowscope.record.',
      );
    }
    const direction = reversed ? 'inverse' : 'forward';
    const transformConfig: TransformConfig | undefined =
      degree !== undefined
        ? {
            ...{ kind: 'sumOfSquares', degree: Number(degree), bound: boundOfSquares, spread: 0, direction },
            ...{
              polynomials: (values - 1) / (Number(degree) + 1),
              slope: answeredNumber(answers, slopeQuestion),
            },
            ...(clipped ? { clip: softclip } : {}),
          }
        : univariate === bernstein
          ? {
              kind: 'bernstein',
              degree: values - 1,
              bound: answeredNumber(answers, splineQuestion),
              direction,
            }
          : univariate === mixture
            ? { kind: 'gaussianization', components: values / 2, spread: 0, shrinkage, direction }
            : undefined;
    const isBox =
      chain.base === boxUniform || (chain.base === unnamed && chosen(answers, baseQuestion) === boxUniform);
    const corner =
      isBox && [...chain.file.tensors.keys()].find((name) => /(^|\.)base\.(lower|_0)$/.test(name));
    const circular =
      corner !== undefined && corner !== false && isCircular((await chain.file.read(corner)).data);
    if (circular && reversed && !transformConfig) {
      throw new UserError(
        `${chain.file.file}: NCSF's circular splines run backwards here (.inv), which Flowscope does not compute; it reads those ` +
          'that run forwards.',
      );
    }
    return {
      hidden: stack.hidden,
      ...(blocks > 0 ? { net: 'residual', blocks, blockStart: 'linear' } : {}),
      ...(normalized ? { net: 'dense', denseSkips: false, denseNorm: 'standardized' } : {}),
      nets: 'joint',
      conditioning: 'selected',
      ...slopedActivation(answers),
      transform: transformConfig ?? (transform as TransformName),
      ...(context > 0 ? { context } : {}),
      outputLayout: 'interleaved',
      ...(chain.steps.some(isGraph) ? { madeMasks: 'stored' } : {}),
      ...(transform === 'affine' && {
        affine: reversed ? 'inverse-scale-then-shift' : 'scale-then-shift',
        outputOrder: 'shift-scale',
        scaleMap: 'soft-clip',
        scaleEpsilon: 1e-3,
      }),
      ...(bins === undefined || transformConfig
        ? {}
        : {
            bins,
            splineMap: 'soft-clip',
            ...(reversed ? { splineDirection: 'inverse' } : {}),
            splineSlope: answeredNumber(answers, slopeQuestion),
            ...(circular
              ? { splineEnds: 'half-turn', splineBound: Math.PI }
              : { splineBound: answeredNumber(answers, splineQuestion) }),
          }),
    };
  },
  async layers(step, chain, answers) {
    const { file, features } = chain;
    switch (step.kind) {
      case 'affine':
        return rescale(file, step, features);
      case 'permute': {
        const name = ['_0', 'order'].find((part) => file.tensors.has(`${step.at}.${part}`))!;
        return { at: step.at, layer: await readOrder(file, `${step.at}.${name}`, step.reversed) };
      }
      case 'clip':
        // A part of the transform before it.
        return [];
      case 'matrix':
        return matrix(file, step, answers);
      case 'coupling':
        return coupling(step, file, await exactReading(chain));
      case 'autoregressive':
        return step.elementwise
          ? elementwise(step, file)
          : autoregressive(step, chain, await exactReading(chain));
    }
  },
});
