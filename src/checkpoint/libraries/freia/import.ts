/**
 * FrEIA's RNVPCouplingBlock, GLOWCouplingBlock and AllInOneBlock in a SequenceINN or a GraphINN that is a chain, with
 * ActNorm and PermuteRandom between them. The first two are two couplings each: first the first part moves, given the
 * second, then the second, given the first. x·eˢ + t with s = clamp·f(u).
 */
import { UserError } from '../../../config/user-error';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import type { NdArray } from '../../../protocol/tensors';
import {
  beyondWords,
  gaps,
  hiddenWords,
  lengthOf,
  linearStack,
  moduleList,
  stackNames,
  tooMany,
  type LinearStack,
} from '../../import/modules';
import { readOurs } from '../../import/names';
import { activationOf, activationQuestion, answeredNumber, choice, chosen } from '../../import/questions';
import type { ImportedFlow, Recognized, Recognizer, TensorFile } from '../../import/types';
import { chainModel, layerNames, type ChainLayer, type VectorFields } from '../../import/vector-chain';

type Values = NdArray<Float32Array>;

const clampQuestion: ImportQuestion = {
  key: 'clamp',
  title: 'Clamp of the scales',
  detail:
    'The `clamp` argument of the coupling blocks (`affine_clamping` of AllInOneBlock): s lies between −clamp and clamp.',
  answer: { kind: 'number', default: 2, minimum: 1e-6, maximum: 1e6 },
};

const clampFunctionQuestion = choice(
  'clampActivation',
  'Function of the clamp',
  'The `clamp_activation` argument of the coupling blocks. With another one all numbers are wrong.',
  [
    { value: 'ATAN', label: 'ATAN (the default): 0.636·arctan(u)' },
    { value: 'TANH', label: 'TANH' },
    { value: 'SIGMOID', label: 'SIGMOID: 2·sigmoid(u) − 1' },
  ],
);

const directionQuestion = choice(
  'direction',
  'Direction of the network',
  'FrEIA leaves it to its user. The other one gives a flow that is a density of nothing.',
  [
    { value: 'data-to-latent', label: 'inn(x) gives latents, inn(z, rev=True) samples' },
    { value: 'latent-to-data', label: 'inn(z) gives samples, inn(x, rev=True) latents' },
  ],
);

const globalScaleQuestion = choice(
  'globalAffineType',
  'Global scale of AllInOneBlock',
  'The `global_affine_type` argument: how global_scale becomes the scale of each feature.',
  [
    { value: 'SOFTPLUS', label: 'SOFTPLUS (the default)' },
    { value: 'SIGMOID', label: 'SIGMOID' },
    { value: 'EXP', label: 'EXP' },
  ],
);

type Nets = { kind: 'joint'; stack: LinearStack } | { kind: 'separate'; s: LinearStack; t: LinearStack };

/** A layer of ours to be, in the order of the network. */
type Step =
  | { kind: 'coupling'; theirs: string; mask: (0 | 1)[]; nets: Nets; factor: number }
  | { kind: 'actNorm'; theirs: string; at: string }
  | { kind: 'global'; theirs: string; at: string }
  | { kind: 'permute'; theirs: string; tensor: string }
  | { kind: 'matrix'; theirs: string; tensor: string };

type BlockKind = 'RNVPCouplingBlock' | 'GLOWCouplingBlock' | 'AllInOneBlock';

interface Structure {
  steps: Step[];
  block: BlockKind;
  features: number;
  hidden: number[];
}

interface Module {
  steps: Step[];
  features: number;
  block?: BlockKind;
}

/** Couplings that answer `a` values move a part of the features, and condition on the `inputs` others. */
function part(features: number, first: number, firstMoves: boolean): (0 | 1)[] {
  return Array.from({ length: features }, (_, i) => (i < first === firstMoves ? 0 : 1));
}

function below(rests: readonly string[], name: string): string[] {
  return rests.filter((rest) => rest.startsWith(`${name}.`)).map((rest) => rest.slice(name.length + 1));
}

/** What two networks of a block are wrong in: from the other part to their own, doubled where s and t are one. */
function checkPart(stack: LinearStack, inputs: number, outputs: number): string | undefined {
  const [from, to] = [stack.widths[0], stack.widths.at(-1)];
  return from === inputs && to === outputs
    ? undefined
    : `${stack.prefix} goes from ${from} to ${to} features; without conditions it would go from ${inputs} to ${outputs}`;
}

