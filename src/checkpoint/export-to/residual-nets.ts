/** nflows' ResidualNet and MADE, which normflows has too: our conditioners under the names that are read from there. */
import type { VectorModelConfig } from '../../config/schema';
import type { NdArray } from '../../protocol/tensors';
import { contextTable, layersOf, residualTable, type ResidualNet } from '../import/made';
import { permuteAxes, under } from '../import/names';
import {
  knotsOfNflows,
  mlpOf,
  residualOf,
  seenContext,
  together,
  type Conditioned,
  type ConditionedLayer,
  type Output,
} from './conditioned';
import { denseTensors, sequentialTensors, withInputs, type Dense } from './nets';
import { batchCounts, floats, integers, renamed, type StateDict } from './state-dict';

/** The network as it is read. @param sizes numbers of features that it sees, and of what it gives */
function netOf(
  model: VectorModelConfig,
  sizes: Pick<ResidualNet, 'prefix' | 'masked' | 'inputs' | 'outputs'>,
): ResidualNet {
  const plain = sizes.masked && model.net === 'mlp';
  return {
    ...sizes,
    width: model.hidden[0]!,
    hidden: model.hidden,
    blocks: plain ? model.hidden.length - 1 : model.blocks,
    norms: !plain && model.netNorm,
    plain,
    context: seenContext(model),
  };
}

/**
 * A coupling's network: a ResidualNet, or an MLP as a Sequential.
 * @param at prefix of its names, with its dot
 * @param outputsOf what it gives, where the library divides a spline's widths and heights by so much
 */
export function couplingNet(
  at: string,
  conditioned: Conditioned,
  outputsOf: (divisor: number) => readonly Output[],
): StateDict['tensors'] {
  const { model, tensors, layer, identity } = conditioned;
  if (model.net === 'mlp')
    return sequentialTensors(at.slice(0, -1), mlpOf(conditioned, identity, outputsOf(1)));
  // The root of the width.
  const outputs = outputsOf(Math.sqrt(model.hidden[0]!));
  const { first, last } = residualOf(conditioned, identity, outputs);
  const net = `${layer.name}.net`;
  const wired = { ...tensors, ...denseTensors(`${net}.in`, first), ...denseTensors(`${net}.out`, last) };
  const sizes = { prefix: at, masked: false, inputs: identity.length, outputs: outputs.length };
  const table = residualTable(netOf(model, sizes));
  const dict = renamed(wired, under('', `${layer.name}.`, table));
  return { ...dict, ...batchCounts(Object.keys(dict)) };
}

/**
 * The masked network of an autoregressive layer.
 * @param at prefix of its names, with its dot
 */
export function madeTensors(
  at: string,
  conditioned: Conditioned<Extract<ConditionedLayer, { kind: 'autoregressive' }>>,
): StateDict['tensors'] {
  const { model, tensors, layer, inputs, transformed } = conditioned;
  const { name } = layer;
  const outputs =
    model.transform === 'rationalQuadratic'
      ? knotsOfNflows(model, transformed, 1)
      : together(transformed, ['scale', 'shift']);
  const made = netOf(model, { prefix: at, masked: true, inputs: model.dim, outputs: outputs.length });
  const wired: Record<string, NdArray> = { ...tensors };
  const put = (path: string, dense: Dense): NdArray<Float32Array> => {
    Object.assign(wired, denseTensors(`${name}.net.${path}`, dense));
    return dense.mask!;
  };
  // Ours sees the context behind the features, the library by a layer of its own.
  const joined: StateDict['tensors'] = {};
  const parted = (first: Dense): Dense => {
    if (conditioned.contextInputs === 0) return first;
    const rows = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
    const contextLayer = withInputs(first, rows(model.dim, conditioned.contextInputs));
    const bias = { shape: first.bias.shape, data: new Float32Array(first.bias.data.length) };
    const context = denseTensors('net.context', { weight: contextLayer.weight, bias });
    Object.assign(joined, renamed(context, contextTable(made)));
    return withInputs(first, rows(0, model.dim));
  };

  let masks: NdArray<Float32Array>[];
  if (made.plain) {
    const layers = mlpOf(conditioned, inputs, outputs);
    masks = layers.map((dense, i) => put(String(i), i === 0 ? parted(dense) : dense));
    // The table has masks too; our own masks may follow from the order.
    masks.forEach((mask, i) => (wired[`${name}.net.${i}.mask`] = mask));
  } else {
    const { first, last, between } = residualOf(conditioned, inputs, outputs);
    const inBlocks = Array.from({ length: 2 * model.blocks }, () => between!);
    masks = [put('in', parted(first)), ...inBlocks, put('out', last)];
  }
  const table = [...residualTable(made), ...(conditioned.contextInputs === 0 ? contextTable(made) : [])];
  const dict = renamed(wired, under('', `${name}.`, table));
  const degrees = degreesOf(layer.order, masks);
  layersOf(made).forEach((linear, i) => {
    const mask = permuteAxes(masks[i]!, [1, 0]);
    dict[`${at}${linear}.mask`] = floats(mask.shape, mask.data);
    dict[`${at}${linear}.degrees`] = integers(degrees[i]!);
  });
  return { ...dict, ...joined, ...batchCounts(Object.keys(dict)) };
}

/** Degrees of each layer's units: one more than the last place among the features that a unit may depend on. */
function degreesOf(order: readonly number[], masks: readonly NdArray<Float32Array>[]): number[][] {
  let before = order.map((place) => place + 1);
  return masks.map(({ shape, data }, i) => {
    const outputs = shape[1]!;
    if (i === masks.length - 1) {
      const each = outputs / order.length;
      return Array.from({ length: outputs }, (_, output) => order[Math.floor(output / each)]! + 1);
    }
    const degrees = Array.from({ length: outputs }, (_, to) =>
      before.reduce((most, degree, from) => (data[from * outputs + to] ? Math.max(most, degree) : most), 0),
    );
    before = degrees;
    return degrees;
  });
}
