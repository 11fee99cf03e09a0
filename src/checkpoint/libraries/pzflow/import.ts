/**
 * pzflow's flows: a pickle of a dictionary, or of the flow itself, which names its bijectors with their arguments
 * (`bijector_info`), from data to latent, and the latent distribution (`latent_info`). A NeuralSplineCoupling keeps the first
 * features and moves the last ones by splines of a dense network with LeakyReLU, which gives all knots of a feature after
 * each other. Nothing is asked.
 */
import { range } from '../../../base/order';
import { inverseSoftplus } from '../../../base/softplus';
import { several, shortened, UserError } from '../../../base/user-error';
import type { BaseInput } from '../../../config/bases';
import {
  chainFlow,
  mapColumns,
  maskOf,
  withSeen,
  type OurLayer,
  type Values,
} from '../../import/chain-importer';
import { matrixLayer } from '../../import/matrices';
import { hiddenWords, otherSize, refuseTooMany } from '../../import/modules';
import type { Recognizer, TensorFile } from '../../import/types';
import { readOrWhy, refuse } from '../../import/unread';
import type { VectorFields } from '../../import/vector-chain';
import { NumpyArray } from '../../torch/numpy';
import { stateOfPzflow } from '../../torch/state-dict';

type Coupling = ReturnType<typeof readCoupling>;

type Step = { at: string } & (
  | Coupling
  /** x·scale + offset: numbers, or the names of arrays, one for each feature or one for all. */
  | { kind: 'shiftBounds' | 'standardScaler'; values: readonly [Numbers, Numbers]; bound: number }
  | { kind: 'scale'; factor: Numbers }
  /** Other columns, then a reference magnitude, and then the differences of neighboring magnitudes. */
  | { kind: 'colors'; reference: number; magnitudes: Numbers }
  /** Place i of the output takes the feature `order[i]`. */
  | { kind: 'permute'; order: number[] }
);

type Numbers = readonly number[] | { array: string };

type Flow = ReturnType<typeof readState>;

interface Sizes {
  features: number;
  context: number;
}

/** Why bijectors of pzflow are not known. */
const unknown: Readonly<Record<string, string>> = {
  Shuffle: ': its order is drawn by JAX when the flow is loaded, and is in no file',
  UniformDequantizer: ': it adds noise and has no inverse',
  Beta13Dequantizer: ': it adds noise and has no inverse',
  InvSoftplus: ': it is no layer of Flowscope’s',
};

const mostSteps = 1000;
const deepest = 16;
/** pzflow has no least bins and slopes; ours need one, which float32 does not see. */
const floor = 1e-9;

function readState(file: TensorFile, state: ReadonlyMap<unknown, unknown>) {
  const columns = state.get('data_columns');
  if (!Array.isArray(columns) || columns.length === 0) refuse('data_columns');
  const features = columns.length;
  refuseTooMany(features);
  const conditions: unknown = state.get('conditional_columns') ?? [];
  if (!Array.isArray(conditions)) refuse('conditional_columns');
  const sizes = { features, context: conditions.length };
  const params = state.get('params');
  const parameters: unknown = Array.isArray(params) ? params[1] : undefined;
  const steps: Step[] = [];
  readBijector(file, state.get('bijector_info'), parameters, '', sizes, steps);
  const couplings = steps.filter((step) => step.kind === 'coupling');
  const [first] = couplings;
  if (!first) refuse('a NeuralSplineCoupling among its bijectors');
  for (const step of couplings) {
    if (kindOf(step) !== kindOf(first)) refuse(`${step.at} ${otherSize} ${first.at}`);
  }
  // What conditional columns are standardized by.
  const scaling = ['condition_means', 'condition_stds'].map((key) =>
    numbersOf(file, state.get(key) ?? [], key),
  );
  return { ...sizes, columns, conditions, scaling, steps, first, base: readBase(state.get('latent_info')) };
}

/** What our config has one value for. */
function kindOf({ bins, bound, periodic, layers }: Coupling): string {
  return [bins, bound, periodic, ...layers.slice(0, -1).map(({ outputs }) => outputs)].join();
}

