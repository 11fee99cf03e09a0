import { isPointwise } from '../../convolution';
import type { ConstantData, Graph, Node } from '../../ir';
import { producersOf } from '../../links';
import { countUses } from '../../passes/count-uses';
import { removeDeadCode } from '../../passes/dead-code';
import { pass, type Pass } from '../../passes/pass';
import { isPerChannel, sameShape } from '../../shape';
import { pointwise, tiledConvolution, type Fixed } from './convolutions';
import { RowsGraph } from './rows-graph';
import { isBetween, isFixed, isTiled } from './suits';

/**
 * Convolutions 3×3 with constant filters take half of their multiplications: the rows of images in tiles of four by minimal
 * filtering, the columns as they are. What lies between them stays in blocks of channels, row by row, where both transforms
 * are products with one matrix for all channels and columns.
 * @param block channels in a block
 */
export const convolveTiles = (block: number): Pass =>
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

function convolution(node: Node, context: Context): boolean {
  const { graph, result, tiled } = context;
  const { block } = result;
  const [x, filterId, biasId] = node.inputs as [number, number, number?];
  const [output] = node.outputs as [number];
  const isTile = tiled.has(node);
  if (
    !isTile &&
    !(
      isFixed(node, graph, block) &&
      isPointwise(node, graph.values.get(filterId)!.shape) &&
      result.isBlocked(x)
    )
  )
    return false;
  const filter = graph.constants.get(filterId)!;
  const bias = biasId === undefined ? undefined : graph.constants.get(biasId)!;
  const image = result.asBlocked(x);
  const { scope } = node;
  result.setWaiting(output, {
    write(sum) {
      const fixed: Fixed = { filter, bias, shape: graph.values.get(output)!.shape };
      return result.within(scope, () => {
        if (!isTile) return pointwise(image, fixed, result, sum);
        const value = tiledConvolution(image, fixed, result);
        return sum === undefined ? value : result.add('Add', [value, sum], result.typeOf(value));
      });
    },
  });
  return true;
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
        isPerChannel(graph.values.get(constant)!.shape, channels) &&
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
