import type { NdArray } from '../../protocol/tensors';
import { type Node, type Value, reduceShape } from '../ir';
import { sizeOf, stridesOf } from '../../base/shape';
import { emptyData, forEachIndex, offsetsOf } from './array';

const folds: Record<string, { start: number; fold: (total: number, x: number) => number }> = {
  Max: { start: -Infinity, fold: Math.max },
  Mean: { start: 0, fold: (total, x) => total + x },
  Min: { start: Infinity, fold: Math.min },
  Sum: { start: 0, fold: (total, x) => total + x },
};

export function evaluateReduction(node: Node, [x]: readonly NdArray[], output: Value): NdArray | undefined {
  if (node.op === 'Cumsum') return cumsum(node, x!, output);
  const rule = folds[node.op];
  if (!rule) return undefined;
  const axes = node.attrs['axis'] as number[];
  const kept = reduceShape(x!.shape, axes, true);
  const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const totals = new Float64Array(sizeOf(kept)).fill(rule.start);
  const { data: from } = x!;
  const { fold } = rule;
  if (axes.every((axis, i) => axis === i)) {
    // Norms of filters: over all but the last axes.
    for (let flat = 0, at = 0; flat < from.length; flat++) {
      totals[at] = fold(totals[at]!, from[flat]!);
      if (++at === totals.length) at = 0;
    }
  } else {
    const places = offsetsOf(x!.shape, strides);
    for (let flat = 0; flat < from.length; flat++) {
      totals[places[flat]!] = fold(totals[places[flat]!]!, from[flat]!);
    }
  }
  if (node.op === 'Mean') {
    const count = sizeOf(axes.map((axis) => x!.shape[axis]!));
    for (let i = 0; i < totals.length; i++) totals[i]! /= count;
  }
  const data = emptyData(output.dtype, totals.length);
  data.set(totals);
  return { shape: [...output.shape], data };
}

function cumsum(node: Node, x: NdArray, output: Value): NdArray {
  const { axis, exclusive, reverse } = node.attrs as { axis: number; exclusive: boolean; reverse: boolean };
  const dim = x.shape[axis]!;
  const stride = stridesOf(x.shape)[axis]!;
  const data = emptyData(output.dtype, x.data.length);
  forEachIndex(x.shape, (index, flat) => {
    if (index[axis] !== 0) return;
    let total = 0;
    for (let i = 0; i < dim; i++) {
      const at = flat + (reverse ? dim - 1 - i : i) * stride;
      const before = total;
      total += x.data[at]!;
      data[at] = exclusive ? before : total;
    }
  });
  return { shape: [...output.shape], data };
}
