/**
 * The manifold that four examples span (paper, section 4.2 and appendix D):
 * z = cos φ (cos φ′ z₁ + sin φ′ z₂) + sin φ (cos φ′ z₃ + sin φ′ z₄).
 * The squares of the four weights add up to 1, so that independent standard normal corners give a standard normal z.
 */
import type { ManifoldQuery } from '../../protocol/inspect';

/** `circle`: [0, 2π) without its end, which is its beginning; `quarter`: [0, π/2] with both ends. Radians. */
export function manifoldAngles(count: number, range: ManifoldQuery['range']): number[] {
  const step = range === 'circle' ? (2 * Math.PI) / count : Math.PI / 2 / (count - 1);
  return Array.from({ length: count }, (_, i) => i * step);
}

/** Weights of z₁ … z₄. */
export function manifoldWeights(phi: number, phiPrime: number): [number, number, number, number] {
  return [
    cosine(phi) * cosine(phiPrime),
    cosine(phi) * sine(phiPrime),
    sine(phi) * cosine(phiPrime),
    sine(phi) * sine(phiPrime),
  ];
}

/** @param corners [4, size] */
export function manifoldPoint(
  corners: Float32Array,
  size: number,
  phi: number,
  phiPrime: number,
): Float32Array {
  const weights = manifoldWeights(phi, phiPrime);
  return Float32Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (const [k, weight] of weights.entries()) if (weight !== 0) sum += weight * corners[k * size + i]!;
    return sum;
  });
}

/** All pairs of angles, [angles, angles, size]: rows by φ, columns by φ′. */
export function manifoldLatents(
  corners: Float32Array,
  size: number,
  angles: readonly number[],
): Float32Array {
  const z = new Float32Array(angles.length ** 2 * size);
  let at = 0;
  for (const phi of angles) {
    for (const phiPrime of angles) {
      z.set(manifoldPoint(corners, size, phi, phiPrime), at);
      at += size;
    }
  }
  return z;
}

/** A quarter turn is exact, so that the corners of the grid are the examples themselves. */
const cosine = (angle: number): number => snapped(Math.cos(angle));
const sine = (angle: number): number => snapped(Math.sin(angle));

function snapped(value: number): number {
  return Math.abs(value) < 1e-14 ? 0 : value;
}
