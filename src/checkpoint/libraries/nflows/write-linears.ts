/** Writes our mixing layers as nflows' linear transforms. */
import { inverseSoftplus } from '../../../base/softplus';
import { UserError } from '../../../base/user-error';
import { perFeature } from '../../../config/bases';
import type { Named } from '../../../config/layer-folders';
import type { MixingLayer } from '../../../config/mixing-layers';
import { valuesOf } from '../../export-to/nets';
import { floats, vector, type Tensors, type Written } from '../../export-to/state-dict';
import { leastOfNflows, softplusOffset } from '../../import/splines';

export const writtenLinears = ['lu', 'plu', 'householder', 'qr', 'svd', 'rescale'] as const;

/** The part of a square matrix below or above its diagonal, row by row. */
export function triangle(part: 'lower' | 'upper', matrix: Float32Array, size: number): Float32Array {
  return matrix.filter((_, i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    return part === 'lower' ? column < row : column > row;
  });
}

/** Added to the diagonal of a mixing by default, or less where a scale is as small. */
export function leastBelow(scales: Float32Array): number {
  return Math.min(leastOfNflows, Math.min(...scales) / 2);
}

/** @throws UserError for a layer that nflows has no counterpart of */
export function linearTensors(layer: Named<MixingLayer>, dim: number, tensors: Tensors): Written {
  const { name } = layer;
  const read = (part: string): Float32Array => Float32Array.from(valuesOf(tensors, `${name}.${part}`).data);
  const entries = (part: 'lower' | 'upper') => vector(triangle(part, read(part), dim));
  const vectors = (part: string) => {
    const { shape, data } = valuesOf(tensors, `${name}.${part}`);
    return floats(shape, Float32Array.from(data));
  };
  switch (layer.kind) {
    case 'lu':
      return {
        tensors: {
          bias: vector(read('bias')),
          lower_entries: entries('lower'),
          upper_entries: entries('upper'),
          unconstrained_upper_diag: vector(read('diagonal').map((u) => u + softplusOffset)),
        },
        line: `transforms.LULinear(${dim})`,
      };
    case 'plu':
      return {
        tensors: {
          bias: vector(read('bias')),
          _weight: floats([dim, dim], matrixOfFactors(layer, dim, tensors)),
        },
        line: `transforms.NaiveLinear(${dim}, orthogonal_initialization=False)`,
      };
    case 'householder':
      return {
        tensors: { q_vectors: vectors('vectors') },
        line: `transforms.HouseholderSequence(features=${dim}, num_transforms=${layer.reflections})`,
      };
    case 'qr':
      return {
        tensors: {
          bias: vector(read('bias')),
          upper_entries: entries('upper'),
          log_upper_diag: vector(read('logDiagonal')),
          'orthogonal.q_vectors': vectors('vectors'),
        },
        line: `transforms.QRLinear(${dim}, num_householder=${layer.reflections})`,
      };
    case 'svd': {
      if (layer.reflections % 2 === 1) {
        throw new UserError(
          `This flow cannot be written for nflows: ${name} has ${layer.reflections} reflections on either side, and SVDLinear takes an even number.`,
        );
      }
      const scales = read('logDiagonal').map(Math.exp);
      const eps = leastBelow(scales);
      return {
        tensors: {
          bias: vector(read('bias')),
          unconstrained_diagonal: vector(scales.map((scale) => inverseSoftplus(scale - eps))),
          'orthogonal_1.q_vectors': vectors('last'),
          'orthogonal_2.q_vectors': vectors('first'),
        },
        line: `transforms.SVDLinear(${dim}, num_householder=${layer.reflections}${eps < leastOfNflows ? `, eps=${eps}` : ''})`,
      };
    }
    case 'rescale':
      return {
        tensors: {
          _scale: vector(Float32Array.from(perFeature(layer.scale, dim))),
          _shift: vector(Float32Array.from(perFeature(layer.shift, dim))),
        },
        // PointwiseAffineTransform has the log-det of a single scale alone.
        line: `transforms.AffineTransform(shift=torch.zeros(${dim}), scale=torch.ones(${dim}))`,
      };
    case 'orthogonal':
      throw new UserError(`This flow cannot be written for nflows: ${name} is a matrix exponential.`);
  }
}

/** P·L·U, row-major. */
export function matrixOfFactors(
  { name, order, signs }: Named<Extract<MixingLayer, { kind: 'plu' }>>,
  dim: number,
  tensors: Tensors,
): Float32Array {
  const [lower, upper, logDiagonal] = (['lower', 'upper', 'logDiagonal'] as const).map(
    (part) => valuesOf(tensors, `${name}.${part}`).data,
  ) as [Float32Array, Float32Array, Float32Array];
  const weight = new Float32Array(dim * dim);
  for (let place = 0; place < dim; place++) {
    const row = order?.[place] ?? place;
    for (let column = 0; column < dim; column++) {
      let sum = 0;
      for (let k = 0; k <= Math.min(row, column); k++) {
        const l = k === row ? 1 : lower[row * dim + k]!;
        const u = k === column ? (signs?.[k] ?? 1) * Math.exp(logDiagonal[k]!) : upper[k * dim + column]!;
        sum += l * u;
      }
      weight[place * dim + column] = sum;
    }
  }
  return weight;
}
