/**
 * FrEIA's RNVPCouplingBlock, GLOWCouplingBlock and AllInOneBlock in a SequenceINN or a GraphINN that is a chain, with
 * ActNorm and PermuteRandom between them. The first two are two couplings each: first the first part moves, given the
 * second, then the second, given the first. x·eˢ + t with s = clamp·f(u).
 */
import { UserError } from '../../../base/user-error';
import { mostReflections } from '../../../config/mixing-layers';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import {
  affineLayer,
  chainImporter,
  constantLayer,
  mapColumns,
  maskOf,
  type CouplingStep,
  type OurLayer,
  type StepOf,
  type Values,
} from '../../import/chain-importer';
import {
  hiddenWords,
  lengthOf,
  linearStack,
  otherSize,
  stackNames,
  type LinearStack,
} from '../../import/modules';
import { reflectionsLayer, rotationLayer } from '../../import/matrices';
import { permuteAxes } from '../../import/names';
import { activationOf, activationQuestion, answeredNumber, choice, chosen } from '../../import/questions';
import type { TensorFile } from '../../import/types';

export const clampQuestion: ImportQuestion = {
  key: 'clamp',
  title: 'Clamp of the scales',
  detail:
    'The `clamp` argument of the coupling blocks (`affine_clamping` of AllInOneBlock): s lies between −clamp and clamp.',
  answer: { kind: 'number', default: 2, minimum: 1e-6, maximum: 1e6 },
};

