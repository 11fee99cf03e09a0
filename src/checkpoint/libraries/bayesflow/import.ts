/**
 * BayesFlow's approximators with a CouplingFlow, as `approximator.save` writes them: config.json has all arguments, so that
 * nothing is asked. From data to latent: the standardization of the inference variables, and then `depth` times an ActNorm,
 * a permutation and a DualCoupling, whose first half moves the last features given the first ones and whose second half
 * moves the first ones. Inference conditions are the context.
 */
import { defined } from '../../../base/defined';
import { several, shortened, UserError } from '../../../base/user-error';
import type { SplineInterval } from '../../../config/convention-fields';
import type { VectorModelConfig } from '../../../config/schema';
import {
  affineLayer,
  chainFlow,
  fixedNormal,
  maskOf,
  readOrder,
  trainedNormal,
  type OurLayer,
  type ReadBase,
  type Values,
} from '../../import/chain-importer';
import { matrixLayer } from '../../import/matrices';
import { hiddenWords, lengthOf, otherSize, refuseTooMany } from '../../import/modules';
import { permuteAxes, type Renaming } from '../../import/names';
import type { Recognizer, TensorFile } from '../../import/types';
import { readOrWhy, refuse } from '../../import/unread';

type Step =
  { kind: 'actNorm' | 'permutation' | 'orthogonal'; at: string } | ReturnType<typeof halvesOf>[number];

/** What the layers of a network do besides. */
type Net = Pick<VectorModelConfig, 'activation' | 'slope'> & {
  skips: boolean;
  norm: Exclude<VectorModelConfig['denseNorm'], 'standardized'>;
};

type Flow = ReturnType<typeof readConfig>;

const standardizable = ['inference_variables', 'inference_conditions'] as const;

const approximator = 'bayesflow.approximators>ContinuousApproximator';
const couplingFlow = 'bayesflow.networks>CouplingFlow';
const network = 'config.inference_network.config';
const layersAt = 'inference_network/invertible_layers';
const standardizeAt = 'layers/standardization/standardize_layers/standardize';

/** By their names in Keras. */
const activations: Readonly<Record<string, VectorModelConfig['activation']>> = {
  hard_silu: 'hard-silu',
  hard_swish: 'hard-silu',
  silu: 'silu',
  swish: 'silu',
  relu: 'relu',
  leaky_relu: 'leaky-relu',
  tanh: 'tanh',
  elu: 'elu',
  gelu: 'gelu',
  mish: 'mish',
  selu: 'selu',
  sigmoid: 'sigmoid',
  softplus: 'softplus',
};
/** Slope of Keras' leaky_relu. */
const leakySlope = 0.2;
/** Defaults where `subnet_kwargs` does not name them: for the networks in couplings, and for the class MLP itself. */
const usual = {
  mlp: { activation: 'hard_silu', residual: false },
  class: { activation: 'mish', residual: true },
};
const mlpClass = '__bayesflow_type__bayesflow.networks>MLP';
/** What normalizes after a layer, and how many tensors it has. */
const norms = { batch: 4, layer: 2, rms: 1 } as const;
const mostBins = 256;
const usualBins = 16;

function readFlow(file: TensorFile): Flow | undefined {
  const { extras, tensors } = file;
  if (file.container === 'hdf5' && [...tensors.keys()].some((name) => name.startsWith(`${layersAt}/`)))
    refuse(
      'config.json, which a file of weights does not hold (approximator.save("approximator.keras") writes it)',
    );
  const { module } = extras;
  if (file.container !== 'keras' || typeof module !== 'string' || !module.startsWith('bayesflow.'))
    return undefined;
  return readConfig(file);
}

