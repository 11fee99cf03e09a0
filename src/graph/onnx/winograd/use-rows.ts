import type { ConstantData, Graph, Node, Value } from '../../ir';
import { arithmeticNames } from '../../kernels/elementwise';
import { producersOf } from '../../links';
import { countUses } from '../../passes/count-uses';
import { removeDeadCode } from '../../passes/dead-code';
import { pass } from '../../passes/pass';
import { sameShape, sizeOf } from '../../shape';
import { constantFilterInBlocks } from '../blocked/filters';
import { blockedConv, transformRows } from '../blocked/ops';
import { biasProducts, filterProducts, products, resultMatrix, tile, valueMatrix } from './minimal-filtering';
import { RowsGraph } from './rows-graph';

/**
 * What a convolution has to have for its two transforms to pay. Beside ONNX Runtime's own, eight images on a core, one of 128
 * channels and 16×16 pixels takes 0.61 of the time, 64 and 32×32 0.70, 128 and 8×8 0.68, 32 and 32×32 0.86.
 */
const leastChannels = 64;
const leastRows = 2 * tile;

/**
 * Convolutions 3×3 with constant filters take half of their multiplications: the rows of images in tiles of four by minimal
 * filtering, the columns as they are. What lies between them stays in blocks of channels, row by row, where both transforms
 * are products with one matrix for all channels and columns.
 * @param block channels in a block
 */
export const convolveTiles = (block: number): ((graph: Graph) => Graph) =>
  pass('tiles of rows', (graph) => {
    const tiled = new Set(graph.nodes.filter((node) => isTiled(node, graph, block)));
    if (tiled.size === 0) return graph;
    const result = new RowsGraph(graph, block);
    const context: Context = {
      graph,
      result,
      tiled,
      uses: countUses(graph),
      producers: producersOf(graph),
      wanted: wantedInRows(graph, tiled, block),
    };
    for (const node of graph.nodes) {
      result.scope = node.scope;
      if (
        !convolution(node, context) &&
        !addition(node, context) &&
        !scaled(node, context) &&
        !between(node, context)
      )
        result.keep(node);
    }
    return removeDeadCode(result.finish());
  });

interface Context {
  /** As it was. */
  graph: Graph;
  result: RowsGraph;
  tiled: ReadonlySet<Node>;
  uses: ReadonlyMap<number, number>;
  producers: ReadonlyMap<number, Node>;
  /** Values that a tiled convolution is made of, place by place. */
  wanted: ReadonlySet<number>;
}

function isTiled(node: Node, graph: Graph, block: number): boolean {
  if (!isFixed(node, graph, block)) return false;
  const [height, width, inputs, outputs] = graph.values.get(node.inputs[1]!)!.shape;
  const [, rows] = graph.values.get(node.outputs[0]!)!.shape;
  const { strides, dilations, pad } = node.attrs as { strides: number[]; dilations: number[]; pad: number[] };
  return (
    height === 3 &&
    width === 3 &&
    rows! % tile === 0 &&
    rows! >= leastRows &&
    inputs! >= leastChannels &&
    outputs! >= leastChannels &&
    [...strides, ...dilations, ...pad].every((step) => step === 1)
  );
}

/** A convolution between whole blocks whose filter and bias are constants. */
function isFixed(
  { op, inputs: [x, ...rest], outputs }: Node,
  { values, constants }: Graph,
  block: number,
): boolean {
  return (
    op === 'Conv2D' &&
    rest.every((id) => constants.has(id)) &&
    [x!, outputs[0]!].every(
      (id) => values.get(id)!.dtype === 'float32' && values.get(id)!.shape[3]! % block === 0,
    )
  );
}

function isPointwise(node: Node, { values }: Graph): boolean {
  const [height, width] = values.get(node.inputs[1]!)!.shape;
  const { strides, pad } = node.attrs as { strides: number[]; pad: number[] };
  return (
    height === 1 && width === 1 && strides.every((step) => step === 1) && pad.every((rows) => rows === 0)
  );
}

