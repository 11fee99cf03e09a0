/**
 * FrEIA's blocks over images, from data to latent: coupling blocks and AllInOneBlocks with convolutions, ActNorm and
 * PermuteRandom, i-RevNet's and Haar downsampling, and a Flatten with fully connected blocks after it. FastFlow is such a
 * chain. What has no tensors follows from the numbers of channels on both sides.
 */
import { several, UserError } from '../../../base/user-error';
import { mostReflections } from '../../../config/mixing-layers';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import { affineLayer, type Values } from '../../import/chain-importer';
import {
  convolutionStack,
  stackNet,
  stackTable,
  refuseTooWide,
  type StackedConvolution,
} from '../../import/convolution-stack';
import {
  imageChainImporter,
  type ImageFields,
  type ImageLayer,
  type ImagePlan,
} from '../../import/image-chain';
import {
  pixelRangeQuestion,
  slopedActivation,
  slopedActivationQuestion,
  answeredNumber,
  answeredNumbers,
  choice,
  chosen,
} from '../../import/questions';
import { beyondWords, FileModule, lengthOfList, moduleList } from '../../import/modules';
import { permuteAxes } from '../../import/names';
import { mixingOf } from '../../import/plu';
import type { Closeness, TensorFile } from '../../import/types';
import {
  blockQuestion,
  clampFunctionQuestion,
  clampOf,
  clampOfBlocks,
  clampQuestion,
  couplingsOf,
  foldClamp,
  ginQuestion,
  globalLogScales,
  globalScaleQuestion,
  halvesOf,
  isBlock,
  keepsVolumes,
  kinds,
  numberAt,
  partsIn,
  reverseQuestion,
  type BlockKind,
  type Half,
} from './import';
import { readOrNote, refuse } from '../../import/unread';

const rebalanceQuestion: ImportQuestion = {
  key: 'rebalance',
  title: 'Rebalancing of the wavelets',
  detail: 'The `rebalance` argument of HaarDownsampling, a factor that the file does not hold.',
  answer: { kind: 'number', default: 1, minimum: 1e-6, maximum: 1e6 },
};

const waveletQuestion = choice(
  'orderByWavelet',
  'Order of the wavelets',
  'The `order_by_wavelet` argument of HaarDownsampling, which leaves no trace in the file.',
  {
    False: 'False: the four of each channel together',
    True: 'True: all means first, then each kind of difference',
  },
);

/** Question for a chain that has other blocks too, which may have another clamp. */
const affineClampingQuestion: ImportQuestion = {
  ...clampQuestion,
  key: 'affineClamping',
  title: 'Clamp of AllInOneBlock',
  detail: 'The `affine_clamping` argument of AllInOneBlock; `clamp` is that of the other blocks.',
};

const rnvpClampQuestion: ImportQuestion = {
  ...clampQuestion,
  key: 'clampRNVP',
  title: 'Clamp of RNVPCouplingBlock',
  detail: 'The `clamp` argument of RNVPCouplingBlock; `clamp` is that of GLOWCouplingBlock.',
};

type Stack = readonly StackedConvolution[];

type Block = ReturnType<typeof readBlock>;

type Module = { at: string; channels: number; dense: boolean } & (
  | Block
  | { kind: 'actNorm' | 'permute' | 'matrix' }
  /** `channels` are those after it. */
  | { kind: 'irevnet' | 'haar' }
);

type Step = Module | { kind: 'flatten' | 'row-major'; at: string };

interface ChainPlan extends ImagePlan {
  steps: readonly Step[];
  /** Size that a condition must have, from the blocks that see it. */
  condition?: { channels: number; halvings: number; dense: boolean };
}

/** Refuses conditions of different sizes. */
function conditionOf(seen: readonly NonNullable<ChainPlan['condition']>[]): ChainPlan['condition'] {
  const [first] = seen;
  const other = seen.find(
    ({ channels, halvings, dense }) =>
      channels !== first!.channels || dense !== first!.dense || (!dense && halvings !== first!.halvings),
  );
  if (!other) return first;
  refuse('conditions of one size (its blocks see conditions of different ones)');
}

