/**
 * The couplings and autoregressive layers of a vector flow, as its config says them: which output of which network is what
 * of which feature.
 */
import { range } from '../../base/order';
import { degreesOf, maskBetween, withContextDegrees } from '../../base/degrees';
import { inverseSoftplus } from '../../base/softplus';
import type { VectorModelConfig } from '../../config/schema';
import { parametersOf, type TransformParameter } from '../../config/transforms';
import type { NdArray } from '../../protocol/tensors';
import type { NamedLayer } from '../import/vector-chain';
import {
  readDense,
  readMlp,
  rewired,
  sideBySide,
  withInputs,
  withOutputs,
  type Column,
  type Dense,
  type Mlp,
} from './nets';
import type { Tensors } from './state-dict';

/** Where the values that a network computes for features are in its output. */
interface Head {
  /** Name of the network below the layer: "net", "scaleNet", … */
  net: string;
  /** Column of the network's last layer with such a value of a feature; undefined where it has none. */
  columnOf(feature: number, at: number): number | undefined;
}

type Heads = Readonly<Partial<Record<TransformParameter, Head>>>;

export type ConditionedLayer = Extract<NamedLayer, { kind: 'coupling' | 'autoregressive' }>;

export type Sees = Extract<ConditionedLayer, { kind: 'autoregressive' }>['sees'];

export type Conditioned<Layer extends ConditionedLayer = ConditionedLayer> = ReturnType<
  typeof conditionedOf<Layer>
>;

/** Numbers that conditioners see of the context. */
export function seenContext({ context, contextNet }: VectorModelConfig): number {
  return context === 0 ? 0 : (contextNet.at(-1) ?? context);
}

/** What the place of a value in the output of a network depends on. */
type HeadFields = Pick<VectorModelConfig, 'transform' | 'bins' | 'nets' | 'outputOrder' | 'outputLayout'>;

/** How many numbers of each kind a transform takes for a feature; of splines only those that end in lines. */
function sizeOfParameter({ bins }: HeadFields, parameter: TransformParameter): number {
  if (parameter === 'scale' || parameter === 'shift') return 1;
  return parameter === 'derivatives' ? bins - 1 : bins;
}

/** @param answered features that the networks answer for, in their order */
export function headsOf(model: HeadFields, answered: readonly number[]): Heads {
  const takes = parametersOf(model.transform);
  const order = model.outputOrder === 'scale-shift' ? takes : takes.toReversed();
  const sizes = order.map((parameter) => sizeOfParameter(model, parameter));
  const sum = (numbers: readonly number[]) => numbers.reduce((all, size) => all + size, 0);
  const joint = model.nets === 'joint';
  const places = new Map(answered.map((feature, at) => [feature, at]));
  const heads = order.map((parameter, i): [TransformParameter, Head] => {
    const size = sizes[i]!;
    const [offset, values] = joint ? [sum(sizes.slice(0, i)), sum(sizes)] : [0, size];
    const columnOf = (feature: number, k: number): number | undefined => {
      const at = places.get(feature);
      if (at === undefined || k >= size) return undefined;
      return model.outputLayout === 'interleaved'
        ? at * values + offset + k
        : (offset + k) * answered.length + at;
    };
    return [parameter, { net: joint ? 'net' : `${parameter}Net`, columnOf }];
  });
  return Object.fromEntries(heads);
}

export function conditionedOf<Layer extends ConditionedLayer>(
  model: VectorModelConfig,
  layer: Layer,
  tensors: Tensors,
) {
  const all = range(model.dim);
  const mask = layer.kind === 'coupling' ? layer.mask : all.map(() => 0);
  const identity = all.filter((i) => mask[i] === 1);
  const transformed = all.filter((i) => mask[i] !== 1);
  const whole = layer.kind === 'autoregressive' || model.conditioning === 'masked';
  const answered = whole ? all : transformed;
  return {
    ...{ model, tensors, layer },
    /** Features that pass through; of an autoregressive layer none. */
    identity,
    transformed,
    /** Features that the networks see, in the order of their inputs. */
    inputs: whole ? all : identity,
    /** Numbers of a context that come after these. */
    contextInputs: model.contextEntry === 'input' ? seenContext(model) : 0,
    heads: headsOf(model, answered),
  };
}

/** Hidden widths of a conditioner as one network: networks of s and t are side by side. */
export function hiddenWidths({ nets, hidden, transform }: VectorModelConfig): number[] {
  const count = nets === 'joint' ? 1 : parametersOf(transform).length;
  return hidden.map((width) => count * width);
}

/** Whether the networks of s and t have the same activation, or are one. */
export function hasOneActivation({ nets, activation, shiftActivation }: VectorModelConfig): boolean {
  return nets === 'joint' || (shiftActivation ?? activation) === activation;
}

/** One output of a network that is wanted, times and plus a number. */
export interface Output {
  of: TransformParameter;
  feature: number;
  /** Which of several that a feature has. */
  at?: number;
  times?: number;
  plus?: number;
}