function readConfig(file: TensorFile) {
  const { extras, tensors } = file;
  // Comes after the arguments, so that all of them are here.
  if (extras['registered_name'] !== approximator) refuse(`a ${approximator}, with all its arguments`);
  if (extras['config.inference_network.registered_name'] !== couplingFlow)
    refuse('an inference network CouplingFlow');
  if (below(file, 'config.summary_network').length > 0) refuse('an approximator without a summary network');
  const argument = (key: string) => extras[`${network}.${key}`];
  const map = readMap(file);
  const net = readNet(file);
  const depth = argument('depth');
  if (typeof depth !== 'number' || !Number.isInteger(depth) || depth < 1 || depth > tensors.size)
    refuse('a depth');

  const used = new Set<string>();
  const shapeOf = (name: string): readonly number[] => {
    const shape = tensors.get(name)?.shape ?? refuse(name);
    used.add(name);
    return shape;
  };
  /** Variable 0 and 1 of each, one number for each feature. */
  const ofFeatures = (at: string, features: number): string => {
    for (const name of [`${at}/vars/0`, `${at}/vars/1`]) {
      shapeOf(name);
      if (lengthOf(file, name) !== features) refuse(`${features} numbers in ${name}`);
    }
    return at;
  };
  const first = dualCoupling(tensors, numbered('dual_coupling', 0), map.takes);
  const { features, context } = first;
  const steps: Step[] = [];
  const named = argument('permutation');
  const permutation = typeof named === 'string' ? named.toLowerCase() : named;
  for (let i = 0; i < depth; i++) {
    if (argument('use_actnorm') === true)
      steps.push({ kind: 'actNorm', at: ofFeatures(numbered('act_norm', i), features) });
    if (permutation === 'random' || permutation === 'swap') {
      const name = permutation === 'random' ? 'random_permutation' : 'swap';
      steps.push({ kind: 'permutation', at: ofFeatures(numbered(name, i), features) });
    } else if (permutation === 'orthogonal' || permutation === 'learnable') {
      const at = numbered('orthogonal_permutation', i);
      if (shapeOf(`${at}/vars/0`).join() !== `${features},${features}`)
        refuse(`a square matrix of ${features} rows in ${at}/vars/0`);
      steps.push({ kind: 'orthogonal', at });
    } else if (permutation !== undefined) {
      refuse(
        `a permutation "random", "swap" or "orthogonal" (this one is "${shortened(String(permutation))}")`,
      );
    }
    steps.push(
      ...halvesOf(tensors, numbered('dual_coupling', i), { ...first, net, takes: map.takes }, shapeOf),
    );
  }
  const base = readBase(file, features, ofFeatures);
  const stray = [...tensors.keys()].find(
    (name) => name.startsWith('inference_network/') && !used.has(name) && !name.includes('/seed_generator/'),
  );
  if (stray !== undefined) refuse(`a CouplingFlow alone (this file has ${stray})`);
  const halves = steps.filter((step) => step.kind === 'coupling');
  const { hidden } = halves[0]!;
  const other = halves.find((half) => half.hidden.join() !== hidden.join());
  if (other) refuse(`${other.at} ${otherSize} ${halves[0]!.at}`);

  /** Where the statistics of each kind of variables are. */
  const standardized: Partial<Record<(typeof standardizable)[number], string>> = {};
  for (const [i, key] of below(file, 'config.standardize').entries()) {
    const variables =
      standardizable.find((name) => name === extras[`config.standardize.${key}`]) ??
      refuse(`standardize of ${standardizable.join(' and ')} alone`);
    const at = i === 0 ? standardizeAt : `${standardizeAt}_${i}`;
    ofFeatures(at, variables === 'inference_variables' ? features : context);
    shapeOf(`${at}/vars/2`);
    standardized[variables] = at;
  }
  return { features, context, net, map, hidden, steps, standardized, base };
}

/** Keras gives the first of a class no number. */
const numbered = (name: string, i: number): string => `${layersAt}/${name}${i === 0 ? '' : `_${i}`}`;

const blockOf = (coupling: string, block: number): string =>
  `${coupling}/subnet/blocks/dense_block${block === 0 ? '' : `_${block}`}`;
const denseOf = (coupling: string, block: number): string => `${blockOf(coupling, block)}/dense`;

/** What comes after the prefix in names of plain values, up to the next dot. */
function below({ extras }: TensorFile, prefix: string): string[] {
  const keys = Object.keys(extras).filter((key) => key.startsWith(`${prefix}.`) || key === prefix);
  return [...new Set(keys.map((key) => key.slice(prefix.length + 1).split('.')[0]!))];
}

/** The sizes that its last layers and first ones show; the context is inference conditions. */
function dualCoupling(tensors: TensorFile['tensors'], at: string, takes: number) {
  const last = [1, 2].map((i) => tensors.get(`${at}/coupling${i}/output_projector/vars/1`)?.shape[0] ?? 0);
  const features = (last[0]! + last[1]!) / takes;
  if (!Number.isInteger(features) || features < 2) refuse(`a DualCoupling of two features or more at ${at}`);
  refuseTooMany(features);
  const inputs = tensors.get(`${denseOf(`${at}/coupling1`, 0)}/vars/0`)?.shape[0] ?? 0;
  const context = inputs - Math.floor(features / 2);
  if (context < 0) refuse(`a network over ${Math.floor(features / 2)} features or more at ${at}/coupling1`);
  refuseTooMany(context);
  return { features, context };
}

