import { type ConstantData, type Graph, type Node, producersOf, rewrite, sameShape } from '../ir';
import { sizeOf } from '../../base/shape';
import { countUses, pass, removeDeadCode } from './pass';

/** scale · base + shift, where scale and shift hold one number, or one for each channel (the last axis). */
interface Affine {
  base: number;
  scale: Float32Array;
  shift: Float32Array;
  /** Name of the constant that became the shift, where it is one alone. */
  shiftName?: string;
  /** How many nodes it stands for. */
  steps: number;
}

/**
 * Joins multiplications by and additions of constants for each channel (batch normalization in evaluation mode is two to
 * four of them) into one of each, and into the filter and bias of a convolution that they follow. Such a convolution
 * gets its bias as a third input.
 */
export const foldAffine = pass('affine folding', (graph) => {
  const uses = countUses(graph);
  const producers = producersOf(graph);
  const forms = new Map<number, Affine>();
  for (const node of graph.nodes) {
    const form = affineOf(node, graph, (id) => {
      const inner = uses.get(id) === 1 ? forms.get(id) : undefined;
      return inner ?? { base: id, scale: Float32Array.of(1), shift: Float32Array.of(0), steps: 0 };
    });
    if (form) forms.set(node.outputs[0]!, { ...form, shiftName: shiftName(node, form, graph) });
  }
  // A chain is written where it ends: where its value goes into something that does not continue it.
  const continued = new Set<number>();
  for (const node of graph.nodes) {
    if (!forms.has(node.outputs[0]!)) continue;
    for (const id of node.inputs) if (uses.get(id) === 1 && forms.has(id)) continued.add(id);
  }
  /** Filters and biases that were folded already: a flow and its inverse in one graph share them. */
  const folds = new Map<string, [weights: number, bias: number]>();
  const folded = rewrite(graph, (node, rewriter, type) => {
    const { recorder, constantNames, resolve, add, named } = rewriter;
    const [output] = node.outputs;
    const form = forms.get(output!);
    if (!form || continued.has(output!)) return undefined;
    const channels = type.shape.at(-1)!;
    const constant = (values: Float32Array): number =>
      recorder.addConstant(values, values.length === 1 && channels !== 1 ? [] : [values.length], 'float32');

    const before = producers.get(form.base);
    const filter =
      before?.op === 'Conv2D' && before.inputs.length === 2
        ? graph.constants.get(before.inputs[1]!)
        : undefined;
    if (before && filter && uses.get(form.base) === 1) {
      const [, filterId] = before.inputs as [number, number];
      const key = `${filterId} ${form.scale.join()} ${form.shift.join()}`;
      let ids = folds.get(key);
      if (!ids) {
        const scaled = scaleChannels(filter, form.scale, channels);
        const shift = Float32Array.from({ length: channels }, (_, i) => at(form.shift, i));
        const name = constantNames.get(filterId);
        const biasName = name && (form.shiftName ?? `${name}.bias`);
        ids = [
          named(recorder.addConstant(scaled, graph.values.get(filterId)!.shape, 'float32'), name),
          named(recorder.addConstant(shift, [channels], 'float32'), biasName),
        ];
        folds.set(key, ids);
      }
      return [add('Conv2D', [resolve(before.inputs[0]!), ...ids], type, before.attrs, before.scope)];
    }
    if (form.steps < 2) return undefined;
    const base = resolve(form.base);
    const scaled = isAll(form.scale, 1) ? base : add('Multiply', [base, constant(form.scale)], type);
    return [isAll(form.shift, 0) ? scaled : add('Add', [scaled, constant(form.shift)], type)];
  });
  return removeDeadCode(folded);
});

/** The name of an added constant, when the sum's shift is that constant unchanged. */
function shiftName({ op, inputs }: Node, { shift }: Affine, graph: Graph): string | undefined {
  const id = inputs.find((input) => graph.constants.has(input));
  if (op !== 'Add' || id === undefined) return undefined;
  const data = graph.constants.get(id)!;
  return shift.every((value, i) => value === data[i]) ? graph.constantNames?.get(id) : undefined;
}

/** The filter [height, width, in, out] times a number, or one for each output channel. */
function scaleChannels(filter: ConstantData, scale: Float32Array, channels: number): Float32Array {
  const out = Float32Array.from(filter);
  if (scale.length === 1) {
    const [factor] = scale;
    if (factor !== 1) for (let i = 0; i < out.length; i++) out[i]! *= factor!;
    return out;
  }
  for (let start = 0; start < out.length; start += channels) {
    for (let channel = 0; channel < channels; channel++) out[start + channel]! *= scale[channel]!;
  }
  return out;
}

const at = (values: Float32Array, channel: number): number => values[values.length === 1 ? 0 : channel]!;
const isAll = (values: Float32Array, target: number): boolean => values.every((value) => value === target);

/** What a node does to a value as an affine map, or undefined. */
function affineOf(node: Node, graph: Graph, formOf: (id: number) => Affine): Affine | undefined {
  const output = graph.values.get(node.outputs[0]!)!;
  if (output.dtype !== 'float32') return undefined;
  const whole = (id: number): boolean =>
    !graph.constants.has(id) && sameShape(graph.values.get(id)!.shape, output.shape);
  const [a, b] = node.inputs as [number, number];
  if (node.op === 'Neg') return then(formOf(a), { scale: (s) => -s, shift: (t) => -t });
  const step = withConstant[node.op];
  if (!step) return undefined;
  const right = channelConstant(b, graph, output.shape);
  if (right && whole(a)) return then(formOf(a), step, right);
  const turned = afterConstant[node.op];
  const left = channelConstant(a, graph, output.shape);
  return turned && left && whole(b) ? then(formOf(b), turned, left) : undefined;
}

/** What scale and shift become, with the constant of the channel. */
interface Step {
  scale(scale: number, constant: number): number;
  shift(shift: number, constant: number): number;
}

const times: Step = { scale: (s, c) => s * c, shift: (t, c) => t * c };
const plus: Step = { scale: (s) => s, shift: (t, c) => t + c };

const withConstant: Readonly<Record<string, Step>> = {
  Add: plus,
  Multiply: times,
  RealDiv: { scale: (s, c) => s / c, shift: (t, c) => t / c },
  Sub: { scale: (s) => s, shift: (t, c) => t - c },
};

/** The constant comes first. */
const afterConstant: Readonly<Record<string, Step>> = {
  Add: plus,
  Multiply: times,
  Sub: { scale: (s) => -s, shift: (t, c) => c - t },
};

function then(
  { base, scale, shift, steps }: Affine,
  next: Step,
  constant: Float32Array = Float32Array.of(0),
): Affine {
  const length = Math.max(scale.length, shift.length, constant.length);
  return {
    base,
    scale: Float32Array.from({ length }, (_, i) => next.scale(at(scale, i), at(constant, i))),
    shift: Float32Array.from({ length }, (_, i) => next.shift(at(shift, i), at(constant, i))),
    steps: steps + 1,
  };
}

/** A constant that varies with the last axis only. */
function channelConstant(id: number, graph: Graph, shape: readonly number[]): Float32Array | undefined {
  const data: ConstantData | undefined = graph.constants.get(id);
  if (!(data instanceof Float32Array)) return undefined;
  const dims = graph.values.get(id)!.shape;
  if (dims.length > shape.length) return undefined;
  if (data.length === 1) return data;
  return data.length === shape.at(-1) && sizeOf(dims.slice(0, -1)) === 1 ? data : undefined;
}