function readBase(info: unknown): BaseInput {
  const [name, args] = Array.isArray(info) ? (info as unknown[]) : [];
  const [, bound] = Array.isArray(args) ? (args as unknown[]) : [];
  if (name === 'Uniform' && typeof bound === 'number' && bound > 0)
    return { kind: 'uniform', lower: -bound, upper: bound };
  if (name === 'CentBeta13' && typeof bound === 'number' && bound > 0)
    return { kind: 'beta', concentration: 13, lower: -bound, upper: bound };
  if (name === 'Normal') return { kind: 'normal' };
  refuse(`a latent distribution Uniform, CentBeta13 or Normal (this one is ${shortened(String(name))})`);
}

/** @param at its place among the bijectors, "1.0"; empty for the whole */
function readBijector(
  file: TensorFile,
  info: unknown,
  params: unknown,
  at: string,
  sizes: Sizes,
  steps: Step[],
  depth = 0,
): void {
  const { features } = sizes;
  const [name, list] = Array.isArray(info) ? (info as unknown[]) : [];
  if (typeof name !== 'string' || !Array.isArray(list))
    refuse(`a bijector with its arguments at ${at || 'bijector_info'}`);
  if (steps.length >= mostSteps || depth > deepest) refuse(`at most ${mostSteps} bijectors`);
  const args = list as unknown[];
  const place = `${at} ${name}`.trim();
  const number = (value: unknown): number => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    refuse(`numbers as arguments of ${place}`);
  };
  switch (name) {
    case 'Chain': {
      const all: readonly unknown[] = Array.isArray(params) ? params : [];
      if (all.length !== args.length) refuse(`parameters for each bijector of ${place}`);
      for (const [i, inner] of args.entries()) {
        readBijector(file, inner, all[i], at === '' ? String(i) : `${at}.${i}`, sizes, steps, depth + 1);
      }
      return;
    }
    case 'ShiftBounds':
    case 'StandardScaler':
      steps.push({
        at: place,
        kind: name === 'ShiftBounds' ? 'shiftBounds' : 'standardScaler',
        values: [numbersOf(file, args[0], place), numbersOf(file, args[1], place)],
        bound: name === 'ShiftBounds' ? number(args[2]) : 1,
      });
      return;
    case 'Scale':
      steps.push({ at: place, kind: 'scale', factor: numbersOf(file, args[0], place) });
      return;
    case 'ColorTransform':
      steps.push({
        at: place,
        kind: 'colors',
        reference: number(args[0]),
        magnitudes: numbersOf(file, args[1], place),
      });
      return;
    case 'Roll': {
      const shift = number(args[0]);
      const order = Array.from(
        { length: features },
        (_, i) => (((i - shift) % features) + features) % features,
      );
      steps.push({ at: place, kind: 'permute', order });
      return;
    }
    case 'Reverse':
      steps.push({ at: place, kind: 'permute', order: range(features).reverse() });
      return;
    case 'NeuralSplineCoupling':
      steps.push({ at: place, ...readCoupling(file, args, params, place, sizes) });
      return;
    default:
      refuse(`bijectors that are known (${place} is not${unknown[name] ?? ''})`);
  }
}

/** That a feature takes: widths, heights, and slopes at the inner knots, or at all of a circle. */
const valuesOf = ({ bins, periodic }: Pick<Coupling, 'bins' | 'periodic'>): number =>
  periodic ? 3 * bins : 3 * bins - 1;

