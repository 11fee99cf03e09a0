/** How each kernel is written in ONNX, opset 17, core operators only. */
import { UserError } from '../../base/user-error';
import { convolutionAttrs, operatorOf, sameShape, type Node } from '../ir';
import { emptyData } from '../evaluate/array';
import { elementwiseNames } from '../kernels/elementwise';
import { blockedOperators } from './blocked';
import { joinPhases, selectPhase } from '../passes/checkerboards';
import { channelNorm } from '../passes/channel-norms';
import { filterGradient } from './filter-gradient';
import {
  type Attribute,
  convolutionAttributes,
  floatAttribute,
  int64Type,
  intAttribute,
  intsAttribute,
  onnxType,
  stringAttribute,
  tensorAttribute,
  tensorProto,
} from './messages';
import type { OnnxWriter } from './writer';

type Emit = (node: Node, writer: OnnxWriter, inputs: string[]) => void;

const rename =
  (opType: string): Emit =>
  (node, writer, inputs) =>
    writer.emit(node, opType, inputs);

const sameName = [
  'Abs', 'Add', 'Atan', 'Cos', 'Equal', 'Erf', 'Exp', 'Floor', 'Greater', 'Less', 'Log', 'Neg', 'Pow', 'Reciprocal', 'Relu',
  'Sigmoid', 'Sign', 'Sin', 'Softplus', 'Sqrt', 'Sub', 'Tanh',
]; // prettier-ignore

const renamed: Record<string, string> = {
  GreaterEqual: 'GreaterOrEqual',
  LessEqual: 'LessOrEqual',
  LogicalAnd: 'And',
  LogicalNot: 'Not',
  LogicalOr: 'Or',
  Maximum: 'Max',
  Minimum: 'Min',
  Multiply: 'Mul',
  RealDiv: 'Div',
  Select: 'Where',
};

const keepDims = ({ attrs }: Node): Attribute => intAttribute('keepdims', Number(attrs['keepDims']));

const reduction =
  (opType: string): Emit =>
  (node, writer, inputs) => {
    const axis = node.attrs['axis'] as number[];
    if (opType === 'ReduceSum') writer.emit(node, opType, [...inputs, writer.int64(axis)], [keepDims(node)]);
    else writer.emit(node, opType, inputs, [intsAttribute('axes', axis), keepDims(node)]);
  };

const sum: Emit = (node, writer, inputs) => {
  const { shape, dtype } = writer.typeOf(node.inputs[0]!);
  const [rows] = shape;
  const overRows = shape.length === 2 && String(node.attrs['axis']) === '0' && !node.attrs['keepDims'];
  // Gradients of biases: as a product with ones, two to three times as fast.
  if (overRows && dtype === 'float32' && rows! >= 64 && !writer.isDynamic(rows!))
    writer.emit(node, 'MatMul', [writer.constant(1, dtype, [rows!]), ...inputs]);
  else reduction('ReduceSum')(node, writer, inputs);
};

const reshape: Emit = (node, writer, [x]) => {
  const { shape } = writer.typeOf(node.outputs[0]!);
  const open = shape.filter((dim) => writer.isDynamic(dim)).length;
  const dims =
    open === 1 ? writer.int64(shape.map((dim) => (writer.isDynamic(dim) ? -1 : dim))) : writer.shape(shape);
  writer.emit(node, 'Reshape', [x!, dims]);
};

const axisOf = ({ attrs }: Node): Attribute => intAttribute('axis', attrs['axis'] as number);

const zero = (writer: OnnxWriter): string => writer.constant(0, 'float32');
const one = (writer: OnnxWriter): string => writer.constant(1, 'float32');

/** @param kernel [height, width] */
const convolution = (node: Node, kernel: readonly number[]): Attribute[] => [
  ...convolutionAttributes(node),
  intsAttribute('kernel_shape', kernel),
];

