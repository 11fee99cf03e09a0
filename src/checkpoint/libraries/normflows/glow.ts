/**
 * normflows' MultiscaleFlow of GlowBlocks: "flows.LEVEL.BLOCK", counted from latent to data, so the last block of the last level
 * is our first. Each level begins with a squeeze of the data, which has no tensors; after each but level 0 the second half of
 * the channels leaves, under a base distribution of its own.
 */
import { sizeOf } from '../../../base/shape';
import { several } from '../../../base/user-error';
import { mostScales } from '../../../config/image-model';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import { mapColumns, type Values } from '../../import/chain-importer';
import { convolutionStack, stackNet, stackTable, refuseTooWide } from '../../import/convolution-stack';
import {
  fitOfNames,
  imageChainImporter,
  prefixOf,
  type ImageFields,
  type ImageLayer,
} from '../../import/image-chain';
import { pixelRangeQuestion, answeredNumber, choice, chosen } from '../../import/questions';
import { FileModule } from '../../import/modules';
import { permuteAxes, type Renaming } from '../../import/names';
import { pluOf, type PluNames } from '../../import/plu';
import type { TensorFile } from '../../import/types';
import { scaleMapQuestion, slopeQuestion } from './questions';
import { readOrNote, refuse } from '../../import/unread';

const splitQuestion = choice(
  'splitMode',
  'Split mode of the blocks',
  'The `split_mode` argument of GlowBlock: which channels condition.',
  { channel: 'channel: the first half conditions', channel_inv: 'channel_inv: the second half conditions' },
);

const factorQuestion: ImportQuestion = {
  key: 'logscaleFactor',
  title: 'Log-scale factor of the base',
  detail: 'The `logscale_factor` argument of GlowBase, which a state dict does not hold.',
  answer: { kind: 'number', default: 3, minimum: 1e-3, maximum: 1e3 },
};

type Block = ReturnType<typeof readBlock>;

interface Base {
  base: 'GlowBase' | 'DiagGaussian' | 'ClassCondDiagGaussian';
  /** How many the base has a distribution for each of; 0 where it has one alone. */
  classes: number;
}

interface Level extends Base {
  channels: number;
  /** As the file counts them. */
  blocks: readonly Block[];
}

type GlowPlan = NonNullable<ReturnType<typeof read>['plan']>;

const anchor = 'flows.0.0.flows.0.flows.1.param_map.net.0.weight';
const coupling = 'flows.0.flows.1.param_map.net.';
const mixingNames: PluNames = {
  ...{ matrix: 'W', permutation: 'P', lower: 'L', upper: 'U', logDiagonal: 'log_S', signs: 'sign_S' },
};

/** @param at up to its own list: "flows.0.1." */
function readBlock(file: TensorFile, at: string, channels: number) {
  const rests: string[] = [];
  for (let number = 0; file.tensors.has(`${at}${coupling}${number}.weight`); number += 2)
    rests.push(`${number}.weight`, `${number}.bias`);
  const stack = convolutionStack(new FileModule(file, at + coupling, rests));
  const [inputs, outputs] = [stack[0]!.inputs, stack.at(-1)!.outputs];
  if (2 * inputs === channels && (outputs === channels || 2 * outputs === channels)) return { at, stack };
  refuse(
    `${at}${coupling} goes from ${inputs} to ${outputs} channels; a split by channels would go from ${channels / 2}`,
  );
}

/** The base of latents that leave, by the names and axes of its tensors. */
function readBase({ tensors }: TensorFile, at: string, leaving: number): Base {
  if (tensors.has(`${at}loc_logs`))
    return { base: 'GlowBase', classes: tensors.get(`${at}loc_cc`)?.shape[0] ?? 0 };
  const shape = tensors.get(`${at}loc`)?.shape ?? [];
  if (shape.length === 4 && shape[0] === 1 && shape[1] === leaving)
    return { base: 'DiagGaussian', classes: 0 };
  if (shape.length === 4 && shape[0] === leaving)
    return { base: 'ClassCondDiagGaussian', classes: shape[3]! };
  refuse(
    `${at.slice(0, -1)} is not a GlowBase, DiagGaussian or ClassCondDiagGaussian of ${leaving} channels`,
  );
}

/** Levels from latent to data. @param problems gets what is in the way of them, in words */
function readLevels(file: TensorFile, prefix: string, problems: string[]): Level[] {
  const levels: Level[] = [];
  for (let l = 0; l <= mostScales && file.tensors.has(`${prefix}flows.${l}.0.flows.2.s`); l++) {
    const [, channels = 0] = file.tensors.get(`${prefix}flows.${l}.0.flows.2.s`)!.shape;
    const blocks: Block[] = [];
    for (let k = 0; file.tensors.has(`${prefix}flows.${l}.${k}.flows.2.s`); k++) {
      const block = readOrNote(problems, () => readBlock(file, `${prefix}flows.${l}.${k}.`, channels));
      if (block) blocks.push(block);
    }
    const leaving = l === 0 ? channels : channels / 2;
    const base = readOrNote(problems, () => readBase(file, `${prefix}q0.${l}.`, leaving));
    if (!base) break;
    levels.push({ channels, blocks, ...base });
  }
  return levels;
}

