/** The matrix of a mixing layer, and how features travel through all mixing layers of its size. */
import { sizeOf } from '../../../base/shape';
import { UserError } from '../../../base/user-error';
import {
  fewMixed,
  hasMatrix,
  mostMixed,
  type MixingQuery,
  type MixingSummary,
  type MixingView,
} from '../../../protocol/mixing';
import type { LayerInfo } from '../../../protocol/model';
import type { NdArray } from '../../../protocol/tensors';
import { breathe } from '../../model/breathe';
import { layerAt, type InnerPrograms } from '../../model/inspected-flow';
import { logAbsDeterminant } from '../../../base/determinant';
import { innerOf } from '../conditioner/inner';
import { singularValues } from './singular-values';
import type { Inquiry, SharedInquiry } from '../inquiry';

/** Values of a layer that one run may take. */
const valuesAtOnce = 2 ** 22;
/** Layers that are looked at together. */
const mostLayers = 64;

/** @throws UserError for a layer that does not mix, or mixes too many features to show, CancelledError */
export async function mixing(
  { model, work, signal }: SharedInquiry,
  query: MixingQuery,
): Promise<MixingView> {
  const { info } = layerAt(model, query.layer);
  const n = info.inputShape.at(-1)!;
  if (!info.mixes) throw new UserError(`The layer ${info.name} does not mix features by a matrix.`);
  if (!hasMatrix(info)) {
    throw new UserError(
      `The matrix of ${info.name} is ${n}×${n}; at most ${mostMixed}×${mostMixed} is shown.`,
    );
  }
  const feature = Math.max(0, query.feature);
  if (!(Number.isInteger(query.feature) && feature < n))
    throw new UserError(`Feature ${query.feature} was asked for; ${info.name} mixes ${n}, numbered from 0.`);
  const layers = nearestOf(
    model.layers.flatMap(({ info: other }) =>
      other.mixes && other.inputShape.join() === info.inputShape.join() ? [other] : [],
    ),
    info,
  );
  // One answer for all layers that are looked at together.
  const key = `mixing/${layers[0]!.index}/${layers.at(-1)!.index}`;
  const { matrices, all } = await work.run(key, signal, (sharedSignal) =>
    matricesOf({ model, signal: sharedSignal }, layers),
  );
  const matrix = matrices[layers.findIndex(({ index }) => index === info.index)]!;
  const square = (data: Float32Array): NdArray<Float32Array> => ({ shape: [n, n], data });
  const followed = Int32Array.from(n <= fewMixed ? Array(n).keys() : [feature]);
  return {
    layer: info.index,
    matrix: square(matrix),
    gram: square(gramOf(matrix, n)),
    singularValues: Float32Array.from(await singularValues(matrix, n, signal)),
    places: sizeOf(info.inputShape) / n,
    all,
    followed,
    ...travel(matrices, n, followed),
  };
}

/** Number of layers around one that are looked at together. */
function nearestOf(layers: readonly LayerInfo[], { index }: LayerInfo): readonly LayerInfo[] {
  const at = layers.findIndex((layer) => layer.index === index);
  const start = Math.max(0, Math.min(at - mostLayers / 2, layers.length - mostLayers));
  return layers.slice(start, start + mostLayers);
}

async function matricesOf({ model, signal }: Inquiry, layers: readonly LayerInfo[]) {
  const n = layers[0]!.inputShape.at(-1)!;
  const matrices: Float32Array[] = [];
  const all: MixingSummary[] = [];
  for (const layer of layers) {
    const { linear } = model.layers[layer.index]!;
    const matrix = linear
      ? firstPlace(linear.matrix, n)
      : await matrixOf(innerOf(model, 'The matrix of a layer'), layer, signal);
    matrices.push(matrix);
    all.push({
      layer: layer.index,
      logDet: logAbsDeterminant(matrix, n),
      distance: Math.hypot(...gramOf(matrix, n)) / Math.sqrt(n),
    });
  }
  return { matrices, all };
}

/** The part of a matrix of all elements that is for the first place. */
function firstPlace(matrix: Float64Array, n: number): Float32Array {
  const size = Math.sqrt(matrix.length);
  return Float32Array.from({ length: n * n }, (_, k) => matrix[Math.floor(k / n) * size + (k % n)]!);
}

/** The Jacobian at one place, which is the same everywhere. */
async function matrixOf(
  inner: InnerPrograms,
  { index, inputShape }: LayerInfo,
  signal: AbortSignal,
): Promise<Float32Array> {
  const n = inputShape.at(-1)!;
  const size = sizeOf(inputShape);
  const rows = Math.max(1, Math.min(n, Math.floor(valuesAtOnce / size)));
  const program = await inner.jacobian(index, rows);
  const matrix = new Float32Array(n * n);
  const shape = [rows, ...inputShape];
  for (let from = 0; from < n; from += rows) {
    await breathe(signal);
    const dy = new Float32Array(rows * size);
    const count = Math.min(rows, n - from);
    for (let row = 0; row < count; row++) dy[row * size + from + row] = 1;
    const { dx } = await program.run({
      h: { shape, data: new Float32Array(rows * size) },
      dy: { shape, data: dy },
    });
    for (let row = 0; row < count; row++)
      matrix.set((dx!.data as Float32Array).subarray(row * size, row * size + n), (from + row) * n);
  }
  return matrix;
}

/** WᵀW − I. */
function gramOf(matrix: Float32Array, n: number): Float32Array {
  const gram = new Float32Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = i === j ? -1 : 0;
      for (let k = 0; k < n; k++) sum += matrix[k * n + i]! * matrix[k * n + j]!;
      gram[i * n + j] = sum;
    }
  return gram;
}

/** Travel through the product of the matrices. A feature's shares are the squares of its column. */
function travel(
  matrices: readonly Float32Array[],
  n: number,
  followed: Int32Array,
): Pick<MixingView, 'spread' | 'shares'> {
  const stages = matrices.length + 1;
  const spread = new Float32Array(stages * n);
  const shares = new Float32Array(followed.length * stages * n);
  let product: Float64Array = Float64Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));
  for (let stage = 0; stage < stages; stage++) {
    if (stage > 0) product = times(matrices[stage - 1]!, product, n);
    for (let feature = 0; feature < n; feature++) {
      const weights = Array.from({ length: n }, (_, place) => product[place * n + feature]! ** 2);
      const total = weights.reduce((a, b) => a + b, 0);
      const fractions = weights.map((weight) => weight / total);
      spread[stage * n + feature] = 1 / fractions.reduce((sum, share) => sum + share ** 2, 0);
      const row = followed.indexOf(feature);
      if (row >= 0) shares.set(fractions, (row * stages + stage) * n);
    }
    // Shares are of sizes relative to each other, which products of many matrices would take out of range.
    const largest = product.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (largest > 0) product = product.map((value) => value / largest);
  }
  return {
    spread: { shape: [stages, n], data: spread },
    shares: { shape: [followed.length, stages, n], data: shares },
  };
}

function times(a: ArrayLike<number>, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k]!;
      if (factor !== 0) for (let j = 0; j < n; j++) out[i * n + j]! += factor * b[k * n + j]!;
    }
  return out;
}
