import type { ConstantData } from '../ir';
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
    const { shape, dtype } = graph.values.get(id)!;
    const key = `${dtype}[${shape.join()}]${bytesKey(data)}`;
    const first = constants.get(key);
    if (first === undefined) constants.set(key, id);
    else canonical.set(id, first);
  }
  const seen = new Map<string, readonly number[]>();
  const merged = rewrite(graph, (node, { recorder }) => {
    const inputs = node.inputs.map((id) => canonical.get(id) ?? id);
    const types = node.outputs.map((id) => graph.values.get(id)!).map(({ shape, dtype }) => [shape, dtype]);
    const key = JSON.stringify([node.op, inputs, node.attrs, types], exactNumbers);
    const known = seen.get(key);
    if (known) return known;
    seen.set(key, node.outputs);
    for (const id of node.outputs) recorder.values.set(id, graph.values.get(id)!);
    recorder.nodes.push({ ...node, inputs });
    return node.outputs;
  });
  return {
    ...merged,
    outputs: merged.outputs.map(({ name, value }) => ({ name, value: canonical.get(value) ?? value })),
  };
});

/** By bits, so that -0 and 0 stay apart. */
function bytesKey(data: ConstantData): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}

/** JSON knows neither NaN, nor infinities, nor -0. */
function exactNumbers(_: string, value: unknown): unknown {
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? `#${1 / value}:${value}`
    : value;
}
