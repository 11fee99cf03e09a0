import { batchNormTraining, batchNormTrainingGrad } from '../../../flow/nets/batch-norm-training';
import {
  convolutionAttrs,
  type Graph,
  type Node,
  type Value,
  producersOf,
  rewrite,
  sameShape,
} from '../../ir';
import { elementwiseNames } from '../../kernels/elementwise';
import { renewedActivation } from '../../kernels/normalization';
import { removeDeadCode, pass, type Pass } from '../../passes/pass';
import { toChannelsFirst, toChannelsLast, asConvolution } from '../channels-first';
import { each, imagesOf, sumsChannels, type Rule, type Rules } from '../relayout';
import { batchNorm, batchNormGradient, renewActivation } from './batch-norm';
import { BlockedGraph } from './builder';
import { filterInBlocks } from './filters';
import { fromBlocks, toBlocks } from './ops';

/**
 * Convolutions, and what lies between them, in ONNX Runtime's blocked layout (see `ops.ts`).
 * @param block channels in a block
 */
export const useBlocks = (block: number): Pass =>
  pass('blocked channels', (graph) => new Blocked(graph, block).run(rules));

class Blocked extends BlockedGraph {
  /** Norms that come rectified. */
  readonly rectified: ReadonlySet<number>;
  /** What is kept for something else than the norms of it, so that x − mean is computed again as well. */
  readonly renewed: ReadonlySet<number>;

  constructor(graph: Graph, block: number) {
    super(graph, block);
    this.rectified = normsBeforeRelu(graph);
    this.renewed = renewedInputs(graph);
  }

  /** Which inputs of an elementwise node are images as its result, where all others broadcast in blocks. */
  imagesOf(node: Node): number[] | undefined {
    const { shape } = this.typeOf(node.outputs[0]!);
    if (shape.length !== 4 || shape[3]! % this.block !== 0) return undefined;
    const broadcasts = ({ shape: dims }: Value): boolean =>
      dims.length === 4 || dims.length === 1 ? dims.at(-1) === shape[3] : dims.length === 0;
    return node.inputs.every((id) => broadcasts(this.typeOf(id))) ? imagesOf(node, this.graph) : undefined;
  }

  isConstant(id: number): boolean {
    return this.graph.constants.has(id);
  }
}

const between = (node: Node, graph: Blocked): Rule | undefined => {
  const images = graph.imagesOf(node);
  return images && { images };
};

const sum = (node: Node, graph: Blocked): Rule | undefined => {
  const rule = between(node, graph);
  return rule && { ...rule, write: () => graph.addToConvolution(node.outputs[0]!, node.inputs) };
};

function convolution(node: Node, graph: Blocked): Rule | undefined {
  const { block } = graph;
  const output = graph.typeOf(node.outputs[0]!);
  const [x, filter, bias] = node.inputs as [number, number, number?];
  // ONNX Runtime arranges those once that are constants.
  if (bias !== undefined || graph.isConstant(filter)) return undefined;
  const channels = graph.typeOf(x).shape[3]!;
  if (output.dtype !== 'float32' || output.shape[3]! % block !== 0) return undefined;
  if (channels >= block && channels % block !== 0) return undefined;
  const turned = node.op === 'Conv2DBackpropInput';
  const plainAttrs = turned ? asConvolution(node, (id) => graph.typeOf(id)) : convolutionAttrs(node);
  if (!plainAttrs) return undefined;
  const type = graph.typeOf(filter);
  const write = (): void => {
    const arranged = filterInBlocks(graph, graph.asPlain(filter), { turned, block });
    const image = channels < block ? graph.asChannelsFirst(x) : graph.asRelaid(x);
    const attrs = { ...plainAttrs, kernel: type.shape.slice(0, 2), channels };
    graph.wait(node.outputs[0]!, true, (added) =>
      graph.convolve([image, arranged], graph.relaidType(output), attrs, added),
    );
  };
  return { images: [0], starts: true, write };
}