function readCoupling(
  file: TensorFile,
  [bins, bound, hiddenLayers, , transformed, conditions, periodic]: readonly unknown[],
  params: unknown,
  place: string,
  { features, context }: Sizes,
) {
  const fits = (value: unknown, most: number): value is number =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
  if (!fits(bins, 256) || bins < 2) refuse(`2 to 256 bins in ${place}`);
  if (typeof bound !== 'number' || !(bound > 0)) refuse(`a bound of the splines of ${place}`);
  if (conditions !== 0 && !fits(conditions, context))
    refuse(`at most ${context} conditions in ${place}, as many as conditional columns`);
  const moves = transformed === null ? features - Math.floor(features / 2) : transformed;
  if (!fits(moves, features - 1)) refuse(`features that ${place} keeps and others that it moves`);
  // Dense layers and the activations between them, which have no parameters.
  const dense = (Array.isArray(params) ? (params as unknown[]) : []).filter(
    (layer): layer is unknown[] => Array.isArray(layer) && layer.length === 2,
  );
  if (!fits(hiddenLayers, 64) || dense.length !== hiddenLayers + 1) refuse(`dense layers for ${place}`);
  /** Names of kernel [in, out] and bias of each layer. */
  const layers: { kernel: string; bias: string; outputs: number }[] = [];
  let inputs = features - moves + conditions;
  for (const [i, [kernel, bias]] of dense.entries()) {
    const names = [kernel, bias].map((value) => file.pickled?.nameOf(value));
    const [kernelShape, biasShape] = names.map((name) =>
      name === undefined ? [] : file.tensors.get(name)!.shape,
    );
    const outputs = kernelShape![1] ?? 0;
    if (kernelShape!.join() !== [inputs, outputs].join() || biasShape!.join() !== String(outputs))
      refuse(`a dense layer ${i} of ${place} that fits the one before`);
    layers.push({ kernel: names[0]!, bias: names[1]!, outputs });
    inputs = outputs;
  }
  const isCircle = periodic === true;
  const values = valuesOf({ bins, periodic: isCircle });
  if (inputs !== moves * values) refuse(`${values} values for each feature that ${place} moves`);
  return {
    ...{ kind: 'coupling' as const, bins, bound, layers },
    /** Features that it moves, the last ones. */
    moves,
    /** The interval is a circle. */
    periodic: isCircle,
    /** Conditions that its network sees, the first ones; the other rows of its first kernel are 0. */
    conditions,
  };
}

function numbersOf(file: TensorFile, value: unknown, place: string): Numbers {
  if (value instanceof NumpyArray) {
    const array = file.pickled?.nameOf(value);
    if (array !== undefined) return { array };
  }
  const list: unknown[] = Array.isArray(value) ? (value as unknown[]) : [value];
  if (list.every((item): item is number => typeof item === 'number' && Number.isFinite(item))) return list;
  refuse(`numbers as arguments of ${place}`);
}

/** One for each feature. @throws UserError when there are others */
async function read(file: TensorFile, numbers: Numbers, at: string, features: number): Promise<number[]> {
  const values = 'array' in numbers ? [...(await file.read(numbers.array)).data] : [...numbers];
  if (values.length === features) return values;
  if (values.length === 1) return Array.from({ length: features }, () => values[0]!);
  throw new UserError(
    `${file.file}: ${at} has ${values.length} numbers for ${features} features. Save the flow again.`,
  );
}

/** Output i is the sum of the features j times entry i, j. @throws UserError when the columns do not match the flow's */
async function colorsOf(
  file: TensorFile,
  { at, reference, magnitudes }: Extract<Step, { kind: 'colors' }>,
  features: number,
): Promise<OurLayer> {
  const columns = 'array' in magnitudes ? [...(await file.read(magnitudes.array)).data] : [...magnitudes];
  const isColumn = (i: number): boolean => Number.isInteger(i) && i >= 0 && i < features;
  if (!columns.every(isColumn) || new Set(columns).size !== columns.length || !columns.includes(reference)) {
    throw new UserError(
      `${file.file}: ${at} is over columns that are not among its ${features}, or that come twice. Save the flow again.`,
    );
  }
  const others = range(features).filter((i) => !columns.includes(i));
  const data = new Float32Array(features * features);
  for (const [row, column] of [...others, reference].entries()) data[row * features + column] = 1;
  for (const [i, column] of columns.slice(0, -1).entries()) {
    const row = others.length + 1 + i;
    data[row * features + column] = 1;
    data[row * features + columns[i + 1]!] = -1;
  }
  return { at, ...matrixLayer(`${file.file}: ${at}`, { shape: [features, features], data }) };
}

