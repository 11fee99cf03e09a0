/** The base distribution that a config names. A new one is a file here, an entry in the config's schema, and a case below. */
import { perFeature, type BaseConfig } from '../../config/bases';
import { diagonalNormal } from './diagonal-normal';
import { standardNormal } from './standard-normal';
import type { Base } from './types';
import { uniform } from './uniform';

/** @param dim features of z */
export function baseOf(config: BaseConfig, dim: number): Base {
  switch (config.kind) {
    case 'normal':
      return standardNormal([dim]);
    case 'diagonalNormal':
      return diagonalNormal({
        loc: perFeature(config.loc, dim),
        scale: perFeature(config.scale, dim),
        trained: config.trained,
      });
    case 'uniform':
      return uniform(perFeature(config.lower, dim), perFeature(config.upper, dim));
  }
}
