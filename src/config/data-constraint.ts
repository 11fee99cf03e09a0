/** What becomes of pixels before a flow of images. */
import type { ImageModelConfig } from './schema';

export type DataConstraint = ImageModelConfig['dataConstraint'];
/** Constraints with a logit. */
export type LogitConstraint = 'symmetric' | 'as-printed';

export function hasLogit(constraint: DataConstraint): constraint is LogitConstraint {
  return constraint === 'symmetric' || constraint === 'as-printed';
}