async function layerOf(file: TensorFile, step: Step, { features, context }: Sizes): Promise<OurLayer> {
  const { at } = step;
  const affine = (scale: number[], shift: number[]): OurLayer => ({
    at,
    layer: { kind: 'rescale', scale, shift },
  });
  switch (step.kind) {
    case 'shiftBounds': {
      const [low, high] = await Promise.all(step.values.map((numbers) => read(file, numbers, at, features)));
      const scale = low!.map((value, i) => (2 * step.bound) / (high![i]! - value));
      return affine(
        scale,
        scale.map((factor, i) => (-factor * (high![i]! + low![i]!)) / 2),
      );
    }
    case 'standardScaler': {
      const [mean, std] = await Promise.all(step.values.map((numbers) => read(file, numbers, at, features)));
      return affine(
        std!.map((value) => 1 / value),
        std!.map((value, i) => -mean![i]! / value),
      );
    }
    case 'scale':
      return affine(
        await read(file, step.factor, at, features),
        Array.from({ length: features }, () => 0),
      );
    case 'colors':
      return colorsOf(file, step, features);
    case 'permute':
      return { at, layer: { kind: 'permute', order: step.order } };
    case 'coupling': {
      const { moves, layers } = step;
      return {
        at,
        layer: maskOf(features, (i) => i < features - moves),
        table: layers.flatMap(({ kernel, bias }, i) => [
          { library: kernel, flowscope: `net.${i}.weight`, transform: 'same' as const },
          { library: bias, flowscope: `net.${i}.bias`, transform: 'same' as const },
        ]),
        adapt: (tensors, name) => adaptNetwork(tensors, name, step, context),
      };
    }
  }
}

/** In place. */
function adaptNetwork(
  tensors: Record<string, Values>,
  name: string,
  { layers, bins, periodic, conditions }: Coupling,
  context: number,
): void {
  const unseen = context - conditions;
  withSeen(tensors, `${name}.net.0`, new Float32Array(unseen * layers[0]!.outputs));
  const values = valuesOf({ bins, periodic });
  const last = `${name}.net.${layers.length - 1}`;
  // On a circle, pzflow puts the slope where its ends meet last, and ours puts it first.
  const source = (column: number): number => {
    const value = column % values;
    if (!periodic || value < 2 * bins) return column;
    return value === 2 * bins ? column + bins - 1 : column - 1;
  };
  for (const part of ['weight', 'bias']) {
    const { shape, data } = tensors[`${last}.${part}`]!;
    const columns = shape.at(-1)!;
    tensors[`${last}.${part}`] = {
      shape,
      data: data.map((_, i) => data[i - (i % columns) + source(i % columns)]!),
    };
  }
  // Ours adds what softplus needs for a slope of 1.
  const one = inverseSoftplus(1 - floor);
  mapColumns(tensors, last, (u, column) => (column % values < 2 * bins ? u : u - one), ['bias']);
}

const hiddenOf = ({ layers }: Coupling): number[] => layers.slice(0, -1).map(({ outputs }) => outputs);

function fieldsOf({ first, context }: Flow): VectorFields {
  return {
    hidden: hiddenOf(first),
    nets: 'joint',
    conditioning: 'selected',
    activation: 'leaky-relu',
    transform: 'rationalQuadratic',
    outputLayout: 'interleaved',
    bins: first.bins,
    splineMap: 'softmax-floor',
    splineFloor: floor,
    splineBound: first.bound,
    ...(first.periodic ? { splineEnds: 'circular' } : {}),
    ...(context > 0 ? { context, contextNorm: true } : {}),
  };
}

export const pzflow: Recognizer = {
  name: 'pzflow',
  read(file) {
    const state = stateOfPzflow(file.pickled?.root);
    if (!state) return { share: 0, missing: ['bijector_info and latent_info'] };
    const flow = readOrWhy(() => readState(file, state));
    if (typeof flow === 'string') return { share: 0.5, missing: [flow] };
    const { features, columns, context, conditions, scaling, steps, first, base } = flow;
    const couplings = steps.filter(({ kind }) => kind === 'coupling').length;
    const contextWords = context === 0 ? '' : ` given ${several(context, 'number')}`;
    return {
      title: `pzflow, ${features} features, ${couplings} spline couplings with ${first.bins} bins${contextWords}, networks ${hiddenWords(hiddenOf(first))}`,
      questions: [],
      async convert() {
        const layers: OurLayer[] = [];
        for (const step of steps) layers.push(await layerOf(file, step, flow));
        const tensors: Record<string, Values> = {};
        for (const [i, name] of (context === 0 ? [] : (['mean', 'std'] as const)).entries()) {
          const data = Float32Array.from(await read(file, scaling[i]!, `condition_${name}s`, context));
          tensors[`context.${name}`] = { shape: [context], data };
        }
        return {
          ...(await chainFlow(file, { features, layers, fields: fieldsOf(flow), base: { base } }, tensors)),
          featureNames: columns.map(String),
          contextNames: conditions.map(String),
        };
      },
    };
  },
};
