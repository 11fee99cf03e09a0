/** What both backends check of arrays that they are given. */
import { UserError } from '../../base/user-error';
import type { Graph, Value } from '../../graph/ir';
import { isDynamic } from '../../graph/recorder';
import { sameShape, showShape } from '../../graph/shape';
import { sizeOf } from '../../base/shape';
import type { NdArray } from '../../protocol/tensors';
import type { Feeds } from './backend';

/** The feed for one graph input. @throws UserError when it is missing, or its shape or type does not fit. */
export function feedFor(
  feeds: Feeds,
  name: string,
  { shape, dtype }: Value,
  { dynamicBatch }: Pick<Graph, 'dynamicBatch'>,
): NdArray {
  const feed = feeds[name];
  if (!feed) throw new UserError(`The input "${name}" was not given.`);
  const expected = shape.map((dim) => (isDynamic(dim, dynamicBatch) ? -1 : dim));
  const fits =
    feed.shape.length === shape.length && expected.every((dim, i) => dim === -1 || dim === feed.shape[i]);
  if (!fits || feed.data.length !== sizeOf(feed.shape)) {
    const wanted = showShape(expected).replaceAll('-1', 'N');
    throw new UserError(
      `The input "${name}" has shape ${showShape(feed.shape)} and ${feed.data.length} values; ${wanted} is expected.`,
    );
  }
  const type = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype];
  if (!(feed.data instanceof type)) {
    throw new UserError(`The input "${name}" holds ${feed.data.constructor.name}; ${type.name} is expected.`);
  }
  return feed;
}

/** What state is set to. @throws UserError when its shape or type does not fit */
export function stateValues(
  { name, shape }: { name: string; shape: readonly number[] },
  array: NdArray,
): Float32Array {
  const fits = sameShape(array.shape, shape) && array.data.length === sizeOf(shape);
  if (!fits || !(array.data instanceof Float32Array)) {
    throw new UserError(
      `The state "${name}" was given as ${array.data.constructor.name} of shape ${showShape(array.shape)}; ` +
        `Float32Array of shape ${showShape(shape)} is expected.`,
    );
  }
  return array.data;
}
