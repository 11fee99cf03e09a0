/** Memory that a graph takes as its nodes run one after the other. */
import { sizeOf } from '../base/shape';
import type { Graph, Value } from './ir';

/** They hand on their input's memory. */
export const aliases: ReadonlySet<string> = new Set(['ExpandDims', 'Reshape']);

const bytesOf = ({ shape, dtype }: Value): number => sizeOf(shape) * (dtype === 'bool' ? 1 : 4);

/**
 * Inputs, constants and results are there from beginning to end, every other value until its last use. A device takes somewhat more: it
 * rounds sizes up, and keeps memory for the next value.
 */
export function graphMemory({ inputs, outputs, constants, nodes, values }: Graph) {
  const root = new Map<number, number>();
  const rootOf = (id: number): number => root.get(id) ?? id;
  for (const { op, inputs: from, outputs: to } of nodes) {
    if (aliases.has(op)) for (const id of to) root.set(id, rootOf(from[0]!));
  }
  const stays = new Set([...[...inputs, ...outputs].map(({ value }) => rootOf(value)), ...constants.keys()]);
  const lastUse = new Map<number, number>();
  for (const [at, node] of nodes.entries())
    for (const id of [...node.inputs, ...node.outputs]) lastUse.set(rootOf(id), at);
  const size = (id: number): number => bytesOf(values.get(id)!);
  const sum = (ids: Iterable<number>): number => [...ids].reduce((total, id) => total + size(id), 0);
  let live = sum(stays);
  let peak = live;
  for (const [at, { op, inputs: from, outputs: to }] of nodes.entries()) {
    if (!aliases.has(op)) live += sum(to.filter((id) => !stays.has(id)));
    peak = Math.max(peak, live);
    const ended = new Set([...from, ...to].map(rootOf).filter((id) => lastUse.get(id) === at));
    live -= sum([...ended].filter((id) => !stays.has(id)));
  }
  const largest = [...values.values()].reduce((most, value) => Math.max(most, bytesOf(value)), 0);
  /** Bytes at the same time, at most, and of the largest value. */
  return { peak, largest };
}
