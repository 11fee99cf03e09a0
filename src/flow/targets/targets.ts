/** The log densities of the built-in targets, up to a constant: [N, D] → [N], nats. What else is known of them is in `config/targets.ts`. */
import type { Tensor2D, Tensor1D } from '@tensorflow/tfjs-core';
import type { TargetName } from '../../config/targets';
import { funnel } from './funnel';
import { gmm40 } from './gmm40';
import { manyWell } from './many-well';
import { phi4 } from './phi4';

export type LogDensity = (x: Tensor2D) => Tensor1D;

export const logDensities: Readonly<Record<TargetName, LogDensity>> = {
  gmm40,
  'many-well-32': manyWell,
  funnel,
  'phi4-4x4': phi4(4, 6.975),
  'phi4-6x6': phi4(6, 6.975),
  'phi4-8x8': phi4(8, 6.008),
};
