import { createHash } from 'node:crypto';
import { type ConstantData, type Graph, type Node, type Value, rewrite } from '../ir';
import { groupedBy } from '../../base/group';
import { entryOf, keptOf } from '../../base/kept';
import { pass } from './pass';

/** Constants larger than this are compared by identity only: comparing them costs more than it saves. */
const comparedSize = 4096;

/** Computes equal things once: nodes of the same op, inputs, attributes and result type, and small equal constants. */
export const mergeCommonSubexpressions = pass('common subexpressions', (graph) => {
  const canonical = equalConstants(graph);
  /** Attributes and types are looked at only where op and inputs are the same, which is seldom. */
  const seen = new Map<string, Node[]>();
  const restOf = ({ attrs, outputs }: Node): string =>
    `${attrsKey(attrs)} ${outputs.map((id) => typeText(graph.values.get(id)!)).join(' ')}`;
  const merged = rewrite(graph, (original, { recorder }) => {
    const moved = original.inputs.some((id) => canonical.has(id));
    const node = moved
      ? { ...original, inputs: original.inputs.map((id) => canonical.get(id) ?? id) }
      : original;
    const key = `${node.op} ${node.inputs.join()}`;
    const alike = entryOf(seen, key, () => []);
    const known = alike.find((other) => restOf(other) === restOf(node));
    if (known) return known.outputs;
    alike.push(node);
    return moved ? recorder.keep(node, graph) : undefined;
  });
  if (canonical.size === 0) return merged;
  return {
    ...merged,
    outputs: merged.outputs.map(({ name, value }) => ({ name, value: canonical.get(value) ?? value })),
  };
});

/** Small constants that repeat another one, each with the first of its kind. */
function equalConstants(graph: Graph): Map<number, number> {
  const small = [...graph.constants].filter(([, { length }]) => length <= comparedSize);
  const bySize = groupedBy(small, ([, { length }]) => length);
  const canonical = new Map<number, number>();
  for (const entries of bySize.values()) {
    if (entries.length === 1) continue;
    const firsts = new Map<string, number>();
    for (const [id, data] of entries) {
      const key = `${typeText(graph.values.get(id)!)} ${bytesKey(data)}`;
      const first = entryOf(firsts, key, () => id);
      if (first !== id) canonical.set(id, first);
    }
  }
  return canonical;
}

function typeText({ shape, dtype }: Value): string {
  return `${dtype}[${shape.join()}]`;
}

const attrsKey = keptOf((attrs: Node['attrs']) => JSON.stringify(attrs, exactNumbers));

/** By bits, so that -0 and 0 stay apart. Graphs are cleaned up many times over, and their constants stay the same. */
const bytesKey = keptOf((data: ConstantData) =>
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
