/**
 * normflows' MaskedAffineFlow and AffineCouplingBlock, with ActNorm and Permute between them. The library counts from
 * latent to data, so its last layer is our first, and its maps run backwards: (x − t)·e⁻ˢ.
 */
import type { ImportQuestion } from '../../protocol/import';
import type { NdArray } from '../../protocol/tensors';
import { hiddenWords, lengthOf, linearStack, moduleList, stackNames, type LinearStack } from './modules';
import { readOurs, under, type Renaming } from './names';
import { answeredNumber, choice, chosen } from './questions';
import type { ImportedFlow, Recognized, Recognizer, TensorFile } from './types';
import { chainModel, layerNames, type ChainLayer, type VectorFields } from './vector-chain';

type Values = NdArray<Float32Array>;

const slopeQuestion: ImportQuestion = {
  key: 'slope',
  title: 'Slope of LeakyReLU',
  detail: 'The `leaky` argument of the networks (nf.nets.MLP), which a state dict does not hold. 0 is ReLU.',
  answer: { kind: 'number', default: 0, minimum: 0, maximum: 0.999 },
};

const scaleMapQuestion = choice(
  'scaleMap',
  'Scale map of the coupling blocks',
  'The `scale_map` argument of AffineCouplingBlock. With another one all numbers are wrong.',
  [
    { value: 'exp', label: 'exp (the default)' },
    { value: 'sigmoid', label: 'sigmoid' },
    { value: 'sigmoid_inv', label: 'sigmoid_inv' },
  ],
);

const outputQuestion = choice(
  'scaleOutput',
  'Last function of the scale networks',
  'The `output_fn` argument of the networks s. With another one all numbers are wrong.',
  [
    { value: 'none', label: 'none (the default)' },
    { value: 'tanh', label: 'tanh' },
  ],
);

/** With an output_scale in the file there is a function before it. */
const scaledOutputQuestion = choice(outputQuestion.key, outputQuestion.title, outputQuestion.detail, [
  { value: 'tanh', label: 'tanh' },
]);

const splitQuestion = choice(
  'splitMode',
  'Split mode of the coupling blocks',
  'The `split_mode` argument of AffineCouplingBlock: which features condition.',
  [
    { value: 'channel', label: 'channel: the first half conditions (the default)' },
    { value: 'channel_inv', label: 'channel_inv: the second half conditions' },
    { value: 'checkerboard', label: 'checkerboard: features 1, 3, … condition' },
    { value: 'checkerboard_inv', label: 'checkerboard_inv: features 0, 2, … condition' },
  ],
);

const gapQuestion = choice(
  'gaps',
  'Layers without tensors',
  'Some numbers of layers are missing in the file: layers that hold no tensors stand there.',
  [
    { value: 'swap', label: 'Permute(mode="swap")' },
    { value: 'none', label: 'layers that change nothing' },
  ],
);

const lastQuestion = choice(
  'lastPermute',
  'Permutation after the last block',
  'A permutation at the end of the list leaves no trace in the file. In the usual list each block has one after it.',
  [
    { value: 'yes', label: 'yes, as after the other blocks' },
    { value: 'no', label: 'no' },
  ],
);

type Step =
  | {
      kind: 'masked';
      number: number;
      features: number;
      /** Up to its tensors, which in a Reverse are below "flow.". */
      at: string;
      reverse: boolean;
      s?: LinearStack;
      t?: LinearStack;
      /** Name of the factor of tanh, of one number or one a feature. */
      scale?: string;
    }
  | {
      kind: 'block';
      number: number;
      features: number;
      reverse: boolean;
      stack: LinearStack;
      additive: boolean;
    }
  | { kind: 'actNorm'; number: number; features: number }
  | { kind: 'permute'; number: number; features: number }
  | { kind: 'gap'; number: number };

type Coupling = Extract<Step, { kind: 'masked' | 'block' }>;

interface Structure {
  prefix: string;
  /** From latent to data. */
  steps: Step[];
  couplings: Coupling[];
  features: number;
  hidden: number[];
  /** Prefix of the base distribution's tensors. */
  base?: string;
}

const blockNet = 'flows.1.param_map.';

/** Below the prefix of an ActNorm. */
export const actNormNames: readonly Renaming[] = [
  { theirs: 's', ours: 'logScale', transform: 'row' },
  { theirs: 't', ours: 'shift', transform: 'row' },
];

