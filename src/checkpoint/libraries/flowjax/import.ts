/**
 * flowjax's coupling_flow and masked_autoregressive_flow, whose layers and permutations run from data to latent with
 * `invert`, which is the default. A file has the leaves of the tree in order, with the leaves of all layers stacked; the arguments
 * that the flow was made with are next to it. What the leaves show by themselves is not asked.
 */
import { invertOrder, range } from '../../../base/order';
import { inverseSoftplus, softplus } from '../../../base/softplus';
import { sizeOf } from '../../../base/shape';
import { several, shortened, UserError } from '../../../base/user-error';
import type { VectorModelConfig } from '../../../config/schema';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import { chainFlow, mapColumns, maskOf, trainedNormal, type OurLayer } from '../../import/chain-importer';
import { checkMasks } from '../../import/made';
import { hiddenWords, refuseTooMany } from '../../import/modules';
import { linearNames, under } from '../../import/names';
import {
  activationChoice,
  activationOf,
  answeredNumber,
  answeredNumbers,
  choice,
  chosen,
} from '../../import/questions';
import type { Recognizer, TensorFile } from '../../import/types';
import type { ChainLayer, VectorFields } from '../../import/vector-chain';
import { readOrWhy, refuse } from '../../import/unread';

interface Linear {
  /** Names of the leaves, [layers, out, in] and [layers, out]. */
  weight: string;
  bias: string;
  /** [layers, out, in], of a masked one. */
  mask?: string;
  inputs: number;
  outputs: number;
}

type Flow = ReturnType<typeof readLeaves>;

type Spline = NonNullable<Flow['spline']>;

const activationQuestion = activationChoice('relu', 'nnActivation');

/** Functions of jax.nn and jax.numpy by their names. */
const activations: Readonly<Record<string, VectorModelConfig['activation']>> = {
  elu: 'elu',
  hard_silu: 'hard-silu',
  hard_swish: 'hard-silu',
  leaky_relu: 'leaky-relu',
  mish: 'mish',
  relu: 'relu',
  selu: 'selu',
  sigmoid: 'sigmoid',
  silu: 'silu',
  softplus: 'softplus',
  swish: 'silu',
  tanh: 'tanh',
};

const intervalQuestion: ImportQuestion = {
  key: 'interval',
  title: 'Interval of the splines',
  detail:
    'The `interval` argument of RationalQuadraticSpline, which leaves do not hold: splines map from minus this to this. ' +
    'Its two ends, such as "0, 10", may be given instead.',
  answer: { kind: 'number', default: 5, minimum: 1e-3, interval: true },
};

const transformerQuestion = choice(
  'transformer',
  'Transformer',
  'The `transformer` argument, whose scale leaves do not show.',
  { none: 'none given: softplus, at least 0.01', affine: 'Affine(): softplus' },
);

const invertQuestion = choice(
  'invert',
  'Direction',
  'The `invert` argument. With the other one the flow still runs, and all its numbers are wrong.',
  { true: 'True: layers run from data to latent', false: 'False: layers run from latent to data' },
);

const baseQuestion = choice(
  'base',
  'Base distribution',
  'Others with a location and a scale, such as Laplace and Cauchy, leave the same leaves, and are not read.',
  { Normal: 'Normal(loc, scale)', Uniform: 'Uniform(minval, maxval)' },
);

const mostLayers = 500;

const splineNumber = (key: string, title: string, argument: string, fallback: number): ImportQuestion => ({
  key,
  title,
  detail: `The \`${argument}\` argument of RationalQuadraticSpline, which leaves do not hold.`,
  answer: { kind: 'number', default: fallback, minimum: 1e-9 },
});
const leastDerivativeQuestion = splineNumber(
  'minDerivative',
  'Least slope of the splines',
  'min_derivative',
  1e-3,
);
const leastWidthQuestion = splineNumber('minWidth', 'Least width of a bin of the splines', 'min_width', 1e-3);
const adjustQuestion = splineNumber(
  'softmaxAdjust',
  'Share of the bins that is equal',
  'softmax_adjust',
  1e-2,
);

const leastScale = 1e-2;
/** Affine() has none; ours needs one, which float32 does not see. */
const leastOfAffine = 1e-9;

