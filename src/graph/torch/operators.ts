/** How each kernel is written in PyTorch. */
import { UserError } from '../../base/user-error';
import { convolutionAttrs, operatorOf, type DType, type Node, type Value, sameShape } from '../ir';
import {
  atom,
  binds,
  called,
  listText,
  method,
  numberText,
  operation,
  tupleText,
  within,
  type Expression,
} from './expressions';
import type { HelperName } from './helpers';
import { sliceScatter, stridedSlice, type Stride } from '../passes/slices';
import { weightNorm } from '../passes/weight-norms';

/** What an operator may ask of the function that it is printed in. */
export interface Printing {
  typeOf(id: number): Value;
  isDynamic(dim: number): boolean;
  /** A dimension as text, `n` where it is the batch size. */
  dim(dim: number): string;
  /** A tensor that new ones are made like: on its device. */
  like(): string;
  /** Has the helper printed in the file, and says its name. */
  helper(name: HelperName): string;
  /** Whether a value is written as a plain number. */
  isNumber(id: number): boolean;
}

type Print = (node: Node, inputs: readonly Expression[], printing: Printing) => Expression;

const infix =
  (operator: string, level: number): Print =>
  (_, inputs) =>
    operation(operator, level, inputs);

const torch =
  (name: string, ...more: string[]): Print =>
  (_, inputs) =>
    called(`torch.${name}`, ...inputs, ...more);

const functional =
  (name: string): Print =>
  (_, inputs) =>
    called(`F.${name}`, ...inputs);

/** Kernels that PyTorch calls the same, in lower case. */
const sameName = ['Abs', 'Atan', 'Cos', 'Erf', 'Exp', 'Floor', 'IsFinite', 'Log', 'Log1p', 'Rsqrt', 'Sigmoid', 'Sign', 'Sin', 'Sqrt', 'Square', 'Tanh']; // prettier-ignore

const axisOf = ({ attrs }: Node): number => attrs['axis'] as number;
const axesOf = ({ attrs }: Node): number[] => attrs['axis'] as number[];

/** Over several axes; `x.sum((1, 2))`. */
const reduction =
  (name: string): Print =>
  (node, [x], { typeOf }) => {
    const axes = axesOf(node);
    const keep = node.attrs['keepDims'] ? ['keepdim=True'] : [];
    if (axes.length === typeOf(node.inputs[0]!).shape.length && keep.length === 0) return method(x!, name);
    return method(x!, name, axes.length === 1 ? String(axes[0]) : tupleText(axes), ...keep);
  };

/** The larger or smaller of two tensors, or of a tensor and a number. */
const extreme =
  (name: 'maximum' | 'minimum', bound: 'min' | 'max'): Print =>
  (node, [a, b], { isNumber }) => {
    if (isNumber(node.inputs[1]!)) return called('torch.clamp', a!, `${bound}=${b!.text}`);
    if (isNumber(node.inputs[0]!)) return called('torch.clamp', b!, `${bound}=${a!.text}`);
    return called(`torch.${name}`, a!, b!);
  };

const reshape: Print = (node, [x], { typeOf, isDynamic, dim }) => {
  const { shape } = typeOf(node.outputs[0]!);
  const open = shape.filter(isDynamic).length;
  const dims = shape.map((size) => (open === 1 && isDynamic(size) ? '-1' : dim(size)));
  return dims.length === 0 ? method(x!, 'reshape', '()') : method(x!, 'reshape', ...dims);
};

const filled =
  (value: (node: Node) => number): Print =>
  (node, _, { typeOf, dim, like }) => {
    const { shape, dtype } = typeOf(node.outputs[0]!);
    const dims = tupleText(shape.map(dim));
    const type = dtype === 'float32' ? [] : [`dtype=${torchType[dtype]}`];
    return called(
      `${like()}.new_full`,
      shape.length === 0 ? '()' : dims,
      numberText(value(node), dtype),
      ...type,
    );
  };

const torchType: Record<DType, string> = {
  float32: 'torch.float32',
  int32: 'torch.int64',
  bool: 'torch.bool',
};

/** `x[:, 2:4]` */
function indexed(x: Expression, rank: number, at: ReadonlyMap<number, string>): Expression {
  const last = Math.max(...at.keys());
  const parts = Array.from({ length: Math.min(last + 1, rank) }, (_, axis) => at.get(axis) ?? ':');
  return atom(`${within(x, binds.atom)}[${parts.join(', ')}]`);
}

