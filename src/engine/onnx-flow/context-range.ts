/** What a graph says of the usual values of its context. */
import type { ContextInfo } from '../../protocol/model';
import { floatsIn, type GraphNode, type OnnxGraph } from './graph';

/** Mean and standard deviation of each number of a context. */
export type UsualContext = Pick<ContextInfo, 'mean' | 'std'>;

/**
 * Where the context is standardized first, as simulation-based inference does, what is subtracted and divided by; undefined
 * where anything else reads it.
 */
export function contextRange(graph: OnnxGraph, name: string, size: number): UsualContext | undefined {
  let usual: UsualContext = { mean: Array<number>(size).fill(0), std: Array<number>(size).fill(1) };
  let found = false;
  // (c − m) / s, c·a + b and what else is made of these.
  for (let at = name, steps = 0; steps < 4; steps++) {
    const node = onlyReader(graph, at);
    const next = node && applied(graph, node, at, usual, size);
    if (!next) break;
    usual = next;
    found = true;
    at = node.writes[0]!;
  }
  return found && [...usual.mean, ...usual.std].every(Number.isFinite) && usual.std.every((s) => s > 0)
    ? usual
    : undefined;
}

function onlyReader({ nodes }: OnnxGraph, name: string): GraphNode | undefined {
  const readers = nodes.filter(({ op, reads }) => op !== 'Shape' && reads.includes(name));
  return readers.length === 1 ? readers[0] : undefined;
}

/** The mean and deviation for which what comes out has mean 0 and deviation 1, with one more step. */
function applied(
  graph: OnnxGraph,
  { op, proto }: GraphNode,
  name: string,
  { mean, std }: UsualContext,
  size: number,
): UsualContext | undefined {
  const inputs = (proto.input ?? []).map(String);
  const other = inputs[inputs[0] === name ? 1 : 0] ?? '';
  const tensor = graph.initializers.get(other) ?? graph.producer.get(other)?.proto.attribute?.[0]?.t;
  const values = tensor && floatsIn(tensor);
  if (!values || (values.length !== size && values.length !== 1)) return undefined;
  const value = (i: number): number => values[values.length === 1 ? 0 : i]!;
  // So far (c − mean) / std comes out.
  switch (op) {
    case 'Sub':
      if (inputs[0] !== name) return undefined;
      return { std, mean: mean.map((m, i) => m + std[i]! * value(i)) };
    case 'Add':
      return { std, mean: mean.map((m, i) => m - std[i]! * value(i)) };
    case 'Div':
      if (inputs[0] !== name) return undefined;
      return { mean, std: std.map((s, i) => s * Math.abs(value(i))) };
    case 'Mul':
      return { mean, std: std.map((s, i) => s / Math.abs(value(i))) };
    default:
      return undefined;
  }
}