function halvesOf(
  tensors: TensorFile['tensors'],
  dual: string,
  { features, context, net, takes }: { features: number; context: number; net: Net; takes: number },
  shapeOf: (name: string) => readonly number[],
) {
  const pivot = Math.floor(features / 2);
  // First the last features move, given the first ones.
  return [true, false].map((movesLast, i) => {
    const at = `${dual}/coupling${i + 1}`;
    const seen = movesLast ? pivot : features - pivot;
    let inputs = seen + context;
    const layer = (name: string): number => {
      const [kernel, bias] = [shapeOf(`${name}/vars/0`), shapeOf(`${name}/vars/1`)];
      if (kernel.length !== 2 || kernel[0] !== inputs || bias.join() !== String(kernel[1]))
        refuse(`a Dense layer over ${inputs} numbers at ${name}`);
      inputs = kernel[1]!;
      return inputs;
    };
    const hidden: number[] = [];
    for (let block = 0; tensors.has(`${denseOf(at, block)}/vars/0`); block++) {
      const taken = inputs;
      const width = layer(denseOf(at, block));
      hidden.push(width);
      const beside = blockOf(at, block);
      if (net.skips && taken !== width) {
        const projector = [0, 1].map((i) => shapeOf(`${beside}/projector/vars/${i}`).join());
        if (projector[0] !== `${taken},${width}` || projector[1] !== String(width))
          refuse(`a Dense layer over ${taken} numbers at ${beside}/projector`);
      }
      if (net.norm === 'none') continue;
      for (let i = 0; i < norms[net.norm]; i++)
        if (shapeOf(`${beside}/norm_layer/vars/${i}`).join() !== String(width))
          refuse(`${width} numbers in ${beside}/norm_layer/vars/${i}`);
    }
    if (layer(`${at}/output_projector`) !== takes * (features - seen))
      refuse(`${takes * (features - seen)} values of ${at}/output_projector`);
    return { kind: 'coupling' as const, at, movesLast, hidden };
  });
}

/**
 * What couplings do to a feature, an affine map where there are no bins, and how many values it takes: arguments of the
 * transform, by its name or as an object.
 */
function readMap(file: TensorFile) {
  const argument = (key: string) => file.extras[`${network}.${key}`];
  const registered = argument('transform.registered_name');
  const named = argument('transform');
  const [name, at] =
    typeof registered === 'string'
      ? [
          /^bayesflow\.networks>(Affine|Spline)Transform$/.exec(registered)?.[1]?.toLowerCase(),
          'transform.config',
        ]
      : [typeof named === 'string' ? named.toLowerCase() : undefined, 'transform_kwargs'];
  const keys = below(file, `${network}.${at}`);
  const value = (key: string) => argument(`${at}.${key}`);
  if (name === 'affine') {
    if (value('clamp') === false) refuse('affine transforms with clamp');
    return { takes: 2 };
  }
  if (name !== 'spline')
    refuse(`transform "affine" or "spline" (this one is "${shortened(String(registered ?? named))}")`);
  const number = (key: string, least: number): number | undefined => {
    const setting = value(key);
    if (setting === undefined) return undefined;
    if (typeof setting === 'number' && setting >= least && setting <= 1e6) return setting;
    refuse(`a number from ${least} as ${key} of the splines`);
  };
  const bins = number('bins', 2) ?? usualBins;
  if (!Number.isInteger(bins) || bins > mostBins)
    refuse(`splines of 2 to ${mostBins} bins (these have ${bins})`);
  const domain = [0, 1, 2, 3].map((i) => value(`default_domain.${i}`));
  const isDomain = domain.every((edge) => typeof edge === 'number' && Math.abs(edge) <= 1e6);
  if (keys.includes('default_domain') && !isDomain) refuse('four numbers as default_domain of the splines');
  const tiny = 1e-6;
  const least = {
    leastWidth: number('min_width', tiny),
    leastHeight: number('min_height', tiny),
    leastBinWidth: number('min_bin_width', tiny),
    leastBinHeight: number('min_bin_height', tiny),
  };
  const size = (side: 0 | 2, name: 'Width' | 'Height'): boolean => {
    const [from, to] = isDomain ? [Number(domain[side]), Number(domain[side + 1])] : [-3, 3];
    return to - from >= Math.max(least[`least${name}`] ?? 1, bins * (least[`leastBin${name}`] ?? 0.1));
  };
  if (!size(0, 'Width') || !size(2, 'Height'))
    refuse(`a default_domain that holds ${bins} bins of the least width and height`);
  return {
    bins,
    takes: 3 * bins + 3,
    interval: defined({ domain: isDomain ? (domain as SplineInterval['domain']) : undefined, ...least }),
  };
}