function wantedInRows(graph: Graph, tiled: ReadonlySet<Node>, block: number): Set<number> {
  const wanted = new Set<number>();
  for (const node of graph.nodes.toReversed()) {
    if (tiled.has(node)) wanted.add(node.inputs[0]!);
    const [output] = node.outputs as [number];
    if (!wanted.has(output) || !isBetween(node, graph, block)) continue;
    const { shape } = graph.values.get(output)!;
    for (const id of node.inputs) if (sameShape(graph.values.get(id)!.shape, shape)) wanted.add(id);
  }
  return wanted;
}

/** Whether a node works place by place on images in whole blocks and numbers for each channel. */
function isBetween({ op, inputs, outputs }: Node, { values }: Graph, block: number): boolean {
  const { shape, dtype } = values.get(outputs[0]!)!;
  if (!arithmeticNames.has(op) || dtype !== 'float32' || shape.length !== 4 || shape[3]! % block !== 0)
    return false;
  return inputs.every((id) => {
    const own = values.get(id)!;
    return sameShape(own.shape, shape) || (own.dtype === 'float32' && isVector(own, shape[3]!));
  });
}

const isVector = ({ shape }: Value, channels: number): boolean =>
  sizeOf(shape) === 1 || (sizeOf(shape) === channels && shape.at(-1) === channels);

function convolution(node: Node, context: Context): boolean {
  const { graph, result, tiled } = context;
  const { block } = result;
  const [x, filterId, biasId] = node.inputs as [number, number, number?];
  const [output] = node.outputs as [number];
  const isTile = tiled.has(node);
  if (!isTile && !(isFixed(node, graph, block) && isPointwise(node, graph) && result.isBlocked(x)))
    return false;
  const filter = graph.constants.get(filterId)!;
  const bias = biasId === undefined ? undefined : graph.constants.get(biasId)!;
  const image = result.asBlocked(x);
  const { scope } = node;
  result.setWaiting(output, {
    write(sum) {
      const fixed = { filter, bias, shape: graph.values.get(output)!.shape };
      return result.within(scope, () => {
        if (!isTile) return pointwise(image, fixed, result, sum);
        const value = tiledConvolution(image, fixed, result);
        return sum === undefined ? value : result.add('Add', [value, sum], result.typeOf(value));
      });
    },
  });
  return true;
}

interface Fixed {
  filter: ConstantData;
  bias: ConstantData | undefined;
  /** Of the result, [N, H, W, K]. */
  shape: readonly number[];
}

const plainConvolution = { strides: [1, 1], dilations: [1, 1] };

function pointwise(x: number, { filter, bias, shape }: Fixed, result: RowsGraph, sum?: number): number {
  const channels = filter.length / shape[3]!;
  const inputs = [
    x,
    blocksOf([filter], { taps: 1, channels, outputs: shape[3]! }, result),
    ...(bias ? [result.recorder.addConstant(bias, [bias.length], 'float32')] : []),
    ...(sum === undefined ? [] : [sum]),
  ];
  const attrs = { ...plainConvolution, pad: [0, 0, 0, 0], kernel: [1, 1], channels };
  const type = { shape: result.blockedShape(shape), dtype: 'float32' } as const;
  return result.add(blockedConv, inputs, type, {
    ...attrs,
    bias: bias !== undefined,
    sum: sum !== undefined,
  });
}

function tiledConvolution(x: number, { filter, bias, shape }: Fixed, result: RowsGraph): number {
  const { block } = result;
  const [images, height, width, outputs] = shape as [number, number, number, number];
  const channels = filter.length / (9 * outputs);
  const tiles = height / tile;
  const inProducts = (depth: number): { shape: number[]; dtype: 'float32' } => ({
    shape: [tiles, (products * depth) / block, images, width, block],
    dtype: 'float32',
  });
  const matrix = (data: Float32Array, columns: number): number =>
    result.constant(data, { shape: [data.length / columns, columns], dtype: 'float32' });

  const values = result.add(transformRows, [x, matrix(valueMatrix(height), height)], inProducts(channels), {
    groups: 1,
  });
  const filters = blocksOf(filterProducts(filter), { taps: 3, channels, outputs }, result);
  const attrs = { ...plainConvolution, pad: [0, 0, 1, 1], kernel: [1, 3], channels, group: products };
  const added = bias
    ? [result.recorder.addConstant(biasProducts(bias), [products * outputs], 'float32')]
    : [];
  const multiplied = result.add(blockedConv, [values, filters, ...added], inProducts(outputs), {
    ...attrs,
    bias: bias !== undefined,
    sum: false,
  });
  const type = { shape: result.blockedShape(shape), dtype: 'float32' } as const;
  return result.add(transformRows, [multiplied, matrix(resultMatrix(), products)], type, { groups: tiles });
}

