/**
 * zuko's GMM, `base.phi` one after the other: logits [K], means [K, D], logarithms of deviations ([K, D], one row if they
 * are tied, one column if spherical), and with full covariances what lies below the diagonal of their factors.
 */
import { UserError } from '../../../base/user-error';
import type { NdArray } from '../../../protocol/tensors';
import { floats, type StateDict } from '../../export-to/state-dict';
import { trainedMixture, type ReadBase } from '../../import/chain-importer';

/** Added to the deviations: the `epsilon` of a GMM. */
const epsilon = 1e-6;

type Shapes = readonly (readonly number[])[];

/** Rows of means and of deviations, of which there may be one for all components. @throws UserError for another number */
function checkComponents([logits, loc, ...others]: Shapes): void {
  const components = logits![0]!;
  if (loc![0] === components && others.every(([rows]) => rows === 1 || rows === components)) return;
  const rowCounts = [loc!, ...others].map(([rows]) => rows).join(', ');
  throw new UserError(
    `base.phi has ${components} weights of a mixture, and ${rowCounts} rows of its other numbers; expected as many. Save the state_dict() again.`,
  );
}

/** A mixture with diagonal or spherical covariances, each of which may be one for all components. */
export function readMixture(values: readonly Float32Array[], shapes: Shapes): ReadBase {
  checkComponents(shapes);
  const [logits, loc] = values;
  return trainedMixture(logits!, loc!, logScales(values, shapes));
}

/** A mixture with full covariances as factors S + T: deviations S on the diagonal, T below it. Ours is (I + M)⁻¹·S. */
export function readFullMixture(values: readonly Float32Array[], shapes: Shapes): ReadBase {
  checkComponents(shapes);
  const [logits, loc, , below] = values;
  const components = logits!.length;
  const dim = loc!.length / components;
  const logScale = logScales(values, shapes);
  const each = (dim * (dim - 1)) / 2;
  const lower = new Float32Array(components * dim * dim);
  for (let component = 0; component < components; component++) {
    const row = shapes[3]![0] === 1 ? 0 : component;
    const deviations = logScale.subarray(component * dim, (component + 1) * dim);
    const matrix = new Float64Array(dim * dim);
    let next = row * each;
    for (let i = 1; i < dim; i++)
      for (let j = 0; j < i; j++) matrix[i * dim + j] = below![next++]! / Math.exp(deviations[j]!);
    lower.set(strictInverse(matrix, dim), component * dim * dim);
  }
  return trainedMixture(logits!, loc!, logScale, lower);
}

/** The tensors of a GMM, by their names. */
export function mixtureTensors(part: (name: string) => NdArray, full: boolean): StateDict['tensors'] {
  const [logits, loc, logScale] = [part('logits'), part('loc'), part('logScale')];
  const deviations = Float64Array.from(logScale.data, (s) =>
    Math.max(Math.exp(s) - epsilon, Number.MIN_VALUE),
  );
  const phi = [logits, loc, { shape: logScale.shape, data: Float32Array.from(deviations, Math.log) }];
  if (full) phi.push(belowDiagonal(part('lower'), logScale.data));
  return Object.fromEntries(
    phi.map(({ shape, data }, i) => [`phi.${i}`, floats(shape, Float32Array.from(data))]),
  );
}

function belowDiagonal({ shape, data }: NdArray, logScale: ArrayLike<number>): NdArray {
  const [components = 0, dim = 0] = shape;
  const values: number[] = [];
  for (let component = 0; component < components; component++) {
    const start = component * dim * dim;
    const inverse = strictInverse(Float64Array.from(data.subarray(start, start + dim * dim)), dim);
    for (let i = 1; i < dim; i++)
      for (let j = 0; j < i; j++)
        values.push(inverse[i * dim + j]! * Math.exp(logScale[component * dim + j]!));
  }
  return { shape: [components, values.length / components], data: Float32Array.from(values) };
}

/** (I + A)⁻¹ − I of what lies below the diagonal of A, row by row. */
function strictInverse(a: Float64Array, dim: number): Float64Array {
  const inverse = new Float64Array(dim * dim);
  for (let i = 1; i < dim; i++) {
    for (let j = 0; j < i; j++) {
      let sum = a[i * dim + j]!;
      for (let k = j + 1; k < i; k++) sum += a[i * dim + k]! * inverse[k * dim + j]!;
      inverse[i * dim + j] = -sum;
    }
  }
  return inverse;
}

/** Log-scales of each feature of each component. */
function logScales([logits, loc, logs]: readonly Float32Array[], shapes: Shapes): Float32Array {
  const [rows = 1, columns = 1] = shapes[2]!;
  const features = loc!.length / logits!.length;
  return loc!.map((_, i) => {
    const row = rows === 1 ? 0 : Math.floor(i / features);
    const column = columns === 1 ? 0 : i % features;
    return Math.log(Math.exp(logs![row * columns + column]!) + epsilon);
  });
}
