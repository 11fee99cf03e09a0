/** What the tracer must know of a kernel: the order of its inputs, and the type of its results. */
import type { DType, Value, TensorType, Shape } from '../ir';

export type Attrs = Record<string, unknown>;

export interface Inferred {
  outputs: readonly TensorType[];
  /** Attributes in one normal form (absolute axes, sizes instead of counts), so that no code downstream parses them. */
  attrs?: Attrs;
  /** The result is the input itself: nothing is recorded. */
  alias?: boolean;
}

export interface KernelRule {
  /** Names of the inputs in the order in which a node holds them, or "list" for kernels of any number of inputs. */
  inputs: readonly string[] | 'list';
  infer(inputs: readonly Value[], attrs: Attrs): Inferred;
}

export type KernelRules = Record<string, KernelRule>;

/**
 * The rule of a kernel with one result.
 * @param infer its shape, and the attributes in normal form
 * @param dtype by default that of the first input
 */
export function shaped(
  inputs: KernelRule['inputs'],
  infer: (inputs: readonly Value[], attrs: Attrs) => readonly [shape: Shape, attrs?: Attrs],
  dtype?: DType,
): KernelRule {
  return {
    inputs,
    infer(values, nodeAttrs) {
      const [shape, attrs] = infer(values, nodeAttrs);
      return { outputs: [{ shape, dtype: dtype ?? values[0]!.dtype }], attrs };
    },
  };
}
