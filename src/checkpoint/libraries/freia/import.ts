/**
 * FrEIA's coupling blocks and AllInOneBlock in a SequenceINN or a GraphINN that is a chain, with ActNorm, permutations,
 * scalings and linear transforms between them. Blocks are two couplings each, but for AllInOneBlock and one-sided ones:
 * first the first part moves, given the second, then the second, given the first. x·eˢ + t with s = clamp·f(u).
 */
import { entryOf } from '../../../base/kept';
import { permutationOrder } from '../../import/plu';
import { isOrder, invertOrder } from '../../../base/order';
import { UserError } from '../../../base/user-error';
import { mostReflections } from '../../../config/mixing-layers';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import {
  affineLayer,
  chainImporter,
  mapColumns,
  maskOf,
  type OurLayer,
  type StepOf,
  type Values,
} from '../../import/chain-importer';
import {
  hiddenWords,
  linearStack,
  otherContext,
  otherSize,
  stackNames,
  type FileModule,
  type LinearStack,
} from '../../import/modules';
import { matrixLayer, reflectionsLayer, rotationLayer } from '../../import/matrices';
import { permuteAxes } from '../../import/names';
import {
  slopedActivation,
  slopedActivationQuestion,
  answeredNumber,
  answeredNumbers,
  questionOfLayers,
  choice,
  chosen,
} from '../../import/questions';
import type { TensorFile } from '../../import/types';
import type { VectorFields } from '../../import/vector-chain';
import { refuse } from '../../import/unread';

export const clampQuestion: ImportQuestion = {
  key: 'clamp',
  title: 'Clamp of the scales',
  detail:
    'The `clamp` argument of the coupling blocks (`affine_clamping` of AllInOneBlock): s lies between −clamp and clamp.',
  answer: { kind: 'number', default: 2, minimum: 1e-6, maximum: 1e6 },
};

/** One of several numbers, or the one for all. */
export const numberAt = (numbers: readonly number[], at: number): number => numbers[at] ?? numbers[0]!;

export const clampFunctionQuestion = choice(
  'clampActivation',
  'Function of the clamp',
  'The `clamp_activation` argument of the coupling blocks. With another one all numbers are wrong.',
  { ATAN: 'ATAN: 0.636·arctan(u)', TANH: 'TANH', SIGMOID: 'SIGMOID: 2·sigmoid(u) − 1' },
);

const directionQuestion = choice(
  'direction',
  'Direction of the network',
  'FrEIA leaves it to its user. The other one gives a flow that is a density of nothing.',
  {
    'data-to-latent': 'inn(x) gives latents, inn(z, rev=True) samples',
    'latent-to-data': 'inn(z) gives samples, inn(x, rev=True) latents',
  },
);

export const globalScaleQuestion = choice(
  'globalAffineType',
  'Global scale of AllInOneBlock',
  'The `global_affine_type` argument: how global_scale becomes the scale of each feature.',
  { SOFTPLUS: 'SOFTPLUS', SIGMOID: 'SIGMOID', EXP: 'EXP' },
);

export const blockQuestion = choice(
  'couplingBlock',
  'Kind of the coupling blocks',
  'Both have tensors of the same names and shapes. With the other one all numbers are wrong.',
  { GLOWCouplingBlock: 'GLOWCouplingBlock', GINCouplingBlock: 'GINCouplingBlock: keeps volumes' },
);

export const ginQuestion = choice(
  'ginBlock',
  'AllInOneBlock that keeps volumes',
  'The `gin_block` argument: whether the mean of the scales is subtracted and the global scale is left out.',
  { False: 'False', True: 'True' },
);

const orthogonalQuestion: ImportQuestion = {
  key: 'orthogonalClamp',
  title: 'Clamp of OrthogonalTransform',
  detail: 'The `clamp` argument of OrthogonalTransform, which bounds its log-scales.',
  answer: { kind: 'number', default: 5, minimum: 1e-6, maximum: 1e6 },
};

export const reverseQuestion = choice(
  'reversePermutation',
  'Permutation before AllInOneBlock',
  'The `reverse_permutation` argument: whether each block undoes its own permutation first.',
  { False: 'False', True: 'True' },
);