/** Arguments by the names that people save them under. */
const argumentNames = {
  flow: ['flow_type', 'flow'],
  interval: ['interval', 'transformer_interval'],
  lower: ['interval.0', 'transformer_interval.0'],
  upper: ['interval.1', 'transformer_interval.1'],
  minDerivative: ['min_derivative'],
  minWidth: ['min_width'],
  softmaxAdjust: ['softmax_adjust'],
  nnActivation: ['nn_activation', 'activation'],
  base: ['base_dist', 'base'],
  transformer: ['transformer', 'transformer_type'],
  invert: ['invert'],
  features: ['dim'],
} as const;

function argument(
  { extras }: TensorFile,
  name: keyof typeof argumentNames,
): number | string | boolean | undefined {
  for (const key of argumentNames[name]) if (extras[key] !== undefined) return extras[key];
  return undefined;
}

const isFloat = (dtype: string): boolean => dtype.startsWith('F') || dtype === 'BF16';

const oneFeature = 'two features or more (this one has 1)';

/** What the leaves are. */
function readLeaves(file: TensorFile) {
  const flow = argument(file, 'flow');
  if (typeof flow === 'string' && !/^(coupling|masked_autoregressive)_flow$/.test(flow))
    refuse(`a coupling_flow or masked_autoregressive_flow (this one is a ${shortened(flow)})`);
  const activation = argument(file, 'nnActivation');
  if (typeof activation === 'string' && !Object.hasOwn(activations, activation))
    refuse(
      `an nn_activation of ${Object.keys(activations).join(', ')} (this one is ${shortened(activation)})`,
    );
  const base = argument(file, 'base');
  if (typeof base === 'string' && !/^(Uniform|(Standard)?Normal)$/.test(base))
    refuse(`a base distribution Normal, StandardNormal or Uniform (this one is ${shortened(base)})`);
  // Sizes are among the leaves as single numbers; masked weights are followed by an empty one.
  const leaves = [...file.tensors].filter(([, { shape }]) => shape.length > 0 && sizeOf(shape) > 0);
  const shapeOf = (at: number): readonly number[] => leaves[at]?.[1].shape ?? [];
  const is = (at: number, test: (dtype: string) => boolean, rank: number): boolean =>
    shapeOf(at).length === rank && test(leaves[at]![1].dtype);
  let at = 0;
  let trained: readonly [loc: string, scale: string] | undefined;
  if (is(0, isFloat, 1) && is(1, isFloat, 1) && shapeOf(0)[0] === shapeOf(1)[0]) {
    trained = [leaves[0]![0], leaves[1]![0]];
    at = 2;
  }
  const linears: Linear[] = [];
  const count = shapeOf(at)[0] ?? 0;
  for (;;) {
    const mask = is(at, (dtype) => dtype === 'BOOL', 3) ? leaves[at]![0] : undefined;
    const weightAt = mask === undefined ? at : at + 1;
    if (!is(weightAt, isFloat, 3) || !is(weightAt + 1, isFloat, 2)) break;
    const [layers, outputs, inputs] = shapeOf(weightAt) as [number, number, number];
    const fits =
      layers === count &&
      shapeOf(weightAt + 1).join() === [layers, outputs].join() &&
      (mask === undefined || shapeOf(at).join() === shapeOf(weightAt).join()) &&
      (linears.length === 0 || linears.at(-1)!.outputs === inputs);
    if (!fits)
      refuse(
        `${leaves[weightAt]![0]} and ${leaves[weightAt + 1]![0]} of a linear layer that fits the one before`,
      );
    const [weight, bias] = [leaves[weightAt]![0], leaves[weightAt + 1]![0]];
    linears.push({ weight, bias, ...(mask === undefined ? {} : { mask }), inputs, outputs });
    at = weightAt + 2;
  }
  const [first, last] = [linears[0], linears.at(-1)];
  // A coupling of one has nothing to compute its parameters from; the weights of none are left out above.
  if ((trained ? shapeOf(0)[0] : argument(file, 'features')) === 1) refuse(oneFeature);
  if (!first || !last) refuse('weights of stacked layers, [layers, outputs, inputs], and their biases');
  if (linears.length === 1) refuse('networks with a hidden layer (an nn_depth of 0 has none)');
  const isMasked = first.mask !== undefined;
  if (linears.some(({ mask }) => (mask !== undefined) !== isMasked))
    refuse('masks for all layers of a network');
  const order = leaves[at];
  const permutation = order && !isFloat(order[1].dtype) && order[1].shape.length === 2 ? order[0] : undefined;
  const isInverse = order !== undefined && leaves[at + 1]?.[1].shape.join() === order[1].shape.join();
  const end = at + (permutation === undefined ? 0 : isInverse && !isFloat(leaves[at + 1]![1].dtype) ? 2 : 1);
  const single = [...file.tensors].filter(([, { shape, dtype }]) => shape.length === 0 && isFloat(dtype));
  // Both of a Normal have the shape before them; whatever is around a flow has one more.
  const isAround = trained && [...file.tensors.keys()].indexOf(trained[0]) > 2;
  const left = [...(isAround ? leaves.slice(0, 2) : []), ...leaves.slice(end), ...single].map(
    ([name, { shape }]) => `${name} [${shape.join(', ')}]`,
  );
  if (left.length > 0)
    refuse(
      `a flow without anything around it, such as a fixed Affine (${left.slice(0, 4).join(', ')} are left over)`,
    );
  const featureArgument = argument(file, 'features');
  const features =
    (trained && file.tensors.get(trained[0])!.shape[0]) ??
    (permutation === undefined ? undefined : order![1].shape[1]) ??
    // Without permutations there are at most two; what a masked network sees more is a condition.
    (typeof featureArgument === 'number'
      ? featureArgument
      : isMasked
        ? Math.min(first.inputs, 2)
        : undefined);
  if (features === undefined || !(Number.isInteger(features) && features >= 1))
    refuse('the number of features, which no leaf shows');
  refuseTooMany(features);
  if (count > mostLayers) refuse(`at most ${mostLayers} layers (this one has ${count})`);
  const untouched = isMasked ? 0 : Math.floor(features / 2);
  const context = first.inputs - (isMasked ? features : untouched);
  if (context < 0) {
    refuse(
      `a network that sees ${isMasked ? features : untouched} features (it sees ${first.inputs} values)`,
    );
  }
  if (permutation === undefined ? features > 2 : order![1].shape.join() !== [count, features].join())
    refuse(`permutations of ${features} features after each of ${count} layers`);
  // A masked network gives at least two values for each feature.
  const ofOne = last.outputs < 4 || last.outputs % 2 === 1;
  if (features === 1 || (isMasked && features === 2 && ofOne)) refuse(oneFeature);
  const values = last.outputs / (features - untouched);
  // Positions of knots in x and y, and derivatives at these and both ends.
  const halves = values % 3 === 2;
  const knots = (values - (halves ? 2 : 4)) / 3;
  if (values !== 2 && !(Number.isInteger(knots) && knots >= (halves ? 2 : 1) && knots <= 255)) {
    refuse(
      `a known transformer (the network gives ${last.outputs} values for ${features - untouched} features; known for each are 2, 3·knots + 2 and 3·knots + 4)`,
    );
  }
  return {
    features,
    count,
    linears,
    /** Numbers of a condition that its networks see behind the features. */
    context,
    kind: isMasked ? ('autoregressive' as const) : ('coupling' as const),
    /**
     * An affine map where it is missing. How many values it takes tells versions of flowjax apart: before flowjax 18,
     * 3·knots + 2, and the bins at both ends are halves of one; later 3·knots + 4.
     */
    spline: values === 2 ? undefined : { knots, halves },
    /** Leaves of a Normal's loc and raw scale. */
    base: trained,
    /** Leaf of the permutations, [layers, features]; a reversal where it is missing. */
    permutation,
  };
}

