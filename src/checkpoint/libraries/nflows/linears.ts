/** nflows' linear transforms besides LULinear: QR, SVD, HouseholderSequence, NaiveLinear and PointwiseAffineTransform. */
import { range } from '../../../base/order';
import { rowOf, sizeOf } from '../../../base/shape';
import { UserError } from '../../../base/user-error';
import { mostReflections } from '../../../config/mixing-layers';
import { softplus } from '../../../base/softplus';
import type { ImportAnswers, ImportQuestion } from '../../../protocol/import';
import type { OurLayer, Step, Values } from '../../import/chain-importer';
import { aboveDiagonal } from '../../import/lu';
import { inverseMatrixLayer, matrixLayer, reflectionsLayer, rescaleOf } from '../../import/matrices';
import type { FileModule } from '../../import/modules';
import { answeredNumber } from '../../import/questions';
import type { TensorFile } from '../../import/types';
import { refuse } from '../../import/unread';

export type LinearStep = Step & {
  kind: 'householder' | 'qr' | 'svd' | 'naive' | 'rescale';
  /** In an InverseTransform. */
  reversed?: boolean;
};

/** It takes time D³. */
const mostInverted = 1024;

export const svdQuestion: ImportQuestion = {
  key: 'eps',
  title: 'Least scale of SVDLinear',
  detail: 'The `eps` argument of SVDLinear, which a state dict does not hold.',
  answer: { kind: 'number', default: 1e-3, minimum: 0, maximum: 1 },
};

const namesOf: Record<LinearStep['kind'], readonly string[]> = {
  householder: ['q_vectors'],
  qr: ['bias', 'log_upper_diag', 'orthogonal.q_vectors', 'upper_entries'],
  svd: ['bias', 'orthogonal_1.q_vectors', 'orthogonal_2.q_vectors', 'unconstrained_diagonal'],
  naive: ['_weight', 'bias'],
  rescale: ['_scale', '_shift'],
};

/** By names and shapes; undefined for another layer, or what is in the way, in words. */
export function readLinear(module: FileModule): LinearStep | undefined {
  const { at, prefix, rests } = module;
  const sorted = [...rests].sort().join();
  const kind = (Object.keys(namesOf) as LinearStep['kind'][]).find((one) => namesOf[one].join() === sorted);
  if (!kind) return undefined;
  const shapeOf = (rest: string): readonly number[] => module.shape(rest)!;
  if (kind === 'rescale') {
    const sizes = rests.map((rest) => sizeOf(shapeOf(rest)));
    const features = Math.max(...sizes);
    if (sizes.some((size) => size !== 1 && size !== features) || features < 1)
      refuse(`${prefix}_scale and ${prefix}_shift are not a number each, or one for each feature`);
    return { kind, at, ...(features > 1 ? { features } : {}) };
  }
  const reflecting = rests.filter((rest) => rest.endsWith('q_vectors'));
  const features = kind === 'householder' ? shapeOf('q_vectors')[1] : module.length('bias');
  if (!features) refuse(`${prefix}${rests[0]} is not of features`);
  const triangle = (features * (features - 1)) / 2;
  const expected: Record<string, readonly number[]> = {
    bias: [features],
    log_upper_diag: [features],
    unconstrained_diagonal: [features],
    upper_entries: [triangle],
    _weight: [features, features],
  };
  const wrong = rests.find((rest) =>
    reflecting.includes(rest)
      ? !(shapeOf(rest).length === 2 && shapeOf(rest)[1] === features)
      : shapeOf(rest).join() !== expected[rest]!.join(),
  );
  if (wrong !== undefined) refuse(`${prefix}${wrong} of the shape for ${features} features`);
  const counts = reflecting.map((rest) => shapeOf(rest)[0]!);
  if (counts.some((count) => count < 1 || count > mostReflections || count !== counts[0]))
    refuse(`1 to ${mostReflections} reflections, equally many, in ${prefix}${reflecting[0]}`);
  return { kind, at, features };
}