const dropoutQuestion = choice(
  'dropout',
  'Modules next to the activations',
  'The networks skip numbers: something without tensors comes with an activation.',
  { Dropout: 'Dropout, which does nothing once trained' },
);

/** Networks of one coupling of a block: one for s and t, or one for each. */
export interface Half<Stack = LinearStack> {
  /** Name of its first network below the block. */
  net: string;
  firstMoves: boolean;
  /** One network, or the network of s, then of t. */
  stacks: readonly Stack[];
}

export type BlockKind = 'RNVPCouplingBlock' | 'GLOWCouplingBlock' | 'AllInOneBlock';

type VectorBlock = BlockKind | 'NICECouplingBlock' | 'AffineCouplingOneSided';

type Block = ReturnType<typeof readBlock>;

type Other = StepOf<
  'actNorm' | 'permute' | 'scaling' | 'linear' | 'orthogonal' | 'householder' | 'fixedHouseholder'
>;

/** Couplings of each kind of block and their networks, from data to latent if that is how the network runs. */
type Couplings = readonly { firstMoves: boolean; nets: readonly string[] }[];
export const couplingsOf: Record<BlockKind, Couplings> = {
  RNVPCouplingBlock: [
    { firstMoves: true, nets: ['subnet_s2', 'subnet_t2'] },
    { firstMoves: false, nets: ['subnet_s1', 'subnet_t1'] },
  ],
  GLOWCouplingBlock: [
    { firstMoves: true, nets: ['subnet2'] },
    { firstMoves: false, nets: ['subnet1'] },
  ],
  AllInOneBlock: [{ firstMoves: false, nets: ['subnet'] }],
};
export const kinds = Object.keys(couplingsOf) as BlockKind[];
const vectorCouplings: Record<VectorBlock, Couplings> = {
  ...couplingsOf,
  NICECouplingBlock: [
    { firstMoves: true, nets: ['F'] },
    { firstMoves: false, nets: ['G'] },
  ],
  AffineCouplingOneSided: [{ firstMoves: false, nets: ['subnet'] }],
};
const vectorKinds = Object.keys(vectorCouplings) as VectorBlock[];
const withMatrix = ['global_offset', 'global_scale', 'w_perm', 'w_perm_inv'];
/** With learned reflections, what is permuted with is not in the file but made of these. */
const withReflections = ['global_offset', 'global_scale', 'vk_householder', 'w_0'];

/** The parts of a module, sorted. */
export const partsIn = ({ rests }: FileModule): string[] =>
  [...new Set(rests.map((rest) => rest.split('.')[0]!))].sort();

/** Whether a module of these parts is such a block. */
export const isBlock = (kind: VectorBlock, couplings: Couplings, parts: readonly string[]): boolean =>
  (kind === 'AllInOneBlock' ? [withMatrix, withReflections] : [[]]).some((beside) => {
    const expected = [...couplings.flatMap(({ nets }) => nets), ...beside];
    return expected.sort().join() === parts.join();
  });

/** By the file and the list: each of its one-sided couplings asks. */
const besides = new WeakMap<TensorFile, Map<string, number | undefined>>();

/** Features of a neighboring module that shows them; one-sided couplings do not. */
function featuresBeside({ file, at }: FileModule): number | undefined {
  const list = at.slice(0, at.lastIndexOf('.') + 1);
  const known = entryOf(besides, file, () => new Map<string, number | undefined>());
  if (!known.has(list)) known.set(list, findFeatures(file, list));
  return known.get(list);
}

function findFeatures(file: TensorFile, list: string): number | undefined {
  for (const [name, { shape }] of file.tensors) {
    if (!name.startsWith(list)) continue;
    if (/^\d+\.(perm|scale|scaling|s|M|Vs)$/.test(name.slice(list.length))) return shape.at(-1);
  }
  return undefined;
}

