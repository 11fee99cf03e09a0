/** Layers for nflows that are the same over rows of numbers and over images. */
import type { NdArray } from '../../../protocol/tensors';
import { valuesOf } from '../../export-to/nets';
import { bools, floats, integers, type StateDict } from '../../export-to/state-dict';

export interface Written {
  /** Below the layer. */
  tensors: StateDict['tensors'];
  /** How it is made. */
  line: string;
}

/** e^s·x + t, where ours is (x − shift)·e^(−logScale). */
export function writtenActNorm(name: string, tensors: Readonly<Record<string, NdArray>>): Written {
  const logScale = valuesOf(tensors, `${name}.logScale`).data;
  const shift = valuesOf(tensors, `${name}.shift`).data;
  const size = [shift.length];
  return {
    tensors: {
      initialized: bools([true], []),
      log_scale: floats(
        size,
        logScale.map((x) => -x),
      ),
      shift: floats(
        size,
        shift.map((x, i) => -x * Math.exp(-logScale[i]!)),
      ),
    },
    line: `transforms.ActNorm(${size[0]})`,
  };
}

export function writtenPermutation(order: readonly number[]): Written {
  return {
    tensors: { _permutation: integers(order) },
    line: `transforms.Permutation(torch.tensor([${order.join(', ')}]))`,
  };
}