function blocksOf(
  groups: readonly ConstantData[],
  size: { taps: number; channels: number; outputs: number },
  { block, recorder }: RowsGraph,
): number {
  const data = constantFilterInBlocks(groups, { ...size, block });
  return recorder.addConstant(data, [groups.length * size.outputs, size.channels, 1, size.taps], 'float32');
}

/** A sum with the result of a convolution that is used nowhere else, which may add it itself. */
function addition(node: Node, { graph, result, uses }: Context): boolean {
  const [output] = node.outputs as [number];
  if (node.op !== 'Add') return false;
  const { shape } = graph.values.get(output)!;
  const [a, b] = node.inputs as [number, number];
  if (a === b || ![a, b].every((id) => sameShape(graph.values.get(id)!.shape, shape) && result.isBlocked(id)))
    return false;
  for (const [made, other] of [
    [b, a],
    [a, b],
  ] as const) {
    if (uses.get(made) !== 1) continue;
    const waiting = result.takeWaiting(made);
    if (!waiting) continue;
    result.setBlocked(output, waiting.write(result.asBlocked(other)));
    return true;
  }
  return false;
}

/** The positive part of x · scale + shift, with numbers for each channel: one step instead of three. */
function scaled(node: Node, { graph, result, uses, producers, wanted }: Context): boolean {
  const [output] = node.outputs as [number];
  if (node.op !== 'Relu') return false;
  const { shape } = graph.values.get(output)!;
  const channels = shape.at(-1)!;
  const step = (id: number, op: string): { x: number; vector: ConstantData } | undefined => {
    const before = uses.get(id) === 1 ? producers.get(id) : undefined;
    if (before?.op !== op) return undefined;
    for (const [x, constant] of [before.inputs, before.inputs.toReversed()] as [number, number][]) {
      const vector = graph.constants.get(constant);
      if (
        vector &&
        isVector(graph.values.get(constant)!, channels) &&
        sameShape(graph.values.get(x)!.shape, shape)
      )
        return { x, vector };
    }
    return undefined;
  };
  const shift = step(node.inputs[0]!, 'Add');
  const scale = step(shift?.x ?? node.inputs[0]!, 'Multiply');
  const x = scale?.x ?? shift?.x;
  if (x === undefined || !(wanted.has(output) || result.isBlocked(x))) return false;
  const constant = (vector: ConstantData | undefined, missing: number): number => {
    const data = Float32Array.from(
      { length: channels },
      (_, i) => vector?.[vector.length === 1 ? 0 : i] ?? missing,
    );
    return result.recorder.addConstant(data, [channels], 'float32');
  };
  const value = result.scale(
    result.asBlocked(x),
    constant(scale?.vector, 1),
    constant(shift?.vector, 0),
    [],
    {
      relu: true,
    },
  );
  result.setBlocked(output, value);
  return true;
}

function between(node: Node, { graph, result, wanted }: Context): boolean {
  const [output] = node.outputs as [number];
  const { shape, dtype } = graph.values.get(output)!;
  if (!isBetween(node, graph, result.block)) return false;
  const isImage = (id: number): boolean => sameShape(graph.values.get(id)!.shape, shape);
  if (!wanted.has(output) && !node.inputs.some((id) => isImage(id) && result.isBlocked(id))) return false;
  const operands = node.inputs.map((id) => (isImage(id) ? result.asBlocked(id) : result.channelVector(id)));
  result.setBlocked(
    output,
    result.add(node.op, operands, { shape: result.blockedShape(shape), dtype }, node.attrs),
  );
  return true;
}
