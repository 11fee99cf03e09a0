/**
 * How published implementations and other flows differ from Flowscope's defaults, as plain data: the fields of a model section
 * that they set differently. Named as a preset, a set lies over the preset that suits the data, so sizes stay as they are there. It says what a
 * flow is, and of training only what this flow needs to stay finite.
 */
import type { ImageInput, RunConfigInput, VectorInput } from './schema';

export interface ConventionSet {
  name: string;
  title: string;
  /** What differs, in a line. */
  about: string;
  vector?: Partial<Omit<VectorInput, 'kind' | 'dim'>>;
  image?: Partial<Omit<ImageInput, 'kind' | 'height' | 'width' | 'channels' | 'levels'>>;
  training?: RunConfigInput['training'];
}

/** Conventions of published implementations. */
export const publishedSets: readonly ConventionSet[] = [
  {
    name: 'paper',
    title: 'Like the paper',
    about: 'x·eˢ + t, one learned scale of tanh, α = .05 as printed, running averages.',
    image: {
      affine: 'scale-then-shift',
      scaleMap: 'tanh-scalar',
      dataConstraint: 'as-printed',
      dataRange: 0.95,
      normStatistics: 'running',
    },
  },
  {
    name: 'tensorflow',
    title: 'Like the authors’ released code',
    about: '(x + t)·eˢ, t before s, one scale of tanh, norms without gain.',
    image: {
      affine: 'shift-then-scale',
      outputOrder: 'shift-scale',
      scaleMap: 'tanh-scalar',
      normOver: 'moved-with-zeros',
      normEpsilon: 1e-4,
      netNormGain: 'bias',
      netNormEpsilon: 1e-4,
      lengths: 'some',
    },
  },
  {
    name: 'chrischute',
    title: 'Like chrischute/real-nvp',
    about: '(x + t)·eˢ, no batch norm in the flow, no mask channel, both polarities reversed.',
    image: {
      affine: 'shift-then-scale',
      scaleMap: 'tanh-channel',
      flowNorm: false,
      maskChannel: false,
      polarity: 'first-moves',
      channelPolarity: 'first-moves',
    },
  },
  {
    name: 'fmu2',
    title: 'Like fmu2/realNVP',
    about: 't before s, learned scale and shift of tanh, input not doubled, one width.',
    image: {
      affine: 'scale-then-shift',
      outputOrder: 'shift-scale',
      scaleMap: 'tanh-scalar-shift',
      normEpsilon: 1e-5,
      normVariance: 'unbiased',
      normOver: 'all',
      inputDoubling: false,
      lengths: 'some',
      widthGrowth: 'constant',
      channelwiseWidth: 1,
    },
  },
  {
    name: 'nflows',
    title: 'Like nflows',
    about: 'x·(sigmoid(u + 2) + .001) + t, t before u, residual nets on the identity features.',
    vector: {
      affine: 'scale-then-shift',
      outputOrder: 'shift-scale',
      scaleMap: 'sigmoid',
      scaleEpsilon: 1e-3,
      net: 'residual',
      blocks: 2,
      conditioning: 'selected',
      normEpsilon: 1e-5,
      normVariance: 'unbiased',
    },
  },
  {
    name: 'normflows',
    title: 'Like normflows',
    about: '(x − t)·e⁻ˢ, s without a bound, a network for s and one for t, act norm between.',
    vector: {
      affine: 'inverse-scale-then-shift',
      scaleMap: 'exp',
      nets: 'separate',
      activation: 'leaky-relu',
      slope: 0,
      between: 'actNorm',
    },
    // Nothing bounds s: at the presets' 2e-3 one seed in ten overflows within 300 steps, at 5e-4 one in twenty.
    training: { learningRate: 2e-4 },
  },
  {
    name: 'zuko',
    title: 'Like zuko',
    about: 'x·eˢ + t, s softly clipped to ±6.9, networks on the identity features.',
    vector: {
      affine: 'scale-then-shift',
      outputOrder: 'shift-scale',
      outputLayout: 'interleaved',
      scaleMap: 'soft-clip',
      scaleEpsilon: 1e-3,
      conditioning: 'selected',
    },
  },
  {
    name: 'freia',
    title: 'Like FrEIA’s RNVP blocks',
    about: 'x·eˢ + t, s = 2·0.636·arctan u, halves alternate, a network for s and one for t.',
    vector: {
      affine: 'scale-then-shift',
      scaleMap: 'arctan',
      scaleClamp: 2,
      mask: 'halves',
      polarity: 'first-moves',
      nets: 'separate',
      conditioning: 'selected',
    },
  },
];

/** Other kinds of flow, over the same preset: what each is good for, in a line. */
export const flowKinds: readonly ConventionSet[] = [
  {
    name: 'realnvp',
    title: 'RealNVP',
    about: 'Affine couplings: Flowscope’s default, fast in both directions.',
    vector: {},
    image: {},
  },
  {
    name: 'nice',
    title: 'NICE',
    about: 'Additive couplings, and a learned scale of each feature: the least flexible.',
    vector: { transform: 'additive', between: 'actNorm' },
  },
  {
    name: 'nsf',
    title: 'Neural spline flow',
    about: 'Couplings of rational-quadratic splines of 8 bins, LU mixing after each.',
    vector: { transform: 'rationalQuadratic', conditioning: 'selected', between: 'lu' },
  },
  {
    name: 'maf',
    title: 'Masked autoregressive flow',
    about: 'Each feature given those before it; sampling takes a pass for each feature.',
    vector: { layer: 'autoregressive' },
  },
  {
    name: 'iaf',
    title: 'Inverse autoregressive flow',
    about: 'The other way round: one pass to sample, one for each feature to score or train.',
    vector: { layer: 'autoregressive', sees: 'output' },
  },
  {
    name: 'nsf-autoregressive',
    title: 'Autoregressive neural spline flow',
    about: 'Splines given the features before, LU mixing; sampling takes a pass for each.',
    vector: { layer: 'autoregressive', transform: 'rationalQuadratic', between: 'lu' },
  },
  {
    name: 'flow-matching',
    title: 'Flow matching',
    about: 'A vector field in continuous time: quick steps, 160 passes to sample or score.',
    vector: {
      layers: [
        {
          ...{ kind: 'field', frequencies: [1, 2, 3].map((n) => n * Math.PI) },
          net: { kind: 'mlp', hidden: [64, 64, 64, 64] },
        },
      ],
    },
    training: { steps: 30_000, learningRate: 2e-3, ema: 0.999, validateEvery: 1000 },
  },
  {
    name: 'glow',
    title: 'Glow',
    about: 'Act norm, 1×1 convolution and channel coupling in each step; learned priors.',
    image: {
      architecture: 'glow',
      affine: 'shift-then-scale',
      outputOrder: 'shift-scale',
      outputLayout: 'interleaved',
      scaleMap: 'sigmoid',
      // Without a floor, samples of flows that were trained for minutes overflow.
      scaleEpsilon: 0.05,
      dataConstraint: 'centered',
      widthGrowth: 'constant',
    },
    training: { learningRate: 1e-3 },
  },
];

/** All that lies over the preset for the data when it is named. */
export const conventionSets: readonly ConventionSet[] = [...flowKinds, ...publishedSets];

/** The sets that have something to say of vectors, or of images. */
export function conventionsFor(
  kind: 'vector' | 'image',
  sets: readonly ConventionSet[] = conventionSets,
): readonly ConventionSet[] {
  return sets.filter((set) => set[kind] !== undefined);
}
