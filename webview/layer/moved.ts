/** s and t mean something only where the layer moves values: their figures leave out what passes through. */
import type { NdArray, TensorView } from '../../src/protocol/tensors';
import { binned } from '../charts/bins';
import { finiteExtent } from '../draw/planes';

/** `tensor` with statistics and histogram of the elements where `mask` is 0; unchanged without values. */
export function movedOnly(tensor: TensorView, mask: NdArray<Float32Array> | undefined): TensorView {
  if (!mask || !tensor.data || mask.data.length !== tensor.data.length) return tensor;
  const values = tensor.data.filter((_, i) => mask.data[i]! < 0.5);
  const finite = values.filter(Number.isFinite);
  const extent = finiteExtent(finite);
  if (!extent) return tensor;
  const mean = finite.reduce((a, b) => a + b, 0) / finite.length;
  const variance = finite.reduce((a, b) => a + (b - mean) ** 2, 0) / finite.length;
  return {
    ...tensor,
    stats: {
      count: values.length,
      min: extent.low,
      max: extent.high,
      mean,
      std: Math.sqrt(variance),
      nan: values.filter(Number.isNaN).length,
      inf: values.filter((value) => Math.abs(value) === Infinity).length,
    },
    histogram: binned(finite, extent.low, extent.high, Math.max(1, tensor.histogram.counts.length)),
  };
}