function readBlock(module: FileModule, kind: BlockKind) {
  const halves = halvesOf<Stack>(couplingsOf[kind], (net) => convolutionStack(module.within(`${net}.`)));
  const scaled = module.shape('global_scale')?.[1];
  // A network gives s and t of its own part, or one of them; it sees the other part, and what it sees more is a condition.
  const moved = halves.map(({ stacks }) => stacks[0]!.at(-1)!.outputs / (stacks.length === 1 ? 2 : 1));
  const [second, first] =
    kind === 'AllInOneBlock'
      ? [Math.floor((scaled ?? 0) / 2), Math.ceil((scaled ?? 0) / 2)]
      : [moved[1]!, moved[0]!];
  const conditions = halves[0]!.stacks[0]![0]!.inputs - (halves[0]!.firstMoves ? second : first);
  for (const { firstMoves, stacks } of halves) {
    const [from, to] = firstMoves ? [second, first] : [first, second];
    for (const stack of stacks) {
      const [inputs, outputs] = [from + conditions, (stacks.length === 1 ? 2 : 1) * to];
      if (conditions >= 0 && stack[0]!.inputs === inputs && stack.at(-1)!.outputs === outputs) continue;
      refuse(
        `${stack[0]!.prefix} goes from ${stack[0]!.inputs} to ${stack.at(-1)!.outputs} channels; it would go from ${from}, and those of conditions, to ${outputs}`,
      );
    }
  }
  return {
    kind,
    halves,
    /** Channels of conditions that its networks see behind their own. */
    conditions,
    firstPart: first,
    channels: first + second,
    dense: halves.every(({ stacks }) => stacks.flat().every(({ dense }) => dense)),
    /** Whether its matrix is of learned reflections, and not in the file. */
    householder: module.rests.includes('vk_householder'),
  };
}

function readModule(module: FileModule): Module {
  const { at } = module;
  const parts = partsIn(module);
  const has = (...names: readonly string[]) => parts.join() === names.join();
  const shape = (part: string) => module.shape(part) ?? [];
  const block = kinds.find((kind) => isBlock(kind, couplingsOf[kind], parts));
  if (block) return { ...readBlock(module, block), at };
  if (has('bias', 'scale')) {
    const [, channels = 0, ...rest] = shape('scale');
    return { kind: 'actNorm', at, channels, dense: rest.length === 0 };
  }
  const other = (kind: 'permute' | 'matrix' | 'irevnet' | 'haar', [channels = 0]: readonly number[]) =>
    ({ kind, at, channels, dense: false }) as const;
  // A permutation does not tell whether it is of an image: it is what its neighbors are.
  if (has('perm', 'perm_inv')) return other('permute', shape('perm'));
  if (has('M', 'M_inv', 'logDetM') && shape('M').length === 4) return other('matrix', shape('M'));
  if (has('downsample_kernel')) return other('irevnet', shape('downsample_kernel'));
  if (has('haar_weights')) return other('haar', shape('haar_weights'));
  refuse(`${at} (${parts.join(', ')}) is not a module of images that is known`);
}

/** The question about the clamp for each kind of block in a chain; a single kind has the question that chains of vectors have. */
function clampQuestions({ steps }: Pick<ChainPlan, 'steps'>): Map<BlockKind, ImportQuestion> {
  const blocks = steps.flatMap((step) => ('halves' in step ? [step.kind] : []));
  const present = new Set(blocks);
  const questionOf = (kind: BlockKind): ImportQuestion => {
    if (kind === 'AllInOneBlock' && present.size > 1) return affineClampingQuestion;
    return kind === 'RNVPCouplingBlock' && present.has('GLOWCouplingBlock')
      ? rnvpClampQuestion
      : clampQuestion;
  };
  const count = (kind: BlockKind): number => blocks.filter((other) => other === kind).length;
  return new Map([...present].map((kind) => [kind, clampOfBlocks(count(kind), questionOf(kind))]));
}

/** For each block. */
function clampsOf(steps: readonly Step[], answers: ImportAnswers): Map<Step, number> {
  const clamps = new Map<Step, number>();
  for (const [kind, question] of clampQuestions({ steps })) {
    const blocks = steps.filter((step) => step.kind === kind);
    const numbers = answeredNumbers(answers, question);
    blocks.forEach((step, i) => clamps.set(step, numberAt(numbers, i)));
  }
  return clamps;
}

