/**
 * Networks whose output for a feature depends on those before it alone: the masks that a file has for their layers; and
 * nflows' ResidualNet, MADE and MLP, the first two of which normflows has too.
 */
import { isOrder, range } from '../../base/order';
import { degreesOf, isMaskBetween, withContextDegrees } from '../../base/degrees';
import { UserError } from '../../base/user-error';
import { mapColumns, withSeen, type Values } from './chain-importer';
import { linearStack, type FileModule } from './modules';
import { batchNormNames, linearNames, linearTable, readTable, under, type Renaming } from './names';
import { mostOneByOne } from '../../config/check-vector';
import type { TensorFile } from './types';
import type { VectorFields } from './vector-chain';
import { refuse } from './unread';

/** Whether each of the places from 0 to the last belongs to a feature, and there are at least two. */
export function arePlaces(places: readonly number[]): boolean {
  const all = new Set(places);
  return all.size > 1 && range(all.size).every((place) => all.has(place));
}

/** A layer with a mask [outputs, inputs] of this name. */
export interface MaskedLayer {
  mask: string;
  outputs: number;
}

/**
 * Our masks follow from the order, so the masks of the file have to be the same.
 * @param layers from first to last
 * @param seen `layout`: whether the last one gives the values of each feature one after the other; `context`: numbers of a
 *   context that the first one sees behind the features; `fromContext`: whether some units see that alone
 * @throws UserError naming the mask that differs
 */
export async function checkMasks(
  file: TensorFile,
  order: readonly number[],
  layers: readonly MaskedLayer[],
  {
    layout = 'interleaved',
    context = 0,
    fromContext = false,
  }: { layout?: 'halves' | 'interleaved'; context?: number; fromContext?: boolean } = {},
): Promise<void> {
  const degrees = degreesOf(order, layers.at(-1)!.outputs, layout, fromContext);
  let inputs: readonly number[] = withContextDegrees(degrees, context);
  for (const [i, { mask, outputs }] of layers.entries()) {
    const units = i === layers.length - 1 ? degrees.outputs : degrees.hidden(outputs);
    const { data } = await file.read(mask);
    if (!isMaskBetween(data, inputs, units)) {
      throw new UserError(
        `${file.file}: ${mask} is not the mask that follows from the order of the features; hidden units that depend ` +
          'on 1, 2, …, D − 1 features have to take turns. Networks with random masks are not read.',
      );
    }
    inputs = units;
  }
}

/** By unit of the last layer, the last of the places that it depends on; -1 for none. @param places of what the first one sees */
function latestSeen(places: readonly number[], masks: readonly Float32Array[]): Int32Array {
  let latest = Int32Array.from(places);
  for (const mask of masks) {
    const inputs = latest.length;
    const seen = latest;
    latest = Int32Array.from({ length: mask.length / inputs }, (_, to) =>
      seen.reduce((most, place, from) => (mask[to * inputs + from] === 0 ? most : Math.max(most, place)), -1),
    );
  }
  return latest;
}

const masksOf = (file: TensorFile, layers: readonly MaskedLayer[]): Promise<Float32Array[]> =>
  Promise.all(layers.map(async ({ mask }) => (await file.read(mask)).data));

/**
 * Masks may be any, as random ones of nflows are, where what a network gives for a feature depends on those before it alone.
 * @throws UserError naming a feature that depends on another that it must not
 */
async function checkReach(
  file: TensorFile,
  order: readonly number[],
  layers: readonly MaskedLayer[],
): Promise<void> {
  const latest = latestSeen(order, await masksOf(file, layers));
  const each = latest.length / order.length;
  const wrong = latest.findIndex((place, output) => place >= order[Math.floor(output / each)]!);
  if (wrong < 0) return;
  throw new UserError(
    `${file.file}: by ${layers.at(-1)!.mask} and the masks before it, feature ${Math.floor(wrong / each)} depends on one that ` +
      'is not before it in the order; such a network is not autoregressive.',
  );
}

/**
 * The place of each feature, from 0, where masks follow a graph: the one after the last of those that it depends on.
 * @param context numbers that the first layer sees behind the features
 * @throws UserError where there is none, since a feature depends on itself by way of others
 */
