/**
 * Glow of y0ast/Glow-PyTorch: "flow.layers" are squeezes without tensors, steps of act norm, 1×1 convolution (or reversed
 * channels) and coupling, and splits, which drop the second half of the channels under a normal distribution that a
 * convolution of the first half predicts. The classes of `y_condition`, one-hot, are the context of the last latents'
 * distribution; "project_class" guesses them from latents and is not part of the flow.
 */
import { range } from '../../../base/order';
import { several, UserError } from '../../../base/user-error';
import { logsFactor } from '../../../config/image-layers';
import { mapColumns, type Values } from '../../import/chain-importer';
import { refuseTooWide } from '../../import/convolution-stack';
import {
  firstHalf,
  fitOf,
  glowMap,
  imageChainImporter,
  zeroConvolutionTable,
  type ImageLayer,
  type ExpectedTensors,
} from '../../import/image-chain';
import { beyondWords, lengthOfList, moduleList } from '../../import/modules';
import { convolutionNames, permuteAxes, under } from '../../import/names';
import { pluOf, type PluNames } from '../../import/plu';
import { choice, chosen } from '../../import/questions';
import type { TensorFile } from '../../import/types';
import { readOrWhy, refuse } from '../../import/unread';

type Step = { kind: 'squeeze' } | { kind: 'split' } | { kind: 'step'; mixing: 'lu' | 'matrix' | 'none' };

type GlowPlan = ReturnType<typeof planOf>;

const permutationQuestion = choice(
  'flowPermutation',
  'Permutation of the channels',
  'The `flow_permutation` argument: the file has no 1×1 convolutions, and nothing of what stands in their place.',
  {
    reverse: 'reverse: the channels in reverse order',
    shuffle: 'shuffle: a random order, which no file holds',
  },
);

function planOf(file: TensorFile) {
  const layers = moduleList(file, 'flow.layers') ?? refuse('flow.layers.1.actnorm.bias');
  const { prefix: list, modules } = layers;
  const [beyond] = beyondWords(layers);
  if (beyond !== undefined) refuse(beyond);
  const steps = Array.from({ length: lengthOfList(modules) }, (_, i): Step => {
    const rests = modules.get(i);
    if (!rests) return { kind: 'squeeze' };
    if (rests.includes('conv.logs')) return { kind: 'split' };
    const mixing = rests.includes('invconv.weight') ? 'matrix' : rests.includes('invconv.p') ? 'lu' : 'none';
    return { kind: 'step', mixing };
  });
  const first = steps.findIndex(({ kind }) => kind === 'step');
  const channels = file.tensors.get(`${list}${first}.actnorm.bias`)?.shape[1] ?? 0;
  const width = file.tensors.get(`${list}${first}.block.0.conv.weight`)?.shape[0] ?? 0;
  const outputs = file.tensors.get(`${list}${first}.block.4.logs`)?.shape[0];
  if (first !== 1 || width === 0 || channels === 0 || channels % 4 !== 0) refuse(`${list}1.actnorm.bias`);
  const halvings = steps.filter(({ kind }) => kind === 'squeeze').length;
  refuseTooWide([{ channels: channels * 2 ** halvings }]);
  const beside = list.slice(0, -'flow.layers.'.length);
  const [, , height = 0, across = 0] = file.tensors.get(`${beside}prior_h`)?.shape ?? [];
  const size = [height * 2 ** halvings, across * 2 ** halvings] as const;
  return {
    ...{ list, beside, steps, width, halvings },
    affine: outputs === channels,
    channels: channels / 4,
    /** Whether the distribution of the last latents is learned. */
    top: file.tensors.has(`${beside}learn_top_fn.conv.weight`),
    /** Classes that it depends on; 0 for none. */
    classes: file.tensors.get(`${beside}project_ycond.linear.weight`)?.shape[1] ?? 0,
    ...(height > 0 && across > 0 ? { size } : {}),
  };
}

function zeros(inputs: number, outputs: number): Record<string, number[]> {
  return { logs: [outputs, 1, 1], 'conv.weight': [outputs, inputs, 3, 3], 'conv.bias': [outputs] };
}

function linear(inputs: number, outputs: number): Record<string, number[]> {
  return { logs: [outputs], 'linear.weight': [outputs, inputs], 'linear.bias': [outputs] };
}

