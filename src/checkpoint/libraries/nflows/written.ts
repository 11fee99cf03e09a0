/** Layers for nflows that are the same over rows of numbers and over images. */
import type { NdArray } from '../../../protocol/tensors';
import { valuesOf } from '../../export-to/nets';
import { bools, integers, vector, type Written } from '../../export-to/state-dict';

/** e^s·x + t, where ours is (x − shift)·e^(−logScale). */
export function writtenActNorm(name: string, tensors: Readonly<Record<string, NdArray>>): Written {
  const logScale = valuesOf(tensors, `${name}.logScale`).data;
  const shift = valuesOf(tensors, `${name}.shift`).data;
  return {
    tensors: {
      initialized: bools([true], []),
      log_scale: vector(logScale.map((x) => -x)),
      shift: vector(shift.map((x, i) => -x * Math.exp(-logScale[i]!))),
    },
    line: `transforms.ActNorm(${shift.length})`,
  };
}

export function writtenPermutation(order: readonly number[]): Written {
  return {
    tensors: { _permutation: integers(order) },
    line: `transforms.Permutation(torch.tensor([${order.join(', ')}]))`,
  };
}
