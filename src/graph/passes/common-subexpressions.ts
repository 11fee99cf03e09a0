import { createHash } from 'node:crypto';
import type { ConstantData, Node, Value } from '../ir';
import { rewrite } from '../rewrite';
import { pass } from './pass';

/** Constants larger than this are told apart by identity: comparing them costs more than it saves. */
const comparedSize = 4096;

/** Computes equal things once: nodes of the same op, inputs, attributes and result type, and small equal constants. */
export const mergeCommonSubexpressions = pass('common subexpressions', (graph) => {
  const constants = new Map<string, number>();
  const canonical = new Map<number, number>();
  for (const [id, data] of graph.constants) {
    if (data.length > comparedSize) continue;
    const key = `${typeKey(graph.values.get(id)!)} ${bytesKey(data)}`;
    const first = constants.get(key);
    if (first === undefined) constants.set(key, id);
    else canonical.set(id, first);
  }
  const seen = new Map<string, readonly number[]>();
  const merged = rewrite(graph, (given, { recorder }) => {
    const node = given.inputs.some((id) => canonical.has(id))
      ? { ...given, inputs: given.inputs.map((id) => canonical.get(id) ?? id) }
      : given;
    const types = node.outputs.map((id) => typeKey(graph.values.get(id)!));
    const key = `${node.op} ${node.inputs.join()} ${attrsKey(node.attrs)} ${types.join(' ')}`;
    const known = seen.get(key);
    if (known) return known;
    seen.set(key, node.outputs);
    for (const id of node.outputs) recorder.values.set(id, graph.values.get(id)!);
    recorder.nodes.push(node);
    return node.outputs;
  });
  return {
    ...merged,
    outputs: merged.outputs.map(({ name, value }) => ({ name, value: canonical.get(value) ?? value })),
  };
});

/** Graphs are cleaned up many times over, and what a key is made of stays the same object. */
function keptKey<T extends object>(make: (of: T) => string): (of: T) => string {
  const keys = new WeakMap<T, string>();
  return (of) => {
    let key = keys.get(of);
    if (key === undefined) keys.set(of, (key = make(of)));
    return key;
  };
}

const typeKey = keptKey(({ shape, dtype }: Value) => `${dtype}[${shape.join()}]`);

const attrsKey = keptKey((attrs: Node['attrs']) => JSON.stringify(attrs, exactNumbers));

/** By bits, so that -0 and 0 stay apart. */
const bytesKey = keptKey((data: ConstantData) =>
  createHash('sha256')
    .update(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    .digest('base64'),
);

/** JSON knows neither NaN, nor infinities, nor -0. */
function exactNumbers(_: string, value: unknown): unknown {
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? `#${1 / value}:${value}`
    : value;
}