const downsamples = (kind: Step['kind']): boolean =>
  kind === 'irevnet' || kind === 'haar' || kind === 'row-major';

function read(file: TensorFile): { plan?: ChainPlan } & Closeness {
  const list = moduleList(file, 'module_list');
  if (!list) return { share: 0, missing: ['module_list.0.subnet.0.weight'] };
  const missing = [...list.others.map((name) => `a meaning for ${name}`), ...beyondWords(list)];
  const steps: Step[] = [];
  let fitting = 0;
  let gap: string | undefined;
  let channels: number | undefined;
  let image = 0;
  let halvings = 0;
  const seen: NonNullable<ChainPlan['condition']>[] = [];
  /** Values of a channel where the image is flattened. */
  let plane: number | undefined;
  const length = lengthOfList(list.modules);
  for (let number = 0; number < length && missing.length <= file.tensors.size; number++) {
    const at = `${list.prefix}${number}`;
    const rests = list.modules.get(number);
    if (!rests) {
      if (gap !== undefined) missing.push(`${gap} and ${at} are modules without tensors`);
      gap = at;
      continue;
    }
    const module = readOrNote(missing, () => readModule(new FileModule(file, `${at}.`, rests)));
    if (!module) continue;
    fitting += rests.length;
    const halves = downsamples(module.kind);
    const entering = halves ? module.channels / 4 : module.channels;
    const squeezed =
      gap !== undefined && !module.dense && channels !== undefined && entering === 4 * channels;
    if (gap !== undefined) {
      steps.push({ kind: squeezed ? 'row-major' : 'flatten', at: gap });
      if (squeezed) halvings++;
      else plane = entering / (channels ?? entering);
    }
    if (halves) halvings++;
    const fits =
      gap === undefined || squeezed || (module.dense && plane !== undefined && Number.isInteger(plane));
    if (!fits) missing.push(`${gap} is a module without tensors that neither halves nor flattens an image`);
    else if (gap === undefined && channels !== undefined && entering !== channels) {
      missing.push(`${at} of ${channels} channels (it has ${entering})`);
    }
    gap = undefined;
    if (channels === undefined) image = entering;
    channels = module.channels;
    steps.push(module);
    if ('halves' in module && module.conditions > 0)
      seen.push({ channels: module.conditions, halvings, dense: plane !== undefined });
  }
  const modules = steps.filter((step) => 'channels' in step);
  if (modules.length > 0 && modules.every(({ dense, kind }) => dense || kind === 'permute'))
    missing.push('a convolution, an image being what it is for');
  const condition = readOrNote(missing, () => conditionOf(seen));
  readOrNote(missing, () => refuseTooWide([...modules, ...seen]));
  const share = fitting / file.tensors.size;
  const side = plane === undefined ? undefined : Math.sqrt(plane) * 2 ** halvings;
  if (side !== undefined && !Number.isInteger(side))
    missing.push('images that are square before they are flattened');
  if (!steps.some((step) => 'halves' in step)) missing.push('a coupling block');
  if (!Number.isInteger(image) || image === 0) missing.push('channels of the images');
  if (missing.length > 0) return { share, missing };
  return {
    plan: {
      steps,
      channels: image,
      halvings,
      ...(condition ? { condition } : {}),
      ...(side === undefined ? {} : { size: [side, side] as const }),
    },
    share,
    missing,
  };
}

/** The four pixels of a channel, one after the other, or Haar wavelets of them: what each kernel has to be. */
const kernelsOf = {
  irevnet: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
  haar: [1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1],
};

async function checkKernels(file: TensorFile, name: string, expected: readonly number[]): Promise<void> {
  const { data } = await file.read(name);
  if (data.length % 16 === 0 && data.every((value, i) => value === expected[i % 16])) return;
  throw new UserError(
    `${file.file}: ${name} is not the fixed kernel that FrEIA has there; save the state_dict() again.`,
  );
}