function expectedTensors(plan: GlowPlan): ExpectedTensors[] {
  const { list, beside, steps, width, affine, channels: image, top, classes, size, halvings } = plan;
  const expected: ExpectedTensors[] = [];
  const add = (...part: ExpectedTensors): unknown => expected.push(part);
  const norm = (n: number) => ({ 'actnorm.bias': [1, n, 1, 1], 'actnorm.logs': [1, n, 1, 1] });
  let channels = image;
  for (const [i, step] of steps.entries()) {
    const at = `${list}${i}.`;
    if (step.kind === 'squeeze') channels *= 4;
    else if (step.kind === 'split') {
      channels /= 2;
      add(`${at}conv.`, zeros(channels, 2 * channels));
    } else {
      const square = [channels, channels];
      add(at, norm(channels));
      if (step.mixing === 'matrix') add(`${at}invconv.`, { weight: square });
      if (step.mixing === 'lu') {
        const each = [channels];
        add(`${at}invconv.`, { lower: square, upper: square, p: square, log_s: each, sign_s: each });
      }
      add(`${at}block.0.`, { 'conv.weight': [width, channels / 2, 3, 3], ...norm(width) });
      add(`${at}block.2.`, { 'conv.weight': [width, width, 1, 1], ...norm(width) });
      add(`${at}block.4.`, zeros(width, affine ? channels : channels / 2));
    }
  }
  if (top) add(`${beside}learn_top_fn.`, zeros(2 * channels, 2 * channels));
  if (classes > 0) {
    add(`${beside}project_ycond.`, linear(classes, 2 * channels));
    add(`${beside}project_class.`, linear(channels, classes));
  }
  if (size) {
    const unit = 2 ** halvings;
    add(beside, { prior_h: [1, 2 * channels, size[0] / unit, size[1] / unit] });
  }
  return expected;
}

/** Below the prefix of a Conv2dZeros. */
const zerosNames = zeroConvolutionTable('logs');

/** (x + bias)·e^logs as our ActNorm, which is (x − shift)·e^(−logScale). */
async function actNorm(file: TensorFile, at: string) {
  const flat = async (name: string): Promise<Values> => {
    const { data } = await file.read(`${at}.${name}`);
    return { shape: [data.length], data: data.map((x) => -x) };
  };
  return { shift: await flat('bias'), logScale: await flat('logs') };
}

/** Makes a convolution without bias and the act norm after it one with bias. */
function addNorm(
  tensors: Record<string, Values>,
  layer: string,
  { shift, logScale }: Record<'shift' | 'logScale', Values>,
): void {
  const factors = logScale.data.map((x) => Math.exp(-x));
  mapColumns(tensors, layer, (x, column) => x * factors[column]!, ['weight']);
  const bias = shift.data.map((x, i) => -x * factors[i]!);
  tensors[`${layer}.bias`] = { shape: [bias.length], data: bias };
}

const mixingNames: PluNames = {
  ...{ matrix: 'weight', permutation: 'p', lower: 'lower', upper: 'upper' },
  ...{ logDiagonal: 'log_s', signs: 'sign_s' },
};

const reverses = ({ steps }: GlowPlan): boolean =>
  steps.some((step) => step.kind === 'step' && step.mixing === 'none');

async function stepLayers(
  file: TensorFile,
  at: string,
  mixing: 'lu' | 'matrix' | 'none',
  channels: number,
  { width }: GlowPlan,
): Promise<ImageLayer[]> {
  const weight = convolutionNames.filter(({ flowscope }) => flowscope === 'weight');
  const norms = [await actNorm(file, `${at}.block.0.actnorm`), await actNorm(file, `${at}.block.2.actnorm`)];
  const order = range(channels).reverse();
  return [
    { at: `${at}.actnorm`, layer: { kind: 'actNorm' }, tensors: await actNorm(file, `${at}.actnorm`) },
    mixing === 'none'
      ? { at: `${at}.reverse`, layer: { kind: 'permute', order } }
      : { at: `${at}.invconv`, ...(await pluOf(file, `${at}.invconv`, mixingNames)) },
    {
      at: `${at}.block`,
      layer: {
        kind: 'coupling',
        mask: firstHalf(channels),
        net: { kind: 'convolutions', kernels: [3, 1, 3], widths: [width, width], scaled: true },
      },
      table: [
        ...under(`${at}.block.0.conv.`, 'net.0.', weight),
        ...under(`${at}.block.2.conv.`, 'net.1.', weight),
        ...under(`${at}.block.4.`, 'net.2.', zerosNames),
      ],
      adapt(tensors, name) {
        norms.forEach((norm, i) => addNorm(tensors, `${name}.net.${i}`, norm));
      },
    },
  ];
}