export const clampFunctionQuestion = choice(
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

export const globalScaleQuestion = choice(
  'globalAffineType',
  'Global scale of AllInOneBlock',
  'The `global_affine_type` argument: how global_scale becomes the scale of each feature.',
  [
    { value: 'SOFTPLUS', label: 'SOFTPLUS (the default)' },
    { value: 'SIGMOID', label: 'SIGMOID' },
    { value: 'EXP', label: 'EXP' },
  ],
);

const reverseQuestion = choice(
  'reversePermutation',
  'Permutation before AllInOneBlock',
  'The `reverse_permutation` argument: whether each block undoes its own permutation first.',
  [
    { value: 'False', label: 'False (the default)' },
    { value: 'True', label: 'True' },
  ],
);

/** Networks of one coupling of a block: one for s and t, or one for each. */
interface Half {
  /** Name of its first network below the block. */
  net: string;
  firstMoves: boolean;
  /** Of one network, or of s, then of t. */
  stacks: readonly LinearStack[];
}

export type BlockKind = 'RNVPCouplingBlock' | 'GLOWCouplingBlock' | 'AllInOneBlock';

interface Block extends CouplingStep {
  kind: BlockKind;
  /** Features of the first part. */
  firstPart: number;
  /** From data to latent, if that is how the network runs. */
  halves: readonly Half[];
  /** Numbers of a context that the networks see. */
  context: number;
}

type Other = StepOf<'actNorm' | 'permute'>;

export function below(rests: readonly string[], name: string): string[] {
  return rests.filter((rest) => rest.startsWith(`${name}.`)).map((rest) => rest.slice(name.length + 1));
}

/** Couplings of each kind of block and their networks, from data to latent if that is how the network runs. */
export const couplingsOf: Record<BlockKind, readonly { firstMoves: boolean; nets: readonly string[] }[]> = {
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
export const withMatrix = ['global_offset', 'global_scale', 'w_perm', 'w_perm_inv'];
/** With learned reflections, what is permuted with is not in the file but made of these. */
export const withReflections = ['global_offset', 'global_scale', 'vk_householder', 'w_0'];

function readBlock(
  file: TensorFile,
  at: string,
  kind: Block['kind'],
  rests: readonly string[],
): Block | string {
  const halves: Half[] = [];
  for (const { firstMoves, nets } of couplingsOf[kind]) {
    const stacks: LinearStack[] = [];
    for (const net of nets) {
      const stack = linearStack(file, `${at}${net}.`, below(rests, net));
      if (typeof stack === 'string') return stack;
      stacks.push(stack);
    }
    halves.push({ net: nets[0]!, firstMoves, stacks });
  }
  const scaled = lengthOf(file, `${at}global_scale`);
  if (kind === 'AllInOneBlock' && scaled === undefined) return `${at}global_scale is not of features`;
  // A network gives s and t of its own part, or one of them; it sees the other part, and what it sees more is a context.
  const own = halves.map(({ stacks }) => stacks[0]!.widths.at(-1)! / (stacks.length === 1 ? 2 : 1));
  const [first, second] =
    scaled === undefined ? [own[0]!, own[1]!] : [Math.ceil(scaled / 2), Math.floor(scaled / 2)];
  const { hidden, prefix, widths } = halves[0]!.stacks[0]!;
  const context = widths[0]! - (halves[0]!.firstMoves ? second : first);
  if (context < 0) return `${prefix} that sees the other part (it sees ${widths[0]} numbers)`;
  for (const { firstMoves, stacks } of halves) {
    const [from, to] = firstMoves ? [second, first] : [first, second];
    for (const stack of stacks) {
      const [inputs, outputs] = [from + context, (stacks.length === 1 ? 2 : 1) * to];
      if (stack.widths[0] !== inputs || stack.widths.at(-1) !== outputs) {
        return `${stack.prefix} goes from ${stack.widths[0]} to ${stack.widths.at(-1)} numbers; expected from ${inputs} to ${outputs}`;
      }
      if (stack.hidden.join() !== hidden.join()) return `${stack.prefix} has other widths than ${prefix}`;
    }
  }
  return {
    kind,
    at: at.slice(0, -1),
    features: first + second,
    firstPart: first,
    halves,
    context,
    alike: {
      [otherSize]: hidden.join(),
      'is not of the same kind as': kind,
      'sees another context than': context,
    },
  };
}

function readStep(file: TensorFile, at: string, rests: readonly string[]): Block | Other | string {
  const name = at.slice(0, -1);
  const parts = [...new Set(rests.map((rest) => rest.split('.')[0]!))].sort();
  const has = (...names: string[]) => parts.join() === names.sort().join();
  const block = kinds.find((kind) =>
    (kind === 'AllInOneBlock' ? [withMatrix, withReflections] : [[]]).some((beside) =>
      has(...couplingsOf[kind].flatMap(({ nets }) => nets), ...beside),
    ),
  );
  if (block) return readBlock(file, at, block, rests);
  const scaled = lengthOf(file, `${at}scale`);
  if (has('bias', 'scale') && scaled !== undefined) return { kind: 'actNorm', at: name, features: scaled };
  const permuted = lengthOf(file, `${at}perm`);
  if (has('perm', 'perm_inv') && permuted !== undefined) {
    return { kind: 'permute', at: name, features: permuted };
  }
  return `${name} (${parts.join(', ')}) is not a module that is known`;
}

/** From a permutation matrix to the input that comes to each place; undefined for a rotation. */
function orderOfMatrix({ shape, data }: Values): number[] | undefined {
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

export const globalLogScales: Record<string, (x: number) => number> = {
  SOFTPLUS: (x) => Math.log(0.2 * Math.log1p(Math.exp(0.5 * x))),
  SIGMOID: (x) => Math.log(10 / (1 + Math.exp(2 - x))),
  EXP: (x) => x,
};

const isToLatent = (answers: ImportAnswers): boolean =>
  chosen(answers, directionQuestion) === 'data-to-latent';

/** AllInOneBlock has no other than tanh. */
export const clampOf = (kind: BlockKind, answers: ImportAnswers): string =>
  kind === 'AllInOneBlock' ? 'TANH' : chosen(answers, clampFunctionQuestion);

export const freia = chainImporter<Block, Other>({
  name: 'FrEIA',
  list: 'module_list',
  lacks: 'module_list.0.subnet_s1.0.weight, or module_list.0.subnet1.0.weight',
  readStep,
  gap: (at) => `${at} is a module without tensors`,
  title: ({ couplings, first }) =>
    `${couplings.length} of ${first.kind}, networks ${hiddenWords(hiddenOf(first))}`,
  questions: ({ first }) => [
    directionQuestion,
    clampQuestion,
    ...(first.kind === 'AllInOneBlock' ? [globalScaleQuestion, reverseQuestion] : [clampFunctionQuestion]),
    activationQuestion,
  ],
  model: (chain, answers) => ({
    hidden: hiddenOf(chain.first),
    nets: chain.first.kind === 'RNVPCouplingBlock' ? 'separate' : 'joint',
    conditioning: 'selected',
    ...(chain.first.context > 0 ? { context: chain.first.context } : {}),
    activation: activationOf(answers),
    affine: isToLatent(answers) ? 'scale-then-shift' : 'inverse-scale-then-shift',
    outputOrder: 'scale-shift',
    outputLayout: 'halves',
    ...(clampOf(chain.first.kind, answers) === 'ATAN'
      ? { scaleMap: 'arctan', scaleClamp: answeredNumber(answers, clampQuestion) }
      : { scaleMap: 'tanh-scalar' }),
  }),
  order: ({ steps }, answers) => (isToLatent(answers) ? steps : steps.toReversed()),
  async layers(step, chain, answers) {
    const { file } = chain;
    const { at } = step;
    const toLatent = isToLatent(answers);
    const values = async (name: string) => (await file.read(`${at}.${name}`)).data;
    if (step.kind === 'permute') return [permutation(file, at, [...(await values('perm'))], toLatent)];
    if (step.kind === 'actNorm') {
      return [{ theirs: at, ...norm(await values('scale'), await values('bias'), toLatent) }];
    }
    const layers = step.halves.map((half) => coupling(step, half, answers));
    if (step.kind === 'AllInOneBlock') {
      const logScale = (await values('global_scale')).map(
        globalLogScales[chosen(answers, globalScaleQuestion)]!,
      );
      const turns = await turnsOf(file, at, step.features);
      layers.push(
        { theirs: `${at}.global_scale`, ...norm(logScale, await values('global_offset'), toLatent) },
        ...turns.map((turn) => turn(toLatent)),
      );
      if (chosen(answers, reverseQuestion) === 'True')
        layers.unshift(...turns.toReversed().map((turn) => turn(!toLatent)));
    }
    return toLatent ? layers : layers.reverse();
  },
});

function hiddenOf({ halves }: Block): number[] {
  return halves[0]!.stacks[0]!.hidden;
}

/** x·scale + offset as an ActNorm of ours, run forwards or backwards. */
function norm(
  logScale: Float32Array,
  offset: Float32Array,
  toLatent: boolean,
): Pick<OurLayer, 'layer' | 'adapt'> {
  if (toLatent) return affineLayer(logScale, offset);
  const shape = [logScale.length];
  return constantLayer({ logScale: { shape, data: logScale }, shift: { shape, data: offset } });
}

/** A layer of ours that permutes or rotates features as the block does, or back. */
type Turn = (forward: boolean) => OurLayer;

/** What an AllInOneBlock ends in, in its own order: a fixed matrix, before which there may be learned reflections. */
async function turnsOf(file: TensorFile, at: string, features: number): Promise<Turn[]> {
  if (file.tensors.has(`${at}.w_perm`))
    return [matrixTurn(file, `${at}.w_perm`, await file.read(`${at}.w_perm`))];
  const theirs = `${at}.vk_householder`;
  const { shape, data } = await file.read(theirs);
  const [count = 0, width] = shape;
  if (shape.length !== 2 || width !== features || count < 1 || count > mostReflections) {
    throw new UserError(
      `${file.file}: ${theirs} has the shape [${shape.join(', ')}]; expected 1 to ${mostReflections} rows of ${features} numbers.`,
    );
  }
  const vectors = Array.from({ length: count }, (_, i) => data.subarray(i * features, (i + 1) * features));
  // The matrix is w_0 times the reflections in order, so that x meets the last one first.
  return [
    (forward) => ({ theirs, ...reflectionsLayer(forward ? vectors.toReversed() : vectors, features) }),
    matrixTurn(file, `${at}.w_0`, await file.read(`${at}.w_0`)),
  ];
}

function matrixTurn(file: TensorFile, at: string, matrix: Values): Turn {
  const order = orderOfMatrix(matrix);
  if (order) return (forward) => permutation(file, at, order, forward);
  const where = `${file.file}: ${at}`;
  return (forward) => ({
    theirs: at,
    ...rotationLayer(where, forward ? matrix : permuteAxes(matrix, [1, 0])),
  });
}

function permutation(file: TensorFile, at: string, order: number[], toLatent: boolean): OurLayer {
  if (!isOrder(order)) {
    throw new UserError(`${file.file}: ${at} is no permutation: each place has to be in it once.`);
  }
  return { theirs: at, layer: { kind: 'permute', order: toLatent ? order : invert(order) } };
}

function coupling(
  { at, kind, features, firstPart }: Block,
  { net, firstMoves, stacks }: Half,
  answers: ImportAnswers,
): OurLayer {
  const [s, t] = stacks;
  return {
    theirs: `${at}.${net}`,
    layer: maskOf(features, (i) => i < firstPart !== firstMoves),
    table: t ? [...stackNames(s!, 'scaleNet.'), ...stackNames(t, 'shiftNet.')] : stackNames(s!, 'net.'),
    adapt: (tensors, name) =>
      foldClamp(tensors, name, { kind, last: s!.hidden.length, separate: t !== undefined }, answers),
  };
}

/**
 * tanh with its clamp in our `.scale`; 2·sigmoid(u) − 1 is tanh(u / 2); AllInOneBlock takes a tenth of s and t. In place.
 * @param name of the coupling @param block `last`: number of the last layer of its network, or of its two if `separate`
 */
export function foldClamp(
  tensors: Record<string, Values>,
  name: string,
  { kind, last, separate }: { kind: BlockKind; last: number; separate: boolean },
  answers: ImportAnswers,
  question = clampQuestion,
): void {
  const clamp = clampOf(kind, answers);
  if (clamp === 'ATAN') return;
  tensors[`${name}.scale`] = { shape: [1], data: Float32Array.of(answeredNumber(answers, question)) };
  const ofShift = kind === 'AllInOneBlock' ? 0.1 : 1;
  const ofScale = clamp === 'SIGMOID' ? 0.5 * ofShift : ofShift;
  if (ofScale === 1) return;
  mapColumns(
    tensors,
    `${name}.${separate ? 'scaleNet' : 'net'}.${last}`,
    (x, column, columns) => x * (separate || column < columns / 2 ? ofScale : ofShift),
  );
}