function readModule(file: TensorFile, at: string, rests: readonly string[]): Module | string {
  const theirs = at.slice(0, -1);
  const nets = [...new Set(rests.map((rest) => rest.split('.')[0]!))].sort();
  const stackOf = (name: string) => linearStack(file, `${at}${name}.`, below(rests, name));
  const has = (...names: string[]) => nets.join() === [...names].sort().join();

  if (has('subnet_s1', 'subnet_s2', 'subnet_t1', 'subnet_t2')) {
    const stacks = {
      s1: stackOf('subnet_s1'),
      t1: stackOf('subnet_t1'),
      s2: stackOf('subnet_s2'),
      t2: stackOf('subnet_t2'),
    };
    for (const stack of Object.values(stacks)) if (typeof stack === 'string') return stack;
    const { s1, t1, s2, t2 } = stacks as Record<keyof typeof stacks, LinearStack>;
    const [first, second] = [s1.widths[0]!, s1.widths.at(-1)!];
    const wrong =
      checkPart(t1, first, second) ?? checkPart(s2, second, first) ?? checkPart(t2, second, first);
    if (wrong) return wrong;
    const features = first + second;
    const wide = tooMany(features);
    if (wide) return wide;
    const one = (name: string, firstMoves: boolean, s: LinearStack, t: LinearStack): Step => ({
      kind: 'coupling',
      theirs: `${at}${name}`,
      mask: part(features, first, firstMoves),
      nets: { kind: 'separate', s, t },
      factor: 1,
    });
    return {
      features,
      block: 'RNVPCouplingBlock',
      steps: [one('subnet_s2', true, s2, t2), one('subnet_s1', false, s1, t1)],
    };
  }
  if (has('subnet1', 'subnet2')) {
    const [one, two] = [stackOf('subnet1'), stackOf('subnet2')];
    if (typeof one === 'string') return one;
    if (typeof two === 'string') return two;
    const [first, second] = [one.widths[0]!, two.widths[0]!];
    const wrong = checkPart(one, first, 2 * second) ?? checkPart(two, second, 2 * first);
    if (wrong) return wrong;
    const features = first + second;
    const wide = tooMany(features);
    if (wide) return wide;
    const coupling = (name: string, firstMoves: boolean, stack: LinearStack): Step => ({
      kind: 'coupling',
      theirs: `${at}${name}`,
      mask: part(features, first, firstMoves),
      nets: { kind: 'joint', stack },
      factor: 1,
    });
    return {
      features,
      block: 'GLOWCouplingBlock',
      steps: [coupling('subnet2', true, two), coupling('subnet1', false, one)],
    };
  }
  if (has('global_offset', 'global_scale', 'subnet', 'w_perm', 'w_perm_inv')) {
    const stack = stackOf('subnet');
    if (typeof stack === 'string') return stack;
    const features = lengthOf(file, `${at}global_scale`);
    if (features === undefined) return `${at}global_scale is not of features`;
    const wide = tooMany(features);
    if (wide) return wide;
    const first = features - Math.floor(features / 2);
    const wrong = checkPart(stack, first, 2 * (features - first));
    if (wrong) return wrong;
    return {
      features,
      block: 'AllInOneBlock',
      steps: [
        {
          kind: 'coupling',
          theirs: `${at}subnet`,
          mask: part(features, first, false),
          nets: { kind: 'joint', stack },
          factor: 0.1,
        },
        { kind: 'global', theirs: `${at}global_scale`, at },
        { kind: 'matrix', theirs: `${at}w_perm`, tensor: `${at}w_perm` },
      ],
    };
  }
  if (nets.includes('vk_householder')) {
    return `${theirs} is an AllInOneBlock with learned Householder reflections, which turn the features: not supported`;
  }
  if (has('bias', 'scale')) {
    const features = lengthOf(file, `${at}scale`);
    if (features !== undefined) return { features, steps: [{ kind: 'actNorm', theirs, at }] };
  }
  if (has('perm', 'perm_inv')) {
    const features = lengthOf(file, `${at}perm`);
    if (features !== undefined)
      return { features, steps: [{ kind: 'permute', theirs, tensor: `${at}perm` }] };
  }
  return `${theirs} (${nets.join(', ')}) is not a module that is known`;
}