/** An image, and two vectors. */
function setResults(graph: Blocked, { outputs }: Node, [image, ...vectors]: [number, number, number]): void {
  graph.setRelaid(outputs[0]!, image);
  vectors.forEach((vector, i) => graph.setPlain(outputs[i + 1]!, vector));
}

const norm = (node: Node, graph: Blocked): Rule => ({
  images: [0],
  write() {
    const [x, gain, bias] = node.inputs as [number, number, number];
    const options = { epsilon: node.attrs['epsilon'] as number, relu: graph.rectified.has(node.outputs[0]!) };
    const [gains, biases] = [graph.asPlain(gain), graph.asPlain(bias)];
    const results = batchNorm(graph, graph.asRelaid(x), gains, biases, options);
    setResults(graph, node, results);
  },
});

const renewal = (node: Node, graph: Blocked): Rule => ({
  images: [0],
  write() {
    const [x, ...vectors] = node.inputs.slice(0, 5) as [number, number, number, number, number];
    const [gain, bias, mean, variance] = vectors.map((id) => graph.asPlain(id)) as [number, number, number, number]; // prettier-ignore
    const options = { epsilon: node.attrs['epsilon'] as number, again: graph.renewed.has(x) };
    const y = renewActivation(graph, [graph.asRelaid(x), gain, bias, mean, variance], options);
    graph.setRelaid(node.outputs[0]!, y);
  },
});

const normGradient = (node: Node, graph: Blocked): Rule => ({
  // Only x decides: a gradient alone that is in blocks is brought back.
  images: [1],
  write() {
    const [dy, x, ...vectors] = node.inputs as [number, number, number, number, number];
    const options = { epsilon: node.attrs['epsilon'] as number, again: graph.renewed.has(x) };
    const images = [graph.asRelaid(dy), graph.asRelaid(x)] as const;
    const [gain, mean, variance] = vectors.map((id) => graph.asPlain(id)) as [number, number, number];
    setResults(graph, node, batchNormGradient(graph, [...images, gain, mean, variance], options));
  },
});

const relu = (node: Node, graph: Blocked): Rule | undefined => {
  const [x] = node.inputs as [number];
  if (!graph.rectified.has(x)) return between(node, graph);
  // The norm, which comes rectified where it is in blocks.
  return { images: [0], write: () => graph.setRelaid(node.outputs[0]!, graph.asRelaid(x)) };
};

const channelSum = (node: Node, graph: Blocked): Rule | undefined =>
  sumsChannels(node)
    ? {
        images: [0],
        write() {
          const value = graph.asRelaid(node.inputs[0]!);
          graph.setPlain(node.outputs[0]!, graph.sumOver(value, graph.typeOf(node.outputs[0]!)));
        },
      }
    : undefined;

const rules: Rules<Blocked> = {
  ...each(elementwiseNames, between),
  Add: sum,
  AddN: sum,
  Relu: relu,
  Sum: channelSum,
  Conv2D: convolution,
  Conv2DBackpropInput: convolution,
  [batchNormTraining]: norm,
  [batchNormTrainingGrad]: normGradient,
  [renewedActivation]: renewal,
};

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

/** One reordering in the place of a transpose and a reordering. */
export const joinReorderings = pass('blocked channels', (graph) => {
  const producers = producersOf(graph);
  const isTranspose = (node: Node | undefined, perm: readonly number[]): node is Node =>
    node?.op === 'Transpose' && sameShape(node.attrs['perm'] as number[], perm);
  return removeDeadCode(
    rewrite(graph, (node, rewriter, type) => {
      const before = producers.get(node.inputs[0]!);
      const add = (op: string, input: number): number[] => [
        rewriter.add(op, [input], type, { channelsLast: true }),
      ];
      if (node.op === toBlocks && isTranspose(before, toChannelsFirst))
        return add(toBlocks, before.inputs[0]!);
      if (isTranspose(node, toChannelsLast) && before?.op === fromBlocks && !before.attrs['channelsLast'])
        return add(fromBlocks, before.inputs[0]!);
      return undefined;
    }),
  );
});