/** Sizes of both parts, where the networks alone say them. */
function partsOf(
  module: FileModule,
  kind: VectorBlock,
  halves: readonly Half[],
): [first: number, second: number] {
  const { stacks } = halves[0]!;
  const each = valuesOf(kind, stacks);
  const sizes = halves.map((half) => half.stacks[0]!.widths.at(-1)! / each);
  if (kind === 'AllInOneBlock') {
    const features =
      module.length('global_scale') ?? refuse(`${module.prefix}global_scale is not of features`);
    return [Math.ceil(features / 2), Math.floor(features / 2)];
  }
  if (halves.length === 2) return [sizes[0]!, sizes[1]!];
  const [inputs, second] = [stacks[0]!.widths[0]!, sizes[0]!];
  const features = featuresBeside(module);
  if (features !== undefined) return [features - second, second];
  // Halves, which differ by one at most; what is seen more is a context.
  return [Math.abs(inputs - second) <= 1 ? inputs : second, second];
}

/** What a network gives for each feature. */
const valuesOf = (kind: VectorBlock, stacks: readonly LinearStack[]): number =>
  kind !== 'NICECouplingBlock' && stacks.length === 1 ? 2 : 1;

/** The networks of a block. @param read of a network, by its name */
export function halvesOf<Stack extends object>(
  couplings: Couplings,
  read: (net: string) => Stack,
): Half<Stack>[] {
  return couplings.map(({ firstMoves, nets }) => ({ net: nets[0]!, firstMoves, stacks: nets.map(read) }));
}

function readBlock(module: FileModule, kind: VectorBlock) {
  const halves = halvesOf(vectorCouplings[kind], (net) => linearStack(module.within(`${net}.`), 'any'));
  // A network gives s and t of its own part, or one of them; it sees the other part, and what it sees more is a context.
  const parts = partsOf(module, kind, halves);
  const [first, second] = parts;
  const { hidden, prefix, widths } = halves[0]!.stacks[0]!;
  const context = widths[0]! - (halves[0]!.firstMoves ? second : first);
  if (context < 0 || first < 1) refuse(`${prefix} that sees the other part (it sees ${widths[0]} numbers)`);
  for (const { firstMoves, stacks } of halves) {
    const [from, to] = firstMoves ? [second, first] : [first, second];
    for (const stack of stacks) {
      const [inputs, outputs] = [from + context, valuesOf(kind, stacks) * to];
      if (stack.widths[0] !== inputs || stack.widths.at(-1) !== outputs) {
        refuse(
          `${stack.prefix} goes from ${stack.widths[0]} to ${stack.widths.at(-1)} numbers; expected from ${inputs} to ${outputs}`,
        );
      }
      if (stack.hidden.join() !== hidden.join()) refuse(`${stack.prefix} has other widths than ${prefix}`);
    }
  }
  return {
    kind,
    at: module.at,
    features: first + second,
    /** Features of the first part. */
    firstPart: first,
    /** From data to latent, if that is how the network runs. */
    halves,
    /** Numbers of a context that the networks see. */
    context,
    alike: { [otherSize]: hidden.join(), 'is not of the same kind as': kind, [otherContext]: context },
  };
}

/** Tensors of modules without networks, the first of which is one number for each feature or a square. */
const otherModules: readonly { kind: Other['kind']; parts: readonly string[] }[] = [
  { kind: 'actNorm', parts: ['scale', 'bias'] },
  { kind: 'permute', parts: ['perm', 'perm_inv'] },
  { kind: 'scaling', parts: ['s'] },
  { kind: 'linear', parts: ['M', 'M_inv', 'logDetM'] },
  { kind: 'linear', parts: ['M', 'M_inv', 'logDetM', 'b'] },
  { kind: 'orthogonal', parts: ['scaling', 'weights', 'bias'] },
  { kind: 'householder', parts: ['Vs'] },
  { kind: 'fixedHouseholder', parts: ['Vs', 'W', 'weight'] },
];

function readStep(module: FileModule): Block | Other {
  const { at } = module;
  const parts = partsIn(module);
  const block = vectorKinds.find((kind) => isBlock(kind, vectorCouplings[kind], parts));
  if (block) return readBlock(module, block);
  const other = otherModules.find((module) => module.parts.toSorted().join() === parts.join());
  const shape = other && module.shape(other.parts[0]!)!;
  if (shape && shape.length <= 2 && shape.at(-1)) return { kind: other.kind, at, features: shape.at(-1)! };
  refuse(`${at} (${parts.join(', ')}) is not a module that is known`);
}

