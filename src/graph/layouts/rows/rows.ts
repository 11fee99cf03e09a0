import {
  isPointwise,
  type ConstantData,
  type Graph,
  type Node,
  producersOf,
  type TensorType,
  isPerChannel,
  sameShape,
} from '../../ir';
import { arithmeticNames } from '../../kernels/elementwise';
import { removeDeadCode, pass, type Pass } from '../../passes/pass';
import { BlockedGraph } from '../blocked/builder';
import { each, type Rule, type Rules } from '../relayout';
import { fillsTiles, imageOperands, stepsByOne } from '../tileable';
import { constantFilterInBlocks } from '../blocked/filters';
import { transformRows } from '../blocked/ops';
import {
  biasProducts,
  filterProducts,
  products,
  resultMatrix,
  tile,
  valueMatrix,
} from '../minimal-filtering';

/**
 * Convolutions 3×3 with constant filters take half of their multiplications: the rows of images in tiles of four by minimal
 * filtering, the columns as they are. What lies between them stays in blocks of channels, row by row, where both transforms
 * are products with one matrix for all channels and columns.
 * @param block channels in a block
 */
export const convolveTiles = (block: number): Pass =>
  pass('tiles of rows', (graph) => removeDeadCode(new Rows(graph, block).run(rules)));

/** Rows in the place of images and back. */
const perm = [2, 1, 0, 3, 4];

/**
 * Blocks of channels row by row, [H, C/b, N, W, b], as if the rows of the same height of all images were an image. All numbers
 * of a row lie together, so that one matrix can combine rows, and a convolution along them uses its filter for many.
 */
class Rows extends BlockedGraph {
  private readonly producers: ReadonlyMap<number, Node>;

  constructor(graph: Graph, block: number) {
    super(graph, block);
    this.producers = producersOf(graph);
  }

  override shapeOf(image: readonly number[]): number[] {
    const blocked = super.shapeOf(image);
    return perm.map((axis) => blocked[axis]!);
  }

  protected override enter(old: number): number {
    return this.transpose(super.enter(old), perm);
  }

  protected override leave(value: number, type: TensorType): number {
    return super.leave(this.transpose(value, perm), type);
  }

  /** Which inputs are images in whole blocks, of a node that works place by place on these and numbers for each channel. */
  imagesOf(node: Node): number[] | undefined {
    const { shape, dtype } = this.typeOf(node.outputs[0]!);
    return dtype === 'float32' && shape.at(-1)! % this.block === 0
      ? imageOperands(node, this.graph)
      : undefined;
  }

  convolution(node: Node): Rule | undefined {
    if (!isFixed(node, this.graph, this.block)) return undefined;
    const [x, filter, bias] = node.inputs as [number, number, number?];
    const { shape } = this.typeOf(node.outputs[0]!);
    const fixed = {
      filter: this.graph.constants.get(filter)!,
      bias: bias === undefined ? undefined : this.graph.constants.get(bias)!,
      shape,
    };
    const isTile = liesInRows(node, this.graph, this.block) && stepsByOne(node, this.typeOf(filter).shape);
    if (!isTile && !isPointwise(node, this.typeOf(filter).shape)) return undefined;
    const write = (): void => {
      const image = this.asRelaid(x);
      this.wait(node.outputs[0]!, false, ({ sum }) => {
        if (!isTile) return pointwise(image, fixed, this, sum);
        const value = tiledConvolution(image, fixed, this);
        return sum === undefined ? value : this.add('Add', [value, sum], this.typeOf(value));
      });
    };
    return { images: [0], starts: isTile, pulls: isTile, write };
  }

  /** The positive part of x · scale + shift, with numbers for each channel: one step instead of three. */
  rectify({ inputs, outputs }: Node): boolean {
    const { shape } = this.typeOf(outputs[0]!);
    const channels = shape.at(-1)!;
    const shift = this.withVector('Add', inputs[0]!, shape);
    const scale = this.withVector('Multiply', shift?.x ?? inputs[0]!, shape);
    const x = scale?.x ?? shift?.x;
    if (x === undefined) return false;
    const constant = (vector: ConstantData | undefined, missing: number): number => {
      const at = (i: number): number => vector?.[vector.length === 1 ? 0 : i] ?? missing;
      const data = Float32Array.from({ length: channels }, (_, i) => at(i));
      return this.recorder.addConstant(data, [channels], 'float32');
    };
    const image = this.asRelaid(x);
    const [factor, summand] = [constant(scale?.vector, 1), constant(shift?.vector, 0)];
    this.setRelaid(outputs[0]!, this.scale(image, factor, summand, [], { relu: true }));
    return true;
  }

