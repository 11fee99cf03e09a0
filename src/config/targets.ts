/** Built-in targets: densities, known up to a factor, that a flow can be checked against without Python. */
export interface TargetFacts {
  dim: number;
  /** Log of the density's integral; absent where it is not known. */
  logZ?: number;
}

const all = {
  gmm40: { dim: 2, logZ: 0 },
  // 16 (ln ∫ exp(−x⁴ + 6x² + x/2) dx + ½ ln 2π), by quadrature.
  'many-well-32': { dim: 32, logZ: 164.69567531 },
  funnel: { dim: 10, logZ: 0 },
  'phi4-4x4': { dim: 16 },
  'phi4-6x6': { dim: 36 },
  'phi4-8x8': { dim: 64 },
} satisfies Record<string, TargetFacts>;

export type TargetName = keyof typeof all;
export const targets: Readonly<Record<TargetName, TargetFacts>> = all;
export const targetNames = Object.keys(all) as TargetName[];
export const isTargetName = (name: string): name is TargetName => Object.hasOwn(all, name);
