/** Built-in targets: densities, known up to a factor, that a flow can be trained on and checked against without data. */
export interface TargetFacts {
  dim: number;
  /** Deviation that an untrained flow has in each feature: a flow that starts wide enough sees all modes. */
  scale: number;
  /** Log of the density's integral; absent where it is not known. */
  logZ?: number;
}

const all = {
  gmm40: { dim: 2, scale: 25, logZ: 0 },
  // 16 (ln ∫ exp(−x⁴ + 6x² + x/2) dx + ½ ln 2π), by quadrature.
  'many-well-32': { dim: 32, scale: 1.5, logZ: 164.69567531 },
  funnel: { dim: 10, scale: 3, logZ: 0 },
  'phi4-4x4': { dim: 16, scale: 1 },
  'phi4-6x6': { dim: 36, scale: 1 },
  'phi4-8x8': { dim: 64, scale: 1 },
} satisfies Record<string, TargetFacts>;

export type TargetName = keyof typeof all;
export const targets: Readonly<Record<TargetName, TargetFacts>> = all;
export const targetNames = Object.keys(all) as TargetName[];
export const expectedTarget = `expected FILE.py:FUNCTION, FILE.js:FUNCTION, or one of ${targetNames.join(', ')}`;
export const isTargetName = (name: string): name is TargetName => Object.hasOwn(all, name);

/** `FILE.py:FUNCTION`, or a JavaScript file; the name is log_prob or logProb without one. */
export const functionTarget = /^(.*?\.(?:py|[cm]?js))(?::([A-Za-z_]\w*))?$/;
export const isPython = (target: string): boolean => /\.py(:|$)/.test(target);
