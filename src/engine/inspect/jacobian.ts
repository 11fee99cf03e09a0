/** ∂y/∂x of one layer by automatic differentiation of the flow's own definition. */
import { UserError } from '../../config/user-error';
import {
  largestJacobianBlock,
  wholeJacobian,
  type JacobianQuery,
  type JacobianView,
} from '../../protocol/jacobian';
import type { InspectedFlow } from '../model/inspected-flow';
import { sizeOf } from '../use/runner';
import { logAbsDeterminant } from './determinant';
import { innerOf } from './inner';
import { layerAt, normOf } from './layer';
import { breathe } from './pass';
import { stillPass } from './selection';
import type { SharedWork } from './shared-work';

/**
 * By running statistics, whatever the selection's mode: with a batch's own, a layer is no map of one example.
 * @throws UserError for a layer that only moves values, for flows without gradients, for a block that is none;
 * CancelledError
 */
export async function jacobian(
  model: InspectedFlow,
  work: SharedWork,
  query: JacobianQuery,
  signal: AbortSignal,
): Promise<JacobianView> {
  const { info, bijection, flow } = layerAt(model, query.layer);
  if (!bijection) {
    throw new UserError(
      `The layer ${info.name} only moves values to other places: its Jacobian is a permutation, with log-det 0.`,
    );
  }
  const inner = innerOf(model, 'A Jacobian');
  const size = sizeOf(info.inputShape);
  const { around, count } = query;
  if (!(Number.isInteger(count) && count >= 2 && count <= largestJacobianBlock)) {
    throw new UserError(
      `A block of ${count} elements was asked for; 2 to ${largestJacobianBlock} can be shown.`,
    );
  }
  if (!(Number.isInteger(around) && around >= -1 && around < size)) {
    throw new UserError(`Element ${around} was marked; ${info.name} has ${size}, numbered from 0.`);
  }
  const mask = flow?.mask?.data;
  const whole = size <= wholeJacobian;
  const elements = whole
    ? Int32Array.from({ length: size }, (_, i) => i)
    : blockAround(info.inputShape, mask, around, Math.min(count, size));

  const pass = (await stillPass(model, work, query, signal)).layers[info.index]!;
  const input = pass.first.x!;
  const k = elements.length;
  const program = await inner.jacobian(info.index, k);
  await breathe(signal);
  const repeated = new Float32Array(k * size);
  const chosen = new Float32Array(k * size);
  elements.forEach((element, row) => {
    repeated.set(input.data, row * size);
    chosen[row * size + element] = 1;
  });
  const { dx } = await program.run({
    h: { shape: [k, ...info.inputShape], data: repeated },
    dy: { shape: [k, ...info.outputShape], data: chosen },
  });
  const matrix = new Float32Array(k * k);
  for (let row = 0; row < k; row++) {
    elements.forEach((element, column) => (matrix[row * k + column] = dx!.data[row * size + element]!));
  }

  const s = pass.first.s?.data;
  const deviation = normOf(pass, mask, info.outputShape)?.std;
  const channels = info.outputShape.at(-1)!;
  const logScales =
    mask &&
    s &&
    Float64Array.from(elements, (element) =>
      mask[element]! > 0.5 ? 0 : s[element]! - Math.log(deviation?.[element % channels] ?? 1),
    );
  const claimed = whole ? pass.coupling[0]! + pass.norm[0]! : logScales?.reduce((a, b) => a + b, 0);
  return {
    layer: info.index,
    elements,
    whole,
    matrix: { shape: [k, k], data: matrix },
    ...(mask ? { passes: Uint8Array.from(elements, (element) => Number(mask[element]! > 0.5)) } : {}),
    ...(logScales ? { expected: Float32Array.from(logScales, Math.exp) } : {}),
    logDet: logAbsDeterminant(matrix, k),
    ...(claimed === undefined ? {} : { claimed }),
  };
}

/** Elements nearest to the marked one, half of them passing and half of them moving where there is a mask. */
export function blockAround(
  shape: readonly number[],
  mask: ArrayLike<number> | undefined,
  around: number,
  count: number,
): Int32Array {
  const size = sizeOf(shape);
  const centre = around >= 0 ? around : firstMoving(mask);
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
    Array.from({ length: size }, (_, i) => i)
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

function firstMoving(mask: ArrayLike<number> | undefined): number {
  if (!mask) return 0;
  for (let i = 0; i < mask.length; i++) if (mask[i]! <= 0.5) return i;
  return 0;
}
