/** State in a session: each tensor is a resource variable of its own. */
import { shapeAttribute, textAttribute, typeAttribute, tensorAttribute } from './messages';
import type { GraphDefWriter } from './writer';

export interface StateSpec {
  name: string;
  shape: readonly number[];
}

export interface StateVariable extends StateSpec {
  handle: string;
  /** Feed `value` and fetch `assigned` to set the variable; fetch `read` to get it. */
  value: string;
  assigned: string;
  read: string;
}

const float = typeAttribute('float32');

export function addVariable(target: GraphDefWriter, { name, shape }: StateSpec): StateVariable {
  const at = `state/${name}`;
  const handle = target.add(at, 'VarHandleOp', [], {
    dtype: float,
    shape: shapeAttribute(shape),
    shared_name: textAttribute(name),
    container: textAttribute(''),
  });
  const value = target.add(`${at}/value`, 'Placeholder', [], { dtype: float, shape: shapeAttribute(shape) });
  // A variable must not keep memory that was fed: only the JavaScript thread may let go of it. (An Identity would share
  // it, and an addition of zero is optimized away.)
  const copy = target.add(`${at}/copy`, 'DeepCopy', [value], { T: float });
  const assign = target.add(`${at}/assign`, 'AssignVariableOp', [handle, copy], { dtype: float });
  const assigned = addSignal(target, `${at}/assigned`, [assign]);
  const read = target.add(`${at}/read`, 'ReadVariableOp', [handle], { dtype: float });
  return { name, shape, handle, value, assigned, read };
}

/** Something to fetch that exists only after the given nodes have run. */
export function addSignal(target: GraphDefWriter, at: string, after: readonly string[]): string {
  const value = target.add(`${at}/value`, 'Const', [], {
    dtype: float,
    value: tensorAttribute(Float32Array.of(1), [], 'float32'),
  });
  return target.add(at, 'Identity', [value, ...after.map((name) => `^${name}`)], { T: float });
}
