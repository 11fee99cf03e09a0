/**
 * Reconstructions from the latents of coarse scales alone (the paper's compression figure): those that left early, which
 * hold detail, are drawn again.
 */
import { stream } from '../../data/random';
import { latentsByScale } from '../../flow/latent-scales';
import type { FreshLatents } from '../../protocol/selection';
import { UserError } from '../../base/user-error';
import type { FlowRunner } from '../model/runner';

/** Latents for a row of the figure: from the prior, the same whichever of them are used. */
export function freshLatents({ seed, temperature }: FreshLatents, row: number, size: number): Float32Array {
  const z = stream(seed, 'reconstruct', row).normal(size);
  for (let i = 0; i < size; i++) z[i]! *= temperature;
  return z;
}

/** z with all latents that leave before scale `from` replaced. @param scales of each latent */
export function keepScales(
  z: Float32Array,
  fresh: Float32Array,
  scales: Int32Array,
  from: number,
): Float32Array {
  return z.map((value, i) => (scales[i]! >= from ? value : fresh[i]!));
}

/** [count, columns, size]: row by row, each example with ever more of its first scales drawn again. */
export function reconstructionLatents(
  z: Float32Array,
  count: number,
  scales: Int32Array,
  columns: number,
  draw: FreshLatents,
): Float32Array {
  const size = scales.length;
  const out = new Float32Array(count * columns * size);
  for (let row = 0; row < count; row++) {
    const latents = z.subarray(row * size, (row + 1) * size);
    const fresh = freshLatents(draw, row, size);
    for (let column = 0; column < columns; column++) {
      out.set(keepScales(latents, fresh, scales, column), (row * columns + column) * size);
    }
  }
  return out;
}

/** How many latents each column keeps: all of them first, then those that leave at scale 1 or later, … */
export function keptCounts(scales: Int32Array): number[] {
  const counts = latentsByScale(scales);
  return counts.map((_, from) => counts.slice(from).reduce((sum, n) => sum + n, 0));
}

/** The scale of each latent. @throws UserError where all leave at once, so that none is coarser than another */
export function scalesOf({ latentScales, config }: FlowRunner): Int32Array {
  if (!latentScales)
    throw new UserError('It is not known at which scale the latents of this flow leave; use a checkpoint.');
  if (latentsByScale(latentScales).length > 1) return latentScales;
  throw new UserError(
    config.kind === 'vector'
      ? 'A flow for vectors has one scale: no latents leave early, so there is nothing to draw again.'
      : 'This flow has one scale: no latents leave early, so there is nothing to draw again.',
  );
}