/** Names of all tensors of such levels, and their shapes where they are not known to fit already. */
function expectedTensors({ tensors }: TensorFile, prefix: string, levels: readonly Level[]) {
  const expected = new Map<string, readonly number[] | undefined>();
  const add = (at: string, parts: readonly string[], shape?: readonly number[]): void => {
    for (const part of parts) expected.set(at + part, shape);
  };
  for (const [l, { channels, blocks, base, classes }] of levels.entries()) {
    for (const { at, stack } of blocks) {
      const square = [channels, channels];
      const lu = tensors.has(`${at}flows.1.L`);
      add(`${at}flows.2.`, ['s', 't'], [1, channels, 1, 1]);
      add(`${at}flows.1.`, lu ? ['L', 'U', 'P', 'eye'] : ['W'], square);
      if (lu) add(`${at}flows.1.`, ['log_S', 'sign_S'], [channels]);
      for (const { prefix: layer } of stack) add(layer, ['weight', 'bias']);
    }
    const at = `${prefix}q0.${l}.`;
    const leaving = l === 0 ? channels : channels / 2;
    if (base === 'GlowBase') {
      add(at, ['loc', 'loc_logs', 'log_scale', 'log_scale_logs'], [1, leaving, 1, 1]);
      if (classes > 0) add(at, ['loc_cc', 'log_scale_cc'], [classes, leaving]);
    } else add(at, ['loc', 'log_scale'], tensors.get(`${at}loc`)!.shape);
  }
  return expected;
}

function read(file: TensorFile) {
  const prefix = prefixOf(file, anchor);
  if (prefix === undefined) return { share: 0, missing: [anchor] };
  const missing: string[] = [];
  const levels = readLevels(file, prefix, missing);
  const fit = fitOfNames(file, expectedTensors(file, prefix, levels), (name) =>
    name.endsWith('.flows.2.data_dep_init_done'),
  );
  missing.push(...fit.missing);
  const { share } = fit;
  const first = levels.at(-1);
  if (!first || missing.length > 0) return { share, missing };
  for (const [l, { channels }] of levels.entries()) {
    if (channels !== first.channels * 2 ** (levels.length - 1 - l))
      missing.push(`level ${l} of ${first.channels * 2 ** (levels.length - 1 - l)} channels`);
  }
  if (first.channels % 4 !== 0)
    missing.push(`a number of channels divisible by 4 in level ${levels.length - 1}`);
  readOrNote(missing, () => refuseTooWide(levels));
  const outputs = new Set(
    levels.flatMap(({ channels, blocks }) => blocks.map(({ stack }) => stack.at(-1)!.outputs === channels)),
  );
  if (outputs.size > 1) missing.push('couplings that all have a scale, or none');
  const classes = new Set(levels.map((level) => level.classes));
  if (classes.size > 1) missing.push('bases that all have as many classes, or none');
  if (missing.length > 0) return { share, missing };
  const { shape } = file.tensors.get(`${prefix}q0.0.loc`)!;
  const [height = 1, width = 1] = levels[0]!.base === 'DiagGaussian' ? shape.slice(2) : shape.slice(1);
  const unit = 2 ** levels.length;
  return {
    plan: {
      ...{ prefix, levels, halvings: levels.length, channels: first.channels / 4 },
      additive: !outputs.has(true),
      classes: levels[0]!.classes,
      ...(levels[0]!.base !== 'GlowBase' ? { size: [height * unit, width * unit] as const } : {}),
    },
    share,
    missing,
  };
}

export const actNormTable: readonly Renaming[] = [
  { library: 'flows.2.s', flowscope: 'logScale', transform: 'flat' },
  { library: 'flows.2.t', flowscope: 'shift', transform: 'flat' },
];

const mapOf = (answers: ImportAnswers) =>
  chosen<'exp' | 'sigmoid' | 'sigmoid_inv'>(answers, scaleMapQuestion('sigmoid'));

/** The library maps latents to data; from data to latent, shifts are subtracted. */
function model({ additive, classes }: GlowPlan, answers: ImportAnswers): ImageFields {
  const common: ImageFields = {
    ...(classes > 0 ? { context: { height: 1, width: 1, channels: classes } } : {}),
    dataConstraint: chosen(answers, pixelRangeQuestion),
    latents: 'last-out-first',
  };
  if (additive) return { ...common, transform: 'additive' };
  const map = mapOf(answers);
  return {
    ...common,
    outputOrder: 'shift-scale',
    outputLayout: 'interleaved',
    // x = z / sigmoid + shift has the way back (x − shift)·sigmoid.
    affine: map === 'sigmoid' ? 'shift-then-scale' : 'inverse-scale-then-shift',
    ...(map === 'exp' ? { scaleMap: 'exp' } : { scaleMap: 'sigmoid', scaleEpsilon: 0 }),
  };
}