function readNet(file: TensorFile): Net {
  const argument = (key: string) => file.extras[`${network}.${key}`];
  const subnet = argument('subnet');
  if (subnet !== 'mlp' && subnet !== 'default' && subnet !== mlpClass) refuse('a subnet "mlp"');
  const fallback = subnet === 'mlp' ? usual.mlp : usual.class;
  const known = ['widths', 'activation', 'kernel_initializer', 'residual', 'dropout', 'norm'];
  const other = below(file, `${network}.subnet_kwargs`).find((key) => !known.includes(key));
  if (other !== undefined) refuse(`subnet_kwargs without ${shortened(other)}`);
  const hasNorm = below(file, `${network}.subnet_kwargs.norm`).length > 0;
  const norm = hasNorm ? argument('subnet_kwargs.norm') : 'none';
  if (norm !== 'none' && norm !== 'batch' && norm !== 'layer' && norm !== 'rms')
    refuse('networks with norm "batch", "layer", "rms" or none');
  const [named] = below(file, `${network}.subnet_kwargs.activation`);
  const name = named === undefined ? fallback.activation : argument('subnet_kwargs.activation');
  const activation =
    typeof name === 'string' && Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation === undefined)
    refuse(
      `an activation of ${Object.keys(activations).join(', ')} (this one is ${shortened(String(name))})`,
    );
  const residual = argument('subnet_kwargs.residual') ?? fallback.residual;
  return { activation, slope: leakySlope, skips: residual === true, norm };
}

/** A normal distribution, or where the means and deviations are that are trained. */
function readBase(
  file: TensorFile,
  features: number,
  ofFeatures: (at: string, features: number) => string,
): ReadBase | string {
  const at = `${network}.base_distribution`;
  const { extras } = file;
  const name = extras[`${at}.class_name`] ?? extras[at];
  if (name !== 'DiagonalNormal')
    refuse(`a base distribution DiagonalNormal (this one is ${shortened(String(name))})`);
  if (extras[`${at}.config.trainable_parameters`] === true)
    return ofFeatures('inference_network/base_distribution', features);
  const numbers = (key: string, usual: number): Float32Array => {
    const prefix = `${at}.config.${key}`;
    const absent = below(file, prefix).length === 0;
    return Float32Array.from({ length: features }, (_, i) => {
      const value = absent ? usual : (extras[prefix] ?? extras[`${prefix}.config.value.${i}`]);
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      refuse(`${features} numbers as ${key} of the base distribution`);
    });
  };
  const scale = numbers('std', 1);
  if (!scale.every((value) => value > 0)) refuse('positive numbers as std of the base distribution');
  return fixedNormal(numbers('mean', 0), scale);
}

async function trainedBase(file: TensorFile, trained: string): Promise<ReadBase> {
  const [mean, std] = await Promise.all([0, 1].map((i) => file.read(`${trained}/vars/${i}`)));
  if (!std!.data.every((value) => value > 0 && Number.isFinite(value)))
    throw new UserError(
      `${file.file}: ${trained} has deviations that are not above 0. Save another checkpoint.`,
    );
  return trainedNormal(mean!.data, std!.data.map(Math.log));
}

/** Statistics of a Standardize layer: means and deviations, 1 where nothing varied. */
async function readStatistics(file: TensorFile, at: string): Promise<Record<'mean' | 'std', Values>> {
  const [mean, squares, count] = await Promise.all([0, 1, 2].map((i) => file.read(`${at}/vars/${i}`)));
  const std = squares!.data.map((value) => (value > 0 ? Math.sqrt(value / count!.data[0]!) : 1));
  const finite = [mean!.data, std].every((values) => values.every((value) => Number.isFinite(value)));
  if (!finite || std.includes(0))
    throw new UserError(
      `${file.file}: ${at} has no finite means and deviations. Save the approximator again.`,
    );
  return { mean: mean!, std: { shape: mean!.shape, data: std } };
}

