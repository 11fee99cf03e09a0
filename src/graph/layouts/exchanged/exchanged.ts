import { batchNormTraining, batchNormTrainingGrad } from '../../../flow/nets/batch-norm-training';
import { isPointwise, type Graph, type Node } from '../../ir';
import { elementwiseNames } from '../../kernels/elementwise';
import { renewedActivation } from '../../kernels/normalization';
import { mergeCommonSubexpressions } from '../../passes/common-subexpressions';
import { removeDeadCode, pass, type Pass } from '../../passes/pass';
import { each, sumsChannels, type Rule, type Rules } from '../relayout';
import { fillsTiles, imageOperands, stepsByOne } from '../tileable';
import { convolve, gradientOfFilter, gradientOfInput, Products } from './tiled-convolutions';

/**
 * Convolutions 3×3 whose filters are parameters, and their gradients, take half of their multiplications: the rows of images in
 * tiles of four by minimal filtering. What lies between them, and does not care, has the rows of images first, so that a
 * transform is one product of matrices.
 * @param leastChannels in and out that make a convolution worth its transforms
 */
export const tileTraining = ({ leastChannels }: { leastChannels: number }): Pass =>
  pass('tiles of rows', (graph) => {
    if (graph.dynamicBatch !== undefined) return graph;
    const tiled = new Exchanged(graph, leastChannels).run(rules);
    // Transforms of the same value are one: a gradient is transformed for the input and the filter.
    return tiled === graph ? graph : removeDeadCode(mergeCommonSubexpressions(tiled));
  });

/** [H, N, W, C]: the rows of images first. */
export class Exchanged extends Products {
  constructor(
    graph: Graph,
    private readonly leastChannels: number,
  ) {
    super(graph, [1, 0, 2, 3]);
  }

  protected override operand(node: Node, i: number): number {
    const id = node.inputs[i]!;
    // What is only waited for may be there in either order.
    return node.op === renewedActivation && i === 5 && !this.isPlain(id)
      ? this.asRelaid(id)
      : super.operand(node, i);
  }

  /** Rule for a node that works place by place on images and numbers for each channel. */
  elementwise(node: Node): Rule | undefined {
    const images = imageOperands(node, this.graph);
    return images && { images, pulls: true };
  }

  convolution(node: Node): Rule | undefined {
    const { op, inputs, outputs } = node;
    const ofFilter = op === 'Conv2DBackpropFilter';
    const filter = this.typeOf(ofFilter ? outputs[0]! : inputs[1]!).shape;
    const rule = { images: ofFilter ? [0, 1] : [0], pulls: true };
    const isTiled =
      inputs.length === 2 &&
      stepsByOne(node, filter) &&
      fillsTiles(this.typeOf(inputs[0]!).shape, filter, this.leastChannels);
    if (isTiled) return { ...rule, starts: true, write: () => this.writeTiled(node) };
    return isPointwise(node, filter) ? rule : undefined;
  }

  private writeTiled({ op, inputs, outputs }: Node): void {
    const [a, b] = inputs as [number, number];
    const [output] = outputs as [number];
    const first = this.asRelaid(a);
    if (op === 'Conv2D') this.setRelaid(output, convolve(this, first, this.asPlain(b)));
    else if (op === 'Conv2DBackpropInput')
      this.setRelaid(output, gradientOfInput(this, first, this.asPlain(b)));
    else this.setPlain(output, gradientOfFilter(this, first, this.asRelaid(b)));
  }
}

const alike = (...images: number[]): Rule => ({ images, pulls: true });
const convolution = (node: Node, graph: Exchanged): Rule | undefined => graph.convolution(node);

const rules: Rules<Exchanged> = {
  ...each(elementwiseNames, (node, graph: Exchanged) => graph.elementwise(node)),
  [batchNormTraining]: () => alike(0),
  [renewedActivation]: () => alike(0),
  [batchNormTrainingGrad]: () => alike(0, 1),
  Sum: (node) => (sumsChannels(node) ? alike(0) : undefined),
  Conv2D: convolution,
  Conv2DBackpropInput: convolution,
  Conv2DBackpropFilter: convolution,
};