function read(file: TensorFile): { structure?: Structure; share: number; missing: string[] } {
  const list = moduleList(file, 'module_list');
  if (!list)
    return { share: 0, missing: ['module_list.0.subnet_s1.0.weight, or module_list.0.subnet1.0.weight'] };
  const missing: string[] = [];
  const modules: Module[] = [];
  let fitting = 0;
  for (const [number, rests] of list.modules) {
    const module = readModule(file, `${list.prefix}${number}.`, rests);
    if (typeof module === 'string') missing.push(module);
    else {
      modules.push(module);
      fitting += rests.length;
    }
  }
  for (const gap of gaps(list)) missing.push(`${list.prefix}${gap} is a module without tensors`);
  missing.push(...beyondWords(list));
  const share = fitting / file.tensors.size;
  const first = modules.find(({ block }) => block);
  if (!first || missing.length > 0) return { share, missing };
  const steps = modules.flatMap((module) => module.steps);
  const hidden = stacksOf(steps)[0]!.widths.slice(1, -1);
  for (const module of modules) {
    const at = module.steps[0]!.theirs;
    if (module.features !== first.features) missing.push(`${at} is not of ${first.features} features`);
    if (module.block && module.block !== first.block) missing.push(`${at} is not of a ${first.block}`);
    for (const stack of stacksOf(module.steps)) {
      if (stack.widths.slice(1, -1).join() !== hidden.join()) {
        missing.push(`${stack.prefix} has other widths than ${stacksOf(steps)[0]!.prefix}`);
      }
    }
  }
  if (missing.length > 0) return { share, missing };
  return { structure: { steps, block: first.block!, features: first.features, hidden }, share, missing };
}

function stacksOf(steps: readonly Step[]): LinearStack[] {
  return steps.flatMap((step) => {
    if (step.kind !== 'coupling') return [];
    return step.nets.kind === 'joint' ? [step.nets.stack] : [step.nets.s, step.nets.t];
  });
}

/** From a permutation matrix to the input that comes to each place; undefined for a rotation. */
export function orderOfMatrix({ shape, data }: Values): number[] | undefined {
  const size = shape[0]!;
  if (shape.length !== 2 || shape[1] !== size) return undefined;
  const order = Array.from({ length: size }, (_, i) => data.subarray(i * size, (i + 1) * size).indexOf(1));
  return isOrder(order) && data.filter((x) => x !== 0).length === size ? order : undefined;
}

/** Whether each place is in it once. */
function isOrder(order: readonly number[]): boolean {
  const places = new Set(order);
  return places.size === order.length && order.every((_, place) => places.has(place));
}

function invert(order: readonly number[]): number[] {
  const inverse = new Array<number>(order.length).fill(0);
  order.forEach((from, to) => (inverse[from] = to));
  return inverse;
}

/** x·scale + offset as an ActNorm of ours, run forwards or backwards. */
function affineConstants(
  logScale: Float32Array,
  offset: Float32Array,
  toLatent: boolean,
): Record<string, Values> {
  const shape = [logScale.length];
  return toLatent
    ? {
        logScale: { shape, data: logScale.map((x) => -x) },
        shift: { shape, data: offset.map((x, i) => -x * Math.exp(-logScale[i]!)) },
      }
    : { logScale: { shape, data: logScale }, shift: { shape, data: offset } };
}

const globalLogScales: Record<string, (x: number) => number> = {
  SOFTPLUS: (x) => Math.log(0.2 * Math.log1p(Math.exp(0.5 * x))),
  SIGMOID: (x) => Math.log(10 / (1 + Math.exp(2 - x))),
  EXP: (x) => x,
};

/** The s of each coupling, in the columns of the last layer that give it, times a factor; t times another. */
function scaleLast(
  tensors: Record<string, Values>,
  last: string,
  s: number,
  t: number,
  joint: boolean,
): void {
  for (const partName of ['weight', 'bias']) {
    const { shape, data } = tensors[`${last}.${partName}`]!;
    const columns = shape.at(-1)!;
    const factor = (column: number) => (!joint || column < columns / 2 ? s : t);
    tensors[`${last}.${partName}`] = { shape, data: data.map((x, i) => x * factor(i % columns)) };
  }
}