/** The leaves of single layers, under names: "layers.0.1.weight", "layers.0.permutation". */
function withLayers(file: TensorFile, { features, count, linears, permutation }: Flow): TensorFile {
  const parts = new Map<string, { leaf: string; layer: number }>();
  for (let layer = 0; layer < count; layer++) {
    for (const [i, linear] of linears.entries()) {
      for (const part of ['weight', 'bias', 'mask'] as const) {
        const leaf = linear[part];
        if (leaf !== undefined) parts.set(`layers.${layer}.${i}.${part}`, { leaf, layer });
      }
    }
    if (permutation !== undefined) parts.set(`layers.${layer}.permutation`, { leaf: permutation, layer });
  }
  return {
    ...file,
    tensors: new Map(
      [...parts].map(([name, { leaf }]) => {
        const { dtype, shape } = file.tensors.get(leaf)!;
        return [name, { dtype, shape: shape.slice(1) }];
      }),
    ),
    async read(name) {
      const part = parts.get(name);
      if (!part) throw new UserError(`${file.file}: holds no tensor "${name}" of ${features} features.`);
      const { shape, data } = await file.read(part.leaf);
      const size = sizeOf(shape.slice(1));
      return { shape: shape.slice(1), data: data.slice(part.layer * size, (part.layer + 1) * size) };
    },
  };
}

