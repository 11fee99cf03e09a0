/**
 * BayesFlow's approximators with a CouplingFlow, as `approximator.save` writes them: config.json has all arguments, so that
 * nothing is asked. From data to latent: the standardization of the inference variables, and then `depth` times an ActNorm,
 * a permutation and a DualCoupling, whose first half moves the last features given the first ones and whose second half
 * moves the first ones. Inference conditions are the context.
 */
import { several } from '../../../base/text';
import { shortened, UserError } from '../../../base/user-error';
import type { VectorModelConfig } from '../../../config/schema';
import {
  affineLayer,
  chainFlow,
  fixedNormal,
  maskOf,
  readOrder,
  type OurLayer,
  type ReadBase,
  type Values,
} from '../../import/chain-importer';
import { hiddenWords, lengthOf, otherSize, tooMany } from '../../import/modules';
import type { Recognizer, TensorFile } from '../../import/types';
import { readOrWhy, Unread } from '../../import/unread';

interface Half {
  kind: 'coupling';
  at: string;
  /** Whether the last features move, given the first ones. */
  movesLast: boolean;
  hidden: number[];
}

type Step = { kind: 'actNorm' | 'permutation'; at: string } | Half;

interface Flow {
  features: number;
  /** Inference conditions. */
  context: number;
  activation: VectorModelConfig['activation'];
  hidden: number[];
  steps: Step[];
  /** Where the statistics of each kind of variables are. */
  standardized: Partial<Record<Standardized, string>>;
  base: ReadBase;
}

const standardizable = ['inference_variables', 'inference_conditions'] as const;
type Standardized = (typeof standardizable)[number];

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
  tanh: 'tanh',
  elu: 'elu',
};
/** Of the networks in couplings, where `subnet_kwargs` names none. */
const usualActivation = 'hard_silu';

function readFlow(file: TensorFile): Flow | string | undefined {
  const { extras, tensors } = file;
  if (file.container === 'hdf5' && [...tensors.keys()].some((name) => name.startsWith(`${layersAt}/`)))
    return 'config.json, which a file of weights does not hold (approximator.save("approximator.keras") writes it)';
  const { module } = extras;
  if (file.container !== 'keras' || typeof module !== 'string' || !module.startsWith('bayesflow.'))
    return undefined;
  return readOrWhy(() => readConfig(file));
}

function readConfig(file: TensorFile): Flow {
  const { extras, tensors } = file;
  // Comes after the arguments, so that all of them are here.
  if (extras['registered_name'] !== approximator)
    throw new Unread(`a ${approximator}, with all its arguments`);
  if (extras['config.inference_network.registered_name'] !== couplingFlow)
    throw new Unread('an inference network CouplingFlow');
  if (below(file, 'config.summary_network').length > 0)
    throw new Unread('an approximator without a summary network');
  const argument = (key: string) => extras[`${network}.${key}`];
  if (argument('transform') !== 'affine')
    throw new Unread(`transform "affine" (this one is "${shortened(String(argument('transform')))}")`);
  if (
    below(file, `${network}.transform_kwargs`).some((key) => key !== 'clamp') ||
    argument('transform_kwargs.clamp') === false
  )
    throw new Unread('affine transforms with clamp');
  const depth = argument('depth');
  if (typeof depth !== 'number' || !Number.isInteger(depth) || depth < 1 || depth > tensors.size)
    throw new Unread('a depth');

  const used = new Set<string>();
  const shapeOf = (name: string): readonly number[] => {
    const shape = tensors.get(name)?.shape;
    if (!shape) throw new Unread(name);
    used.add(name);
    return shape;
  };
  /** Variable 0 and 1 of each, one number for each feature. */
  const ofFeatures = (at: string, features: number): string => {
    for (const name of [`${at}/vars/0`, `${at}/vars/1`]) {
      shapeOf(name);
      if (lengthOf(file, name) !== features) throw new Unread(`${features} numbers in ${name}`);
    }
    return at;
  };
  const first = dualCoupling(tensors, numbered('dual_coupling', 0));
  const { features, context } = first;
  const steps: Step[] = [];
  const permutation = argument('permutation');
  for (let i = 0; i < depth; i++) {
    if (argument('use_actnorm') === true)
      steps.push({ kind: 'actNorm', at: ofFeatures(numbered('act_norm', i), features) });
    if (permutation === 'random' || permutation === 'swap') {
      const name = permutation === 'random' ? 'random_permutation' : 'swap';
      steps.push({ kind: 'permutation', at: ofFeatures(numbered(name, i), features) });
    } else if (permutation !== undefined) {
      throw new Unread(`a permutation "random" or "swap" (this one is "${shortened(String(permutation))}")`);
    }
    steps.push(...halvesOf(tensors, numbered('dual_coupling', i), first, shapeOf));
  }
  const stray = [...tensors.keys()].find(
    (name) => name.startsWith('inference_network/') && !used.has(name) && !name.includes('/seed_generator/'),
  );
  if (stray !== undefined) throw new Unread(`a CouplingFlow alone (this file has ${stray})`);
  const halves = steps.filter((step) => step.kind === 'coupling');
  const { hidden } = halves[0]!;
  const other = halves.find((half) => half.hidden.join() !== hidden.join());
  if (other) throw new Unread(`${other.at} ${otherSize} ${halves[0]!.at}`);

  const standardized: Flow['standardized'] = {};
  for (const [i, key] of below(file, 'config.standardize').entries()) {
    const variables = standardizable.find((name) => name === extras[`config.standardize.${key}`]);
    if (variables === undefined) throw new Unread(`standardize of ${standardizable.join(' and ')} alone`);
    const at = i === 0 ? standardizeAt : `${standardizeAt}_${i}`;
    ofFeatures(at, variables === 'inference_variables' ? features : context);
    shapeOf(`${at}/vars/2`);
    standardized[variables] = at;
  }
  return {
    features,
    context,
    activation: readActivation(file),
    hidden,
    steps,
    standardized,
    base: readBase(file, features),
  };
}