export async function orderOfGraph(
  file: TensorFile,
  features: number,
  layers: readonly MaskedLayer[],
  context: number,
): Promise<number[]> {
  const masks = await masksOf(file, layers);
  const each = layers.at(-1)!.outputs / features;
  const contextPlaces = new Array<number>(context).fill(-1);
  let order = new Array<number>(features).fill(0);
  // In a graph without a circle, each round gets the features of one more place right.
  for (let round = 0; round < Math.min(features, mostOneByOne); round++) {
    const latest = latestSeen([...order, ...contextPlaces], masks);
    const next = order.map(
      (_, feature) => 1 + Math.max(...latest.subarray(feature * each, (feature + 1) * each)),
    );
    if (next.join() === order.join()) return order;
    order = next;
  }
  throw new UserError(
    `${file.file}: by ${layers.at(-1)!.mask} and the masks before it, features depend on themselves by way of others, or more ` +
      `than ${mostOneByOne} on each other in a row. Record the flow in Python with flowscope.record.`,
  );
}

export interface ResidualNet {
  /** Prefix of its tensors, for example "flows.0.autoregressive_net.". */
  prefix: string;
  /** Features that it sees. */
  inputs: number;
  /** Width of the first hidden layer. */
  width: number;
  /** Widths of the hidden layers; where blocks are residual, all are as the first. */
  hidden: readonly number[];
  blocks: number;
  outputs: number;
  /** Numbers of a context that it sees besides. */
  context: number;
  /** Whether blocks normalize by batch. */
  norms: boolean;
  /** Blocks of one layer each, with nothing added to: a plain MLP of `blocks` + 1 hidden layers. */
  plain: boolean;
  /** Whether it is a MADE, whose context has a layer of its own. */
  masked: boolean;
  /** Whether it is a Sequential of linear layers and activations, which is plain. */
  sequential?: boolean;
}

/** What the names of the layers depend on. */
type Naming = Pick<ResidualNet, 'blocks' | 'plain' | 'masked' | 'sequential'>;

const numbered = /^(?:blocks|_hidden_layers)\.(0|[1-9]\d*)\./;

/** Names of the linear layers from first to last. */
export function layersOf({ blocks, plain, masked, sequential }: Naming): string[] {
  if (sequential) return Array.from({ length: blocks + 2 }, (_, i) => String(2 * i));
  if (plain && !masked) {
    const between = Array.from({ length: blocks }, (_, i) => `_hidden_layers.${i}`);
    return ['_input_layer', ...between, '_output_layer'];
  }
  const inBlocks = Array.from({ length: blocks }, (_, b) =>
    plain ? [`blocks.${b}.linear`] : [0, 1].map((i) => `blocks.${b}.linear_layers.${i}`),
  );
  return ['initial_layer', ...inBlocks.flat(), 'final_layer'];
}

/**
 * An MLP as a Sequential, which sees a context behind the features: what we write, as a module of the user may be.
 * @param features of those that it sees; the others are a context
 */
export function sequentialNet(module: FileModule, features: number): ResidualNet {
  const { prefix } = module;
  const stack = linearStack(module);
  const { widths, hidden, numbers } = stack;
  const context = widths[0]! - features;
  if (numbers[0] !== 0 || stack.prefix !== prefix) refuse(`${prefix}0, where a Sequential begins`);
  if (hidden.length === 0) refuse(`${prefix} with a hidden layer`);
  if (context < 0) refuse(`${prefix}0 that sees ${features} features (it sees ${widths[0]})`);
  return {
    ...{ prefix, inputs: features, width: hidden[0]!, hidden, blocks: hidden.length - 1 },
    ...{ outputs: widths.at(-1)!, context, norms: false, plain: true, masked: false, sequential: true },
  };
}

/**
 * An initial layer, blocks, a final layer; other names are refused. A context may enter at the start and scale what each block adds. Without masks
 * also an MLP, whose layers have other names.
 * @param masked for a MADE: each layer has a mask and degrees
 * @param features that the network sees, where it is not masked; what it sees more is a context
 */
