import { batchNormTraining, batchNormTrainingGrad } from '../../flow/nets/batch-norm-training';
import { isPointwise } from '../convolution';
import type { Graph, Node } from '../ir';
import { elementwiseNames } from '../kernels/elementwise';
import { renewedActivation } from '../kernels/normalization';
import { mergeCommonSubexpressions } from '../passes/common-subexpressions';
import { removeDeadCode } from '../passes/dead-code';
import { pass, type Pass } from '../passes/pass';
import { ExchangedGraph, exchanged } from './exchanged-graph';
import { fillsTiles, imageOperands, stepsByOne } from './tileable';
import { convolve, gradientOfFilter, gradientOfInput } from './tiled-convolutions';

/**
 * Convolutions 3×3 whose filters are parameters, and their gradients, take half of their multiplications: the rows of images in
 * tiles of four by minimal filtering. What lies between them, and does not care, has the rows of images first, so that a
 * transform is one product of matrices.
 * @param leastChannels in and out from which on a convolution is worth its transforms
 */
export const tileTraining = ({ leastChannels }: { leastChannels: number }): Pass =>
  pass('tiles of rows', (graph) => {
    if (graph.dynamicBatch !== undefined) return graph;
    const tiled = new Set(graph.nodes.filter((node) => isTiled(node, graph, leastChannels)));
    if (tiled.size === 0) return graph;
    const wanted = wantedRowsFirst(graph, tiled);
    const result = new ExchangedGraph(graph);
    for (const node of graph.nodes) {
      result.scope = node.scope;
      if (tiled.has(node)) writeTiled(node, result);
      else if (!writeExchanged(node, graph, result, wanted)) result.keep(node);
    }
    // Transforms of the same value are one: a gradient is transformed for the input and the filter.
    return removeDeadCode(mergeCommonSubexpressions(result.finish()));
  });

const convolutions = ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'];

function filterShape({ op, inputs, outputs }: Node, { values }: Graph): readonly number[] {
  return values.get(op === 'Conv2DBackpropFilter' ? outputs[0]! : inputs[1]!)!.shape;
}

function isTiled(node: Node, graph: Graph, leastChannels: number): boolean {
  if (!convolutions.includes(node.op) || node.inputs.length !== 2) return false;
  const filter = filterShape(node, graph);
  const { shape } = graph.values.get(node.inputs[0]!)!;
  return stepsByOne(node, filter) && fillsTiles(shape, filter, leastChannels);
}

function writeTiled({ op, inputs, outputs }: Node, result: ExchangedGraph): void {
  const [a, b] = inputs as [number, number];
  const first = result.asRowsFirst(a);
  if (op === 'Conv2D') result.setRowsFirst(outputs[0]!, convolve(result, first, result.asPlain(b)));
  else if (op === 'Conv2DBackpropInput')
    result.setRowsFirst(outputs[0]!, gradientOfInput(result, first, result.asPlain(b)));
  else result.setPlain(outputs[0]!, gradientOfFilter(result, first, result.asRowsFirst(b)));
}

/** The values that tiled convolutions are of, back to where the order of rows and images matters. */
function wantedRowsFirst(graph: Graph, tiled: ReadonlySet<Node>): Set<number> {
  const wanted = new Set<number>();
  for (const node of graph.nodes.toReversed()) {
    const images = imagesOf(node, graph);
    if (tiled.has(node)) {
      wanted.add(node.inputs[0]!);
      if (node.op === 'Conv2DBackpropFilter') wanted.add(node.inputs[1]!);
    } else if (images && wanted.has(node.outputs[0]!)) for (const i of images) wanted.add(node.inputs[i]!);
  }
  return wanted;
}

/** Which inputs of a node are images whose rows may come first, with its result's then; undefined where the order matters. */
function imagesOf(node: Node, graph: Graph): number[] | undefined {
  const { op, inputs, attrs } = node;
  if (!inputs.some((id) => graph.values.get(id)!.shape.length === 4)) return undefined;
  if (op === batchNormTraining || op === renewedActivation) return [0];
  if (op === batchNormTrainingGrad) return [0, 1];
  if (op === 'Sum') return String(attrs['axis']) === '0,1,2' && !attrs['keepDims'] ? [0] : undefined;
  if (convolutions.includes(op)) {
    if (!isPointwise(node, filterShape(node, graph))) return undefined;
    return op === 'Conv2DBackpropFilter' ? [0, 1] : [0];
  }
  return elementwiseNames.has(op) ? imageOperands(node, graph) : undefined;
}

function writeExchanged(
  node: Node,
  graph: Graph,
  result: ExchangedGraph,
  wanted: ReadonlySet<number>,
): boolean {
  const { op, inputs, outputs, attrs, scope } = node;
  const images = imagesOf(node, graph);
  if (!images || images.length === 0) return false;
  if (!wanted.has(outputs[0]!) && !images.some((i) => result.isRowsFirst(inputs[i]!))) return false;
  const operands = inputs.map((id, i) => {
    if (images.includes(i)) return result.asRowsFirst(id);
    // What is only waited for.
    return op === renewedActivation && i === 5 ? result.asItIs(id) : result.asPlain(id);
  });
  const types = outputs.map((id) => graph.values.get(id)!);
  const isImage = (i: number): boolean =>
    i === 0 && types[0]!.shape.length === 4 && op !== 'Conv2DBackpropFilter';
  const results = result.recorder.addNode(
    op,
    operands,
    attrs,
    types.map(({ shape, dtype }, i) => ({ shape: isImage(i) ? exchanged(shape) : shape, dtype })),
    scope,
  );
  outputs.forEach((id, i) => {
    if (isImage(i)) result.setRowsFirst(id, results[i]!);
    else result.setPlain(id, results[i]!);
  });
  return true;
}