const matrixProduct: Print = (node, [a, b], { typeOf }) => {
  const turned = (x: Expression, at: number, turn: unknown): Expression => {
    if (!turn) return x;
    return typeOf(node.inputs[at]!).shape.length === 2
      ? atom(`${within(x, binds.atom)}.T`)
      : method(x, 'transpose', '-1', '-2');
  };
  return operation('@', binds.product, [
    turned(a!, 0, node.attrs['transposeA']),
    turned(b!, 1, node.attrs['transposeB']),
  ]);
};

const convolution: Print = (node, inputs, { helper }) => {
  const { strides, dilations, pad } = convolutionAttrs(node);
  const [top, bottom, left, right] = pad;
  if (top !== bottom || left !== right)
    throw new UserError(`A convolution in ${node.scope} pads its sides differently, which PyTorch cannot.`);
  const pair = (name: string, [a, b]: readonly number[], usual: number): string[] =>
    a === usual && b === usual ? [] : [`${name}=${a === b ? a : tupleText([a!, b!])}`];
  return called(
    helper('conv2d'),
    ...inputs,
    ...pair('padding', [top, left], 0),
    ...pair('stride', strides, 1),
    ...pair('dilation', dilations, 1),
  );
};

export const torchOperators: Readonly<Record<string, Print>> = {
  ...Object.fromEntries(sameName.map((name) => [name, torch(name.toLowerCase())])),
  Add: (_, [a, b]) =>
    b!.binds === binds.negation
      ? { text: `${within(a!, binds.sum)} - ${b!.text.slice(1)}`, binds: binds.sum }
      : operation('+', binds.sum, [a!, b!]),
  AddN: (_, inputs) => inputs.reduce((a, b) => operation('+', binds.sum, [a, b])),
  BatchMatMul: matrixProduct,
  BatchMean: (_, inputs, { helper }) => called(helper('batch_mean'), ...inputs),
  BatchNormTraining: (node, inputs, { helper }) =>
    called(helper('normalize_batch'), ...inputs, numberText(node.attrs['epsilon'] as number)),
  BatchSize: (_, inputs, { helper }) => called(helper('batch_size'), ...inputs),
  BroadcastTo: (node, [x], { typeOf, dim }) =>
    method(x!, 'expand', ...typeOf(node.outputs[0]!).shape.map(dim)),
  // Whatever type of number the module has been brought to.
  Cast: (node, [x], { typeOf, like }) => {
    const { dtype } = typeOf(node.outputs[0]!);
    return dtype === 'float32' ? method(x!, 'type_as', like()) : method(x!, 'to', torchType[dtype]);
  },
  ClipByValue: (node, [x]) =>
    called(
      'torch.clamp',
      x!,
      ...['clipValueMin', 'clipValueMax'].map((key) => numberText(node.attrs[key] as number)),
    ),
  Concat: (node, inputs) =>
    called('torch.cat', `[${inputs.map(({ text }) => text).join(', ')}]`, String(axisOf(node))),
  Conv2D: convolution,
  Cumsum: (node, [x], { typeOf }) => {
    const { axis, exclusive, reverse } = node.attrs as { axis: number; exclusive: boolean; reverse: boolean };
    const flip = (of: Expression): Expression => (reverse ? method(of, 'flip', String(axis)) : of);
    const sum = flip(method(flip(x!), 'cumsum', String(axis)));
    if (!exclusive) return sum;
    const whole = typeOf(node.inputs[0]!).dtype;
    if (whole !== 'float32')
      throw new UserError(`An exclusive sum of whole numbers in ${node.scope} is not printed.`);
    return operation('-', binds.sum, [sum, x!]);
  },
  Elu: functional('elu'),
  Equal: infix('==', binds.comparison),
  ExpandDims: reshape,
  Fill: filled(({ attrs }) => attrs['value'] as number),
  FloorDiv: infix('//', binds.product),
  GatherV2: (node, [x, indices], { typeOf }) =>
    typeOf(node.inputs[1]!).shape.length === 1
      ? method(x!, 'index_select', String(axisOf(node)), indices!.text)
      : indexed(x!, typeOf(node.inputs[0]!).shape.length, new Map([[axisOf(node), indices!.text]])),
  Greater: infix('>', binds.comparison),
  GreaterEqual: infix('>=', binds.comparison),
  LeakyRelu: (node, [x]) => called('F.leaky_relu', x!, numberText(node.attrs['alpha'] as number)),
  Less: infix('<', binds.comparison),
  LessEqual: infix('<=', binds.comparison),
  LogicalAnd: infix('&', binds.and),
  LogicalNot: (_, [x]) => ({ text: `~${within(x!, binds.negation)}`, binds: binds.negation }),
  LogicalOr: infix('|', binds.or),
  Max: reduction('amax'),
  Maximum: extreme('maximum', 'min'),
  Mean: reduction('mean'),
  Min: reduction('amin'),
  Minimum: extreme('minimum', 'max'),
  Multiply: infix('*', binds.product),
  Neg: (_, [x]) => ({ text: `-${within(x!, binds.negation)}`, binds: binds.negation }),
  OnesLike: torch('ones_like'),
  Pack: (node, inputs) =>
    called('torch.stack', `[${inputs.map(({ text }) => text).join(', ')}]`, String(axisOf(node))),
  PadV2: (node, [x]) => {
    const { paddings, constantValue } = node.attrs as { paddings: [number, number][]; constantValue: number };
    const first = paddings.findIndex(([before, behind]) => before > 0 || behind > 0);
    const sides = paddings.slice(Math.max(first, 0)).toReversed().flat();
    return called('F.pad', x!, tupleText(sides), `value=${numberText(constantValue)}`);
  },
  Pow: (_, [a, b]) => ({
    text: `${within(a!, binds.atom)} ** ${within(b!, binds.power)}`,
    binds: binds.power,
  }),
  RealDiv: infix('/', binds.product),
  Reciprocal: (_, [x]) => operation('/', binds.product, [atom('1'), x!]),
  Relu: functional('relu'),
  Reshape: reshape,
  // A selection takes a number together with a tensor of full size.
  Select: torch('where'),
  Slice: (node, [x], { typeOf }) => {
    const { begin, size } = node.attrs as { begin: number[]; size: number[] };
    const { shape } = typeOf(node.inputs[0]!);
    const cut = new Map<number, string>();
    begin.forEach((start, axis) => {
      if (size[axis] === shape[axis]) return;
      const end = start + size[axis]!;
      cut.set(axis, `${start === 0 ? '' : start}:${end === shape[axis] ? '' : end}`);
    });
    return cut.size === 0 ? x! : indexed(x!, shape.length, cut);
  },
  [sliceScatter]: (node, [into, part], { typeOf }) => {
    const { axis, start, step, count } = node.attrs as unknown as Stride;
    const end = start + step * (count - 1) + 1;
    const all = end > typeOf(node.outputs[0]!).shape[axis]! - step;
    const places = step === 1 ? [start, end] : [start, ...(all ? [] : [end]), `step=${step}`];
    return called('torch.slice_scatter', into!, part!, String(axis), ...places.map(String));
  },
  // PyTorch's own is linear from 20 on, where float32 has forgotten the rest.
  Softplus: functional('softplus'),
  [stridedSlice]: (node, [x], { typeOf }) => {
    const { axis, start, step, count } = node.attrs as unknown as Stride;
    const { shape } = typeOf(node.inputs[0]!);
    const end = start + step * (count - 1) + 1;
    const from = start === 0 ? '' : start;
    const to = end > shape[axis]! - step ? '' : end;
    return indexed(x!, shape.length, new Map([[axis, `${from}:${to}${step === 1 ? '' : `:${step}`}`]]));
  },
  SplitV: (node, [x]) => {
    const { axis, sizes } = node.attrs as { axis: number; sizes: number[] };
    const equal = sizes.every((size) => size === sizes[0]);
    return method(x!, 'split', equal ? String(sizes[0]) : `[${listText(sizes)}]`, String(axis));
  },
  Step: (node, [x]) => {
    const alpha = (node.attrs['alpha'] as number | undefined) ?? 0;
    return called('torch.where', operation('>', binds.comparison, [x!, atom('0')]), '1.0', numberText(alpha));
  },
  Sub: infix('-', binds.sum),
  Sum: reduction('sum'),
  Tile: (node, [x]) => method(x!, 'repeat', ...(node.attrs['reps'] as number[]).map(String)),
  Transpose: (node, [x]) => {
    const perm = node.attrs['perm'] as number[];
    return sameShape(perm, [1, 0])
      ? atom(`${within(x!, binds.atom)}.T`)
      : method(x!, 'permute', ...perm.map(String));
  },
  Unpack: (node, [x]) => method(x!, 'unbind', String(axisOf(node))),
  [weightNorm]: (_, inputs, { helper }) => called(helper('weight_norm'), ...inputs),
  ZerosLike: torch('zeros_like'),
};

/** @throws UserError for a kernel without a PyTorch form */
export function printOperator(node: Node, inputs: readonly Expression[], printing: Printing): Expression {
  return operatorOf(torchOperators, node, 'printed as PyTorch')(node, inputs, printing);
}
