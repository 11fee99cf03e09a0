/** The base distribution that a config names. A new one is a file here, an entry in the config's schema, and a case below. */
import { perFeature, type BaseConfig } from '../../config/bases';
import { beta } from './beta';
import { mixture } from './mixture';
import { conditionalNormal, locationScale } from './shifted';
import { standardNormal } from './standard-normal';
import { standardStudentT } from './student-t';
import type { Base } from './types';
import { uniform } from './uniform';

/** @param dim features of z @param seen numbers that conditioners see of the context */
export function baseOf(config: BaseConfig, dim: number, seen: number): Base {
  switch (config.kind) {
    case 'normal':
      return standardNormal([dim]);
    case 'diagonalNormal':
    case 'studentT':
      return locationScale(
        config.kind === 'studentT' ? standardStudentT(dim, config.freedom) : standardNormal([dim]),
        { loc: perFeature(config.loc, dim), scale: perFeature(config.scale, dim), trained: config.trained },
      );
    case 'conditionalNormal':
      return conditionalNormal({ dim, seen, hidden: config.hidden });
    case 'mixture':
      return mixture(dim, config.components, config.covariance);
    case 'uniform':
      return uniform(perFeature(config.lower, dim), perFeature(config.upper, dim));
    case 'beta':
      return beta({
        concentration: config.concentration,
        lower: perFeature(config.lower, dim),
        upper: perFeature(config.upper, dim),
      });
  }
}
