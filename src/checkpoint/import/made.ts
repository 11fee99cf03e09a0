/**
 * Networks whose output for a feature depends on those before it alone: the masks that a file has for their layers, and
 * nflows' ResidualNet and MADE, which normflows has too.
 */
import { degreesOf, maskBetween } from '../../base/degrees';
import { UserError } from '../../base/user-error';
import type { TensorFile } from './types';

/** Whether each of the places 0, 1, …, D − 1 belongs to one of D features. */
export function isOrder(places: readonly number[]): boolean {
  return places.toSorted((a, b) => a - b).every((place, i) => place === i);
}

/** A layer with a mask [outputs, inputs] of this name. */
export interface MaskedLayer {
  mask: string;
  outputs: number;
}

/**
 * Our masks follow from the order, so those of the file have to be the same.
 * @param layers from first to last
 * @param layout whether the last one gives the values of each feature one after the other
 * @throws UserError naming the mask that is another one
 */
export async function checkMasks(
  file: TensorFile,
  order: readonly number[],
  layers: readonly MaskedLayer[],
  layout: 'halves' | 'interleaved' = 'interleaved',
): Promise<void> {
  const degrees = degreesOf(order, layers.at(-1)!.outputs, layout);
  let inputs = degrees.inputs;
  for (const [i, { mask, outputs }] of layers.entries()) {
    const units = i === layers.length - 1 ? degrees.outputs : degrees.hidden(outputs);
    const expected = maskBetween(inputs, units);
    const { data } = await file.read(mask);
    const isSame =
      data.length === expected.length &&
      data.every(
        (value, at) => value === expected[(at % inputs.length) * outputs + Math.floor(at / inputs.length)],
      );
    if (!isSame) {
      throw new UserError(
        `${file.file}: ${mask} is not the mask that follows from the order of the features; hidden units that depend ` +
          'on 1, 2, …, D − 1 features have to take turns. Networks with random masks are not read.',
      );
    }
    inputs = units;
  }
}

export interface ResidualNet {
  /** Of its tensors, for example "flows.0.autoregressive_net.". */
  prefix: string;
  inputs: number;
  width: number;
  blocks: number;
  outputs: number;
  /** Whether it has layers for a context, whatever their sizes. */
  context: boolean;
}

const contextLayer = /^(blocks\.\d+\.)?context_layer\.(weight|bias)$/;
const blockLayer = /^blocks\.(0|[1-9]\d*)\.linear_layers\.[01]$/;

/** Names of the linear layers from first to last. */
function layersOf({ blocks }: Pick<ResidualNet, 'blocks'>): string[] {
  const inBlocks = Array.from({ length: blocks }, (_, b) =>
    [0, 1].map((i) => `blocks.${b}.linear_layers.${i}`),
  );
  return ['initial_layer', ...inBlocks.flat(), 'final_layer'];
}

/**
 * An initial layer, blocks of two layers, a final layer, without norms.
 * @param rests the names below the prefix @param masked for a MADE: each layer has a mask and degrees
 * @returns what is in the way, as a string, where there is no such network
 */
export function residualNet(
  file: TensorFile,
  prefix: string,
  rests: readonly string[],
  masked: boolean,
): ResidualNet | string {
  const parts = masked ? ['weight', 'bias', 'mask', 'degrees'] : ['weight', 'bias'];
  let blocks = 0;
  const ownRests = rests.filter((rest) => !contextLayer.test(rest));
  for (const rest of ownRests) {
    const dot = rest.lastIndexOf('.');
    const [layer, part] = [rest.slice(0, dot), rest.slice(dot + 1)];
    const block = blockLayer.exec(layer);
    if (!parts.includes(part) || !(block || layer === 'initial_layer' || layer === 'final_layer')) {
      return `${prefix}${rest} has no place in a ${masked ? 'MADE' : 'ResidualNet'} without norms`;
    }
    if (block) blocks = Math.max(blocks, 1 + Number(block[1]));
  }
  // A number is a word of the file: what is counted up to it has to fit what the file holds.
  if (blocks > rests.length) return `blocks of ${prefix}, which are numbered up to ${blocks - 1}`;
  const shape = (name: string): readonly number[] => file.tensors.get(prefix + name)?.shape ?? [];
  const [width = 0, inputs = 0] = shape('initial_layer.weight');
  const [outputs = 0] = shape('final_layer.weight');
  if (width === 0 || inputs === 0 || outputs === 0) return `${prefix}initial_layer and final_layer`;
  const layers = layersOf({ blocks });
  for (const [i, layer] of layers.entries()) {
    const [from, to] = [i === 0 ? inputs : width, i === layers.length - 1 ? outputs : width];
    for (const part of parts) {
      const expected = part === 'weight' || part === 'mask' ? [to, from] : [to];
      const found = shape(`${layer}.${part}`);
      if (found.join() !== expected.join()) {
        return `${prefix}${layer}.${part} of the shape [${expected.join(', ')}]`;
      }
    }
  }
  return { prefix, inputs, width, blocks, outputs, context: ownRests.length < rests.length };
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
  await checkMasks(
    file,
    order,
    layers.map((layer, i) => ({
      mask: `${prefix}${layer}.mask`,
      outputs: i === layers.length - 1 ? outputs : width,
    })),
  );
  return order;
}
