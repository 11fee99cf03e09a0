import { type Graph, type Node, type Value, convolutionAttrs } from '../ir';
import { elementwiseNames } from '../kernels/elementwise';
import { reductionNames } from '../kernels/reduce';
import { joinPhases, selectPhase } from '../passes/checkerboards';
import { pass } from '../passes/pass';
import { each, Permuted, type Rule, type Rules } from './relayout';

export const toChannelsFirst = [0, 3, 1, 2];
export const toChannelsLast = [0, 2, 3, 1];
/** Where an axis of NHWC is in NCHW. */
const movedAxis = toChannelsLast;

const moved = <T>(items: unknown): T[] => toChannelsFirst.map((axis) => (items as T[])[axis]!);
const movedAxes = (axes: unknown): number[] => (axes as number[]).map((axis) => movedAxis[axis]!);

/**
 * ONNX convolves NCHW, the flow NHWC. From each convolution on, values stay NCHW for as long as their consumers do not
 * care, and are transposed once where one does. Convolutions and their gradients get the attribute `dataFormat: "NCHW"`.
 */
export const useChannelsFirst = pass('channels first', (graph) => new ChannelsFirst(graph).run(rules));

class ChannelsFirst extends Permuted {
  constructor(graph: Graph) {
    super(graph, toChannelsFirst);
  }

  rankOf(id: number): number {
    return this.typeOf(id).shape.length;
  }

  /** Worth it only where the bulk of the input is in NCHW already, and not in NHWC as well. */
  override isRelaid(old: number): boolean {
    return super.isRelaid(old) && !this.isPlain(old);
  }

  /** What has fewer axes is made to broadcast in NCHW. */
  protected override operand({ inputs }: Node, i: number): number {
    const id = inputs[i]!;
    const rank = this.rankOf(id);
    return rank === 0 || rank === 4 ? this.asPlain(id) : this.asRelaid(id);
  }

  protected override enter(old: number): number {
    const { shape } = this.typeOf(old);
    if (shape.length === 4) return super.enter(old);
    const full = [...Array<number>(4 - shape.length).fill(1), ...shape];
    const isVector = full[1] === 1 && full[2] === 1;
    if (isVector) return this.reshape(this.asPlain(old), this.shapeOf(full));
    return this.transpose(this.reshape(this.asPlain(old), full), toChannelsFirst);
  }

  /** [h, w, C, K] → [C, K, h, w], turned by 180 degrees. */
  turnedFilter(filter: number): number {
    const [height, width, channels, filters] = this.typeOf(filter).shape as [number, number, number, number];
    const taps = height * width;
    const result = [channels, filters, height, width];
    if (taps === 1) return this.reshape(filter, result);
    const turned = this.backwards(this.reshape(filter, [taps, channels, filters]));
    return this.reshape(this.transpose(turned, [1, 2, 0]), result);
  }
}

/** The same in NCHW, where it makes images of images. */
const alike =
  (attrsOf?: (attrs: Node['attrs']) => Node['attrs']) =>
  ({ inputs, outputs, attrs }: Node, layout: ChannelsFirst): Rule | undefined => {
    if (!outputs.every((id) => layout.rankOf(id) === 4)) return undefined;
    const images = [...inputs.keys()].filter((i) => layout.rankOf(inputs[i]!) === 4);
    return { images, attrs: attrsOf?.(attrs) ?? attrs };
  };

const alongAxis = alike((attrs) => ({ ...attrs, axis: movedAxis[attrs['axis'] as number]! }));

function reduction({ inputs, attrs }: Node, layout: ChannelsFirst): Rule | undefined {
  if (layout.rankOf(inputs[0]!) !== 4) return undefined;
  const axes = attrs['axis'] as number[];
  const kept = toChannelsFirst.filter((axis) => !axes.includes(axis));
  // Only when the axes that stay keep their order.
  if (!attrs['keepDims'] && kept.some((axis, i) => i > 0 && axis < kept[i - 1]!)) return undefined;
  return { images: [0], attrs: { ...attrs, axis: movedAxes(axes).sort((a, b) => a - b) } };
}

function convolution(node: Node, layout: ChannelsFirst): Rule {
  const [x, filter, ...bias] = node.inputs as [number, number, ...number[]];
  const turned =
    node.op === 'Conv2DBackpropInput' ? asConvolution(node, (id) => layout.typeOf(id)) : undefined;
  return {
    images: [0],
    starts: true,
    write() {
      const plainFilter = layout.asPlain(filter);
      // The input's gradient has the filter where the convolution has it, and the output's gradient in place of x.
      const arranged = turned
        ? layout.turnedFilter(plainFilter)
        : layout.transpose(plainFilter, [3, 2, 0, 1]);
      const [y] = node.outputs as [number];
      const inputs = [layout.asRelaid(x), arranged, ...bias.map((id) => layout.asPlain(id))];
      const attrs = { ...(turned ?? node.attrs), dataFormat: 'NCHW' };
      const type = layout.relaidType(layout.typeOf(y));
      layout.setRelaid(y, layout.add(turned ? 'Conv2D' : node.op, inputs, type, attrs));
    },
  };
}

const phases = ({ inputs }: Node): Rule => ({ images: [...inputs.keys()], starts: true });

const rules: Rules<ChannelsFirst> = {
  ...each(elementwiseNames, alike()),
  ...each(reductionNames, reduction),
  Concat: alongAxis,
  SplitV: alongAxis,
  Slice: alike(({ begin, size }) => ({ begin: moved(begin), size: moved(size) })),
  PadV2: alike((attrs) => ({ ...attrs, paddings: moved(attrs['paddings']) })),
  Tile: alike(({ reps }) => ({ reps: moved(reps) })),
  Conv2D: convolution,
  Conv2DBackpropInput: convolution,
  // The output's gradient stays as it was: it is one side of a product of matrices.
  Conv2DBackpropFilter: ({ attrs }) => ({
    images: [0],
    starts: true,
    attrs: { ...attrs, dataFormat: 'NCHW' },
  }),
  [selectPhase]: phases,
  [joinPhases]: phases,
};

/**
 * The attributes with which the gradient of a convolution's input is a convolution of the output's gradient, with the
 * filter turned by 180 degrees; undefined where it is not one. ConvTranspose, which is always right, is slower.
 */
export function asConvolution(node: Node, typeOf: (id: number) => Value): Node['attrs'] | undefined {
  const { strides, dilations, pad } = convolutionAttrs(node);
  if (strides.some((stride) => stride !== 1)) return undefined;
  const input = typeOf(node.inputs[0]!).shape;
  const filter = typeOf(node.inputs[1]!).shape;
  const output = typeOf(node.outputs[0]!).shape;
  const sides = [0, 1].flatMap((i) => {
    const reach = (filter[i]! - 1) * dilations[i]!;
    const before = reach - pad[2 * i]!;
    return [before, output[i + 1]! + reach - input[i + 1]! - before];
  });
  return sides.every((side) => side >= 0) ? { strides, dilations, pad: sides } : undefined;
}
