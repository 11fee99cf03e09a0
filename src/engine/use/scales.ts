import { UserError } from '../../base/user-error';
import { latentsByScale } from '../../flow/latent-scales';
import type { FlowRunner } from '../model/runner';

/** The scale of each latent. @throws UserError where all leave at once, so that none is coarser than another */
export function scalesOf({ latentScales, config }: FlowRunner): Int32Array {
  if (!latentScales) {
    throw new UserError('It is not known at which scale the latents of this flow leave; use a checkpoint.');
  }
  if (latentsByScale(latentScales).length > 1) return latentScales;
  throw new UserError(
    config.kind === 'vector'
      ? 'A flow for vectors has one scale: no latents leave early, so there is nothing to draw anew.'
      : 'This flow has one scale: no latents leave early, so there is nothing to draw anew.',
  );
}