  /** An image and a constant vector that a value, which nothing else takes, is made of. */
  private withVector(op: string, id: number, shape: readonly number[]) {
    const made = this.uses.get(id) === 1 ? this.producers.get(id) : undefined;
    if (made?.op !== op) return undefined;
    for (const [x, constant] of [made.inputs, made.inputs.toReversed()] as [number, number][]) {
      const vector = this.graph.constants.get(constant);
      if (
        vector &&
        isPerChannel(this.typeOf(constant).shape, shape.at(-1)!) &&
        sameShape(this.typeOf(x).shape, shape)
      )
        return { x, vector };
    }
    return undefined;
  }
}

const between =
  (write?: (node: Node, graph: Rows) => boolean) =>
  (node: Node, graph: Rows): Rule | undefined => {
    const images = graph.imagesOf(node);
    return images && { images, pulls: true, ...(write ? { write: () => write(node, graph) } : {}) };
  };

const rules: Rules<Rows> = {
  ...each(arithmeticNames, between()),
  Add: between(({ inputs, outputs }, graph) => graph.addToConvolution(outputs[0]!, inputs.toReversed())),
  Relu: between((node, graph) => graph.rectify(node)),
  Conv2D: (node, graph) => graph.convolution(node),
};

/**
 * What a convolution has to have for its two transforms to pay. Beside ONNX Runtime's own, eight images on a core, one of 128
 * channels and 16×16 pixels takes 0.61 of the time, 64 and 32×32 0.70, 128 and 8×8 0.68, 32 and 32×32 0.86.
 */
const leastChannels = 64;

/** Whether a convolution is of a size that tiles pay for, so that it comes between such that go in tiles. */
export function liesInRows(node: Node, graph: Graph, block: number): boolean {
  if (!isFixed(node, graph, block)) return false;
  const [images, filter] = [node.outputs[0]!, node.inputs[1]!].map((id) => graph.values.get(id)!.shape);
  return fillsTiles(images!, filter!, leastChannels);
}

/** A convolution between whole blocks whose filter and bias are constants. */
function isFixed({ op, inputs: [x, ...rest], outputs }: Node, { values, constants }: Graph, block: number) {
  const suits = (id: number): boolean =>
    values.get(id)!.dtype === 'float32' && values.get(id)!.shape[3]! % block === 0;
  return op === 'Conv2D' && rest.every((id) => constants.has(id)) && suits(x!) && suits(outputs[0]!);
}

interface Fixed {
  filter: ConstantData;
  bias: ConstantData | undefined;
  /** Shape of the result, [N, H, W, K]. */
  shape: readonly number[];
}

const plainConvolution = { strides: [1, 1], dilations: [1, 1] };

/** 1×1, [+ sum]. */
function pointwise(x: number, { filter, bias, shape }: Fixed, graph: BlockedGraph, sum?: number): number {
  const [, , , outputs] = shape as [number, number, number, number];
  const channels = filter.length / outputs;
  const filters = blocksOf([filter], { taps: 1, channels, outputs }, graph);
  const attrs = { ...plainConvolution, pad: [0, 0, 0, 0], kernel: [1, 1], channels };
  const type = graph.relaidType({ shape, dtype: 'float32' });
  return graph.convolve([x, filters], type, attrs, { bias: bias && vector(bias, graph), sum });
}

/** 3×3, padded by one. */
function tiledConvolution(x: number, { filter, bias, shape }: Fixed, graph: BlockedGraph): number {
  const [images, height, width, outputs] = shape as [number, number, number, number];
  const channels = filter.length / (9 * outputs);
  const tiles = height / tile;
  const inProducts = (depth: number): TensorType => ({
    shape: [tiles, (products * depth) / graph.block, images, width, graph.block],
    dtype: 'float32',
  });
  const transform = (
    value: number,
    matrix: Float32Array,
    columns: number,
    groups: number,
    type: TensorType,
  ): number =>
    graph.add(
      transformRows,
      [value, graph.constant(matrix, { shape: [matrix.length / columns, columns], dtype: 'float32' })],
      type,
      { groups },
    );
  const inputProducts = transform(x, valueMatrix(height, 'tile by tile'), height, 1, inProducts(channels));
  const filters = blocksOf(filterProducts(filter), { taps: 3, channels, outputs }, graph);
  const attrs = { ...plainConvolution, pad: [0, 0, 1, 1], kernel: [1, 3], channels, group: products };
  const multiplied = graph.convolve([inputProducts, filters], inProducts(outputs), attrs, {
    bias: bias && vector(biasProducts(bias), graph),
  });
  const type = graph.relaidType({ shape, dtype: 'float32' });
  return transform(multiplied, resultMatrix(), products, tiles, type);
}

const vector = (data: ConstantData, { recorder }: BlockedGraph): number =>
  recorder.addConstant(data, [data.length], 'float32');

function blocksOf(
  groups: readonly ConstantData[],
  size: { taps: number; channels: number; outputs: number },
  { block, recorder }: BlockedGraph,
): number {
  const data = constantFilterInBlocks(groups, { ...size, block });
  return recorder.addConstant(data, [groups.length * size.outputs, size.channels, 1, size.taps], 'float32');
}
