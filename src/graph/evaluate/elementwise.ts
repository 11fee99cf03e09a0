import type { NdArray } from '../../protocol/tensors';
import { type Node, type Value, sameShape } from '../ir';
import { sizeOf } from '../../base/shape';
import { softplus } from '../../base/softplus';
import { broadcastStrides, emptyData, makeArray, offsetsOf } from './array';

/** Abramowitz & Stegun 7.1.26, error below 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const poly =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - poly * Math.exp(-x * x));
}

const step = (x: number, alpha: number): number => (Number.isNaN(x) ? x : x > 0 ? 1 : alpha);

const unary: Record<string, (x: number, attrs: Node['attrs']) => number> = {
  Abs: Math.abs,
  Atan: Math.atan,
  ClipByValue: (x, { clipValueMin, clipValueMax }) =>
    Math.min(Math.max(x, clipValueMin as number), clipValueMax as number),
  Cos: Math.cos,
  Elu: (x) => (x >= 0 ? x : Math.expm1(x)),
  Erf: erf,
  Exp: Math.exp,
  Floor: Math.floor,
  IsFinite: (x) => Number(Number.isFinite(x)),
  LeakyRelu: (x, { alpha }) => (x >= 0 ? x : x * (alpha as number)),
  Log: Math.log,
  Log1p: Math.log1p,
  LogicalNot: (x) => Number(!x),
  Neg: (x) => -x,
  Reciprocal: (x) => 1 / x,
  Relu: (x) => (x < 0 ? 0 : x),
  Rsqrt: (x) => 1 / Math.sqrt(x),
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Sign: Math.sign,
  Sin: Math.sin,
  Softplus: softplus,
  Sqrt: Math.sqrt,
  Square: (x) => x * x,
  Step: (x, { alpha }) => step(x, (alpha as number | undefined) ?? 0),
  Tanh: Math.tanh,
  ZerosLike: () => 0,
  OnesLike: () => 1,
};

const binary: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  EluGrad: (dy, y) => (y >= 0 ? dy : dy * (y + 1)),
  Equal: (a, b) => Number(a === b),
  FloorDiv: (a, b) => Math.floor(a / b),
  Greater: (a, b) => Number(a > b),
  GreaterEqual: (a, b) => Number(a >= b),
  Less: (a, b) => Number(a < b),
  LessEqual: (a, b) => Number(a <= b),
  LogicalAnd: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
  LogicalOr: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  Maximum: Math.max,
  Minimum: Math.min,
  Multiply: (a, b) => a * b,
  Pow: (a, b) => a ** b,
  RealDiv: (a, b) => a / b,
  ReluGrad: (dy, x) => (x > 0 ? dy : 0),
  Sub: (a, b) => a - b,
};

export function evaluateElementwise(
  node: Node,
  inputs: readonly NdArray[],
  output: Value,
): NdArray | undefined {
  const one = unary[node.op];
  if (one) return mapOne(inputs[0]!, output, (x) => one(x, node.attrs));
  const two = binary[node.op];
  if (two) return combineTwo(inputs, output, two);
  if (node.op === 'BroadcastTo') return combine(inputs, output, ([x]) => x!);
  if (node.op === 'Select') return combine(inputs, output, ([c, t, e]) => (c ? t! : e!));
  if (node.op === 'AddN')
    return combine(inputs, output, (values) => values.reduce((sum, value) => sum + value, 0));
  if (node.op === 'Cast') return mapOne(inputs[0]!, output, (x) => cast(x, output));
  return undefined;
}

function mapOne({ data: from }: NdArray, { shape, dtype }: Value, fn: (x: number) => number): NdArray {
  const data = emptyData(dtype, from.length);
  for (let i = 0; i < data.length; i++) data[i] = fn(from[i]!);
  return { shape: [...shape], data };
}

function cast(x: number, { dtype }: Value): number {
  return dtype === 'bool' ? Number(x !== 0) : dtype === 'int32' ? Math.trunc(x) : x;
}

/** Weights are folded with it, so it visits each element once and allocates nothing for it. */
function combineTwo(
  [a, b]: readonly NdArray[],
  output: Value,
  fn: (a: number, b: number) => number,
): NdArray {
  const { shape } = output;
  const data = emptyData(output.dtype, sizeOf(shape));
  const from = a!.data;
  const other = b!.data;
  const everyA = periodOf(a!, shape);
  const everyB = periodOf(b!, shape);
  if (everyA !== undefined && everyB !== undefined) {
    for (let i = 0, p = 0, q = 0; i < data.length; i++) {
      data[i] = fn(from[p]!, other[q]!);
      if (++p === everyA) p = 0;
      if (++q === everyB) q = 0;
    }
  } else {
    const atA = offsetsOf(shape, broadcastStrides(a!, shape));
    const atB = offsetsOf(shape, broadcastStrides(b!, shape));
    for (let i = 0; i < data.length; i++) data[i] = fn(from[atA[i]!]!, other[atB[i]!]!);
  }
  return { shape: [...shape], data };
}

/** After how many elements of the result `x` repeats, where it varies with the last axes only; else undefined. */
function periodOf({ shape: xShape }: NdArray, shape: readonly number[]): number | undefined {
  const first = xShape.findIndex((dim) => dim !== 1);
  const varying = first < 0 ? [] : xShape.slice(first);
  return sameShape(varying, shape.slice(shape.length - varying.length)) ? sizeOf(varying) : undefined;
}

function combine(inputs: readonly NdArray[], output: Value, fn: (values: number[]) => number): NdArray {
  const places = inputs.map((input) => offsetsOf(output.shape, broadcastStrides(input, output.shape)));
  return makeArray(output.shape, output.dtype, (i) => fn(inputs.map(({ data }, n) => data[places[n]![i]!]!)));
}