/** What each output of a layer is multiplied by. */
async function factorsOf(file: TensorFile, at: string): Promise<Float32Array> {
  const { data } = await file.read(`${at}.logs`);
  return data.map((x) => Math.exp(logsFactor * x));
}

/** A convolution of zeros is its bias; its first half are means, its second log-deviations. The classes add theirs. */
async function topLayer(
  file: TensorFile,
  { beside, top, classes }: GlowPlan,
  channels: number,
): Promise<ImageLayer> {
  const seesContext = classes > 0;
  const sums = new Float32Array(2 * channels);
  const halves = async (at: string, bias: string): Promise<Float32Array> => {
    const factors = await factorsOf(file, at);
    const { data } = await file.read(`${at}.${bias}`);
    for (const i of sums.keys()) sums[i]! += data[i]! * factors[i]!;
    return factors;
  };
  if (top) await halves(`${beside}learn_top_fn`, 'conv.bias');
  const ofClasses: Record<string, Values> = {};
  if (seesContext) {
    const at = `${beside}project_ycond`;
    const factors = await halves(at, 'linear.bias');
    const weight = permuteAxes(await file.read(`${at}.linear.weight`), [1, 0]);
    const data = weight.data.map((x, i) => x * factors[i % factors.length]!);
    const part = (first: number): Values => ({
      shape: [classes, channels],
      data: data.filter((_, i) => Math.floor((i % factors.length) / channels) === first),
    });
    Object.assign(ofClasses, { meanOfContext: part(0), logDeviationOfContext: part(1) });
  }
  return {
    at: `${beside}${top ? 'learn_top_fn' : 'project_ycond'}`,
    layer: { kind: 'prior', seesContext },
    tensors: {
      mean: { shape: [channels], data: sums.slice(0, channels) },
      logDeviation: { shape: [channels], data: sums.slice(channels) },
      ...ofClasses,
    },
  };
}

export const y0ast = imageChainImporter<GlowPlan>({
  name: 'y0ast/Glow-PyTorch',
  side: 32,
  read(file) {
    const plan = readOrWhy(() => planOf(file));
    if (typeof plan === 'string') return { share: 0, missing: [plan] };
    return { plan, ...fitOf(file, expectedTensors(plan)) };
  },
  title: ({ steps, halvings, width, affine, classes }) =>
    `${several(halvings, 'level')}, ${several(steps.filter(({ kind }) => kind === 'step').length, 'step')}, ` +
    `${affine ? '' : 'additive '}couplings with networks of ${width} channels` +
    (classes > 0 ? `, latents of ${classes} classes` : ''),
  questions: (plan) => (reverses(plan) ? [permutationQuestion] : []),
  model: ({ affine, classes }) => ({
    ...(classes > 0 ? { context: { height: 1, width: 1, channels: classes } } : {}),
    ...glowMap(affine, { outputOrder: 'shift-scale', outputLayout: 'interleaved' }),
    dataConstraint: 'centered',
    latents: 'last',
  }),
  async layers(plan, file, answers) {
    if (reverses(plan) && chosen(answers, permutationQuestion) !== 'reverse') {
      throw new UserError(
        `${file.file}: flowPermutation: expected reverse: a random order of the channels is in no file of this library, so such a ` +
          'flow cannot be run. Train it with --flow_permutation invconv.',
      );
    }
    const layers: ImageLayer[] = [];
    let { channels } = plan;
    for (const [i, step] of plan.steps.entries()) {
      const at = `${plan.list}${i}`;
      if (step.kind === 'squeeze') {
        channels *= 4;
        layers.push({ at, layer: { kind: 'squeeze' } });
      } else if (step.kind === 'step') {
        layers.push(...(await stepLayers(file, at, step.mixing, channels, plan)));
      } else {
        channels /= 2;
        layers.push(
          {
            at: `${at}.conv`,
            layer: { kind: 'prior', given: 'first', kernel: 3, scaled: true, outputLayout: 'interleaved' },
            table: under(`${at}.conv.`, 'net.', zerosNames),
          },
          { at, layer: { kind: 'factorOut', leaves: 'second' } },
        );
      }
    }
    if (plan.top || plan.classes > 0) layers.push(await topLayer(file, plan, channels));
    return layers;
  },
});