function recognized(file: TensorFile, { steps, block, features, hidden }: Structure): Recognized {
  const blocks = steps.filter(({ kind }) => kind === 'coupling').length / (block === 'AllInOneBlock' ? 1 : 2);
  const inOne = block === 'AllInOneBlock';
  return {
    library: 'freia',
    title: `FrEIA, ${features} features, ${blocks} of ${block}, networks ${hiddenWords(hidden)}`,
    questions: [
      directionQuestion,
      clampQuestion,
      ...(inOne ? [globalScaleQuestion] : [clampFunctionQuestion]),
      activationQuestion,
    ],
    async convert(answers): Promise<ImportedFlow> {
      const toLatent = chosen(answers, directionQuestion) === 'data-to-latent';
      const ordered = toLatent ? steps : [...steps].reverse();
      const chain: ChainLayer[] = [];
      for (const step of ordered) chain.push(await chainLayer(step, toLatent));
      const names = layerNames(chain);
      const table = ordered.flatMap((step, i) => {
        if (step.kind !== 'coupling') return [];
        return step.nets.kind === 'joint'
          ? stackNames(step.nets.stack, `${names[i]}.net.`)
          : [
              ...stackNames(step.nets.s, `${names[i]}.scaleNet.`),
              ...stackNames(step.nets.t, `${names[i]}.shiftNet.`),
            ];
      });
      const tensors = await readOurs(file, table);
      for (const [i, step] of ordered.entries()) {
        Object.assign(tensors, await constants(step, names[i]!, answers, toLatent));
        if (step.kind === 'coupling') adaptScale(tensors, step, names[i]!, answers);
      }
      const scale: VectorFields =
        clampFunction(answers) === 'ATAN'
          ? { scaleMap: 'arctan', scaleClamp: answeredNumber(answers, clampQuestion) }
          : { scaleMap: 'tanh-scalar' };
      return {
        model: chainModel(
          features,
          chain,
          {
            hidden,
            nets: block === 'RNVPCouplingBlock' ? 'separate' : 'joint',
            conditioning: 'selected',
            activation: activationOf(answers),
            affine: toLatent ? 'scale-then-shift' : 'inverse-scale-then-shift',
            outputOrder: 'scale-shift',
            outputLayout: 'halves',
            ...scale,
          },
          file.file,
        ),
        tensors,
        layerNames: Object.fromEntries(names.map((name, i) => [name, ordered[i]!.theirs])),
      };
    },
  };

  function clampFunction(answers: ImportAnswers): string {
    return inOne ? 'TANH' : chosen(answers, clampFunctionQuestion);
  }

  async function chainLayer(step: Step, toLatent: boolean): Promise<ChainLayer> {
    if (step.kind === 'coupling') return { kind: 'coupling', mask: step.mask };
    if (step.kind === 'actNorm' || step.kind === 'global') return { kind: 'actNorm' };
    const values = await file.read(step.tensor);
    const order = step.kind === 'permute' ? [...values.data] : orderOfMatrix(values);
    if (!order) {
      throw new UserError(
        `${file.file}: ${step.theirs} rotates the features (permute_soft=True), which no layer here does; expected ` +
          `blocks with hard permutations.`,
      );
    }
    if (!isOrder(order)) {
      throw new UserError(`${file.file}: ${step.theirs} is no permutation: each place has to be in it once.`);
    }
    return { kind: 'permute', order: toLatent ? order : invert(order) };
  }

  async function constants(
    step: Step,
    name: string,
    answers: ImportAnswers,
    toLatent: boolean,
  ): Promise<Record<string, Values>> {
    if (step.kind !== 'actNorm' && step.kind !== 'global') return {};
    const isGlobal = step.kind === 'global';
    const raw = (await file.read(`${step.at}${isGlobal ? 'global_scale' : 'scale'}`)).data;
    const offset = (await file.read(`${step.at}${isGlobal ? 'global_offset' : 'bias'}`)).data;
    const logScale = isGlobal ? raw.map(globalLogScales[chosen(answers, globalScaleQuestion)]!) : raw;
    const values = affineConstants(logScale, offset, toLatent);
    return Object.fromEntries(
      Object.entries(values).map(([partName, value]) => [`${name}.${partName}`, value]),
    );
  }

  /** tanh with its clamp in our `.scale`; 2·sigmoid(u) − 1 is tanh(u / 2); AllInOneBlock takes a tenth of s and t. */
  function adaptScale(
    tensors: Record<string, Values>,
    step: Extract<Step, { kind: 'coupling' }>,
    name: string,
    answers: ImportAnswers,
  ): void {
    const activation = clampFunction(answers);
    if (activation === 'ATAN') return;
    tensors[`${name}.scale`] = { shape: [1], data: Float32Array.of(answeredNumber(answers, clampQuestion)) };
    const half = activation === 'SIGMOID' ? 0.5 : 1;
    const joint = step.nets.kind === 'joint';
    const last = `${name}.${joint ? 'net' : 'scaleNet'}.${hidden.length}`;
    if (half * step.factor !== 1) scaleLast(tensors, last, half * step.factor, step.factor, joint);
  }
}

export const freia: Recognizer = {
  library: 'freia',
  name: 'FrEIA',
  recognize(file) {
    const { structure } = read(file);
    return structure && recognized(file, structure);
  },
  closeness(file) {
    const { share, missing } = read(file);
    return { share, missing };
  },
};
