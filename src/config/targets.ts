/** Built-in targets: densities, known up to a factor, that a flow can be trained on and checked against without data. */
export interface TargetFacts {
  dim: number;
  /** Deviation that an untrained flow has in each feature: a flow that starts wide enough sees all modes. */
  scale: number;
  /** Log of the density's integral; absent where nobody knows it. */
  logZ?: number;
  about: string;
}

/** The action of Albergo et al. (2019) with the couplings of its table 1; the side 4 is not in it and has those of 6. */
const phi4 = (side: number): TargetFacts => ({
  dim: side ** 2,
  scale: 1,
  about: `φ⁴ theory on a periodic lattice of ${side}×${side} (Albergo et al. 2019), whose integral is not known`,
});

const all = {
  gmm40: { dim: 2, scale: 25, logZ: 0, about: '40 normals in [−40, 40]² (Midgley et al. 2023)' },
  'many-well-32': {
    dim: 32,
    scale: 1.5,
    // 16 (ln ∫ exp(−x⁴ + 6x² + x/2) dx + ½ ln 2π), by quadrature.
    logZ: 164.69567531,
    about: '16 double wells, 65,536 modes (Midgley et al. 2023)',
  },
  funnel: { dim: 10, scale: 3, logZ: 0, about: 'a funnel of 10 numbers (Neal 2003)' },
  'phi4-4x4': phi4(4),
  'phi4-6x6': phi4(6),
  'phi4-8x8': phi4(8),
} satisfies Record<string, TargetFacts>;

export type TargetName = keyof typeof all;
export const targets: Readonly<Record<TargetName, TargetFacts>> = all;
export const targetNames = Object.keys(all) as TargetName[];
export const isTargetName = (name: string): name is TargetName => Object.hasOwn(all, name);
