/** How each kernel is written in TensorFlow. */
import { sizeOf } from '../../base/shape';
import { convolutionAttrs, samePad, operatorOf, type Node, sameShape } from '../ir';
import { renewedActivation } from '../kernels/normalization';
import { reductionNames } from '../kernels/reduce';
import {
  boolAttribute,
  floatAttribute,
  intAttribute,
  intsAttribute,
  textAttribute,
  typeAttribute,
} from './messages';
import type { Attributes, FunctionWriter } from './writer';

type Emit = (node: Node, writer: FunctionWriter, inputs: string[]) => void;

const typed = (node: Node, writer: FunctionWriter, name = 'T'): Attributes => ({
  [name]: typeAttribute(writer.typeOf(node.inputs[0] ?? node.outputs[0]!).dtype),
});

/** `typed`, and that the axes, sizes or places an op takes besides are int32. */
const indexed = (node: Node, writer: FunctionWriter, ...names: string[]): Attributes => ({
  ...typed(node, writer),
  ...Object.fromEntries(names.map((name) => [name, typeAttribute('int32')])),
});

/** An op that moves elements to where int32 operands say; `name` is the attribute with their type. */
const moved =
  (op: string, name: string, operands: (node: Node, writer: FunctionWriter) => string[]): Emit =>
  (node, writer, [x]) =>
    writer.emit(node, op, [x!, ...operands(node, writer)], indexed(node, writer, name));

const axisOf = ({ attrs }: Node, writer: FunctionWriter): string =>
  writer.scalar(attrs['axis'] as number, 'int32');

/** The same op under a name of its own, with the type of its first input as attribute T. */
const rename =
  (op: string): Emit =>
  (node, writer, inputs) =>
    writer.emit(node, op, inputs, typed(node, writer));

const untyped =
  (op: string): Emit =>
  (node, writer, inputs) =>
    writer.emit(node, op, inputs);

/** As `rename`, with what an op says besides its type. */
const saying =
  (op: string, more: (node: Node) => Attributes): Emit =>
  (node, writer, inputs) =>
    writer.emit(node, op, inputs, { ...typed(node, writer), ...more(node) });

const inFormat = { data_format: textAttribute('NHWC') };

const sameName = [
  'Abs', 'Atan', 'Cos', 'Elu', 'EluGrad', 'Erf', 'Exp', 'Floor', 'FloorDiv', 'Greater', 'GreaterEqual', 'IsFinite', 'Less',
  'LessEqual', 'Log', 'Log1p', 'Maximum', 'Minimum', 'Neg', 'OnesLike', 'Pow', 'RealDiv', 'Reciprocal', 'Relu',
  'ReluGrad', 'Rsqrt', 'Sigmoid', 'Sign', 'Sin', 'Softplus', 'Sqrt', 'Square', 'Sub', 'Tanh', 'ZerosLike',
]; // prettier-ignore

const reduction: Emit = (node, writer, [x]) => {
  const { op, attrs } = node;
  const { shape } = writer.typeOf(node.inputs[0]!);
  if (op === 'Sum' && shape.length === 4 && String(attrs['axis']) === '0,1,2' && !attrs['keepDims']) {
    sumInTwoStages(node, writer, x!, shape);
    return;
  }
  writer.emit(node, op, [x!, writer.ints(attrs['axis'] as number[])], {
    ...indexed(node, writer, 'Tidx'),
    keep_dims: boolAttribute(attrs['keepDims'] as boolean),
  });
};

/**
 * Over all axes but the last of [N, H, W, C]: each example first, then these. TensorFlow adds up sixty thousand numbers one
 * after the other otherwise, which is slower and an order of magnitude less exact.
 */
function sumInTwoStages(node: Node, writer: FunctionWriter, x: string, shape: readonly number[]): void {
  const [first, height, width, channels] = shape as [number, number, number, number];
  const type = { ...indexed(node, writer, 'Tidx'), keep_dims: boolAttribute(false) };
  const sizes = writer.ints([writer.isDynamic(first) ? -1 : first, height * width, channels]);
  const rows = writer.add('Reshape', [x, sizes], indexed(node, writer, 'Tshape'));
  writer.emit(node, 'Sum', [writer.add('Sum', [rows, writer.ints([1])], type), writer.ints([0])], type);
}