export const globalLogScales: Record<string, (x: number) => number> = {
  SOFTPLUS: (x) => Math.log(0.2 * Math.log1p(Math.exp(0.5 * x))),
  SIGMOID: (x) => Math.log(10 / (1 + Math.exp(2 - x))),
  EXP: (x) => x,
};

const isToLatent = (answers: ImportAnswers): boolean =>
  chosen(answers, directionQuestion) === 'data-to-latent';

/** AllInOneBlock has no other than tanh. */
export const clampOf = (kind: VectorBlock, answers: ImportAnswers): string =>
  kind === 'AllInOneBlock' ? 'TANH' : chosen(answers, clampFunctionQuestion);

/** The clamp of a coupling block, of which there are so many. */
export const clampOfBlocks = (count: number, question = clampQuestion): ImportQuestion =>
  questionOfLayers(question, count, { one: 'block', apart: true });

/** @param count of blocks */
function questionsOf(kind: VectorBlock, count: number): ImportQuestion[] {
  const clamp = clampOfBlocks(count);
  switch (kind) {
    case 'NICECouplingBlock':
      return [];
    case 'AllInOneBlock':
      return [clamp, globalScaleQuestion, reverseQuestion, ginQuestion];
    case 'GLOWCouplingBlock':
      return [clamp, clampFunctionQuestion, blockQuestion];
    default:
      return [clamp, clampFunctionQuestion];
  }
}

export function keepsVolumes(kind: VectorBlock, answers: ImportAnswers): boolean {
  if (kind === 'AllInOneBlock') return chosen(answers, ginQuestion) === 'True';
  return kind === 'GLOWCouplingBlock' && chosen(answers, blockQuestion) === 'GINCouplingBlock';
}

function mapFields(kind: VectorBlock, answers: ImportAnswers): VectorFields {
  if (kind === 'NICECouplingBlock') return { transform: 'additive' };
  return {
    affine: isToLatent(answers) ? 'scale-then-shift' : 'inverse-scale-then-shift',
    outputOrder: 'scale-shift',
    outputLayout: 'halves',
    ...(clampOf(kind, answers) === 'ATAN'
      ? { scaleMap: 'arctan', scaleClamp: answeredNumbers(answers, clampQuestion)[0]! }
      : { scaleMap: 'tanh-scalar' }),
    ...(keepsVolumes(kind, answers) ? { scaleMean: 'removed' } : {}),
  };
}

export const freia = chainImporter<Block, Other>({
  name: 'FrEIA',
  list: 'module_list',
  ownNames: /(^|\.)module_list\.\d+\.subnet/,
  lacks: 'module_list.0.subnet_s1.0.weight, or module_list.0.subnet1.0.weight',
  readStep,
  gap: (at) => refuse(`${at} is a module without tensors`),
  title: ({ couplings, first }) =>
    `${couplings.length} of ${first.kind}, networks ${hiddenWords(hiddenOf(first))}`,
  questions({ first, couplings, steps }) {
    const orthogonal = steps.filter(({ kind }) => kind === 'orthogonal').length;
    return [
      directionQuestion,
      ...questionsOf(first.kind, couplings.length),
      slopedActivationQuestion,
      ...(couplings.some(hasDropout) ? [dropoutQuestion] : []),
      ...(orthogonal > 0 ? [questionOfLayers(orthogonalQuestion, orthogonal, { one: 'linear layer' })] : []),
    ];
  },
  model: (chain, answers) => ({
    hidden: hiddenOf(chain.first),
    nets: chain.first.kind === 'RNVPCouplingBlock' ? 'separate' : 'joint',
    conditioning: 'selected',
    ...(chain.first.context > 0 ? { context: chain.first.context } : {}),
    ...slopedActivation(answers),
    ...mapFields(chain.first.kind, answers),
  }),
  order: ({ steps }, answers) => (isToLatent(answers) ? steps : steps.toReversed()),
  async layers(step, chain, answers) {
    const { file } = chain;
    const { at } = step;
    const toLatent = isToLatent(answers);
    const values = async (name: string) => (await file.read(`${at}.${name}`)).data;
    if (!('halves' in step)) {
      const layers = await otherLayers(file, step, answers);
      return toLatent ? layers : layers.reverse();
    }
    const clamp = numberAt(answeredNumbers(answers, clampQuestion), chain.couplings.indexOf(step));
    const layers = step.halves.map((half) => coupling(step, half, answers, clamp));
    if (step.kind === 'AllInOneBlock') {
      const logScale = (await values('global_scale')).map(
        keepsVolumes(step.kind, answers) ? () => 0 : globalLogScales[chosen(answers, globalScaleQuestion)]!,
      );
      const turns = await turnsOf(file, at, step.features);
      layers.push(
        { at: `${at}.global_scale`, ...affineLayer(logScale, await values('global_offset'), !toLatent) },
        ...turns.map((turn) => turn(toLatent)),
      );
      if (chosen(answers, reverseQuestion) === 'True')
        layers.unshift(...turns.toReversed().map((turn) => turn(!toLatent)));
    }
    return toLatent ? layers : layers.reverse();
  },
});