/** Keras gives the first of a class no number. */
const numbered = (name: string, i: number): string => `${layersAt}/${name}${i === 0 ? '' : `_${i}`}`;

const denseOf = (coupling: string, block: number): string =>
  `${coupling}/subnet/blocks/dense_block${block === 0 ? '' : `_${block}`}/dense`;

/** What comes after the prefix in names of plain values, up to the next dot. */
function below({ extras }: TensorFile, prefix: string): string[] {
  const keys = Object.keys(extras).filter((key) => key.startsWith(`${prefix}.`) || key === prefix);
  return [...new Set(keys.map((key) => key.slice(prefix.length + 1).split('.')[0]!))];
}

/** The sizes that its last layers and first ones show. */
function dualCoupling(tensors: TensorFile['tensors'], at: string): { features: number; context: number } {
  const last = [1, 2].map((i) => tensors.get(`${at}/coupling${i}/output_projector/vars/1`)?.shape[0] ?? 0);
  const features = (last[0]! + last[1]!) / 2;
  if (!Number.isInteger(features) || features < 2)
    throw new Unread(`a DualCoupling of two features or more at ${at}`);
  const wide = tooMany(features);
  if (wide !== undefined) throw new Unread(wide);
  const inputs = tensors.get(`${denseOf(`${at}/coupling1`, 0)}/vars/0`)?.shape[0] ?? 0;
  const context = inputs - Math.floor(features / 2);
  if (context < 0)
    throw new Unread(`a network over ${Math.floor(features / 2)} features or more at ${at}/coupling1`);
  const many = tooMany(context);
  if (many !== undefined) throw new Unread(many);
  return { features, context };
}

function halvesOf(
  tensors: TensorFile['tensors'],
  dual: string,
  { features, context }: Pick<Flow, 'features' | 'context'>,
  shapeOf: (name: string) => readonly number[],
): Half[] {
  const pivot = Math.floor(features / 2);
  return [true, false].map((movesLast, i) => {
    const at = `${dual}/coupling${i + 1}`;
    const seen = movesLast ? pivot : features - pivot;
    let inputs = seen + context;
    const layer = (name: string): number => {
      const [kernel, bias] = [shapeOf(`${name}/vars/0`), shapeOf(`${name}/vars/1`)];
      if (kernel.length !== 2 || kernel[0] !== inputs || bias.join() !== String(kernel[1]))
        throw new Unread(`a Dense layer over ${inputs} numbers at ${name}`);
      inputs = kernel[1]!;
      return inputs;
    };
    const hidden: number[] = [];
    for (let block = 0; tensors.has(`${denseOf(at, block)}/vars/0`); block++)
      hidden.push(layer(denseOf(at, block)));
    if (layer(`${at}/output_projector`) !== 2 * (features - seen))
      throw new Unread(`${2 * (features - seen)} values of ${at}/output_projector`);
    return { kind: 'coupling', at, movesLast, hidden };
  });
}

function readActivation(file: TensorFile): Flow['activation'] {
  const argument = (key: string) => file.extras[`${network}.${key}`];
  if (argument('subnet') !== 'mlp') throw new Unread('a subnet "mlp"');
  const known = ['widths', 'activation', 'kernel_initializer', 'residual', 'dropout'];
  const other = below(file, `${network}.subnet_kwargs`).find((key) => !known.includes(key));
  if (other !== undefined) throw new Unread(`subnet_kwargs without ${shortened(other)}`);
  if (argument('subnet_kwargs.residual') === true) throw new Unread('networks that are not residual');
  const [given] = below(file, `${network}.subnet_kwargs.activation`);
  const name = given === undefined ? usualActivation : argument('subnet_kwargs.activation');
  const activation =
    typeof name === 'string' && Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation === undefined)
    throw new Unread(
      `an activation of ${Object.keys(activations).join(', ')} (this one is ${shortened(String(name))})`,
    );
  return activation;
}