const operators: Record<string, Emit> = {
  ...Object.fromEntries(sameName.map((name) => [name, rename(name)])),
  ...Object.fromEntries(Object.entries(renamed).map(([name, opType]) => [name, rename(opType)])),
  Sum: sum,
  Mean: reduction('ReduceMean'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Reshape: reshape,
  ExpandDims: reshape,
  AddN: rename('Sum'),
  ClipByValue: (node, writer, [x]) => {
    const { dtype } = writer.typeOf(node.inputs[0]!);
    const bound = (key: string): string => writer.constant(node.attrs[key] as number, dtype);
    writer.emit(node, 'Clip', [x!, bound('clipValueMin'), bound('clipValueMax')]);
  },
  Cast: (node, writer, inputs) =>
    writer.emit(node, 'Cast', inputs, [intAttribute('to', onnxType[writer.typeOf(node.outputs[0]!).dtype])]),
  Concat: (node, writer, inputs) => writer.emit(node, 'Concat', inputs, [axisOf(node)]),
  Cumsum: (node, writer, [x]) => {
    const { axis, exclusive, reverse } = node.attrs;
    writer.emit(
      node,
      'CumSum',
      [x!, writer.int64([axis as number], [])],
      [intAttribute('exclusive', Number(exclusive)), intAttribute('reverse', Number(reverse))],
    );
  },
  Elu: (node, writer, inputs) => writer.emit(node, 'Elu', inputs, [floatAttribute('alpha', 1)]),
  EluGrad: (node, writer, [dy, y]) => {
    const slope = writer.add('Add', [writer.add('Min', [y!, zero(writer)]), one(writer)]);
    writer.emit(node, 'Mul', [dy!, slope]);
  },
  FloorDiv: (node, writer, inputs) => {
    if (writer.typeOf(node.inputs[0]!).dtype !== 'float32')
      throw new UserError('Integer floorDiv cannot be written as ONNX. Cast to float32 first.');
    writer.emit(node, 'Floor', [writer.add('Div', inputs)]);
  },
  IsFinite: (node, writer, [x]) => {
    const bad = writer.add('Or', [writer.add('IsNaN', [x!]), writer.add('IsInf', [x!])]);
    writer.emit(node, 'Not', [bad]);
  },
  LeakyRelu: (node, writer, inputs) =>
    writer.emit(node, 'LeakyRelu', inputs, [floatAttribute('alpha', node.attrs['alpha'] as number)]),
  // ONNX has no log1p. log(1 + x) loses relative precision only where the result is below 1e-7.
  Log1p: (node, writer, [x]) => writer.emit(node, 'Log', [writer.add('Add', [x!, one(writer)])]),
  // As a product it is faster than as a choice between two.
  ReluGrad: (node, writer, [dy, x]) => {
    const positive = writer.add('Greater', [x!, zero(writer)]);
    const gate = writer.add('Cast', [positive], [intAttribute('to', onnxType.float32)]);
    writer.emit(node, 'Mul', [gate, dy!]);
  },
  Rsqrt: (node, writer, [x]) => writer.emit(node, 'Reciprocal', [writer.add('Sqrt', [x!])]),
  Square: (node, writer, [x]) => writer.emit(node, 'Mul', [x!, x!]),
  Step: (node, writer, [x]) => {
    const alpha = (node.attrs['alpha'] as number | undefined) ?? 0;
    const positive = writer.add('Greater', [x!, zero(writer)]);
    writer.emit(node, 'Where', [positive, one(writer), writer.constant(alpha, 'float32')]);
  },
  Fill: (node, writer) => {
    const { shape, dtype } = writer.typeOf(node.outputs[0]!);
    const value = node.attrs['value'] as number;
    const data = tensorProto('', emptyData(dtype, 1).fill(value), [1], dtype);
    writer.emit(node, 'ConstantOfShape', [writer.shape(shape)], [tensorAttribute('value', data)]);
  },
  ZerosLike: (node, writer, inputs) => operators['Fill']!({ ...node, attrs: { value: 0 } }, writer, inputs),
  OnesLike: (node, writer, inputs) => operators['Fill']!({ ...node, attrs: { value: 1 } }, writer, inputs),
  BroadcastTo: (node, writer, [x]) =>
    writer.emit(node, 'Expand', [x!, writer.shape(writer.typeOf(node.outputs[0]!).shape)]),
  Tile: (node, writer, [x]) => writer.emit(node, 'Tile', [x!, writer.shape(node.attrs['reps'] as number[])]),
  Transpose: (node, writer, inputs) =>
    writer.emit(node, 'Transpose', inputs, [intsAttribute('perm', node.attrs['perm'] as number[])]),
  GatherV2: (node, writer, inputs) => writer.emit(node, 'Gather', inputs, [axisOf(node)]),
  UnsortedSegmentSum: (node, writer, [x, ids]) => {
    const { shape, dtype } = writer.typeOf(node.outputs[0]!);
    const wide = writer.add('Cast', [ids!], [intAttribute('to', int64Type)]);
    // One index for each slice that is added, in an axis of its own.
    const places = writer.add('Unsqueeze', [wide, writer.int64([-1])]);
    const zeros = writer.add('Expand', [writer.constant(0, dtype), writer.shape(shape)]);
    writer.emit(node, 'ScatterND', [zeros, places, x!], [stringAttribute('reduction', 'add')]);
  },
  PadV2: (node, writer, [x]) => {
    const paddings = node.attrs['paddings'] as [number, number][];
    const pads = writer.int64([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
    const { dtype } = writer.typeOf(node.inputs[0]!);
    writer.emit(node, 'Pad', [x!, pads, writer.constant(node.attrs['constantValue'] as number, dtype)]);
  },
  SplitV: (node, writer, [x]) => {
    const sizes = writer.int64(node.attrs['sizes'] as number[]);
    writer.emit(node, 'Split', [x!, sizes], [axisOf(node)]);
  },
  Slice: (node, writer, [x]) => {
    const { begin, size } = node.attrs as { begin: number[]; size: number[] };
    const source = writer.typeOf(node.inputs[0]!).shape;
    const cut = [...begin.keys()].filter((axis) => size[axis] !== source[axis]);
    const isOpen = cut.some((axis) => writer.isDynamic(source[axis]!));
    const stops = cut.map((axis) => begin[axis]! + size[axis]!);
    const ends = isOpen ? writer.shape(stops) : writer.int64(stops);
    writer.emit(node, 'Slice', [x!, writer.int64(cut.map((axis) => begin[axis]!)), ends, writer.int64(cut)]);
  },
  Pack: (node, writer, inputs) => {
    const axes = writer.int64([node.attrs['axis'] as number]);
    const parts = inputs.map((input) => writer.add('Unsqueeze', [input, axes]));
    writer.emit(node, 'Concat', parts, [axisOf(node)]);
  },
  Unpack: (node, writer, [x]) =>
    node.outputs.forEach((output, i) =>
      writer.emit({ ...node, outputs: [output] }, 'Gather', [x!, writer.int64([i], [])], [axisOf(node)]),
    ),
  BatchMatMul: (node, writer, inputs) => {
    const { transposeA, transposeB } = node.attrs;
    const turned = (at: number, turn: boolean): string => {
      if (!turn) return inputs[at]!;
      const rank = writer.typeOf(node.inputs[at]!).shape.length;
      const perm = [...Array(rank).keys()];
      perm.push(...perm.splice(-2).reverse());
      return writer.add('Transpose', [inputs[at]!], [intsAttribute('perm', perm)]);
    };
    writer.emit(node, 'MatMul', [turned(0, transposeA as boolean), turned(1, transposeB as boolean)]);
  },
  Conv2D: (node, writer, inputs) =>
    writer.emit(node, 'Conv', inputs, convolution(node, writer.typeOf(node.inputs[1]!).shape.slice(2))),
  [channelNorm]: (node, writer, inputs) => {
    const { shape } = writer.typeOf(node.inputs[1]!);
    const statistics = [writer.constant(0, 'float32', shape), writer.constant(1, 'float32', shape)];
    writer.emit(node, 'BatchNormalization', [...inputs, ...statistics], [floatAttribute('epsilon', 0)]);
  },
  [selectPhase]: (node, writer, [x]) => {
    const { row, column } = node.attrs as { row: number; column: number };
    const channels = writer.typeOf(node.outputs[0]!).shape[1]!;
    const [height, width] = [1 + row, 1 + column];
    // A filter for each channel that takes its last element: this keeps ONNX Runtime's blocked layout, slicing does not.
    const filter = Float32Array.from({ length: channels * height * width }, (_, i) =>
      Number((i + 1) % (height * width) === 0),
    );
    writer.emit(
      node,
      'Conv',
      [x!, writer.tensor('phase', filter, [channels, 1, height, width])],
      [
        intAttribute('group', channels),
        intsAttribute('strides', [2, 2]),
        intsAttribute('pads', [0, 0, 0, 0]),
        intsAttribute('kernel_shape', [height, width]),
      ],
    );
  },
  [joinPhases]: (node, writer, [even, odd]) => {
    const both = writer.add('Concat', [even!, even!, odd!, odd!], [intAttribute('axis', 1)]);
    writer.emit(node, 'DepthToSpace', [both], [intAttribute('blocksize', 2), stringAttribute('mode', 'DCR')]);
  },
  Conv2DBackpropInput: (node, writer, inputs) => {
    const { strides, dilations, pad } = convolutionAttrs(node);
    const kernel = writer.typeOf(node.inputs[1]!).shape.slice(2);
    const inputSides = writer.typeOf(node.inputs[0]!).shape.slice(2);
    const outputSides = writer.typeOf(node.outputs[0]!).shape.slice(2);
    // A stride skips rows at the end that the size of its output does not tell of.
    const rest = outputSides.map((length, i) => {
      const reached = (inputSides[i]! - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1;
      return length - reached + pad[2 * i]! + pad[2 * i + 1]!;
    });
    const attributes = [...convolution(node, kernel), intsAttribute('output_padding', rest)];
    writer.emit(node, 'ConvTranspose', inputs, attributes);
  },
  Conv2DBackpropFilter: filterGradient,
  FusedAdam: adam,
};

export function emitOnnx(node: Node, writer: OnnxWriter): void {
  writer.enter(node);
  const blocked = blockedOperators[node.op];
  if (blocked) {
    blocked(node, writer);
    return;
  }
  const emit = operatorOf(operators, node, 'written as ONNX');
  if (isWhole(node, writer)) {
    const whole = node.inputs.map((id) => (writer.isWhole(id) ? writer.wholeName(id) : writer.nameOf(id)));
    writer.inWhole(() => emit(node, writer, whole));
    return;
  }
  const names = node.inputs.map((id) => writer.nameOf(id));
  emit(node, writer, names);
}

/** Whether values in blocks can be worked on as they come, without being seen with five axes. */
function isWhole({ op, inputs, outputs }: Node, writer: OnnxWriter): boolean {
  const { shape } = writer.typeOf(outputs[0]!);
  return (
    elementwiseNames.has(op) &&
    inputs.some((id) => writer.isWhole(id)) &&
    inputs.every((id) => {
      const inputShape = writer.typeOf(id).shape;
      return inputShape.length === 0 || (writer.isWhole(id) && sameShape(inputShape, shape));
    })
  );
}

/** Adam's step out of elementary operators; the formula is the one in `composedAdam`. */
function adam(node: Node, writer: OnnxWriter, inputs: string[]): void {
  const [param, m, v, gradient, learningRate, beta1Power, beta2Power] = inputs as [
    string, string, string, string, string, string, string,
  ]; // prettier-ignore
  const { beta1, beta2, epsilon } = node.attrs as { beta1: number; beta2: number; epsilon: number };
  const constant = (value: number): string => writer.constant(value, 'float32');
  const one = constant(1);
  const rate = writer.add('Div', [
    writer.add('Mul', [learningRate, writer.add('Sqrt', [writer.add('Sub', [one, beta2Power])])]),
    writer.add('Sub', [one, beta1Power]),
  ]);
  const result = (i: number, opType: string, operands: string[]): string => {
    const id = node.outputs[i]!;
    writer.emit({ ...node, outputs: [id] }, opType, operands);
    return writer.nameOf(id);
  };
  const towards = (i: number, moment: string, value: string, share: number): string =>
    result(i, 'Add', [moment, writer.add('Mul', [writer.add('Sub', [value, moment]), constant(share)])]);
  const nextM = towards(1, m, gradient, 1 - beta1);
  const nextV = towards(2, v, writer.add('Mul', [gradient, gradient]), 1 - beta2);
  const size = writer.add('Add', [writer.add('Sqrt', [nextV]), constant(epsilon)]);
  const step = writer.add('Div', [writer.add('Mul', [nextM, rate]), size]);
  result(0, 'Sub', [param, step]);
}