const hasDropout = ({ halves }: Block): boolean =>
  halves.some(({ stacks }) => stacks.some((stack) => stack.hasDropout));

function hiddenOf({ halves }: Block): number[] {
  return halves[0]!.stacks[0]!.hidden;
}

/** In the order of the network. */
async function otherLayers(file: TensorFile, step: Other, answers: ImportAnswers): Promise<OurLayer[]> {
  const { at, kind } = step;
  const toLatent = isToLatent(answers);
  const read = async (name: string): Promise<Values> => file.read(`${at}.${name}`);
  const values = async (name: string) => (await read(name)).data;
  const transposed = (matrix: Values): Values => permuteAxes(matrix, [1, 0]);
  switch (kind) {
    case 'permute':
      return [permutation(file, at, [...(await values('perm'))], toLatent)];
    case 'actNorm':
      return [{ at, ...affineLayer(await values('scale'), await values('bias'), !toLatent) }];
    case 'scaling': {
      const logScale = await values('s');
      return [{ at, ...affineLayer(logScale, new Float32Array(logScale.length), !toLatent) }];
    }
    case 'linear': {
      // y = x·M + b, and x = (y − b)·M_inv.
      const matrix = await read(toLatent ? 'M' : 'M_inv');
      const size = matrix.shape[0]!;
      const b = file.tensors.has(`${at}.b`) ? await values('b') : new Float32Array(size);
      const bias = toLatent
        ? b
        : Float32Array.from(b, (_, to) =>
            b.reduce((sum, value, from) => sum - value * matrix.data[from * size + to]!, 0),
          );
      return [
        { at, ...matrixLayer(`${file.file}: ${at}`, transposed(matrix), { shape: [size], data: bias }) },
      ];
    }
    case 'orthogonal': {
      const [weights, clamp] = [await read('weights'), answeredNumber(answers, orthogonalQuestion)];
      const logScale = (await values('scaling')).map((s) => clamp * 0.636 * Math.atan(s / clamp));
      const offset = (await values('bias')).map((bias, i) => bias * Math.exp(logScale[i]!));
      const where = `${file.file}: ${at}.weights`;
      return [
        { at: `${at}.weights`, ...rotationLayer(where, toLatent ? transposed(weights) : weights) },
        { at: `${at}.scaling`, ...affineLayer(logScale, offset, !toLatent) },
      ];
    }
    case 'householder': {
      // x·H₀·H₁·…: x meets the first one first.
      const vectors = await vectorsOf(file, `${at}.Vs`, step.features!);
      return [{ at, ...reflectionsLayer(toLatent ? vectors : vectors.toReversed(), step.features!) }];
    }
    case 'fixedHouseholder': {
      const matrix = await read('W');
      return [{ at, ...rotationLayer(`${file.file}: ${at}.W`, toLatent ? transposed(matrix) : matrix) }];
    }
  }
}

/** Rows of reflections. */
async function vectorsOf(file: TensorFile, name: string, features: number): Promise<Float32Array[]> {
  const { shape, data } = await file.read(name);
  const [count = 0, width] = shape;
  if (shape.length !== 2 || width !== features || count < 1 || count > mostReflections) {
    throw new UserError(
      `${file.file}: ${name} has the shape [${shape.join(', ')}]; expected 1 to ${mostReflections} rows of ${features} numbers.`,
    );
  }
  return Array.from({ length: count }, (_, i) => data.subarray(i * features, (i + 1) * features));
}