export function residualNet(module: FileModule, masked: boolean, features?: number): ResidualNet {
  const { file, prefix, rests } = module;
  const blocks = rests.reduce((most, rest) => Math.max(most, 1 + Number(numbered.exec(rest)?.[1] ?? -1)), 0);
  // A number is a word of the file: what is counted up to it has to fit what the file holds.
  if (blocks > rests.length) refuse(`blocks of ${prefix}, which are numbered up to ${blocks - 1}`);
  const shape = (name: string): readonly number[] => module.shape(name) ?? [];
  const isMlp = !masked && rests.includes('_input_layer.weight');
  const plain = isMlp || rests.includes('blocks.0.linear.weight');
  const layers = layersOf({ blocks, plain, masked });
  const widths = layers.map((layer) => shape(`${layer}.weight`)[0] ?? 0);
  const [width, outputs, seen = 0] = [widths[0]!, widths.at(-1)!, shape(`${layers[0]}.weight`)[1]];
  if (width === 0 || seen === 0 || outputs === 0) refuse(`${prefix}initial_layer and final_layer`);
  const context = masked ? (shape('context_layer.weight')[1] ?? 0) : seen - (features ?? seen);
  if (context < 0) refuse(`${prefix}${layers[0]} that sees ${features} features (it sees ${seen})`);
  if (isMlp && context > 0)
    refuse(`${prefix}${layers[0]} without a context (it sees ${seen} numbers, ${features} of them features)`);
  const net: ResidualNet = {
    prefix,
    inputs: masked ? seen : seen - context,
    width,
    // A MADE has one width.
    hidden: plain ? widths.slice(0, -1).map((own) => (masked ? width : own)) : [width],
    blocks,
    outputs,
    context,
    norms: rests.includes(`blocks.0.${plain ? 'batch_norm' : 'batch_norm_layers.0'}.weight`),
    plain,
    masked,
  };
  const expected = new Map<string, readonly number[]>();
  const expect = (table: readonly Renaming[]): void => {
    for (const { library, shape: expectedShape } of table) expected.set(library as string, expectedShape!);
  };
  expect([...residualTable(net), ...contextTable(net)]);
  for (const layer of masked ? layers : []) {
    const weight = expected.get(`${prefix}${layer}.weight`)!;
    expected.set(`${prefix}${layer}.mask`, weight);
    expected.set(`${prefix}${layer}.degrees`, weight.slice(0, 1));
  }
  for (let b = 0; plain && net.norms && b < blocks; b++) expect(plainNorm(net, b));
  module.refuseUnless(
    (rest) => rest.endsWith('.num_batches_tracked') || expected.has(prefix + rest),
    `has no place in a ${masked ? 'MADE' : isMlp ? 'MLP' : 'ResidualNet'}`,
  );
  for (const [name, expectedShape] of expected) {
    if (file.tensors.get(name)?.shape.join() !== expectedShape.join())
      refuse(`${name} of the shape [${expectedShape.join(', ')}]`);
  }
  return net;
}

/**
 * The fields of the config that describe it.
 * @param inMade what a context does in a MADE, which differs between libraries; a ResidualNet has gates
 */
export function residualFields(
  { width, hidden, blocks, norms, plain, context, masked }: ResidualNet,
  inMade: Pick<VectorFields, 'contextEntry' | 'contextInBlocks'>,
): VectorFields {
  return {
    ...(plain
      ? { net: 'mlp', hidden: [...hidden], ...(masked ? { madeMasks: 'stored' } : {}) }
      : { net: 'residual', hidden: [width], blocks, netNorm: norms }),
    // Hidden units of nflows' MADE depend on one feature at least.
    ...(context > 0 && {
      context,
      contextInBlocks: 'gate',
      ...(masked ? { ...inMade, contextFirst: false } : {}),
    }),
  };
}

/** With our names below the layer's, for example "net.in.weight". */
export function residualTable(net: ResidualNet): Renaming[] {
  const { prefix, inputs, width, hidden, blocks, outputs, context, norms, plain, masked } = net;
  const linear = (library: string, flowscope: string, from = width, to = width): Renaming[] =>
    under(`${library}.`, `${flowscope}.`, linearTable(from, to));
  const seen = masked ? inputs : inputs + context;
  const names = plain
    ? layersOf(net).flatMap((layer, i): Renaming[] => {
        const [from, to] = [hidden[i - 1] ?? seen, hidden[i] ?? outputs];
        const mask = { library: `${layer}.mask`, flowscope: `${i}.mask`, transform: 'transpose' } as const;
        return [...linear(layer, String(i), from, to), ...(masked ? [{ ...mask, shape: [to, from] }] : [])];
      })
    : [
        ...linear('initial_layer', 'in', seen),
        ...range(blocks).flatMap((b) => [
          ...[0, 1].flatMap((i) => [
            ...(norms
              ? under(`blocks.${b}.batch_norm_layers.${i}.`, `blocks.${b}.norm${i + 1}.`, normTable(width))
              : []),
            ...linear(`blocks.${b}.linear_layers.${i}`, `blocks.${b}.linear${i + 1}`),
          ]),
          ...(context > 0 ? linear(`blocks.${b}.context_layer`, `blocks.${b}.context`, context) : []),
        ]),
        ...linear('final_layer', 'out', width, outputs),
      ];
  return under(prefix, 'net.', names);
}