const runsBackwards = (answers: ImportAnswers): boolean => chosen(answers, invertQuestion) === 'false';

/** Where the splines are, and their least sizes. */
function splineFields(
  { knots, halves }: Spline,
  answers: ImportAnswers,
  [lower, upper]: readonly [number, number],
): VectorFields {
  const bound = (upper - lower) / 2;
  const adjust = answeredNumber(answers, adjustQuestion);
  return {
    transform: 'rationalQuadratic',
    bins: knots + 1,
    splineMap: halves ? 'softmax-halves' : 'softmax-slope',
    splineEnds: 'box',
    splineFloor: halves
      ? adjust / (knots * (1 + adjust))
      : answeredNumber(answers, leastWidthQuestion) / (2 * bound),
    splineSlope: answeredNumber(answers, leastDerivativeQuestion),
    splineBound: bound,
    splineCenter: (upper + lower) / 2,
  };
}

/** An argument `interval` of two numbers is its ends; of one, both. */
function intervalOf(file: TensorFile, answers: ImportAnswers): [lower: number, upper: number] {
  const [lower, upper] = [argument(file, 'lower'), argument(file, 'upper')];
  if (typeof lower === 'number' && typeof upper === 'number' && lower < upper) return [lower, upper];
  const [first, second] = answeredNumbers(answers, intervalQuestion);
  return second === undefined ? [-first!, first!] : [first!, second];
}

function fieldsOf(
  file: TensorFile,
  { linears, spline, context }: Flow,
  answers: ImportAnswers,
): VectorFields {
  const common: VectorFields = {
    hidden: linears.slice(0, -1).map(({ outputs }) => outputs),
    nets: 'joint',
    conditioning: 'selected',
    activation: activationOf(answers, activationQuestion),
    outputLayout: 'interleaved',
    ...(context > 0 ? { context } : {}),
  };
  if (spline) {
    return {
      ...common,
      ...splineFields(spline, answers, intervalOf(file, answers)),
      ...(runsBackwards(answers) ? { splineDirection: 'inverse' } : {}),
    };
  }
  return {
    ...common,
    affine: runsBackwards(answers) ? 'inverse-scale-then-shift' : 'scale-then-shift',
    outputOrder: 'shift-scale',
    scaleMap: 'softplus',
    scaleEpsilon: leastScaleOf(answers),
  };
}

const leastScaleOf = (answers: ImportAnswers): number =>
  chosen(answers, transformerQuestion) === 'none' ? leastScale : leastOfAffine;

/** A layer and the permutation after it, from data to latent. */
async function layersOf(
  file: TensorFile,
  flow: Flow,
  layer: number,
  answers: ImportAnswers,
): Promise<OurLayer[]> {
  const { features, context, linears, kind, spline, permutation } = flow;
  const at = `layers.${layer}`;
  const backwards = runsBackwards(answers);
  const untouched = Math.floor(features / 2);
  let chainLayer: ChainLayer = maskOf(features, (i) => i < untouched);
  if (kind === 'autoregressive') {
    const order = range(features);
    const masks = linears.map(({ outputs }, i) => ({ mask: `${at}.${i}.mask`, outputs }));
    await checkMasks(file, order, masks, { context, fromContext: context > 0 });
    chainLayer = { kind: 'autoregressive', order, sees: backwards ? 'output' : 'input' };
  }
  const map: OurLayer = {
    at,
    layer: chainLayer,
    table: linears.flatMap((_, i) => under(`${at}.${i}.`, `net.${i}.`, linearNames)),
    adapt(tensors, name) {
      // flowjax adds what its softplus needs for a scale of 1; ours of splines has it already.
      if (spline) return;
      const out = `${name}.net.${linears.length - 1}`;
      const one = inverseSoftplus(1 - leastScaleOf(answers));
      mapColumns(tensors, out, (x, column) => (column % 2 === 1 ? x + one : x), ['bias']);
    },
  };
  const order =
    permutation === undefined ? range(features).reverse() : [...(await file.read(`${at}.permutation`)).data];
  const permute: OurLayer = {
    at: `${at}.permutation`,
    layer: { kind: 'permute', order: backwards ? invertOrder(order) : order },
  };
  return backwards ? [permute, map] : [map, permute];
}