const reshape = moved('Reshape', 'Tshape', (node, writer) => {
  const { shape } = writer.typeOf(node.outputs[0]!);
  const open = shape.filter((dim) => writer.isDynamic(dim)).length;
  if (open !== 1) return [writer.shape(shape)];
  return [writer.ints(shape.map((dim) => (writer.isDynamic(dim) ? -1 : dim)))];
});

/**
 * TensorFlow joins a row of additions into one. What convolutions give is better added by these: joined, all of it would be
 * in memory at the same time.
 */
const keepApart = { _grappler_ArithmeticOptimizer_AddOpsRewriteStage: boolAttribute(true) };

/** Whether a value comes out of a convolution, with a bias or without. */
function isConvolved(id: number, writer: FunctionWriter): boolean {
  const node = writer.producerOf(id);
  if (node?.op === 'Conv2D') return true;
  return node?.op === 'Add' && node.inputs.some((input) => writer.producerOf(input)?.op === 'Conv2D');
}

/** Convolution attributes; padding by name where it has one, since TensorFlow's fast paths look for that. */
function convolution(
  node: Node,
  writer: FunctionWriter,
  image: readonly number[],
  filter: readonly number[],
): Attributes {
  const attrs = convolutionAttrs(node);
  const { strides, dilations, pad } = attrs;
  const same = samePad(image, filter, attrs);
  const padding = pad.every((side) => side === 0)
    ? 'VALID'
    : pad.every((side, i) => side === same[i])
      ? 'SAME'
      : 'EXPLICIT';
  return {
    ...typed(node, writer),
    strides: intsAttribute([1, ...strides, 1]),
    dilations: intsAttribute([1, ...dilations, 1]),
    padding: textAttribute(padding),
    explicit_paddings: intsAttribute(padding === 'EXPLICIT' ? [0, 0, ...pad, 0, 0] : []),
    ...inFormat,
    use_cudnn_on_gpu: boolAttribute(true),
  };
}

