import { batchNormTraining, batchNormTrainingGrad } from '../../../flow/nets/batch-norm-training';
import type { Graph, Node, Value } from '../../ir';
import { producersOf } from '../../links';
import { elementwiseNames } from '../../kernels/elementwise';
import { renewedActivation } from '../../kernels/normalization';
import { countUses } from '../../passes/count-uses';
import { removeDeadCode } from '../../passes/dead-code';
import { pass, type Pass } from '../../passes/pass';
import { rewrite } from '../../rewrite';
import { sameShape, sizeOf } from '../../shape';
import { asConvolution } from '../input-gradient';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { batchNorm, batchNormGradient, renewActivation } from './batch-norm';
import { BlockedGraph, type WaitingSum } from './builder';
import { filterInBlocks } from './filters';
import { blockedConv, fromBlocks, toBlocks } from './ops';

/**
 * Convolutions, and what lies between them, in ONNX Runtime's blocked layout (see `ops.ts`).
 * @param block channels in a block
 */
export const useBlocks = (block: number): Pass =>
  pass('blocked channels', (graph) => {
    const result = new BlockedGraph(graph, block);
    const norms = { joined: normsBeforeRelu(graph), renewed: renewedInputs(graph) };
    const uses = countUses(graph);
    for (const node of graph.nodes) {
      result.scope = node.scope;
      const done =
        convolution(node, result) ||
        addition(node, result, uses) ||
        normalization(node, result, norms) ||
        between(node, result) ||
        channelSum(node, result);
      if (!done) result.keep(node);
    }
    return result.finish();
  });

function suits({ shape, dtype }: Value, block: number): boolean {
  return dtype === 'float32' && shape.length === 4 && shape[3]! % block === 0;
}

function convolution(node: Node, graph: BlockedGraph): boolean {
  const { block } = graph;
  const output = graph.typeOf(node.outputs[0]!);
  if (node.inputs.length !== 2 || !suits(output, block)) return false;
  const turned = node.op === 'Conv2DBackpropInput';
  const attrs = turned ? asConvolution(node, (id) => graph.typeOf(id)) : node.attrs;
  if (!attrs || !(turned || node.op === 'Conv2D')) return false;
  const [x, filter] = node.inputs as [number, number];
  // ONNX Runtime arranges those once that are constants.
  if (graph.recorder.constants.has(filter)) return false;
  const given = graph.typeOf(x).shape[3]!;
  if (given >= block && given % block !== 0) return false;
  const type = graph.typeOf(filter);
  const arranged = filterInBlocks(graph.recorder, graph.asPlain(filter), type, { turned, block }, node.scope);
  const image = given < block ? graph.asChannelsFirst(x) : graph.asBlocked(x);
  const shape = graph.blockedShape(output.shape);
  const { scope } = node;
  const waiting: WaitingSum = {
    write(sum) {
      const { bias } = this;
      const inputs = [
        image,
        arranged,
        ...(bias === undefined ? [] : [bias]),
        ...(sum === undefined ? [] : [sum]),
      ];
      const added = { bias: bias !== undefined, sum: sum !== undefined };
      const own = { ...attrs, kernel: type.shape.slice(0, 2), channels: given, ...added };
      return graph.recorder.addNode(blockedConv, inputs, own, [{ shape, dtype: output.dtype }], scope)[0]!;
    },
  };
  graph.setWaiting(node.outputs[0]!, waiting);
  return true;
}

/** A sum of the result of a convolution that is used nowhere else, computed by the convolution. */
function addition(node: Node, graph: BlockedGraph, uses: ReadonlyMap<number, number>): boolean {
  if (!['Add', 'AddN'].includes(node.op) || node.inputs.length !== 2) return false;
  const output = graph.typeOf(node.outputs[0]!);
  for (const [made, other] of [node.inputs, node.inputs.toReversed()] as [number, number][]) {
    if (made === other || uses.get(made) !== 1 || !sameShape(graph.typeOf(made).shape, output.shape))
      continue;
    const { shape } = graph.typeOf(other);
    const isBias = shape.length === 1 && shape[0] === output.shape[3];
    const isSame = sameShape(shape, output.shape) && graph.isBlocked(other);
    if (!isBias && !isSame) continue;
    const added = isBias ? graph.asPlain(other) : undefined;
    const waiting = graph.takeWaiting(made);
    if (!waiting) continue;
    if (added === undefined) graph.setBlocked(node.outputs[0]!, waiting.write(graph.asBlocked(other)));
    else if (waiting.bias === undefined) graph.setWaiting(node.outputs[0]!, { ...waiting, bias: added });
    else {
      graph.setWaiting(made, waiting);
      continue;
    }
    return true;
  }
  return false;
}

/** Norms whose result nothing but a ReLU and its gradient look at. The gradient may look at the ReLU's result as well. */
function normsBeforeRelu(graph: Graph): ReadonlySet<number> {
  const norms = new Set(
    graph.nodes.filter(({ op }) => op === batchNormTraining).map(({ outputs }) => outputs[0]!),
  );
  const gated = new Set<number>();
  const drop = (id: number): void => void norms.delete(id);
  for (const { op, inputs } of graph.nodes) {
    inputs.forEach((id, i) => {
      if (op === 'Relu') gated.add(id);
      else if (!(op === 'ReluGrad' && i === 1)) drop(id);
    });
  }
  for (const { value } of graph.outputs) drop(value);
  return new Set([...norms].filter((id) => gated.has(id)));
}

