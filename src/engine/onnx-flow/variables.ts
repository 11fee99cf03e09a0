/**
 * Numbers the values that flow through a graph. Two elements of any tensors that are equal, bit by bit, in every run are
 * one variable: what a reshape, a transposition, a split, a gather, a mask of ones or a squeeze by convolution hands on is
 * then recognized without knowing these operators.
 */
import { sizeOf } from '../../base/shape';
import { needed, type OnnxGraph } from './graph';
import type { Probe } from './probe';

export interface NumberedTensor {
  name: string;
  /** Place in the order of computation; the input is 0. */
  order: number;
  /** Variable of each element; −1 where it does not depend on the input. */
  ids: Int32Array;
}

export interface Variables {
  count: number;
  /** In order of computation; the flow's input first. */
  tensors: readonly NumberedTensor[];
  byName: ReadonlyMap<string, NumberedTensor>;
  /** Where each variable was computed first: index into `tensors`, and element. */
  home: Int32Array;
  place: Int32Array;
  /** Tensors on the way that depend on the input and were too large to number, with their order. */
  large: ReadonlyMap<string, number>;
}

/** Operators whose result depends on the shape of what they read, never on its values. */
const shapeOnly = new Set(['Shape', 'Size', 'ConstantOfShape', 'EyeLike']);

/** Numbers the tensors that lead to the flow's output. */
export function numberVariables({ graph, ports, shapes, values }: Probe): Variables {
  const { nodes } = needed(graph, [ports.output]);
  const depends = new Set([ports.input]);
  const order = new Map([[ports.input, 0]]);
  const large = new Map<string, number>();
  for (const node of nodes) {
    if (shapeOnly.has(node.op) || !node.reads.some((name) => depends.has(name))) continue;
    for (const name of node.writes) {
      depends.add(name);
      order.set(name, order.size);
      if (shapes.has(name) && !values.has(name)) large.set(name, order.get(name)!);
    }
  }
  const numbered = [...order.keys()].filter((name) => values.has(name));
  const elements = numbered.reduce((sum, name) => sum + values.get(name)![0]!.length, 0);
  const table = signatureTable(elements, values.get(ports.input)!.length);
  const home: number[] = [];
  const place: number[] = [];
  const tensors = numbered.map((name, index): NumberedTensor => {
    const runs = values.get(name)!;
    const bits = runs.map((data) => new Uint32Array(data.buffer, data.byteOffset, data.length));
    const ids = new Int32Array(runs[0]!.length);
    for (let i = 0; i < ids.length; i++) {
      const id = isConstant(runs, i) ? -1 : table.number(bits, i, isTelling(runs, i));
      ids[i] = id;
      if (id === home.length) {
        home.push(index);
        place.push(i);
      }
    }
    return { name, order: order.get(name)!, ids };
  });
  return {
    count: home.length,
    tensors,
    byName: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    home: Int32Array.from(home),
    place: Int32Array.from(place),
    // Tensors without values of their own type (conditions, shapes) carry none of the flow's.
    large: new Map([...large].filter(([name]) => isFloatLike(name))),
  };

  function isFloatLike(name: string): boolean {
    const size = sizeOf(shapes.get(name)!);
    return size > largestNumbered(values, ports.input);
  }
}

/** Operators that put values together and take them apart. A ReLU, too, can give what it read, but in some runs only. */
const handOn = new Set(
  'Add Cast Concat Conv DepthToSpace Expand Flatten Gather GatherElements GatherND Identity Mul Reshape ScatterElements'
    .concat(' ScatterND Slice SpaceToDepth Split Squeeze Sum Tile Transpose Unsqueeze')
    .split(' '),
);

/**
 * Tensors to feed when these variables take other values: where they were computed, and what only hands them on. The
 * latter, computed anew, would lead through what came before, where numbers of our choice can overflow.
 */
export function holding(graph: OnnxGraph, { tensors, home }: Variables, ids: Iterable<number>): Set<string> {
  const known = new Set(ids);
  const homes = [...known].map((id) => tensors[home[id]!]!.name);
  const handedOn = tensors.filter(
    (tensor) =>
      handOn.has(graph.producer.get(tensor.name)?.op ?? '') && tensor.ids.every((id) => known.has(id)),
  );
  return new Set([...homes, ...handedOn.map(({ name }) => name)]);
}

/** Values of an example up to which a tensor can hold the flow's, with room for what is concatenated to them. */
export function largestKept(size: number): number {
  return Math.max(4096, 4 * size);
}

function largestNumbered(values: Probe['values'], input: string): number {
  return largestKept(values.get(input)![0]!.length);
}

/** Not finite counts as constant: nothing can be followed through it. */
function isConstant(runs: readonly Float32Array[], i: number): boolean {
  const first = runs[0]![i]!;
  let same = true;
  for (const data of runs) {
    if (!Number.isFinite(data[i])) return true;
    same &&= data[i] === first;
  }
  return same;
}

/** Behind a ReLU most runs may be 0; a single number that is left would be mistaken for another before long. */
function isTelling(runs: readonly Float32Array[], i: number): boolean {
  return runs.every((data, r) => runs.slice(0, r).every((earlier) => earlier[i] !== data[i]));
}

/** A hash table from the bits of an element in all runs to its number. */
function signatureTable(elements: number, runs: number) {
  let size = 1024;
  while (size < 2 * elements) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  const keys = new Uint32Array(elements * runs);
  let used = 0;
  return {
    /** The number of an equal element, where equality says something; else a new one. */
    number(bits: readonly Uint32Array[], i: number, telling: boolean): number {
      if (!telling) return used++;
      let hash = 0;
      for (const run of bits) hash = Math.imul(hash ^ run[i]!, 0x9e3779b1) ^ (hash >>> 15);
      hash ^= hash >>> 13;
      for (let slot = hash & (size - 1); ; slot = (slot + 1) & (size - 1)) {
        const id = slots[slot]!;
        if (id < 0) {
          for (let r = 0; r < runs; r++) keys[used * runs + r] = bits[r]![i]!;
          slots[slot] = used;
          return used++;
        }
        let same = true;
        for (let r = 0; r < runs && same; r++) same = keys[id * runs + r] === bits[r]![i]!;
        if (same) return id;
      }
    },
  };
}