const operators: Record<string, Emit> = {
  ...Object.fromEntries(sameName.map((name) => [name, rename(name)])),
  ...Object.fromEntries(reductionNames.map((name) => [name, reduction])),
  Add: (node, writer, [a, b]) => {
    const [left, right] = node.inputs.map((id) => writer.typeOf(id).shape);
    const { shape } = writer.typeOf(node.outputs[0]!);
    // Under this name TensorFlow joins it to the convolution before it, and a sum that follows as well.
    const isBias = (whole: readonly number[], bias: readonly number[]): boolean =>
      shape.length === 4 && bias.length === 1 && bias[0] === shape[3] && sameShape(whole, shape);
    const [x, bias] = isBias(left!, right!) ? [a, b] : isBias(right!, left!) ? [b, a] : [];
    if (x === undefined || bias === undefined)
      writer.emit(node, 'AddV2', [a!, b!], {
        ...typed(node, writer),
        ...(node.inputs.some((id) => isConvolved(id, writer)) ? keepApart : {}),
      });
    else saying('BiasAdd', () => inFormat)(node, writer, [x, bias]);
  },
  Equal: saying('Equal', () => ({ incompatible_shape_error: boolAttribute(true) })),
  LogicalAnd: untyped('LogicalAnd'),
  LogicalNot: untyped('LogicalNot'),
  LogicalOr: untyped('LogicalOr'),
  Multiply: rename('Mul'),
  Reshape: reshape,
  ExpandDims: reshape,
  AddN: saying('AddN', ({ inputs }) => ({ N: intAttribute(inputs.length) })),
  BatchMatMul: (node, writer, inputs) => {
    const { transposeA, transposeB } = node.attrs as { transposeA: boolean; transposeB: boolean };
    const isPlain = node.inputs.every((id) => writer.typeOf(id).shape.length === 2);
    const [a, b] = isPlain ? (['transpose_a', 'transpose_b'] as const) : (['adj_x', 'adj_y'] as const);
    writer.emit(node, isPlain ? 'MatMul' : 'BatchMatMulV2', inputs, {
      ...typed(node, writer),
      [a]: boolAttribute(transposeA),
      [b]: boolAttribute(transposeB),
    });
  },
  BroadcastTo: moved('BroadcastTo', 'Tidx', (node, writer) => [
    writer.shape(writer.typeOf(node.outputs[0]!).shape),
  ]),
  Cast: (node, writer, inputs) =>
    writer.emit(node, 'Cast', inputs, {
      ...typed(node, writer, 'SrcT'),
      DstT: typeAttribute(writer.typeOf(node.outputs[0]!).dtype),
      Truncate: boolAttribute(false),
    }),
  ClipByValue: (node, writer, [x]) => {
    const { dtype } = writer.typeOf(node.inputs[0]!);
    const bound = (key: string): string => writer.scalar(node.attrs[key] as number, dtype);
    const low = writer.add('Maximum', [x!, bound('clipValueMin')], typed(node, writer));
    writer.emit(node, 'Minimum', [low, bound('clipValueMax')], typed(node, writer));
  },
  Concat: (node, writer, inputs) =>
    writer.emit(node, 'ConcatV2', [...inputs, axisOf(node, writer)], {
      ...indexed(node, writer, 'Tidx'),
      N: intAttribute(inputs.length),
    }),
  Conv2D: (node, writer, [x, filter, bias]) => {
    const [image, weights] = node.inputs.map((id) => writer.typeOf(id).shape);
    const attributes = convolution(node, writer, image!, weights!);
    if (bias === undefined) {
      writer.emit(node, 'Conv2D', [x!, filter!], attributes);
      return;
    }
    const convolved = writer.add('Conv2D', [x!, filter!], attributes);
    saying('BiasAdd', () => inFormat)(node, writer, [convolved, bias]);
  },
  Conv2DBackpropFilter: (node, writer, [x, dy]) => {
    const filter = writer.typeOf(node.outputs[0]!).shape;
    const attributes = convolution(node, writer, writer.typeOf(node.inputs[0]!).shape, filter);
    writer.emit(node, 'Conv2DBackpropFilter', [x!, writer.ints(filter), dy!], attributes);
  },
  Conv2DBackpropInput: (node, writer, [dy, filter]) => {
    const image = writer.typeOf(node.outputs[0]!).shape;
    const attributes = convolution(node, writer, image, writer.typeOf(node.inputs[1]!).shape);
    writer.emit(node, 'Conv2DBackpropInput', [writer.shape(image), filter!, dy!], attributes);
  },
  BatchNormTraining: (node, writer, [x, gain, bias]) => {
    const flat = flattened(node.inputs[0]!, writer);
    const none = writer.nothing();
    const normed = writer.add('FusedBatchNormV3', [flat.of(x!), gain!, bias!, none, none], {
      ...normAttributes(node),
      exponential_avg_factor: floatAttribute(1),
      is_training: boolAttribute(true),
    });
    // The second and third output are for running statistics, with the variance divided by n − 1; what the gradient takes
    // comes after them, as it is used.
    setNames(node, writer, [flat.back(normed), `${normed}:3`, `${normed}:4`]);
  },
  [renewedActivation]: (node, writer, [x, gain, bias, mean, variance, after]) => {
    const flat = flattened(node.inputs[0]!, writer);
    const first = `^${after!.split(':')[0]}`;
    const normed = writer.add('FusedBatchNormV3', [flat.of(x!), gain!, bias!, mean!, variance!, first], {
      ...normAttributes(node),
      exponential_avg_factor: floatAttribute(1),
      is_training: boolAttribute(false),
    });
    writer.emit(node, 'Relu', [flat.back(normed)], typed(node, writer));
  },
  BatchNormTrainingGrad: (node, writer, [dy, x, gain, mean, variance]) => {
    const flat = flattened(node.inputs[1]!, writer);
    const spare = writer.scalar(0, 'float32');
    const gradient = writer.add(
      'FusedBatchNormGradV3',
      [flat.of(dy!), flat.of(x!), gain!, mean!, variance!, spare],
      { ...normAttributes(node), is_training: boolAttribute(true) },
    );
    setNames(node, writer, [flat.back(gradient), `${gradient}:1`, `${gradient}:2`]);
  },
  Cumsum: (node, writer, [x]) =>
    writer.emit(node, 'Cumsum', [x!, axisOf(node, writer)], {
      ...indexed(node, writer, 'Tidx'),
      exclusive: boolAttribute(node.attrs['exclusive'] as boolean),
      reverse: boolAttribute(node.attrs['reverse'] as boolean),
    }),
  Fill: (node, writer) => {
    const { shape, dtype } = writer.typeOf(node.outputs[0]!);
    writer.emit(node, 'Fill', [writer.shape(shape), writer.scalar(node.attrs['value'] as number, dtype)], {
      T: typeAttribute(dtype),
      index_type: typeAttribute('int32'),
    });
  },
  GatherV2: (node, writer, [x, indices]) =>
    writer.emit(node, 'GatherV2', [x!, indices!, axisOf(node, writer)], {
      ...typed(node, writer, 'Tparams'),
      Tindices: typeAttribute('int32'),
      Taxis: typeAttribute('int32'),
      batch_dims: intAttribute(0),
    }),
  LeakyRelu: saying('LeakyRelu', ({ attrs }) => ({ alpha: floatAttribute(attrs['alpha'] as number) })),
  Pack: saying('Pack', ({ inputs, attrs }) => ({
    N: intAttribute(inputs.length),
    axis: intAttribute(attrs['axis'] as number),
  })),
  PadV2: moved('PadV2', 'Tpaddings', ({ attrs, inputs }, writer) => {
    const paddings = attrs['paddings'] as [number, number][];
    const { dtype } = writer.typeOf(inputs[0]!);
    const sides = writer.ints(paddings.flat(), [paddings.length, 2]);
    return [sides, writer.scalar(attrs['constantValue'] as number, dtype)];
  }),
  Select: (node, writer, inputs) =>
    writer.emit(node, 'SelectV2', inputs, { T: typeAttribute(writer.typeOf(node.outputs[0]!).dtype) }),
  Slice: moved('Slice', 'Index', ({ attrs }, writer) => [
    writer.ints(attrs['begin'] as number[]),
    writer.shape(attrs['size'] as number[]),
  ]),
  SplitV: (node, writer, [x]) => {
    const { axis, sizes } = node.attrs as { axis: number; sizes: number[] };
    writer.emit(node, 'SplitV', [x!, writer.ints(sizes), writer.scalar(axis, 'int32')], {
      ...indexed(node, writer, 'Tlen'),
      num_split: intAttribute(sizes.length),
    });
  },
  Step: (node, writer, [x]) => {
    const float = typed(node, writer);
    const alpha = (node.attrs['alpha'] as number | undefined) ?? 0;
    const positive = writer.add('Greater', [x!, writer.scalar(0, 'float32')], float);
    writer.emit(
      node,
      'SelectV2',
      [positive, writer.scalar(1, 'float32'), writer.scalar(alpha, 'float32')],
      float,
    );
  },
  Tile: moved('Tile', 'Tmultiples', ({ attrs }, writer) => [writer.shape(attrs['reps'] as number[])]),
  Transpose: moved('Transpose', 'Tperm', ({ attrs }, writer) => [writer.ints(attrs['perm'] as number[])]),
  Unpack: saying('Unpack', ({ outputs, attrs }) => ({
    num: intAttribute(outputs.length),
    axis: intAttribute(attrs['axis'] as number),
  })),
  UnsortedSegmentSum: (node, writer, [x, ids]) =>
    writer.emit(
      node,
      'UnsortedSegmentSum',
      [x!, ids!, writer.scalar(node.attrs['numSegments'] as number, 'int32')],
      indexed(node, writer, 'Tindices', 'Tnumsegments'),
    ),
};

