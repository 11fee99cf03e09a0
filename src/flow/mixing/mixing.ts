/** The layers over all features that have no network, as a config names them. */
import { range } from '../../base/order';
import { perFeature } from '../../config/bases';
import type { MixingLayer } from '../../config/mixing-layers';
import { type Bijection, keepingShape } from '../core/bijection';
import { householder, qrLinear, svdLinear } from './householder';
import { luLinear, pluLinear } from './lu-linear';
import { orthogonal } from './orthogonal';
import * as tf from '@tensorflow/tfjs-core';

export function mixing(name: string, dim: number, layer: MixingLayer): Bijection {
  switch (layer.kind) {
    case 'lu':
      return luLinear(name, dim);
    case 'plu':
      return pluLinear(name, { order: layer.order ?? range(dim), signs: layer.signs ?? perFeature(1, dim) });
    case 'householder':
      return householder(name, dim, layer.reflections);
    case 'qr':
      return qrLinear(name, dim, layer.reflections);
    case 'svd':
      return svdLinear(name, dim, layer.reflections);
    case 'orthogonal':
      return orthogonal(name, dim);
    case 'rescale':
      return rescale(name, perFeature(layer.scale, dim), perFeature(layer.shift, dim));
  }
}

/** y = scale·x + shift with fixed numbers for each feature, no scale 0 (nflows' PointwiseAffineTransform). */
function rescale(name: string, scale: readonly number[], shift: readonly number[]): Bijection {
  const logDet = scale.reduce((sum, value) => sum + Math.log(Math.abs(value)), 0);
  const [scales, shifts] = [() => tf.tensor1d([...scale]), () => tf.tensor1d([...shift])];
  return {
    ...keepingShape(name, [scale.length]),
    forward: (_, x) => ({ value: tf.add(tf.mul(x, scales()), shifts()), logDet: tf.scalar(logDet) }),
    inverse: (_, y) => ({ value: tf.div(tf.sub(y, shifts()), scales()), logDet: tf.scalar(-logDet) }),
  };
}