/** Below "q0.". */
export const baseNames: readonly Renaming[] = [
  { theirs: 'log_scale', ours: 'logScale', transform: 'row' },
  { theirs: 'loc', ours: 'shift', transform: 'row' },
];

function stackOf(file: TensorFile, at: string, path: string, rests: readonly string[]): LinearStack | string {
  const below = rests.filter((rest) => rest.startsWith(path)).map((rest) => rest.slice(path.length));
  return linearStack(file, at + path, below, true);
}

function readMasked(
  file: TensorFile,
  at: string,
  number: number,
  rests: readonly string[],
  reverse: boolean,
): Step | string {
  const features = lengthOf(file, `${at}b`);
  if (features === undefined) return `${at}b is not a mask of features, such as [1, 2]`;
  const scales = rests.filter((rest) => /^[st]\.net\.\d+\.scale$/.test(rest));
  const others = rests.filter((rest) => rest !== 'b' && !scales.includes(rest));
  const strange = others.find((rest) => !/^[st]\.net\./.test(rest));
  if (strange) return `${at}${strange} is not known`;
  const stacks: { s?: LinearStack; t?: LinearStack } = {};
  for (const path of ['s', 't'] as const) {
    if (!others.some((rest) => rest.startsWith(`${path}.`))) continue;
    const stack = stackOf(file, at, `${path}.`, others);
    if (typeof stack === 'string') return stack;
    if (stack.widths[0] !== features || stack.widths.at(-1) !== features) {
      return `${stack.prefix} is not a network from ${features} features to ${features}`;
    }
    stacks[path] = stack;
  }
  if (!stacks.s && !stacks.t) return `${at} has no network`;
  if (scales.length > 0) {
    const expected = `s.net.${(stacks.s?.numbers.at(-1) ?? NaN) + 2}.scale`;
    if (scales.length > 1 || scales[0] !== expected)
      return `${at}${scales[0]} scales the output of a network of t or before its function`;
    return { kind: 'masked', number, features, at, reverse, ...stacks, scale: `${at}${expected}` };
  }
  return { kind: 'masked', number, features, at, reverse, ...stacks };
}

function readStep(
  file: TensorFile,
  at: string,
  number: number,
  rests: readonly string[],
  reverse = false,
): Step | string {
  if (!reverse && rests.every((rest) => rest.startsWith('flow.'))) {
    const inner = rests.map((rest) => rest.slice('flow.'.length));
    const step = readStep(file, `${at}flow.`, number, inner, true);
    if (typeof step === 'string' || step.kind === 'masked' || step.kind === 'block') return step;
    return `${at} is a Reverse of something else than a coupling`;
  }
  if (rests.includes('b')) return readMasked(file, at, number, rests, reverse);
  if (rests.some((rest) => rest.startsWith(blockNet))) {
    const strange = rests.find((rest) => !rest.startsWith(blockNet));
    if (strange) return `${at}${strange} is not known`;
    const stack = stackOf(file, at, blockNet, rests);
    if (typeof stack === 'string') return stack;
    const [inputs, outputs] = [stack.widths[0]!, stack.widths.at(-1)!];
    // Halves, of which the first is the larger one in an odd number: only one reading of the outputs fits.
    for (const [moving, additive] of [
      [outputs / 2, false],
      [outputs, true],
    ] as const) {
      if (Number.isInteger(moving) && Math.abs(inputs - moving) <= 1) {
        return { kind: 'block', number, features: inputs + moving, reverse, stack, additive };
      }
    }
    return `${stack.prefix} does not go from one half of the features to the other`;
  }
  if (rests.includes('perm')) {
    const features = lengthOf(file, `${at}inv_perm`);
    return features === undefined ? `${at}inv_perm is missing` : { kind: 'permute', number, features };
  }
  const features = lengthOf(file, `${at}s`);
  const known = ['s', 't', 'data_dep_init_done'];
  if (
    features !== undefined &&
    lengthOf(file, `${at}t`) === features &&
    rests.every((rest) => known.includes(rest))
  ) {
    return { kind: 'actNorm', number, features };
  }
  return `${at}${rests[0]} belongs to a layer that is not known`;
}

