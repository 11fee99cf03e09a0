/**
 * Numbers the values that flow through a graph. Two elements of any tensors that are equal, bit by bit, in every run are
 * one variable: what a reshape, a transposition, a split, a gather, a mask of ones or a squeeze by convolution hands on is
 * then recognized without knowing these operators.
 */
import { groupedBy } from '../../base/group';
import { sizeOf } from '../../base/shape';
import { needed, type GraphNode, type KnownShapes, type OnnxGraph } from './graph';
import type { Probe } from './probe';

export interface NumberedTensor {
  name: string;
  /** Place in the order of computation; the input is 0. */
  order: number;
  /** Variable of each element; −1 where it does not depend on the input. */
  ids: Int32Array;
}

export type Variables = ReturnType<typeof numberVariables>;

export type NumberedProbe = Probe & { variables: Variables };

/** Operators whose result depends on the shape of what they read, never on its values. */
const shapeOnly = new Set(['Shape', 'Size', 'ConstantOfShape', 'EyeLike']);

/** Operators that give one of the numbers that they read, or another, as the numbers are. */
const choosing = new Set('Clip Relu LeakyRelu PRelu Elu Celu Selu ThresholdedRelu Max Min Abs'.split(' '));
/** The same where one of their inputs, by its place, is computed from the flow's: which one. */
const chosenBy: Readonly<Record<string, number>> = {
  Where: 0,
  ScatterND: 1,
  ScatterElements: 1,
  GatherND: 1,
  GatherElements: 1,
};

/** Operators that give as many values as fulfill a condition, and those that put values into a tensor of another's shape. */
const picking = new Set(['NonZero', 'Compress', 'Unique']);
const scattering = new Set(['ScatterND', 'ScatterElements', 'Scatter']);

/** Numbers the tensors that lead to the flow's output. */
export function numberVariables({ graph, ports, shapes, values, far }: Probe) {
  const { nodes } = needed(graph, [ports.output]);
  /** Tensors that hold as many values as fulfill a condition: another number of them for other inputs. */
  const ragged = new Set<string>();
  /** Tensors whose elements may equal others now, and not for another example. */
  const chosen = new Set<string>();
  const depends = new Set([ports.input]);
  const order = new Map([[ports.input, 0]]);
  /** Tensors on the way that depend on the input and were too large to number, with their order. */
  const large = new Map<string, number>();
  for (const node of nodes) {
    const [first = ''] = node.proto.input ?? [];
    // What is put into a tensor of fixed shape is of fixed shape again.
    const decisive = scattering.has(node.op) ? [first] : node.reads;
    if (picking.has(node.op) || decisive.some((name) => ragged.has(name)))
      for (const name of node.writes) ragged.add(name);
    if (shapeOnly.has(node.op) || !node.reads.some((name) => depends.has(name))) continue;
    const by = (node.proto.input ?? [])[chosenBy[node.op] ?? -1];
    const chooses = choosing.has(node.op) || (by !== undefined && depends.has(by));
    for (const name of node.writes) {
      depends.add(name);
      if (chooses) chosen.add(name);
      order.set(name, order.size);
      if (shapes.has(name) && !values.has(name)) large.set(name, order.get(name)!);
    }
  }
  const numbered = [...order.keys()].filter((name) => values.has(name));
  const elements = numbered.reduce((sum, name) => sum + values.get(name)![0]!.length, 0);
  const contextTensors = ports.context
    ? tensorsOfContext(nodes, ports.context.name, depends).filter((name) => values.has(name))
    : [];
  const contextElements = contextTensors.reduce((sum, name) => sum + values.get(name)![0]!.length, 0);
  const table = signatureTable(
    elements + contextElements,
    values.get(ports.input)!.length + (far?.get(ports.input)?.length ?? 0),
  );
  const bitsOf = (name: string): Uint32Array[] =>
    [...values.get(name)!, ...(far?.get(name) ?? [])].map(
      (data) => new Uint32Array(data.buffer, data.byteOffset, data.length),
    );
  // What is computed from the context alone is not a variable of the flow, wherever it is.
  for (const name of contextTensors) {
    const runs = values.get(name)!;
    const bits = bitsOf(name);
    for (let i = 0; i < runs[0]!.length; i++) if (!isConstant(runs, i)) table.exclude(bits, i);
  }
  const numberable = largestKept(values.get(ports.input)![0]!.length);
  const home: number[] = [];
  const place: number[] = [];
  const idsOf = new Map<string, Int32Array>();
  /** In order of computation; the flow's input first. */
  const tensors = numbered.map((name, index): NumberedTensor => {
    const runs = values.get(name)!;
    const bits = bitsOf(name);
    const renews = chosen.has(name);
    let known: ReadonlyMap<number, number> | undefined;
    const read = (): ReadonlyMap<number, number> =>
      (known ??= table.entriesOf(
        (graph.producer.get(name)?.reads ?? []).map((from) => idsOf.get(from) ?? []),
      ));
    const ids = new Int32Array(runs[0]!.length);
    for (let i = 0; i < ids.length; i++) {
      const id = isConstant(runs, i)
        ? -1
        : table.number(bits, i, { telling: isTelling(runs, i), renews, read });
      ids[i] = id;
      if (id === home.length) {
        home.push(index);
        place.push(i);
      }
    }
    idsOf.set(name, ids);
    return { name, order: order.get(name)!, ids };
  });
  return {
    count: home.length,
    tensors,
    byName: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    /** Where each variable was computed first: index into `tensors`, and element. */
    home: Int32Array.from(home),
    place: Int32Array.from(place),
    nameOf: (id: number): string => tensors[home[id]!]!.name,
    ragged,
    // Tensors without values of their own type (conditions, shapes) carry none of the flow's.
    large: new Map([...large].filter(([name]) => sizeOf(shapes.get(name)!) > numberable)),
    /** Tensors that only hand values on, by the variable of their first element. */
    handedOn: handedOnIn(graph, tensors, ragged),
  };
}