/** Our layer that permutes or rotates features as the block does, or back. */
type Turn = (forward: boolean) => OurLayer;

/** What an AllInOneBlock ends in, in its own order: a fixed matrix, before which there may be learned reflections. */
async function turnsOf(file: TensorFile, at: string, features: number): Promise<Turn[]> {
  if (file.tensors.has(`${at}.w_perm`))
    return [matrixTurn(file, `${at}.w_perm`, await file.read(`${at}.w_perm`))];
  const name = `${at}.vk_householder`;
  const vectors = await vectorsOf(file, name, features);
  // The matrix is w_0 times the reflections in order, so that x meets the last one first.
  return [
    (forward) => ({ at: name, ...reflectionsLayer(forward ? vectors.toReversed() : vectors, features) }),
    matrixTurn(file, `${at}.w_0`, await file.read(`${at}.w_0`)),
  ];
}

function matrixTurn(file: TensorFile, at: string, matrix: Values): Turn {
  const [rows = 0, columns] = matrix.shape;
  // None for a rotation.
  const order =
    matrix.shape.length === 2 && rows === columns ? permutationOrder(matrix.data, rows) : undefined;
  if (order) return (forward) => permutation(file, at, order, forward);
  const where = `${file.file}: ${at}`;
  return (forward) => ({ at, ...rotationLayer(where, forward ? matrix : permuteAxes(matrix, [1, 0])) });
}

function permutation(file: TensorFile, at: string, order: number[], toLatent: boolean): OurLayer {
  if (!isOrder(order))
    throw new UserError(`${file.file}: ${at} is no permutation: each place has to be in it once.`);
  return { at, layer: { kind: 'permute', order: toLatent ? order : invertOrder(order) } };
}

function coupling(
  { at, kind, features, firstPart }: Block,
  { net, firstMoves, stacks }: Half,
  answers: ImportAnswers,
  clamp: number,
): OurLayer {
  const [s, t] = stacks;
  const layer = maskOf(features, (i) => i < firstPart !== firstMoves);
  // The model has the clamp of the first block.
  const isOther =
    kind !== 'NICECouplingBlock' &&
    clampOf(kind, answers) === 'ATAN' &&
    clamp !== answeredNumbers(answers, clampQuestion)[0];
  return {
    at: `${at}.${net}`,
    layer: isOther ? ({ ...layer, scaleClamp: clamp } as typeof layer) : layer,
    table: t ? [...stackNames(s!, 'scaleNet.'), ...stackNames(t, 'shiftNet.')] : stackNames(s!, 'net.'),
    adapt(tensors, name) {
      const last = s!.hidden.length;
      if (kind !== 'NICECouplingBlock') {
        foldClamp(tensors, name, { kind, last, separate: t !== undefined, clamp }, answers);
      } else if (!isToLatent(answers)) {
        mapColumns(tensors, `${name}.net.${last}`, (x) => -x);
      }
    },
  };
}

/**
 * tanh with its clamp in our `.scale`; 2·sigmoid(u) − 1 is tanh(u / 2); AllInOneBlock takes a tenth of s and t. In place.
 * @param name of the coupling @param block `last`: number of the last layer of its network, or of its two if `separate`
 */
export function foldClamp(
  tensors: Record<string, Values>,
  name: string,
  { kind, last, separate, clamp }: { kind: VectorBlock; last: number; separate: boolean; clamp: number },
  answers: ImportAnswers,
): void {
  const bound = clampOf(kind, answers);
  if (bound === 'ATAN') return;
  tensors[`${name}.scale`] = { shape: [1], data: Float32Array.of(clamp) };
  const ofShift = kind === 'AllInOneBlock' ? 0.1 : 1;
  const ofScale = bound === 'SIGMOID' ? 0.5 * ofShift : ofShift;
  if (ofScale === 1) return;
  mapColumns(
    tensors,
    `${name}.${separate ? 'scaleNet' : 'net'}.${last}`,
    (x, column, columns) => x * (separate || column < columns / 2 ? ofScale : ofShift),
  );
}
