/** Names of values in a printed function: by what they are, used again when the value before is needed no more. */
import { type Graph, type Node, isDynamic } from '../ir';
import type { Statements } from './statements';

/** What a value would best be called, as far as is known. */
export type Hints = ReadonlyMap<number, string>;

export type Naming = ReturnType<typeof namesOf>;

export function namesOf(graph: Graph, statements: Statements, hints: Hints) {
  const lastUse = new Map<number, number>();
  statements.lines.forEach((line, at) => {
    for (const id of statements.reads(line)) lastUse.set(id, at);
  });
  for (const { value } of graph.outputs) lastUse.set(value, Infinity);
  const names = new Map<number, string>();
  const holders = new Map<string, number>();
  const take = (id: number, stem: string, at: number): string => {
    const name = freeName(stem, (other) => isTaken(other, at));
    names.set(id, name);
    holders.set(name, id);
    return name;
  };
  const isTaken = (name: string, at: number): boolean => {
    const holder = holders.get(name);
    return holder !== undefined && (lastUse.get(holder) ?? -1) > at;
  };
  for (const { name, value } of graph.inputs) take(value, name, -Infinity);
  return {
    of: (id: number) => names.get(id) ?? `missing_${id}`,
    /** Called before each line is printed as an assignment: its results get their names. */
    define: (line: Node, at: number) =>
      line.outputs.map((id) => (lastUse.has(id) ? take(id, hints.get(id) ?? usualName(id, graph), at) : '_')),
  };
}

/** The name, or the first of NAME_2, NAME_3, … that is free. @param between text before the number */
export function freeName(stem: string, isTaken: (name: string) => boolean, between = '_'): string {
  let name = stem;
  for (let count = 2; isTaken(name); count++) name = `${stem}${between}${count}`;
  return name;
}

function usualName(id: number, { values, dynamicBatch }: Graph): string {
  const { shape, dtype } = values.get(id)!;
  if (dtype === 'bool') return 'chosen';
  if (dtype === 'int32') return 'index';
  if (shape.length === 0 || shape.some((dim) => isDynamic(dim, dynamicBatch)))
    return shape.length <= 1 ? 'log_det' : 'h';
  return shape.length > 1 ? 'w' : 'c';
}