/** Tensors that are computed from the context and not from the flow's input. */
function tensorsOfContext(
  nodes: readonly GraphNode[],
  context: string,
  depends: ReadonlySet<string>,
): string[] {
  const names = new Set([context]);
  for (const { op, reads, writes } of nodes) {
    if (shapeOnly.has(op) || !reads.some((name) => names.has(name))) continue;
    for (const name of writes) if (!depends.has(name)) names.add(name);
  }
  return [...names];
}

/** Operators that put values together and take them apart. A ReLU, too, can give what it read, but in some runs only. */
const handOn = new Set(
  'Add Cast Concat Conv DepthToSpace Expand Flatten Gather GatherElements GatherND Identity Mul Reshape ScatterElements'
    .concat(' ScatterND Slice SpaceToDepth Split Squeeze Sum Tile Transpose Unsqueeze')
    .split(' '),
);

function handedOnIn(
  graph: OnnxGraph,
  tensors: readonly NumberedTensor[],
  ragged: ReadonlySet<string>,
): Map<number, NumberedTensor[]> {
  const handing = tensors.filter(
    ({ name, ids }) => ids.length > 0 && handOn.has(graph.producer.get(name)?.op ?? '') && !ragged.has(name),
  );
  return groupedBy(handing, ({ ids }) => ids[0]!);
}

/**
 * Tensors to feed when these variables take other values: where they were computed, and what only hands them on. The
 * latter, computed again, would lead through what came before, where numbers of our choice can overflow.
 */
export function holding({ nameOf, handedOn }: Variables, ids: Iterable<number>): Set<string> {
  const known = new Set(ids);
  const names = new Set<string>();
  for (const id of known) {
    names.add(nameOf(id));
    for (const { name, ids: all } of handedOn.get(id) ?? [])
      if (all.every((one) => known.has(one))) names.add(name);
  }
  return names;
}