/**
 * w_0·Π(1 − 2·v·vᵀ/|v|²) over the reflections in their order.
 * @param size rows and columns of w_0 @throws UserError when they have other shapes
 */
function reflected(where: string, size: number, start: Values, reflections: Values): Values {
  const fits = (shape: readonly number[], rows: number): boolean =>
    shape[0] === rows && shape[1] === size && shape.slice(2).every((n) => n === 1);
  const count = reflections.data.length / size;
  if (!fits(start.shape, size) || !fits(reflections.shape, count) || count > mostReflections) {
    throw new UserError(
      `${where} has reflections of the shape [${reflections.shape.join(', ')}] and a w_0 of [${start.shape.join(', ')}]; ` +
        `expected at most ${mostReflections}, of ${size} channels. Save the state_dict() again.`,
    );
  }
  const matrix = Float64Array.from(start.data);
  for (let at = 0; at < reflections.data.length; at += size) {
    const v = reflections.data.subarray(at, at + size);
    const length = v.reduce((sum, x) => sum + x * x, 0);
    for (let row = 0; row < size; row++) {
      let along = 0;
      for (let i = 0; i < size; i++) along += matrix[row * size + i]! * v[i]!;
      for (let i = 0; i < size; i++) matrix[row * size + i]! -= (2 * along * v[i]!) / length;
    }
  }
  return { shape: [size, size], data: Float32Array.from(matrix) };
}

function couplingLayer(
  at: string,
  block: Block & Pick<Module, 'channels'>,
  half: Half<Stack>,
  answers: ImportAnswers,
  clamp: number,
): ImageLayer {
  const { kind, firstPart, channels } = block;
  const { net, firstMoves, stacks } = half;
  const [stack = [], t] = stacks;
  const separate = t !== undefined;
  return {
    at: `${at}.${net}`,
    layer: {
      kind: 'coupling',
      mask: Array.from({ length: channels }, (_, i) => (i < firstPart !== firstMoves ? 1 : 0)),
      net: stackNet(stack, slopedActivation(answers)),
      ...(separate ? { nets: 'separate' } : {}),
      ...(block.conditions > 0 ? { seesContext: true } : {}),
      ...(clampOf(kind, answers) === 'ATAN'
        ? { scaleMap: 'arctan', scaleClamp: clamp }
        : { scaleMap: 'tanh-scalar' }),
      ...(keepsVolumes(kind, answers) ? { scaleMean: kind === 'AllInOneBlock' ? 'image' : 'pixel' } : {}),
    },
    table: separate
      ? [...stackTable(stack, 'scaleNet.'), ...stackTable(t, 'shiftNet.')]
      : stackTable(stack, 'net.'),
    adapt: (tensors, name) =>
      foldClamp(tensors, name, { kind, last: stack.length - 1, separate, clamp }, answers),
  };
}

async function blockLayers(
  file: TensorFile,
  step: Extract<Module, Block>,
  answers: ImportAnswers,
  clamps: ReadonlyMap<Step, number>,
): Promise<ImageLayer[]> {
  const { at, kind, halves } = step;
  const layers = halves.map((half) => couplingLayer(at, step, half, answers, clamps.get(step)!));
  if (kind !== 'AllInOneBlock') return layers;
  const values = async (name: string): Promise<Values> => file.read(`${at}.${name}`);
  const logScale = (await values('global_scale')).data.map(
    keepsVolumes(kind, answers) ? () => 0 : globalLogScales[chosen(answers, globalScaleQuestion)]!,
  );
  const matrix = step.householder
    ? reflected(`${file.file}: ${at}`, step.channels, await values('w_0'), await values('vk_householder'))
    : await values('w_perm');
  const what = `${at}.${step.householder ? 'vk_householder' : 'w_perm'}`;
  const isReversed = chosen(answers, reverseQuestion) === 'True';
  const square = { ...matrix, shape: matrix.shape.slice(0, 2) };
  return [
    ...(isReversed ? [{ at: `${what}.inverse`, ...mixingOf(file, what, permuteAxes(square, [1, 0])) }] : []),
    ...layers,
    { at: `${at}.global_scale`, ...affineLayer(logScale, (await values('global_offset')).data) },
    { at: what, ...mixingOf(file, what, matrix) },
  ];
}