/** What the arguments next to the leaves say, and what those that are not among them are by default. */
function knownAnswers(file: TensorFile, flow: Flow): ImportAnswers {
  const isComplete = argument(file, 'flow') !== undefined;
  const known: Record<string, string | number> = {};
  for (const { key, answer } of questionsOf(flow)) {
    const setting = argument(file, key as keyof typeof argumentNames);
    if (answer.kind === 'number' && typeof setting === 'number' && setting > 0) known[key] = setting;
    if (answer.kind === 'choice' && setting !== undefined) {
      const value = activations[String(setting)] ?? String(setting).toLowerCase();
      const option = answer.options.find((one) => one.value.toLowerCase() === value);
      if (option) known[key] = option.value;
    }
    // An activation is a function, of which JSON has the name at most.
    if (isComplete && !['interval', 'nnActivation'].includes(key)) known[key] ??= answer.default;
  }
  if (argument(file, 'lower') !== undefined) known['interval'] = 1;
  return known;
}

const questionsOf = ({ base, spline }: Flow): ImportQuestion[] => [
  activationQuestion,
  ...(base ? [baseQuestion] : []),
  ...(spline
    ? [intervalQuestion, leastDerivativeQuestion, spline.halves ? adjustQuestion : leastWidthQuestion]
    : [transformerQuestion]),
  invertQuestion,
];

/** The base's own numbers, as it uses them. */
async function baseOf(file: TensorFile, { base }: Flow, answers: ImportAnswers) {
  if (!base) return undefined;
  const [loc, raw] = await Promise.all(base.map((leaf) => file.read(leaf)));
  const scale = raw!.data.map(softplus);
  if (chosen(answers, baseQuestion) === 'Uniform') {
    const upper = [...loc!.data.map((x, i) => x + scale[i]!)];
    return { base: { kind: 'uniform' as const, lower: [...loc!.data], upper } };
  }
  return trainedNormal(loc!.data, scale.map(Math.log));
}

export const flowjax: Recognizer = {
  name: 'flowjax',
  read(file) {
    if (file.container !== 'eqx') return { share: 0, missing: ['leaves of Equinox (.eqx)'] };
    const flow = readOrWhy(() => readLeaves(file));
    if (typeof flow === 'string') return { share: 0.5, missing: [flow] };
    const known = knownAnswers(file, flow);
    const { features, context, count, kind, linears, spline } = flow;
    const layers = several(count, kind === 'coupling' ? 'coupling' : 'autoregressive layer');
    const hidden = hiddenWords(linears.slice(0, -1).map(({ outputs }) => outputs));
    const splines = spline ? ` of splines with ${spline.knots} knots` : '';
    const condition = context === 0 ? '' : ` given ${several(context, 'number')}`;
    return {
      title: `flowjax, ${features} features, ${layers}${splines}${condition}, networks ${hidden}`,
      questions: questionsOf(flow).filter(({ key }) => known[key] === undefined),
      async convert(answers) {
        const allAnswers = { ...answers, ...known };
        const backwards = runsBackwards(allAnswers);
        const layerFile = withLayers(file, flow);
        const order = backwards ? range(count).reverse() : range(count);
        const layers = await Promise.all(order.map((i) => layersOf(layerFile, flow, i, allAnswers)));
        return chainFlow(layerFile, {
          features,
          layers: layers.flat(),
          fields: fieldsOf(file, flow, allAnswers),
          base: await baseOf(file, flow, allAnswers),
        });
      },
    };
  },
};