/** What norms that are computed again are of, where a filter's gradient keeps it as well. */
function renewedInputs({ nodes }: Graph): ReadonlySet<number> {
  const kept = new Set(
    nodes.filter(({ op }) => op === 'Conv2DBackpropFilter').map(({ inputs }) => inputs[0]!),
  );
  const renewed = nodes.filter(({ op }) => op === renewedActivation).map(({ inputs }) => inputs[0]!);
  return new Set(renewed.filter((id) => kept.has(id)));
}

interface Norms {
  joined: ReadonlySet<number>;
  renewed: ReadonlySet<number>;
}

function normalization(node: Node, graph: BlockedGraph, { joined, renewed }: Norms): boolean {
  const { op, inputs, outputs, attrs } = node;
  const epsilon = attrs['epsilon'] as number;
  const inBlocks = (id: number): boolean => graph.isBlocked(id) && suits(graph.typeOf(id), graph.block);
  if (op === batchNormTraining && inBlocks(inputs[0]!)) {
    const [gain, bias] = inputs.slice(1).map((id) => graph.asPlain(id)) as [number, number];
    const relu = joined.has(outputs[0]!);
    const [y, mean, variance] = batchNorm(graph, graph.asBlocked(inputs[0]!), gain, bias, { epsilon, relu });
    graph.setBlocked(outputs[0]!, y);
    graph.setPlain(outputs[1]!, mean);
    graph.setPlain(outputs[2]!, variance);
    return true;
  }
  if (op === renewedActivation && inBlocks(inputs[0]!)) {
    const [gain, bias, mean, variance] = inputs.slice(1, 5).map((id) => graph.asPlain(id)) as [number, number, number, number]; // prettier-ignore
    const x = graph.asBlocked(inputs[0]!);
    const again = renewed.has(inputs[0]!);
    graph.setBlocked(
      outputs[0]!,
      renewActivation(graph, [x, gain, bias, mean, variance], { epsilon, again }),
    );
    return true;
  }
  if (op === batchNormTrainingGrad && inBlocks(inputs[1]!)) {
    const [dy, x] = inputs.slice(0, 2).map((id) => graph.asBlocked(id)) as [number, number];
    const [gain, mean, variance] = inputs.slice(2).map((id) => graph.asPlain(id)) as [number, number, number];
    const renewal = { epsilon, again: renewed.has(inputs[1]!) };
    const [dx, dGain, dBias] = batchNormGradient(graph, [dy, x, gain, mean, variance], renewal);
    graph.setBlocked(outputs[0]!, dx);
    graph.setPlain(outputs[1]!, dGain);
    graph.setPlain(outputs[2]!, dBias);
    return true;
  }
  if (op === 'Relu' && joined.has(inputs[0]!) && graph.isBlocked(inputs[0]!)) {
    graph.setBlocked(outputs[0]!, graph.asBlocked(inputs[0]!));
    return true;
  }
  return false;
}

/** What works element by element, where an operand is in blocks already. */
function between(node: Node, graph: BlockedGraph): boolean {
  const { op, inputs, outputs, attrs } = node;
  const output = graph.typeOf(outputs[0]!);
  if (!elementwiseNames.has(op) || !suits({ ...output, dtype: 'float32' }, graph.block)) return false;
  if (!inputs.some((id) => graph.isBlocked(id) && sameShape(graph.typeOf(id).shape, output.shape)))
    return false;
  if (!inputs.every((id) => isOperand(graph.typeOf(id), output, graph.block))) return false;
  const operands = inputs.map((id) => operand(id, graph));
  const type = { shape: graph.blockedShape(output.shape), dtype: output.dtype };
  graph.setBlocked(outputs[0]!, graph.add(op, operands, type, attrs));
  return true;
}

function isOperand({ shape }: Value, output: Value, block: number): boolean {
  if (shape.length === 4) return shape[3] === output.shape[3] && shape[3]! % block === 0;
  return shape.length === 0 || (shape.length === 1 && shape[0] === output.shape[3]);
}

function operand(id: number, graph: BlockedGraph): number {
  const { shape } = graph.typeOf(id);
  return shape.length === 0 || sizeOf(shape) === shape.at(-1) ? graph.channelVector(id) : graph.asBlocked(id);
}

/** Sums over images and pixels. */
function channelSum(node: Node, graph: BlockedGraph): boolean {
  const { op, inputs, outputs, attrs } = node;
  const [x] = inputs as [number];
  if (op !== 'Sum' || !graph.isBlocked(x) || String(attrs['axis']) !== '0,1,2') return false;
  const { shape, dtype } = graph.typeOf(outputs[0]!);
  const sum = graph.sumOver(graph.asBlocked(x), { shape, dtype });
  graph.setPlain(outputs[0]!, sum);
  return true;
}

/** One reordering in the place of a transpose and a reordering. */
export const joinReorderings = pass('blocked channels', (graph) => {
  const producers = producersOf(graph);
  const isTranspose = (node: Node | undefined, perm: readonly number[]): node is Node =>
    node?.op === 'Transpose' && sameShape(node.attrs['perm'] as number[], perm);
  return removeDeadCode(
    rewrite(graph, (node, { recorder }) => {
      const type = graph.values.get(node.outputs[0]!)!;
      const before = producers.get(node.inputs[0]!);
      const add = (op: string, input: number): number[] =>
        recorder.addNode(op, [input], { channelsLast: true }, [type], node.scope);
      if (node.op === toBlocks && isTranspose(before, toChannelsFirst))
        return add(toBlocks, before.inputs[0]!);
      if (isTranspose(node, toChannelsLast) && before?.op === fromBlocks && !before.attrs['channelsLast'])
        return add(fromBlocks, before.inputs[0]!);
      return undefined;
    }),
  );
});