const normAttributes = (node: Node): Attributes => ({
  T: typeAttribute('float32'),
  U: typeAttribute('float32'),
  epsilon: floatAttribute(node.attrs['epsilon'] as number),
  ...inFormat,
});

/** TensorFlow's fused batch normalization takes images; other values [N, …, C] are shown to it as [N·…, 1, 1, C]. */
function flattened(
  id: number,
  writer: FunctionWriter,
): { of(name: string): string; back(name: string): string } {
  const { shape } = writer.typeOf(id);
  if (shape.length === 4) return { of: (name) => name, back: (name) => name };
  const reshape = (name: string, to: readonly number[]): string =>
    writer.add('Reshape', [name, writer.ints([...to])], {
      T: typeAttribute('float32'),
      Tshape: typeAttribute('int32'),
    });
  const rows = sizeOf(shape.slice(0, -1));
  return { of: (name) => reshape(name, [rows, 1, 1, shape.at(-1)!]), back: (name) => reshape(name, shape) };
}

function setNames({ outputs }: Node, writer: FunctionWriter, names: readonly string[]): void {
  names.forEach((name, i) => writer.setName(outputs[i]!, name));
}

export function emitTensorFlow(node: Node, writer: FunctionWriter): void {
  const emit = operatorOf(operators, node, 'run by TensorFlow');
  writer.enter(node.scope);
  const inputs = node.inputs.map((id) => writer.nameOf(id));
  emit(node, writer, inputs);
}