function read(file: TensorFile): { structure?: Structure; share: number; missing: string[] } {
  const list = moduleList(file, 'flows');
  if (!list) return { share: 0, missing: ['flows.0.b, or flows.0.flows.1.param_map.net.0.weight'] };
  const missing: string[] = [];
  const steps: Step[] = [];
  let fitting = 0;
  for (let number = 0; number <= Math.max(...list.modules.keys()); number++) {
    const rests = list.modules.get(number);
    const step: Step | string = rests
      ? readStep(file, `${list.prefix}${number}.`, number, rests)
      : { kind: 'gap', number };
    if (typeof step === 'string') missing.push(step);
    else {
      steps.push(step);
      fitting += rests?.length ?? 0;
    }
  }
  const root = list.prefix.slice(0, -'flows.'.length);
  const baseTensors = list.others.filter((name) => name.startsWith(`${root}q0.`));
  const isGaussian = baseTensors.every((name) => name === `${root}q0.loc` || name === `${root}q0.log_scale`);
  if (isGaussian) fitting += baseTensors.length;
  else missing.push(`${root}q0 is not a DiagGaussian`);
  const share = fitting / file.tensors.size;

  const couplings = steps.filter((step) => step.kind === 'masked' || step.kind === 'block');
  const first = couplings[0];
  if (!first || missing.length > 0) return { share, missing };
  const { features } = first;
  const hidden = hiddenOf(first);
  for (const step of steps) {
    const at = `${list.prefix}${step.number}`;
    if (step.kind === 'gap') continue;
    if (step.features !== features) missing.push(`${at} is not of ${features} features`);
    if (step.kind !== 'masked' && step.kind !== 'block') continue;
    if (step.kind !== first.kind)
      missing.push(`${at} is not of the same kind as ${list.prefix}${first.number}`);
    const nets = step.kind === 'block' ? [step.stack] : [step.s, step.t];
    if (nets.some((net) => net && net.widths.slice(1, -1).join() !== hidden.join())) {
      missing.push(`${at} has networks of another size than ${list.prefix}${first.number}`);
    }
    if (step.reverse !== first.reverse)
      missing.push(`${at} runs the other way than ${list.prefix}${first.number}`);
    if (
      first.kind === 'masked' &&
      step.kind === 'masked' &&
      scaleLength(file, step) !== scaleLength(file, first)
    ) {
      missing.push(`${at} has another output function than ${list.prefix}${first.number}`);
    }
  }
  if (missing.length > 0) return { share, missing };
  const base = baseTensors.length === 2 ? `${root}q0.` : undefined;
  return { structure: { prefix: list.prefix, steps, couplings, features, hidden, base }, share, missing };
}

/** Of the factor of tanh: undefined without one, 1 for a scalar. */
function scaleLength(file: TensorFile, { scale }: { scale?: string }): number | undefined {
  return scale === undefined ? undefined : (file.tensors.get(scale)?.shape.at(-1) ?? 1);
}

function hiddenOf(coupling: Coupling): number[] {
  const stack = coupling.kind === 'block' ? coupling.stack : (coupling.s ?? coupling.t)!;
  return stack.widths.slice(1, -1);
}

/** Masks of a split mode, 1 where a feature conditions. */
function splitMask(mode: string, features: number): (0 | 1)[] {
  const conditions: Record<string, (i: number) => boolean> = {
    channel: (i) => i < Math.ceil(features / 2),
    channel_inv: (i) => i >= Math.ceil(features / 2),
    checkerboard: (i) => i % 2 === 1,
    checkerboard_inv: (i) => i % 2 === 0,
  };
  return Array.from({ length: features }, (_, i) => (conditions[mode]!(i) ? 1 : 0));
}

/** From data to latent: the place i of Permute(mode="swap") run backwards. */
export function swapOrder(features: number): number[] {
  return Array.from({ length: features }, (_, i) => (i + Math.ceil(features / 2)) % features);
}