/** Mean and log-deviation of what leaves. */
async function baseLayer(
  file: TensorFile,
  at: string,
  { base, classes }: Level,
  given: 'first' | 'nothing',
  answers: ImportAnswers,
): Promise<ImageLayer> {
  const layer = { kind: 'prior' as const, given, seesContext: classes > 0 };
  if (base === 'ClassCondDiagGaussian') {
    const [mean, deviation] = await Promise.all(
      ['loc', 'log_scale'].map(async (name) => permuteAxes(await file.read(`${at}.${name}`), [3, 1, 2, 0])),
    );
    const none = (): Values => {
      const shape = mean!.shape.slice(1);
      return { shape, data: new Float32Array(sizeOf(shape)) };
    };
    return {
      at,
      layer: { ...layer, of: 'values' },
      tensors: {
        mean: none(),
        meanOfContext: mean!,
        logDeviation: none(),
        logDeviationOfContext: deviation!,
      },
    };
  }
  const part = async (name: string): Promise<Values> => {
    const values = await file.read(`${at}.${name}`);
    if (base === 'DiagGaussian') {
      const { shape, data } = permuteAxes(values, [2, 3, 1, 0]);
      return { shape: shape.slice(0, 3), data };
    }
    const { data: logs } = await file.read(`${at}.${name}_logs`);
    const factor = answeredNumber(answers, factorQuestion);
    return { shape: [values.data.length], data: values.data.map((x, i) => x * Math.exp(factor * logs[i]!)) };
  };
  return {
    at,
    layer: { ...layer, of: base === 'DiagGaussian' ? 'values' : 'channels' },
    tensors: {
      mean: await part('loc'),
      logDeviation: await part('log_scale'),
      ...(classes > 0 && {
        meanOfContext: await file.read(`${at}.loc_cc`),
        logDeviationOfContext: await file.read(`${at}.log_scale_cc`),
      }),
    },
  };
}

async function blockLayers(
  file: TensorFile,
  { at, stack }: Block,
  channels: number,
  additive: boolean,
  answers: ImportAnswers,
): Promise<ImageLayer[]> {
  const first = chosen(answers, splitQuestion) === 'channel';
  const slope = answeredNumber(answers, slopeQuestion);
  return [
    {
      at: `${at}flows.2`,
      layer: { kind: 'actNorm' },
      table: actNormTable.map((renaming) => ({ ...renaming, library: at + (renaming.library as string) })),
    },
    { at: `${at}flows.1`, ...(await pluOf(file, `${at}flows.1`, mixingNames)) },
    {
      at: `${at}flows.0`,
      layer: {
        kind: 'coupling',
        mask: Array.from({ length: channels }, (_, i) => (i < channels / 2 === first ? 1 : 0)),
        net: stackNet(stack, slope === 0 ? {} : { activation: 'leaky-relu', slope }),
      },
      table: stackTable(stack, 'net.'),
      adapt(tensors, name) {
        const last = `${name}.net.${stack.length - 1}`;
        if (additive) mapColumns(tensors, last, (x) => -x);
        else if (mapOf(answers) === 'sigmoid') mapColumns(tensors, last, (x, c) => (c % 2 === 0 ? -x : x));
      },
    },
  ];
}

export const normflowsGlow = imageChainImporter<GlowPlan>({
  name: 'normflows',
  side: 32,
  read,
  title: ({ levels, additive, classes }) => {
    const { blocks } = levels[0]!;
    const widths = blocks[0]!.stack.slice(0, -1).map(({ outputs }) => outputs);
    return (
      `${several(levels.length, 'level')} of ${several(blocks.length, 'Glow block')}, ` +
      `${additive ? 'additive ' : ''}couplings with networks of ${widths.join(', ')} channels` +
      (classes > 0 ? `, a base for each of ${classes} classes` : '')
    );
  },
  questions: ({ additive, levels }) => [
    pixelRangeQuestion,
    slopeQuestion,
    splitQuestion,
    ...(additive ? [] : [scaleMapQuestion('sigmoid')]),
    ...(levels.some(({ base }) => base === 'GlowBase') ? [factorQuestion] : []),
  ],
  model,
  async layers({ prefix, levels, additive }, file, answers) {
    const layers: ImageLayer[] = [];
    for (const [l, level] of [...levels.entries()].toReversed()) {
      const { blocks, channels } = level;
      layers.push({ at: `${prefix}flows.${l}.${blocks.length}`, layer: { kind: 'squeeze' } });
      for (const block of blocks.toReversed()) {
        layers.push(...(await blockLayers(file, block, channels, additive, answers)));
      }
      const given = l === 0 ? 'nothing' : 'first';
      layers.push(await baseLayer(file, `${prefix}q0.${l}`, level, given, answers));
      if (l > 0)
        layers.push({ at: `${prefix}merges.${l - 1}`, layer: { kind: 'factorOut', leaves: 'second' } });
    }
    return layers;
  },
});