/** From data to latent. */
async function layersOf(
  file: TensorFile,
  step: Step,
  { features, net }: Flow,
): Promise<OurLayer | OurLayer[]> {
  const { at } = step;
  switch (step.kind) {
    case 'actNorm': {
      const [scale, bias] = await Promise.all([0, 1].map((i) => file.read(`${at}/vars/${i}`)));
      if (!scale!.data.every((value) => Number.isFinite(value) && value !== 0))
        throw new UserError(
          `${file.file}: ${at} scales by 0, which has no inverse. Save another checkpoint.`,
        );
      const logScale = scale!.data.map((value) => Math.log(Math.abs(value)));
      const signs = Array.from(scale!.data, Math.sign);
      const positive: OurLayer = { at, ...affineLayer(logScale, bias!.data) };
      return signs.includes(-1)
        ? [{ at, layer: { kind: 'rescale', scale: signs, shift: 0 } }, positive]
        : positive;
    }
    case 'permutation':
      return { at, layer: await readOrder(file, `${at}/vars/0`) };
    case 'orthogonal': {
      // Rows of features are multiplied from the left.
      const weight = permuteAxes(await file.read(`${at}/vars/0`), [1, 0]);
      return { at, ...matrixLayer(`${file.file}: ${at}`, weight) };
    }
    case 'coupling': {
      const pivot = Math.floor(features / 2);
      const dense = [...step.hidden.map((_, block) => denseOf(at, block)), `${at}/output_projector`];
      return {
        at,
        layer: maskOf(features, (i) => i < pivot === step.movesLast),
        table: [
          ...dense.flatMap((name, i) => variables(name, [`net.${i}.weight`, `net.${i}.bias`])),
          ...step.hidden.flatMap((_, i) => besideOf(file, blockOf(at, i), `net.${i}`, net)),
        ],
      };
    }
  }
}

/** The variables of a layer of Keras, in their order, under our names. */
const variables = (layer: string, names: readonly string[]): Renaming[] =>
  names.map((name, i) => ({ library: `${layer}/vars/${i}`, flowscope: name, transform: 'same' }));

/** What a block has besides its own layer. */
function besideOf({ tensors }: TensorFile, block: string, layer: string, { skips, norm }: Net): Renaming[] {
  const parts = ['gain', 'bias', 'mean', 'variance'].map((part) => `${layer}.norm.${part}`);
  return [
    ...(skips && tensors.has(`${block}/projector/vars/0`)
      ? variables(`${block}/projector`, [`${layer}.skip.weight`, `${layer}.skip.bias`])
      : []),
    ...(norm === 'none' ? [] : variables(`${block}/norm_layer`, parts.slice(0, norms[norm]))),
  ];
}

async function standardizeLayer(file: TensorFile, at: string): Promise<OurLayer> {
  const { mean, std } = await readStatistics(file, at);
  const scale = Array.from(std.data, (value) => 1 / value);
  return { at, layer: { kind: 'rescale', scale, shift: scale.map((value, i) => -mean.data[i]! * value) } };
}

export const bayesflow: Recognizer = {
  name: 'BayesFlow',
  read(file) {
    const flow = readOrWhy(() => readFlow(file));
    if (flow === undefined) return { share: 0, missing: ['config.json of a BayesFlow approximator'] };
    if (typeof flow === 'string') return { share: 0.5, missing: [flow] };
    const { features, context, net, map, hidden, steps, standardized, base } = flow;
    const { inference_variables: variables, inference_conditions: conditions } = standardized;
    const duals = steps.filter(({ kind }) => kind === 'coupling').length / 2;
    const contextWords = context === 0 ? '' : ` given ${several(context, 'number')}`;
    return {
      title:
        `BayesFlow, ${features} features${contextWords}, ${several(duals, 'dual coupling')}` +
        `${map.bins === undefined ? '' : `, splines of ${map.bins} bins`}, networks ${hiddenWords(hidden)}`,
      questions: [],
      async convert() {
        const layers: OurLayer[] = variables === undefined ? [] : [await standardizeLayer(file, variables)];
        for (const step of steps) layers.push(...[await layersOf(file, step, flow)].flat());
        const scaling = conditions === undefined ? undefined : await readStatistics(file, conditions);
        return chainFlow(
          file,
          {
            features,
            layers,
            base: typeof base === 'string' ? await trainedBase(file, base) : base,
            fields: {
              hidden,
              nets: 'joint',
              conditioning: 'selected',
              activation: net.activation,
              ...(net.activation === 'leaky-relu' ? { slope: net.slope } : {}),
              ...((net.skips || net.norm !== 'none') && {
                net: 'dense',
                denseSkips: net.skips,
                denseNorm: net.norm,
              }),
              ...(map.interval
                ? {
                    transform: 'rationalQuadratic',
                    bins: map.bins,
                    splineInterval: map.interval,
                    outputLayout: 'interleaved',
                  }
                : { scaleMap: 'softplus-asinh' }),
              ...(context > 0 ? { context, contextNorm: scaling !== undefined } : {}),
            },
          },
          scaling && { 'context.mean': scaling.mean, 'context.std': scaling.std },
        );
      },
    };
  },
};
