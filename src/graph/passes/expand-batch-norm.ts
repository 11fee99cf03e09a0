import { sizeOf } from '../../base/shape';
import { type Node, type Value, rewrite, type Rewriter } from '../ir';
import { renewedActivation } from '../kernels/normalization';
import { pass, type Pass } from './pass';

/**
 * Batch normalization in training out of elementary ops, for backends without a fused kernel, or one that is slow.
 * @param options.below channels of those that are written out
 */
export const expandBatchNorm = ({ below = Infinity }: { below?: number } = {}): Pass =>
  pass('written-out norms', (graph) =>
    rewrite(graph, (node, rewriter) => {
      const expand = expansions[node.op];
      if (!expand || graph.values.get(node.outputs[0]!)!.shape.at(-1)! >= below) return undefined;
      return expand(node, (id) => rewriter.recorder.values.get(id)!, rewriter);
    }),
  );

type Expand = (node: Node, typeOf: (id: number) => Value, rewriter: Rewriter) => number[];

const expansions: Record<string, Expand> = {
  BatchNormTraining(node, typeOf, rewriter) {
    const { add } = rewriter;
    const [x, gain, bias] = node.inputs as [number, number, number];
    const [whole, channel] = [typeOf(x), typeOf(gain)];
    const axes = { axis: whole.shape.slice(0, -1).map((_, i) => i), keepDims: false };
    const mean = add('Mean', [x], channel, axes);
    const centred = add('Sub', [x, mean], whole);
    const variance = add('Mean', [add('Square', [centred], whole)], channel, axes);
    const factor = add('Multiply', [gain, inverseStd(node, variance, channel, rewriter)], channel);
    return [add('Add', [add('Multiply', [centred, factor], whole), bias], whole), mean, variance];
  },
  [renewedActivation](node, typeOf, rewriter) {
    const { add } = rewriter;
    const [x, gain, bias, mean, variance] = node.inputs as [number, number, number, number, number];
    const [whole, channel] = [typeOf(x), typeOf(gain)];
    // Starts from what the norm's gradient keeps. The attribute tells it from what it repeats.
    const centred = add('Sub', [x, mean], whole);
    const factor = add('Multiply', [gain, inverseStd(node, variance, channel, rewriter)], channel);
    const scaled = add('Multiply', [centred, factor], whole, { again: true });
    return [add('Relu', [add('Add', [scaled, bias], whole)], whole)];
  },
  /** Ioffe & Szegedy 2015, section 3, in the form dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)). */
  BatchNormTrainingGrad(node, typeOf, rewriter) {
    const { add } = rewriter;
    const [dy, x, gain, mean, variance] = node.inputs as [number, number, number, number, number];
    const [whole, channel] = [typeOf(x), typeOf(gain)];
    const axes = { axis: whole.shape.slice(0, -1).map((_, i) => i), keepDims: false };
    const perCount = rewriter.number(1 / sizeOf(whole.shape.slice(0, -1)));
    const deviation = inverseStd(node, variance, channel, rewriter);
    const centred = add('Sub', [x, mean], whole);
    const dBias = add('Sum', [dy], channel, axes);
    const moment = add('Sum', [add('Multiply', [dy, centred], whole)], channel, axes);
    const dGain = add('Multiply', [moment, deviation], channel);
    const factor = add('Multiply', [gain, deviation], channel);
    // dx = factor · dy − slope · (x − mean) − offset.
    const shared = add('Multiply', [factor, perCount], channel);
    const slope = add('Multiply', [add('Multiply', [shared, dGain], channel), deviation], channel);
    const offset = add('Multiply', [shared, dBias], channel);
    const along = add('Multiply', [centred, slope], whole);
    const dx = add('Sub', [add('Sub', [add('Multiply', [dy, factor], whole), along], whole), offset], whole);
    return [dx, dGain, dBias];
  },
};

function inverseStd({ attrs }: Node, variance: number, channel: Value, { add, number }: Rewriter): number {
  return add('Rsqrt', [add('Add', [variance, number(attrs['epsilon'] as number)], channel)], channel);
}
