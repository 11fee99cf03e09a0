/** A graph as text, in the manner of a jaxpr. */
import { type ConstantData, type Graph, type Node, type Value, isDynamic } from './ir';

const shortTypes = { float32: 'f32', int32: 'i32', bool: 'bool' } as const;

/**
 * One line a value: `c:f32[N,2] = Add a couplings.0.bias`, attributes in brackets after the op, and a comment where the
 * scope changes. Inputs and constants with a name go by it, numbers are where they are used, everything else is lettered in order.
 * Constants are summarized. N is the batch size of graphs for any.
 */
export function printGraph(graph: Graph): string {
  const names = new Names(graph);
  const typed = (id: number): string => `${names.of(id)}:${typeText(graph.values.get(id)!, graph)}`;
  const lines = ['inputs', ...graph.inputs.map(({ value }) => `  ${typed(value)}`)];
  const constants = [...graph.constants].filter(([id]) => !names.isLiteral(id));
  if (constants.length > 0) lines.push('constants');
  for (const [id, data] of constants) lines.push(`  ${typed(id)} = ${summary(data)}`);
  lines.push('nodes');
  let scope = '';
  for (const node of graph.nodes) {
    if (node.scope !== scope) lines.push(`  # ${node.scope || 'outside of any scope'}`);
    ({ scope } = node);
    const { op, inputs, outputs } = node;
    const call = [`${op}${attributes(node, graph)}`, ...inputs.map((id) => names.of(id))].join(' ');
    lines.push(`  ${outputs.map(typed).join(' ')} = ${call}`);
  }
  lines.push('outputs', ...graph.outputs.map(({ name, value }) => `  ${name} = ${names.of(value)}`));
  return lines.join('\n') + '\n';
}

class Names {
  private readonly names = new Map<number, string>();
  private readonly taken = new Set<string>();
  private next = 0;

  constructor(private readonly graph: Graph) {
    for (const { name, value } of graph.inputs) this.take(value, name);
    for (const id of graph.constants.keys()) {
      const name = graph.constantNames?.get(id);
      if (name !== undefined && !this.isLiteral(id)) this.take(id, name);
    }
  }

  of(id: number): string {
    const known = this.names.get(id);
    if (known !== undefined) return known;
    if (this.isLiteral(id)) return numberText(this.graph.constants.get(id)![0]!);
    let fresh = letters(this.next++);
    while (this.taken.has(fresh)) fresh = letters(this.next++);
    return this.take(id, fresh);
  }

  /** A constant scalar: its number says more than a name. */
  isLiteral(id: number): boolean {
    return this.graph.constants.has(id) && this.graph.values.get(id)!.shape.length === 0;
  }

  /** Names of parameters are shared by what was folded from them: the later ones get a mark. */
  private take(id: number, stem: string): string {
    let name = stem;
    while (this.taken.has(name)) name += "'";
    this.taken.add(name);
    this.names.set(id, name);
    return name;
  }
}

function typeText({ shape, dtype }: Value, graph: Graph): string {
  return `${shortTypes[dtype]}[${shape.map((dim) => dimText(dim, graph)).join(',')}]`;
}

/** Multiples of the batch size that stands for "any" as N, 2N, … */
function dimText(dim: number, { dynamicBatch }: Pick<Graph, 'dynamicBatch'>): string {
  if (dynamicBatch === undefined || !isDynamic(dim, dynamicBatch)) return String(dim);
  return dim === dynamicBatch ? 'N' : `${dim / dynamicBatch}N`;
}

/** `[axis=1 keepDims]`: what is false or absent is left out. */
function attributes({ attrs }: Node, graph: Graph): string {
  const text = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(text).join(',')}]`;
    if (typeof value === 'number') return Number.isInteger(value) ? dimText(value, graph) : numberText(value);
    return String(value);
  };
  const shown = Object.entries(attrs)
    .filter(([, value]) => value !== undefined && value !== null && value !== false)
    .map(([key, value]) => (value === true ? key : `${key}=${text(value)}`));
  return shown.length > 0 ? `[${shown.join(' ')}]` : '';
}

/** Few values as they are, many by their range and mean. */
function summary(data: ConstantData): string {
  if (data.length <= 6) return [...data].map(numberText).join(' ');
  let [least, most, sum] = [Infinity, -Infinity, 0];
  for (const value of data) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
  }
  if (least === most) return `all ${numberText(least)}`;
  return `${numberText(least)} to ${numberText(most)}, mean ${numberText(sum / data.length)}`;
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(Number(value.toPrecision(4)));
}

/** a, b, …, z, ba, bb, … */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26)) + last;
}
