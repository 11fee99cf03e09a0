/** Initial values as data: who builds a flow needs no random numbers, and who draws them needs no TensorFlow.js. */

export type Init =
  | { kind: 'constant'; value: number }
  /** Row-major. */
  | { kind: 'values'; values: readonly number[] }
  /** Uniform in [−bound, bound). */
  | { kind: 'uniform'; bound: number }
  /** A square matrix, any orthogonal one with the same chance. */
  | { kind: 'orthogonal' }
  /** Euclidean length of each output channel (last axis) of the parameter `of`: where weight normalization starts. */
  | { kind: 'lengths'; of: string };

export const zeros: Init = { kind: 'constant', value: 0 };
export const ones: Init = { kind: 'constant', value: 1 };

/** U(−1/√n, 1/√n) for n inputs a unit: PyTorch's default for linear and convolution layers, which the peers start from. */
export function fanIn(inputs: number): Init {
  return { kind: 'uniform', bound: 1 / Math.sqrt(inputs) };
}
