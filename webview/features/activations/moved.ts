/** s and t mean something only where the layer moves values: their figures leave out what passes through. */
import type { NdArray, TensorView } from '../../../src/protocol/tensors';
import { binned } from '../../base/charts/bins';
import { finiteExtent } from '../../base/canvas/planes';

export interface CountedTensor extends TensorView {
  /** The values that its figures are of, where they are not of all. */
  counted?: Float32Array;
}

/** `tensor` with statistics and histogram of the elements where `mask` is 0; unchanged without values. */
export function movedOnly(tensor: TensorView, mask: NdArray<Float32Array> | undefined): CountedTensor {
  if (!mask || !tensor.data || mask.data.length !== tensor.data.length) return tensor;
  const counted = tensor.data.filter((_, i) => mask.data[i]! < 0.5);
  const finite = counted.filter(Number.isFinite);
  const { low, high } = finiteExtent(finite) ?? { low: NaN, high: NaN };
  const mean = finite.reduce((a, b) => a + b, 0) / finite.length;
  const variance = finite.reduce((a, b) => a + (b - mean) ** 2, 0) / finite.length;
  // One value alone gets a bin around it.
  const around = low === high ? 0.5 : 0;
  return {
    ...tensor,
    counted,
    stats: {
      count: counted.length,
      min: low,
      max: high,
      mean,
      std: Math.sqrt(variance),
      nan: counted.filter(Number.isNaN).length,
      inf: counted.filter((value) => Math.abs(value) === Infinity).length,
    },
    histogram:
      finite.length === 0
        ? { edges: [0, 1], counts: [0] }
        : binned(finite, low - around, high + around, Math.max(1, tensor.histogram.counts.length)),
  };
}