/** The wanted outputs, as columns of a network's last layer. @param offsetOf where the outputs of a network begin */
export function columnsOf(
  { heads }: Pick<Conditioned, 'heads'>,
  outputs: readonly Output[],
  offsetOf: (net: string) => number = () => 0,
): Column[] {
  return outputs.map(({ of, feature, at = 0, times, plus }): Column => {
    const head = heads[of];
    const column = head?.columnOf(feature, at);
    if (!head || column === undefined) return 'zero';
    return { from: offsetOf(head.net) + column, times, plus };
  });
}

/** For a network that takes these features, with the context behind them: rows of the one that there is. */
function rowsOf({ inputs, contextInputs }: Conditioned, features: readonly number[]): (number | undefined)[] {
  const rows = features.map((feature) => {
    const row = inputs.indexOf(feature);
    return row < 0 ? undefined : row;
  });
  return [...rows, ...Array.from({ length: contextInputs }, (_, i) => inputs.length + i)];
}

/**
 * One network that takes the features `inputs` and gives `outputs`, which computes what the layer's own network or
 * networks do: rows and columns chosen, networks side by side where values are asked of separate ones.
 */
export function mlpOf(conditioned: Conditioned, inputs: readonly number[], outputs: readonly Output[]): Mlp {
  const names = [...new Set(outputs.map(({ of }) => conditioned.heads[of]?.net ?? 'net'))];
  const nets = names.map((name) => readNet(conditioned, name));
  const offsets = new Map<string, number>();
  let width = 0;
  names.forEach((name, i) => {
    offsets.set(name, width);
    width += nets[i]!.at(-1)!.bias.data.length;
  });
  const columns = columnsOf(conditioned, outputs, (net) => offsets.get(net)!);
  return rewired(nets.reduce(sideBySide), rowsOf(conditioned, inputs), columns);
}

/** With its masks, where it is autoregressive. */
function readNet({ model, tensors, layer, inputs, contextInputs }: Conditioned, net: string): Mlp {
  const path = `${layer.name}.${net}`;
  const layers = readMlp(tensors, path);
  if (layer.kind === 'coupling') return layers;
  const degrees = degreesFor(model, layer.order, layers.at(-1)!);
  let before = contextInputs > 0 ? withContextDegrees(degrees, contextInputs) : degrees.inputs;
  if (before.length !== inputs.length + contextInputs) throw new Error(`${path} has other inputs.`);
  return layers.map((dense, i) => {
    const units = i === layers.length - 1 ? degrees.outputs : degrees.hidden(dense.bias.data.length);
    const made = maskBetween(before, units);
    before = units;
    const stored = tensors[`${path}.${i}.mask`];
    return {
      ...dense,
      mask: { shape: dense.weight.shape, data: stored ? Float32Array.from(stored.data) : made },
    };
  });
}

const degreesFor = (model: VectorModelConfig, order: readonly number[], last: Dense) =>
  degreesOf(order, last.bias.data.length, model.outputLayout, seenContext(model) > 0 && model.contextFirst);

/** As `mlpOf`, of a residual network, which there is one of: what changes, as its blocks stay, and the mask of their layers. */
export function residualOf(conditioned: Conditioned, inputs: readonly number[], outputs: readonly Output[]) {
  const { model, tensors, layer, contextInputs } = conditioned;
  const path = `${layer.name}.net`;
  let [first, last] = [readDense(tensors, `${path}.in`), readDense(tensors, `${path}.out`)];
  let between: NdArray<Float32Array> | undefined;
  if (layer.kind === 'autoregressive') {
    const width = first.bias.data.length;
    const degrees = degreesFor(model, layer.order, last);
    const units = degrees.hidden(width);
    const seen = contextInputs > 0 ? withContextDegrees(degrees, contextInputs) : degrees.inputs;
    first = { ...first, mask: { shape: first.weight.shape, data: maskBetween(seen, units) } };
    last = { ...last, mask: { shape: last.weight.shape, data: maskBetween(units, degrees.outputs) } };
    between = { shape: [width, width], data: maskBetween(units, units) };
  }
  return {
    first: withInputs(first, rowsOf(conditioned, inputs)),
    last: withOutputs(last, columnsOf(conditioned, outputs)),
    ...(between ? { between } : {}),
  };
}

/**
 * The knots of features one after the other, as libraries of nflows' splines take them.
 * @param divisor what the library divides widths and heights by
 */
export function knotsOfNflows(
  { bins, splineFloor }: Pick<VectorModelConfig, 'bins' | 'splineFloor'>,
  features: readonly number[],
  divisor: number,
): Output[] {
  const plus = inverseSoftplus(1 - splineFloor);
  return knots(bins, features, (of) => (of === 'derivatives' ? { plus } : { times: divisor }));
}

/** The knots of features one after the other. */
export function knots(
  bins: number,
  features: readonly number[],
  change: (of: TransformParameter) => Pick<Output, 'times' | 'plus'> = () => ({}),
): Output[] {
  const parts: [TransformParameter, number][] = [
    ['widths', bins],
    ['heights', bins],
    ['derivatives', bins - 1],
  ];
  return features.flatMap((feature) =>
    parts.flatMap(([of, count]) =>
      Array.from({ length: count }, (_, at): Output => ({ of, feature, at, ...change(of) })),
    ),
  );
}

/** One value of each kind for a feature, then for the next. */
export function together(features: readonly number[], parts: readonly TransformParameter[]): Output[] {
  return features.flatMap((feature) => parts.map((of): Output => ({ of, feature })));
}