/** The same layer widths, all zero: what an absent network of s or t gives. */
function zeroNet(like: Readonly<Record<string, Values>>, from: string, to: string): Record<string, Values> {
  return Object.fromEntries(
    Object.entries(like)
      .filter(([name]) => name.startsWith(from))
      .map(([name, { shape }]) => [
        to + name.slice(from.length),
        { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
      ]),
  );
}

/** The last layer's columns of every other output, in place. */
function mapColumns(
  tensors: Record<string, Values>,
  layer: string,
  change: (x: number, column: number) => number,
): void {
  for (const part of ['weight', 'bias']) {
    const { shape, data } = tensors[`${layer}.${part}`]!;
    const columns = shape.at(-1)!;
    tensors[`${layer}.${part}`] = { shape, data: data.map((x, i) => change(x, i % columns)) };
  }
}

/** An additive block has no s: its outputs get zeros for s between them. */
function withZeroScales(tensors: Record<string, Values>, layer: string): void {
  for (const part of ['weight', 'bias']) {
    const { shape, data } = tensors[`${layer}.${part}`]!;
    const wide = new Float32Array(2 * data.length);
    data.forEach((x, i) => (wide[2 * i] = x));
    tensors[`${layer}.${part}`] = { shape: [...shape.slice(0, -1), 2 * shape.at(-1)!], data: wide };
  }
}

/** Whether no coupling has a scale. */
function shiftsOnly(couplings: readonly Coupling[]): boolean {
  return couplings.every((coupling) => (coupling.kind === 'masked' ? !coupling.s : coupling.additive));
}

function questionsOf({ steps, couplings, features, hidden }: Structure): ImportQuestion[] {
  const questions: ImportQuestion[] = [];
  const first = couplings[0]!;
  if (hidden.length > 0) questions.push(slopeQuestion);
  if (first.kind === 'masked') {
    if (!shiftsOnly(couplings)) questions.push(first.scale ? scaledOutputQuestion : outputQuestion);
  } else {
    if (!first.additive) questions.push(scaleMapQuestion);
    if (features % 2 === 0) questions.push(splitQuestion);
  }
  const hasGaps = steps.some(({ kind }) => kind === 'gap');
  if (hasGaps) questions.push(gapQuestion);
  if (hasGaps && first.kind === 'block') questions.push(lastQuestion);
  return questions;
}

function recognized(file: TensorFile, structure: Structure): Recognized {
  const { prefix, steps, couplings, features, hidden, base } = structure;
  const kind = couplings[0]!.kind === 'masked' ? 'masked affine couplings' : 'coupling blocks';
  const questions = questionsOf(structure);
  return {
    library: 'normflows',
    title: `normflows, ${features} features, ${couplings.length} ${kind}, networks ${hiddenWords(hidden)}`,
    questions,
    async convert(answers): Promise<ImportedFlow> {
      const asked = (question: ImportQuestion) => questions.includes(question);
      const swapGaps = asked(gapQuestion) && chosen(answers, gapQuestion) === 'swap';
      const trailing = asked(lastQuestion) && swapGaps && chosen(answers, lastQuestion) === 'yes';
      const swap: ChainLayer = { kind: 'permute', order: swapOrder(features) };
      const chain: ChainLayer[] = trailing ? [swap] : [];
      const theirs: string[] = trailing ? [`${prefix}${steps.length}`] : [];
      const sources: (Step | undefined)[] = trailing ? [undefined] : [];
      for (const step of [...steps].reverse()) {
        const at = `${prefix}${step.number}`;
        if (step.kind === 'gap' && !swapGaps) continue;
        theirs.push(at);
        sources.push(step);
        if (step.kind === 'gap') chain.push(swap);
        else if (step.kind === 'permute') {
          chain.push({ kind: 'permute', order: [...(await file.read(`${at}.inv_perm`)).data] });
        } else if (step.kind === 'actNorm') chain.push({ kind: 'actNorm' });
        else if (step.kind === 'masked') {
          const bits = [...(await file.read(`${step.at}b`)).data];
          chain.push({ kind: 'coupling', mask: bits as (0 | 1)[] });
        } else {
          const odd = features % 2 === 1;
          const onlyMode = step.stack.widths[0]! > features / 2 ? 'channel' : 'channel_inv';
          chain.push({
            kind: 'coupling',
            mask: splitMask(odd ? onlyMode : chosen(answers, splitQuestion), features),
          });
        }
      }
      const baseTensors = base ? await readOurs(file, under(base, '', baseNames)) : {};
      if (Object.values(baseTensors).some(({ data }) => data.some((x) => x !== 0))) {
        chain.push({ kind: 'actNorm' });
        theirs.push(base!.slice(0, -1));
        sources.push(undefined);
      }
      const names = layerNames(chain);
      const { tensors, fields } = await convertCouplings(file, structure, names, sources, answers);
      names.forEach((name, i) => {
        if (chain[i]!.kind !== 'actNorm' || sources[i]) return;
        for (const [part, values] of Object.entries(baseTensors)) tensors[`${name}.${part}`] = values;
      });
      return {
        model: chainModel(features, chain, fields, file.file),
        tensors,
        layerNames: Object.fromEntries(names.map((name, i) => [name, theirs[i]!])),
      };
    },
  };

  async function convertCouplings(
    file: TensorFile,
    { hidden }: Structure,
    names: readonly string[],
    sources: readonly (Step | undefined)[],
    answers: Parameters<Recognized['convert']>[0],
  ): Promise<{ tensors: Record<string, Values>; fields: VectorFields }> {
    const table: Renaming[] = [];
    sources.forEach((step, i) => {
      const name = names[i]!;
      if (step?.kind === 'actNorm')
        table.push(...under(`${prefix}${step.number}.`, `${name}.`, actNormNames));
      if (step?.kind === 'block') table.push(...stackNames(step.stack, `${name}.net.`));
      if (step?.kind !== 'masked') return;
      if (step.s) table.push(...stackNames(step.s, `${name}.scaleNet.`));
      if (step.t) table.push(...stackNames(step.t, `${name}.shiftNet.`));
    });
    const tensors = await readOurs(file, table);
    const slope = hidden.length > 0 ? answeredNumber(answers, slopeQuestion) : 0;
    const common: VectorFields = {
      hidden,
      activation: slope === 0 ? 'relu' : 'leaky-relu',
      ...(slope === 0 ? {} : { slope }),
    };
    const first = couplings[0]!;
    if (shiftsOnly(couplings)) {
      const masked = first.kind === 'masked';
      sources.forEach((step, i) => {
        if (step?.kind !== first.kind || first.reverse) return;
        // From data to latent it subtracts what its network gives.
        mapColumns(tensors, `${names[i]}.${masked ? 'shiftNet' : 'net'}.${hidden.length}`, (x) => -x);
      });
      return {
        tensors,
        fields: {
          ...common,
          transform: 'additive',
          nets: masked ? 'separate' : 'joint',
          conditioning: masked ? 'masked' : 'selected',
        },
      };
    }
    if (first.kind === 'masked') {
      const question = questions.find(({ key }) => key === outputQuestion.key)!;
      const tanh = chosen(answers, question) === 'tanh';
      for (const [i, step] of sources.entries()) {
        if (step?.kind !== 'masked') continue;
        const [s, t] = [`${names[i]}.scaleNet.`, `${names[i]}.shiftNet.`];
        if (!step.s) Object.assign(tensors, zeroNet(tensors, t, s));
        if (!step.t) Object.assign(tensors, zeroNet(tensors, s, t));
        if (!tanh) continue;
        const factor = step.scale ? (await file.read(step.scale)).data : Float32Array.of(1);
        tensors[`${names[i]}.scale`] = { shape: [factor.length], data: factor };
      }
      const perFeature = (scaleLength(file, first) ?? 1) > 1;
      return {
        tensors,
        fields: {
          ...common,
          nets: 'separate',
          conditioning: 'masked',
          affine: first.reverse ? 'scale-then-shift' : 'inverse-scale-then-shift',
          scaleMap: tanh ? (perFeature ? 'tanh-channel' : 'tanh-scalar') : 'exp',
        },
      };
    }
    const asked = questions.includes(scaleMapQuestion);
    const map = asked ? chosen<'exp' | 'sigmoid' | 'sigmoid_inv'>(answers, scaleMapQuestion) : 'exp';
    sources.forEach((step, i) => {
      if (step?.kind !== 'block') return;
      const last = `${names[i]}.net.${hidden.length}`;
      if (step.additive) withZeroScales(tensors, last);
      // From data to latent it multiplies by the sigmoid, (x + t)·eˢ with t = −shift; in a Reverse, x·e⁻ˢ − t.
      if (map === 'sigmoid') mapColumns(tensors, last, (x, column) => (column % 2 === 0 ? -x : x));
    });
    return {
      tensors,
      fields: {
        ...common,
        nets: 'joint',
        conditioning: 'selected',
        outputOrder: 'shift-scale',
        outputLayout: 'interleaved',
        affine: first.reverse
          ? map === 'sigmoid'
            ? 'inverse-shift-then-scale'
            : 'scale-then-shift'
          : map === 'sigmoid'
            ? 'shift-then-scale'
            : 'inverse-scale-then-shift',
        ...(map === 'exp' ? { scaleMap: 'exp' } : { scaleMap: 'sigmoid', scaleEpsilon: 0 }),
      },
    };
  }
}

export const normflows: Recognizer = {
  library: 'normflows',
  name: 'normflows',
  recognize(file) {
    const { structure } = read(file);
    return structure && recognized(file, structure);
  },
  closeness(file) {
    const { share, missing } = read(file);
    return { share, missing };
  },
};