function readBase(file: TensorFile, features: number): ReadBase {
  const at = `${network}.base_distribution`;
  const { extras } = file;
  if (extras[`${at}.class_name`] !== 'DiagonalNormal' || extras[`${at}.config.trainable_parameters`] === true)
    throw new Unread('a base distribution DiagonalNormal that is not trained');
  const numbers = (key: string, usual: number): Float32Array => {
    const prefix = `${at}.config.${key}`;
    const absent = below(file, prefix).length === 0;
    return Float32Array.from({ length: features }, (_, i) => {
      const value = absent ? usual : (extras[prefix] ?? extras[`${prefix}.config.value.${i}`]);
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      throw new Unread(`${features} numbers as ${key} of the base distribution`);
    });
  };
  const scale = numbers('std', 1);
  if (!scale.every((value) => value > 0))
    throw new Unread('positive numbers as std of the base distribution');
  return fixedNormal(numbers('mean', 0), scale);
}

/** Of a Standardize layer: means and deviations, 1 where nothing varied. */
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

async function layersOf(file: TensorFile, step: Step, features: number): Promise<OurLayer[]> {
  const { at: theirs } = step;
  switch (step.kind) {
    case 'actNorm': {
      const [scale, bias] = await Promise.all([0, 1].map((i) => file.read(`${theirs}/vars/${i}`)));
      if (!scale!.data.every((value) => Number.isFinite(value) && value !== 0))
        throw new UserError(
          `${file.file}: ${theirs} scales by 0, which has no inverse. Save another checkpoint.`,
        );
      const signs = Array.from(scale!.data, Math.sign);
      const turned: OurLayer[] = signs.includes(-1)
        ? [{ theirs, layer: { kind: 'rescale', scale: signs, shift: 0 } }]
        : [];
      return [
        ...turned,
        {
          theirs,
          ...affineLayer(
            scale!.data.map((value) => Math.log(Math.abs(value))),
            bias!.data,
          ),
        },
      ];
    }
    case 'permutation':
      return [{ theirs, layer: await readOrder(file, `${theirs}/vars/0`) }];
    case 'coupling': {
      const pivot = Math.floor(features / 2);
      const dense = [...step.hidden.map((_, block) => denseOf(theirs, block)), `${theirs}/output_projector`];
      return [
        {
          theirs,
          layer: maskOf(features, (i) => i < pivot === step.movesLast),
          table: dense.flatMap((name, i) => [
            { theirs: `${name}/vars/0`, ours: `net.${i}.weight`, transform: 'same' as const },
            { theirs: `${name}/vars/1`, ours: `net.${i}.bias`, transform: 'same' as const },
          ]),
        },
      ];
    }
  }
}

async function standardizeLayer(file: TensorFile, theirs: string): Promise<OurLayer> {
  const { mean, std } = await readStatistics(file, theirs);
  const scale = Array.from(std.data, (value) => 1 / value);
  return {
    theirs,
    layer: { kind: 'rescale', scale, shift: scale.map((value, i) => -mean.data[i]! * value) },
  };
}

export const bayesflow: Recognizer = {
  name: 'BayesFlow',
  recognize(file) {
    const flow = readFlow(file);
    if (flow === undefined || typeof flow === 'string') return undefined;
    const { features, context, activation, hidden, steps, standardized, base } = flow;
    const { inference_variables: variables, inference_conditions: conditions } = standardized;
    const duals = steps.filter(({ kind }) => kind === 'coupling').length / 2;
    const given = context === 0 ? '' : ` given ${several(context, 'number')}`;
    return {
      title: `BayesFlow, ${features} features${given}, ${several(duals, 'dual coupling')}, networks ${hiddenWords(hidden)}`,
      questions: [],
      async convert() {
        const layers: OurLayer[] = variables === undefined ? [] : [await standardizeLayer(file, variables)];
        for (const step of steps) layers.push(...(await layersOf(file, step, features)));
        const scaling = conditions === undefined ? undefined : await readStatistics(file, conditions);
        return chainFlow(
          file,
          {
            features,
            layers,
            base,
            fields: {
              hidden,
              nets: 'joint',
              conditioning: 'selected',
              activation,
              scaleMap: 'softplus-asinh',
              ...(context > 0 ? { context, contextNorm: scaling !== undefined } : {}),
            },
          },
          scaling && { 'context.mean': scaling.mean, 'context.std': scaling.std },
        );
      },
    };
  },
  closeness(file) {
    const flow = readFlow(file);
    if (flow === undefined) return { share: 0, missing: ['config.json of a BayesFlow approximator'] };
    return typeof flow === 'string' ? { share: 0.5, missing: [flow] } : { share: 1, missing: [] };
  },
};