async function layersOf(
  file: TensorFile,
  step: Step,
  answers: ImportAnswers,
  clamps: ReadonlyMap<Step, number>,
): Promise<ImageLayer[]> {
  const { at } = step;
  const values = async (name: string) => (await file.read(`${at}.${name}`)).data;
  switch (step.kind) {
    case 'flatten':
      return [{ at, layer: { kind: 'flatten' } }];
    case 'row-major':
      return [{ at, layer: { kind: 'squeeze', order: 'row-major' } }];
    case 'permute':
      return [{ at, layer: { kind: 'permute', order: [...(await values('perm'))] } }];
    case 'actNorm':
      return [{ at, ...affineLayer(await values('scale'), await values('bias')) }];
    case 'matrix': {
      const what = `${at}.M`;
      return [{ at, ...mixingOf(file, what, await file.read(what)) }];
    }
    case 'irevnet':
      await checkKernels(file, `${at}.downsample_kernel`, kernelsOf.irevnet);
      return [{ at, layer: { kind: 'squeeze' } }];
    case 'haar': {
      await checkKernels(file, `${at}.haar_weights`, kernelsOf.haar);
      const { channels } = step;
      const grouped = Array.from(
        { length: channels },
        (_, i) => Math.floor((4 * i) / channels) + 4 * (i % (channels / 4)),
      );
      return [
        { at: `${at}.squeeze`, layer: { kind: 'squeeze' } },
        { at, layer: { kind: 'haar', rebalance: answeredNumber(answers, rebalanceQuestion) } },
        ...(chosen(answers, waveletQuestion) === 'True'
          ? [{ at: `${at}.perm`, layer: { kind: 'permute' as const, order: grouped } }]
          : []),
      ];
    }
    default:
      return blockLayers(file, step, answers, clamps);
  }
}

/** FrEIA gives conditions the size of the block that sees them: of its image, or of one pixel after a Flatten. */
function contextOf(
  { channels, halvings, dense }: NonNullable<ChainPlan['condition']>,
  [height, width]: readonly [number, number],
): NonNullable<ImageFields['context']> {
  const unit = 2 ** halvings;
  return dense ? { height: 1, width: 1, channels } : { height: height / unit, width: width / unit, channels };
}

export const freiaImages = imageChainImporter<ChainPlan>({
  name: 'FrEIA',
  side: 32,
  read,
  title: ({ steps, halvings, condition }) => {
    const blocks = steps.filter((step) => 'halves' in step).length;
    const sizes = halvings === 0 ? '' : `, ${several(halvings, 'downsampling')}`;
    const contextWords = condition ? ` given ${several(condition.channels, 'channel')}` : '';
    return `images${contextWords}, ${several(blocks, 'coupling block')}${sizes}`;
  },
  questions: ({ steps }) => {
    const has = (...kinds: readonly Step['kind'][]) => steps.some(({ kind }) => kinds.includes(kind));
    return [
      pixelRangeQuestion,
      ...clampQuestions({ steps }).values(),
      ...(has('GLOWCouplingBlock', 'RNVPCouplingBlock') ? [clampFunctionQuestion] : []),
      ...(has('GLOWCouplingBlock') ? [blockQuestion] : []),
      ...(has('AllInOneBlock') ? [globalScaleQuestion, reverseQuestion, ginQuestion] : []),
      slopedActivationQuestion,
      ...(has('haar') ? [rebalanceQuestion, waveletQuestion] : []),
    ];
  },
  model: ({ condition }, answers, [height, width]) => ({
    ...(condition ? { context: contextOf(condition, [height, width]) } : {}),
    affine: 'scale-then-shift',
    outputOrder: 'scale-shift',
    outputLayout: 'halves',
    dataConstraint: chosen(answers, pixelRangeQuestion),
    latents: 'first-out-first',
  }),
  async layers({ steps }, file, answers) {
    const layers: ImageLayer[] = [];
    const clamps = clampsOf(steps, answers);
    for (const step of steps) layers.push(...(await layersOf(file, step, answers, clamps)));
    return layers;
  },
});
