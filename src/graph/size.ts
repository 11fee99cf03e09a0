/** How large a graph is: what passes make smaller. */
import type { Graph } from './ir';
import { isDynamic } from './recorder';

export interface GraphSize {
  /** Kernel calls. */
  nodes: number;
  /** Numbers that these write. Small networks spend their time starting kernels, large ones writing. */
  elements: number;
  /** Numbers in constants. */
  constants: number;
}

/** Hand on their input's memory. */
const aliases = new Set(['ExpandDims', 'Reshape']);

/** @param batch what "any" batch size counts as */
export function graphSize({ nodes, values, constants, dynamicBatch }: Graph, batch: number): GraphSize {
  const sizeOf = (id: number): number =>
    values
      .get(id)!
      .shape.reduce((n, dim) => n * (isDynamic(dim, dynamicBatch) ? (dim / dynamicBatch!) * batch : dim), 1);
  const total = (ids: Iterable<number>): number => [...ids].reduce((sum, id) => sum + sizeOf(id), 0);
  return {
    nodes: nodes.length,
    elements: total(nodes.flatMap(({ op, outputs }) => (aliases.has(op) ? [] : outputs))),
    constants: total(constants.keys()),
  };
}