const normTable = (width: number): Renaming[] =>
  batchNormNames.map((renaming) => ({ ...renaming, shape: [width] }));

/** What normalizes before a plain block. */
const plainNorm = ({ prefix, width }: ResidualNet, block: number): Renaming[] =>
  under(`${prefix}blocks.${block}.batch_norm.`, '', normTable(width));

/** The linear layer that gives what a transform takes, below the layer's name. */
export function lastLayer({ blocks, plain }: ResidualNet): string {
  return plain ? `net.${blocks + 1}` : 'net.out';
}

/** Names of a MADE's separate layer for its context, which our network has too. */
export function contextTable({ prefix, context, width, masked }: ResidualNet): Renaming[] {
  if (!masked || context === 0) return [];
  return under(`${prefix}context_layer.`, 'net.context.', linearTable(context, width));
}

/** Added to the variance by PyTorch's batch norm in the networks of nflows. */
const normEpsilon = 1e-3;

/**
 * A MADE of plain blocks may normalize what comes into each; ours has no norms there, so that they become a part of the
 * layers that follow. In place.
 */
export async function foldNorms(
  file: TensorFile,
  net: ResidualNet,
  tensors: Record<string, Values>,
  name: string,
): Promise<void> {
  const { blocks, norms, plain } = net;
  if (!norms || !plain) return;
  for (let b = 0; b < blocks; b++) {
    const norm = await readTable(file, plainNorm(net, b));
    const layer = `${name}.net.${b + 1}`;
    const [weight, bias, mask] = ['weight', 'bias', 'mask'].map((part) => tensors[`${layer}.${part}`]!);
    const [inputs, outputs] = weight!.shape as [number, number];
    const folded = { weight: weight!.data.slice(), bias: bias!.data.slice() };
    for (let i = 0; i < inputs; i++) {
      const factor = norm['gain']!.data[i]! / Math.sqrt(norm['variance']!.data[i]! + normEpsilon);
      const offset = norm['bias']!.data[i]! - norm['mean']!.data[i]! * factor;
      for (let o = 0; o < outputs; o++) {
        const at = i * outputs + o;
        folded.weight[at]! *= factor;
        folded.bias[o]! += weight!.data[at]! * mask!.data[at]! * offset;
      }
    }
    tensors[`${layer}.weight`] = { ...weight!, data: folded.weight };
    tensors[`${layer}.bias`] = { ...bias!, data: folded.bias };
  }
}

/** A MADE adds its context by a layer of its own; ours sees it behind the features. In place. */
export async function joinContext(
  file: TensorFile,
  { prefix, plain, context }: ResidualNet,
  tensors: Record<string, Values>,
  name: string,
): Promise<void> {
  if (context === 0) return;
  const layer = `${name}.net.${plain ? '0' : 'in'}`;
  const added = await readTable(file, under(`${prefix}context_layer.`, '', linearNames));
  withSeen(tensors, layer, added['weight']!.data);
  mapColumns(tensors, layer, (x, column) => x + added['bias']!.data[column]!, ['bias']);
}

/**
 * The place of each feature in the order of a MADE, as the degrees of its outputs say.
 * @throws UserError when its degrees or masks are none that follow from an order
 */
export async function madeOrder(file: TensorFile, net: ResidualNet): Promise<number[]> {
  const { prefix, inputs, width, outputs } = net;
  const name = `${prefix}final_layer.degrees`;
  const { data } = await file.read(name);
  const order = Array.from({ length: inputs }, (_, feature) => data[(feature * outputs) / inputs]! - 1);
  if (!isOrder(order)) {
    throw new UserError(
      `${file.file}: ${name} does not give each of ${inputs} features a place of its own, 1 to ${inputs}. ` +
        'Save the state_dict() again.',
    );
  }
  const layers = layersOf(net);
  const masks = layers.map((layer, i) => ({
    mask: `${prefix}${layer}.mask`,
    outputs: i === layers.length - 1 ? outputs : width,
  }));
  await (net.plain ? checkReach(file, order, masks) : checkMasks(file, order, masks));
  return order;
}
