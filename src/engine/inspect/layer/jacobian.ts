/** ∂y/∂x of one layer by automatic differentiation of the flow's own definition. */
import { range } from '../../../base/order';
import { UserError } from '../../../base/user-error';
import {
  largestJacobianBlock,
  wholeJacobian,
  type JacobianQuery,
  type JacobianView,
} from '../../../protocol/jacobian';
import type { Feeds } from '../../backends/backend';
import type { LayerInfo } from '../../../protocol/model';
import { type InnerPrograms, layerAt, type AloneLayer } from '../../model/inspected-flow';
import { sizeOf } from '../../../base/shape';
import { logAbsDeterminant, inverseOf } from '../../../base/determinant';
import { breathe } from '../../model/breathe';
import { elementLogDets, normOf } from './layer';
import { firstContext, layerContext, type Pass, stillPass } from '../pass';
import { checkWhole, type Inquiry, type SharedInquiry } from '../inquiry';

/**
 * The Jacobian by running statistics, whatever the selection's mode: with a batch's own, a layer is not a map of one
 * example. It comes from automatic differentiation where the flow is our own, traced; from central differences where it
 * was found in a graph.
 * @throws UserError for a layer that only moves values, for an invalid block; CancelledError
 */
export async function jacobian(inquiry: SharedInquiry, query: JacobianQuery): Promise<JacobianView> {
  const { model, signal } = inquiry;
  const { info, bijection, flow } = layerAt(model, query.layer);
  const size = sizeOf(info.inputShape);
  const { around, count } = query;
  checkWhole(count, 2, largestJacobianBlock, `A block of ${count} elements was asked for; expected`);
  if (!(Number.isInteger(around) && around >= -1 && around < size))
    throw new UserError(`Element ${around} was marked; ${info.name} has ${size}, numbered from 0.`);
  const { inner } = model;
  if (inner && !bijection) throw onlyMoves(info.name);
  const mask = flow?.mask?.data;
  const whole = size <= wholeJacobian;
  const elements = whole
    ? Int32Array.from(range(size))
    : blockAround(info.inputShape, mask, around, Math.min(count, size));

  const passes = await stillPass(inquiry, query);
  const pass = passes.layers[info.index]!;
  const k = elements.length;
  const found = model.recorded
    ? {
        matrix: blockOf(
          await model.recorded.jacobian(info.index, pass.input.data, firstContext(passes)),
          size,
          elements,
        ),
      }
    : inner
      ? {
          matrix: await byGradients(
            inner,
            info,
            pass.input.data,
            elements,
            layerContext(passes, model, k),
            signal,
          ),
        }
      : await byDifferences(inquiry, query.layer, passes, { elements, whole, masked: mask !== undefined });
  if (!found) throw onlyMoves(info.name);
  const { matrix } = found;

  const terms = elementLogDets(info, pass);
  const deviation = normOf(pass, mask, info.outputShape)?.std;
  const channels = info.outputShape.at(-1)!;
  const logScales =
    mask &&
    terms &&
    Float64Array.from(elements, (element) =>
      mask[element]! > 0.5 ? 0 : terms[element]! - Math.log(deviation?.[element % channels] ?? 1),
    );
  const claimed = whole
    ? pass.logDet.layer[0]! + pass.logDet.norm[0]!
    : logScales?.reduce((a, b) => a + b, 0);
  return {
    layer: info.index,
    elements,
    whole,
    matrix: { shape: [k, k], data: Float32Array.from(matrix) },
    ...(mask ? { passes: Uint8Array.from(elements, (element) => Number(mask[element]! > 0.5)) } : {}),
    // Those of a recording are the diagonal itself.
    ...(logScales && !model.recorded ? { expected: Float32Array.from(logScales, Math.exp) } : {}),
    ...('step' in found ? { differences: { step: found.step, error: found.error } } : {}),
    logDet: logAbsDeterminant(matrix, k),
    ...(claimed === undefined ? {} : { claimed }),
  };
}

/** Rows and columns of a whole Jacobian. */
export function blockOf(whole: Float32Array, size: number, elements: Int32Array): Float32Array {
  return Float32Array.from(
    [...elements].flatMap((row) => [...elements].map((column) => whole[row * size + column]!)),
  );
}

function onlyMoves(name: string): UserError {
  return new UserError(
    `The layer ${name} only moves values to other places: its Jacobian is a permutation, with log-det 0.`,
  );
}

/** One row for each element, all in one run. */
async function byGradients(
  inner: InnerPrograms,
  { index, inputShape, outputShape }: LayerInfo,
  input: Float32Array,
  elements: Int32Array,
  context: Feeds,
  signal: AbortSignal,
): Promise<Float32Array> {
  const k = elements.length;
  const size = input.length;
  const program = await inner.jacobian(index, k);
  await breathe(signal);
  const repeated = new Float32Array(k * size);
  const chosen = new Float32Array(k * size);
  elements.forEach((element, row) => {
    repeated.set(input, row * size);
    chosen[row * size + element] = 1;
  });
  const { dx } = await program.run({
    h: { shape: [k, ...inputShape], data: repeated },
    dy: { shape: [k, ...outputShape], data: chosen },
    ...context,
  });
  const matrix = new Float32Array(k * k);
  for (let row = 0; row < k; row++) {
    elements.forEach((element, column) => (matrix[row * k + column] = dx!.data[row * size + element]!));
  }
  return matrix;
}