/** Shapes that are the same whatever the values are. */
export function fixedShapes({ shapes, variables: { ragged } }: NumberedProbe): KnownShapes {
  return ragged.size === 0 ? shapes : new Map([...shapes].filter(([name]) => !ragged.has(name)));
}

/** Values of an example up to which a tensor can hold the flow's, with room for what is concatenated to them. */
export function largestKept(size: number): number {
  return Math.max(4096, 4 * size);
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

/** Relative difference beyond rounding. */
const beyondRounding = 2 ** -18;

/**
 * Behind a ReLU most runs may be 0, and what should be 1 differs by rounding alone: such numbers would be mistaken for
 * others before long.
 */
function isTelling(runs: readonly Float32Array[], i: number): boolean {
  return runs.every((data, r) => {
    const value = data[i]!;
    return runs
      .slice(0, r)
      .every(
        (earlier) =>
          Math.abs(earlier[i]! - value) > beyondRounding * Math.max(Math.abs(earlier[i]!), Math.abs(value)),
      );
  });
}

/** A hash table from the bits of an element in all runs to its number. */
function signatureTable(elements: number, runs: number) {
  let size = 1024;
  while (size < 2 * elements) size *= 2;
  /** Entry at each slot, by its place in `keys`; −1 where it is free. */
  const slots = new Int32Array(size).fill(-1);
  const keys = new Uint32Array(elements * runs);
  /** The newest number of each entry, and the entry of each number. */
  const ids = new Int32Array(elements);
  const entryOf = new Int32Array(elements).fill(-1);
  /** Entries with more than one number. */
  const renewed = new Set<number>();
  let entries = 0;
  let used = 0;
  const find = (bits: readonly Uint32Array[], i: number): { entry: number; isNew: boolean } => {
    let hash = 0;
    for (const run of bits) hash = Math.imul(hash ^ (run[i] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
    hash ^= hash >>> 13;
    for (let slot = hash & (size - 1); ; slot = (slot + 1) & (size - 1)) {
      const entry = slots[slot]!;
      if (entry < 0) {
        for (let r = 0; r < runs; r++) keys[entries * runs + r] = bits[r]![i] ?? 0;
        slots[slot] = entries;
        return { entry: entries++, isNew: true };
      }
      let same = true;
      for (let r = 0; r < runs && same; r++) same = keys[entry * runs + r] === (bits[r]![i] ?? 0);
      if (same) return { entry, isNew: false };
    }
  };
  return {
    /**
     * The number of an equal element, where equality says something; else a new one.
     * @param how `renews`: a new one in any case; `read`: of several numbers that equal elements have, the one to take, by entry
     */
    number(
      bits: readonly Uint32Array[],
      i: number,
      how: { telling: boolean; renews: boolean; read(): ReadonlyMap<number, number> },
    ): number {
      if (!how.telling) return used++;
      const { entry, isNew } = find(bits, i);
      if (isNew || (how.renews && ids[entry]! >= 0)) {
        if (!isNew) renewed.add(entry);
        entryOf[used] = entry;
        return (ids[entry] = used++);
      }
      return (renewed.has(entry) ? how.read().get(entry) : undefined) ?? ids[entry]!;
    },
    /** The newest of these numbers for each entry. */
    entriesOf(lists: readonly Iterable<number>[]): Map<number, number> {
      const newest = new Map<number, number>();
      for (const list of lists)
        for (const id of list) {
          const entry = id < 0 ? -1 : entryOf[id]!;
          if (entry >= 0) newest.set(entry, Math.max(id, newest.get(entry) ?? id));
        }
      return newest;
    },
    /** Equal elements have the number −1. */
    exclude(bits: readonly Uint32Array[], i: number): void {
      ids[find(bits, i).entry] = -1;
    },
  };
}