function columnsOf(
  where: string,
  size: number,
  entry: (row: number, column: number) => number,
): Float64Array[] {
  if (size > mostInverted)
    throw new UserError(
      `${where} is the inverse of a matrix of ${size} rows; at most ${mostInverted} are inverted here.`,
    );
  return Array.from({ length: size }, (_, j) => Float64Array.from({ length: size }, (_, i) => entry(i, j)));
}

/** In place, by each vector [reflections, D], the first one first. */
function reflect(columns: readonly Float64Array[], { shape, data }: Values): void {
  const size = shape[1]!;
  for (let at = 0; at < data.length; at += size) {
    const vector = data.subarray(at, at + size);
    const square = vector.reduce((sum, v) => sum + v * v, 0);
    for (const column of columns) {
      const along = (2 * vector.reduce((sum, v, i) => sum + v * column[i]!, 0)) / square;
      for (const [i, v] of vector.entries()) column[i]! -= along * v;
    }
  }
}

/** The inverse of the linear map of a matrix with these columns, and a bias. */
function inverseOf(where: string, columns: readonly Float64Array[], bias: Values) {
  const size = columns.length;
  const data = Float32Array.from(
    { length: size * size },
    (_, i) => columns[i % size]![Math.floor(i / size)]!,
  );
  return inverseMatrixLayer(where, { shape: [size, size], data }, bias);
}

export async function linearLayer(
  { kind, at, reversed = false }: LinearStep,
  file: TensorFile,
  features: number,
  answers: ImportAnswers,
): Promise<OurLayer> {
  const read = (name: string) => file.read(`${at}.${name}`);
  const where = `${file.file}: ${at}`;
  switch (kind) {
    case 'householder': {
      const vectors = await read('q_vectors');
      const rows = range(vectors.shape[0]!).map((row) => rowOf(vectors, row));
      return { at, ...reflectionsLayer(reversed ? rows.reverse() : rows, features) };
    }
    case 'qr': {
      const [vectors, logDiagonal, bias] = await Promise.all(
        ['orthogonal.q_vectors', 'log_upper_diag', 'bias'].map(read),
      );
      const upper = aboveDiagonal((await read('upper_entries')).data, features);
      if (reversed) {
        const columns = columnsOf(where, features, (i, j) =>
          i === j ? Math.exp(logDiagonal!.data[i]!) : upper.data[i * features + j]!,
        );
        reflect(columns, vectors!);
        return { at, ...inverseOf(where, columns, bias!) };
      }
      return {
        at,
        layer: { kind, reflections: vectors!.shape[0]! },
        tensors: { vectors: vectors!, upper, logDiagonal: logDiagonal!, bias: bias! },
      };
    }
    case 'svd': {
      // The second factor comes first.
      const [first, last, unconstrained, bias] = await Promise.all(
        ['orthogonal_2.q_vectors', 'orthogonal_1.q_vectors', 'unconstrained_diagonal', 'bias'].map(read),
      );
      const eps = answeredNumber(answers, svdQuestion);
      const logDiagonal = {
        shape: [features],
        data: unconstrained!.data.map((u) => Math.log(eps + softplus(u))),
      };
      if (reversed) {
        const columns = columnsOf(where, features, (i, j) => Number(i === j));
        reflect(columns, first!);
        for (const column of columns)
          for (const [i, log] of logDiagonal.data.entries()) column[i]! *= Math.exp(log);
        reflect(columns, last!);
        return { at, ...inverseOf(where, columns, bias!) };
      }
      return {
        at,
        layer: { kind, reflections: first!.shape[0]! },
        tensors: { first: first!, logDiagonal, last: last!, bias: bias! },
      };
    }
    case 'naive': {
      const layer = reversed ? inverseMatrixLayer : matrixLayer;
      return { at, ...layer(`${where}._weight`, await read('_weight'), await read('bias')) };
    }
    case 'rescale': {
      const [scale, shift] = [(await read('_scale')).data, (await read('_shift')).data];
      if (!scale.every((value) => value !== 0 && Number.isFinite(value)) || !shift.every(Number.isFinite)) {
        throw new UserError(
          `${file.file}: ${at} scales by 0, or has numbers that are not finite; expected a scale and a shift for each feature.`,
        );
      }
      return { at, layer: rescaleOf(scale, shift, reversed) };
    }
  }
}
