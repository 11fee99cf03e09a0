/** What both backends check of arrays that they are given. */
import { UserError } from '../../base/user-error';
import { type Graph, type Value, isDynamic, sameShape, showShape } from '../../graph/ir';
import type { StateSpec } from '../../graph/tensorflow/variables';
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
    const expectedShape = showShape(expected).replaceAll('-1', 'N');
    throw new UserError(
      `The input "${name}" has shape ${showShape(feed.shape)} and ${feed.data.length} values; ${expectedShape} is expected.`,
    );
  }
  const type = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype];
  if (!(feed.data instanceof type))
    throw new UserError(`The input "${name}" holds ${feed.data.constructor.name}; ${type.name} is expected.`);
  return feed;
}

/** The state of a name. @throws UserError where there is none */
export function stateNamed<S>(all: ReadonlyMap<string, S>, name: string): S {
  const state = all.get(name);
  if (!state) throw new UserError(`There is no state named "${name}".`);
  return state;
}

/** What each is set to; all are checked before the first is. @throws UserError for a name, shape or type that does not fit */
export function stateValues<S extends StateSpec>(
  all: ReadonlyMap<string, S>,
  values: Feeds,
): [state: S, data: Float32Array][] {
  return Object.entries(values).map(([name, array]) => {
    const state = stateNamed(all, name);
    return [state, checkedValues(state, array)];
  });
}

function checkedValues({ name, shape }: StateSpec, array: NdArray): Float32Array {
  const fits = sameShape(array.shape, shape) && array.data.length === sizeOf(shape);
  if (!fits || !(array.data instanceof Float32Array)) {
    throw new UserError(
      `The state "${name}" was given as ${array.data.constructor.name} of shape ${showShape(array.shape)}; ` +
        `Float32Array of shape ${showShape(shape)} is expected.`,
    );
  }
  return array.data;
}
