/** Batch normalization in training and its gradient on values in blocks, in as few passes over memory as there are operators for. */
import { sizeOf } from '../../../base/shape';
import type { BlockedGraph } from './builder';

/** x (blocks), gain, bias [C] → [y, mean, variance]; with `relu`, y is the positive part of it. */
export function batchNorm(
  graph: BlockedGraph,
  x: number,
  gain: number,
  bias: number,
  { epsilon, relu }: { epsilon: number; relu: boolean },
): [number, number, number] {
  const channel = graph.typeOf(gain);
  const mean = graph.meanOver(x, channel);
  const centred = centre(graph, x, mean);
  const square = graph.add('Square', [centred], graph.typeOf(x));
  const variance = graph.meanOver(square, channel);
  const factor = graph.add('Multiply', [gain, inverseStd(graph, variance, epsilon)], channel);
  const y = graph.scale(centred, factor, bias, [], { relu });
  return [y, mean, variance];
}

interface Renewal {
  epsilon: number;
  /** x is kept for something else, so that x − mean is computed again as well. */
  again: boolean;
}

/** x (blocks), gain, bias, mean, variance [C] → the positive part of the norm, computed again, of what its gradient keeps. */
export function renewActivation(
  graph: BlockedGraph,
  [x, gain, bias, mean, variance]: readonly [number, number, number, number, number],
  { epsilon, again }: Renewal,
): number {
  const factor = graph.add('Multiply', [gain, inverseStd(graph, variance, epsilon)], graph.typeOf(gain));
  // The attribute tells it from what it repeats.
  return graph.scale(centre(graph, x, mean, again), factor, bias, [], { relu: true, again: true });
}

/** dy, x (blocks), gain, mean, variance [C] → [dx, dGain, dBias]; Ioffe & Szegedy 2015, section 3. */
export function batchNormGradient(
  graph: BlockedGraph,
  [dy, x, gain, mean, variance]: readonly [number, number, number, number, number],
  { epsilon, again }: Renewal,
): [number, number, number] {
  const channel = graph.typeOf(gain);
  const whole = graph.typeOf(x);
  const product = (a: number, b: number): number => graph.add('Multiply', [a, b], channel);
  const centred = centre(graph, x, mean, again);
  const deviation = inverseStd(graph, variance, epsilon);
  const dBias = graph.sumOver(dy, channel);
  const dGain = product(graph.sumOver(graph.add('Multiply', [dy, centred], whole), channel), deviation);
  // dx = γ/σ · dy − γ/σ² · dγ/n · (x − mean) − γ/σ · dβ/n.
  const factor = product(gain, deviation);
  const share = graph.scaled(factor, -1 / countOf(graph, x), channel);
  const slope = product(product(share, dGain), deviation);
  const along = graph.scale(centred, slope, product(share, dBias));
  const dx = graph.scale(dy, factor, graph.vector(0, channel), [along]);
  return [dx, dGain, dBias];
}

/** The same wherever it is asked for, so that it is computed once, or once more where it is renewed. */
function centre(graph: BlockedGraph, x: number, mean: number, again = false): number {
  const channel = graph.typeOf(mean);
  const shift = graph.add('Neg', [mean], channel);
  return graph.scale(x, graph.vector(1, channel), shift, [], again ? { again } : {});
}

function inverseStd(graph: BlockedGraph, variance: number, epsilon: number): number {
  const channel = graph.typeOf(variance);
  return graph.add('Rsqrt', [graph.add('Add', [variance, graph.number(epsilon)], channel)], channel);
}

function countOf(graph: BlockedGraph, x: number): number {
  const [images, , rows, columns] = graph.typeOf(x).shape as [number, number, number, number, number];
  return sizeOf([images, rows, columns]);
}