async function byDifferences(
  { model, signal }: Inquiry,
  layer: number,
  passes: Pass,
  { elements, whole, masked }: { elements: Int32Array; whole: boolean; masked: boolean },
): Promise<Differences | undefined> {
  const alone = await model.programs.alone?.(layer, passes.layers, firstContext(passes));
  if (!alone) return undefined;
  const { input, output } = passes.layers[layer]!;
  const found = await centralDifferences(alone, (alone.backward ? output : input).data, elements, signal);
  if (!alone.backward) return found;
  // A block of a coupling's inverse is the inverse of the block, since what moves does not depend on what moves.
  if (!whole && !masked) {
    throw new UserError(
      'The file runs from z to x and this layer is not understood: a block of its Jacobian cannot be told from the inverse. ' +
        'Open the file of the other direction.',
    );
  }
  return inverted(found, elements.length);
}

/** Elements nearest to the marked one, half of them passing and half of them moving where there is a mask. */
export function blockAround(
  shape: readonly number[],
  mask: Float32Array | undefined,
  around: number,
  count: number,
): Int32Array {
  const size = sizeOf(shape);
  const centre = around >= 0 ? around : Math.max(0, mask?.findIndex((bit) => bit <= 0.5) ?? 0);
  const [, width = 1, channels = 1] = shape.length === 3 ? shape : [1, size, 1];
  const placeOf = (i: number): [number, number, number] => [
    Math.floor(i / (width * channels)),
    Math.floor(i / channels) % width,
    i % channels,
  ];
  const [row, column, channel] = placeOf(centre);
  const distance = (i: number): number => {
    const [r, c, ch] = placeOf(i);
    return (
      (r - row) ** 2 +
      (c - column) ** 2 +
      Math.min(1, Math.abs(ch - channel)) / 2 +
      Math.abs(ch - channel) / 1e6
    );
  };
  const nearest = (of: (i: number) => boolean): number[] =>
    range(size)
      .filter(of)
      .map((i) => ({ i, far: distance(i) }))
      .sort((a, b) => a.far - b.far || a.i - b.i)
      .map(({ i }) => i);
  if (!mask) return Int32Array.from(nearest(() => true).slice(0, count)).sort();
  const passing = nearest((i) => mask[i]! > 0.5);
  const moving = nearest((i) => mask[i]! <= 0.5);
  const half = Math.max(count - passing.length, Math.min(moving.length, Math.ceil(count / 2)));
  return Int32Array.from([...moving.slice(0, half), ...passing.slice(0, count - half)]).sort();
}

interface Differences {
  /** [k, k], row-major: ∂ of element i at the end by element j at the start. */
  matrix: Float64Array;
  step: number;
  error: number;
}

/** For values about 1: rounding and what the third derivative leaves over are about alike in float32. */
const usualStep = 2 ** -8;
const float32Rounding = 2 ** -24;

/**
 * D(h) = (f(x + h) − f(x − h)) / 2h for the elements given, all others held. Its error is estimated from above, as the sum
 * of |D(2h) − D(h)|, which the third derivative makes; of half of |2S(h) − S(2h)| with S(h) = (f(x + h) − 2f(x) + f(x − h)) / h,
 * which is 0 where f is smooth and the change of slope at a kink, as ReLUs have; and of the rounding of both values.
 * @throws CancelledError
 */
async function centralDifferences(
  layer: AloneLayer,
  start: Float32Array,
  elements: Int32Array,
  signal: AbortSignal,
): Promise<Differences> {
  const k = elements.length;
  const size = Math.sqrt(start.reduce((sum, value) => sum + value * value, 0) / start.length);
  // A power of two, so that x ± h loses as little as can be.
  const step =
    usualStep * 2 ** Math.max(0, Math.ceil(Math.log2(Number.isFinite(size) && size > 0 ? size : 1)));
  const offsets = [step, -step, 2 * step, -2 * step];
  const moved = Array.from(elements, (element) =>
    offsets.map((by) => {
      const input = start.slice();
      input[element]! += by;
      return input;
    }),
  );
  const inputs = [start, ...moved.flat()];
  const outputs: Float32Array[] = [];
  for (let at = 0; at < inputs.length; at += layer.batch) {
    await breathe(signal);
    outputs.push(...(await layer.run(inputs.slice(at, at + layer.batch))));
  }
  const [middle, ...ends] = outputs;
  const matrix = new Float64Array(k * k);
  let error = 0;
  elements.forEach((element, column) => {
    const columnEnds = ends.slice(column * offsets.length, (column + 1) * offsets.length);
    // What was really added, after rounding.
    const [up, down, farUp, farDown] = moved[column]!.map((input) => input[element]! - start[element]!);
    elements.forEach((end, row) => {
      const from = middle![end]!;
      const [above, below, farAbove, farBelow] = columnEnds.map((values) => values[end]! - from);
      const near = (above! - below!) / (up! - down!);
      const far = (farAbove! - farBelow!) / (farUp! - farDown!);
      const bend = above! / up! - below! / down!;
      const farBend = farAbove! / farUp! - farBelow! / farDown!;
      const rounding = (2 * float32Rounding * Math.abs(from)) / (up! - down!);
      matrix[row * k + column] = near;
      error = Math.max(error, Math.abs(far - near) + Math.abs(2 * bend - farBend) / 2 + rounding);
    });
  });
  return { matrix, step, error };
}

/** Differences of the map taken backward: the inverse matrix, with the error that its size makes of the other's. */
function inverted({ matrix, step, error }: Differences, k: number): Differences {
  const inverse = inverseOf(matrix, k);
  const rowSums = Array.from({ length: k }, (_, i) =>
    inverse.subarray(i * k, (i + 1) * k).reduce((sum, value) => sum + Math.abs(value), 0),
  );
  const largest = Math.max(...rowSums);
  return { matrix: inverse, step, error: error * largest * largest };
}
