/** A graph as text, in the manner of a jaxpr. */
import type { Graph } from './ir';

/** One line a node: `c:float32[8,2] = Add a b   # scope`; attributes in brackets after the op. */
export function printGraph(graph: Graph): string {
  const names = new Map<number, string>();
  const nameOf = (id: number): string => {
    const known = names.get(id);
    if (known) return known;
    const fresh = letters(names.size);
    names.set(id, fresh);
    return fresh;
  };
  const typed = (id: number): string => {
    const { shape, dtype } = graph.values.get(id)!;
    const dims = shape.map((dim) => {
      const batch = graph.dynamicBatch;
      if (!batch || dim === 0 || dim % batch !== 0) return String(dim);
      return dim === batch ? 'N' : `${dim / batch}N`;
    });
    return `${nameOf(id)}:${dtype}[${dims.join(',')}]`;
  };
  const lines = ['inputs'];
  for (const { name, value } of graph.inputs) lines.push(`  ${typed(value)} = ${name}`);
  if (graph.constants.size > 0) lines.push('constants');
  for (const [id, data] of graph.constants) {
    const shown = [...data.slice(0, 4)].map((value) => Number(value.toPrecision(6)));
    lines.push(`  ${typed(id)} = ${shown.join(' ')}${data.length > 4 ? ' …' : ''}`);
  }
  lines.push('nodes');
  for (const { op, attrs, inputs, outputs, scope } of graph.nodes) {
    const shown = Object.entries(attrs).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    const call = [`${op}${shown.length ? `[${shown.join(' ')}]` : ''}`, ...inputs.map(nameOf)].join(' ');
    lines.push(`  ${outputs.map(typed).join(' ')} = ${call}${scope ? `   # ${scope}` : ''}`);
  }
  lines.push('outputs', ...graph.outputs.map(({ name, value }) => `  ${name} = ${nameOf(value)}`));
  return lines.join('\n') + '\n';
}

/** a, b, …, z, ba, bb, … */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26)) + last;
}
