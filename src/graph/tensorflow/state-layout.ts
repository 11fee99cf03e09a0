/**
 * Where state lives. A model has hundreds of small tensors of state; as many variables would make TensorFlow spend
 * seconds on the graph before the first step. So they are packed into few vectors: parameters and their two moments into
 * three that one Adam updates as a whole, all else into a fourth.
 */
import { UserError } from '../../config/user-error';
import type { Graph, Node, Port } from '../ir';
import { sameShape, showShape, sizeOf } from '../shape';
import { isState, stateName } from '../state-ports';

export interface StateSpec {
  name: string;
  shape: readonly number[];
}

export interface Member {
  name: string;
  shape: readonly number[];
  size: number;
  /** Place in the vector, in elements. */
  offset: number;
  vector: StateVector;
}

export interface StateVector {
  name: string;
  size: number;
  members: Member[];
}

export interface StateLayout {
  members: ReadonlyMap<string, Member>;
  vectors: readonly StateVector[];
  /** The vectors of parameters and moments, in which the n-th members belong together; absent without Adam. */
  adam?: readonly [StateVector, StateVector, StateVector];
}

/** Elements from which on a tensor is a vector of its own, so that changing others does not copy it. */
const large = 65_536;

/** The nodes that update three pieces of state in place, with the names of those; grouped by everything that they share. */
export function inPlaceAdams(graph: Graph): Map<Node, [string, string, string]> {
  const inputs = new Map(graph.inputs.filter(isState).map((port) => [port.value, stateName(port)]));
  const outputs = new Map(graph.outputs.filter(isState).map((port) => [stateName(port), port.value]));
  const found = graph.nodes.flatMap((node) => {
    if (node.op !== 'FusedAdam') return [];
    const names = node.inputs.slice(0, 3).map((id) => inputs.get(id));
    const inPlace = names.every((name, i) => name !== undefined && outputs.get(name) === node.outputs[i]);
    const scalars = node.inputs.slice(4).every((id) => graph.values.get(id)!.shape.length === 0);
    return inPlace && scalars && new Set(names).size === 3
      ? [[node, names as [string, string, string]] as const]
      : [];
  });
  const shared = (node: Node): string => JSON.stringify([node.attrs, node.inputs.slice(4)]);
  return new Map(found.filter(([node]) => shared(node) === shared(found[0]![0])));
}

export function layOutState(state: readonly StateSpec[], graphs: readonly Graph[]): StateLayout {
  const triples =
    graphs.map((graph) => [...inPlaceAdams(graph).values()]).find((list) => list.length > 0) ?? [];
  const shapes = new Map(state.map(({ name, shape }) => [name, shape]));
  const members = new Map<string, Member>();
  const pack = (name: string, names: readonly string[]): StateVector => {
    const vector: StateVector = { name, size: 0, members: [] };
    for (const member of names) {
      const shape = shapes.get(member);
      if (!shape) throw new UserError(`"${member}" is updated but not among the state.`);
      const entry = { name: member, shape, size: sizeOf(shape), offset: vector.size, vector };
      vector.members.push(entry);
      vector.size += entry.size;
      members.set(member, entry);
    }
    return vector;
  };
  const distinct = new Set(triples.flat()).size === 3 * triples.length;
  const adam =
    triples.length > 0 && distinct
      ? ([0, 1, 2].map((i) => pack(['parameters', 'first-moments', 'second-moments'][i]!, triples.map((triple) => triple[i]!))) as [StateVector, StateVector, StateVector]) // prettier-ignore
      : undefined;
  const rest = state.map(({ name }) => name).filter((name) => !members.has(name));
  const isLarge = (name: string): boolean => sizeOf(shapes.get(name)!) >= large;
  const small = rest.filter((name) => !isLarge(name));
  const vectors = [
    ...(adam ?? []),
    ...rest.filter(isLarge).map((name) => pack(name, [name])),
    ...(small.length > 0 ? [pack('other', small)] : []),
  ];
  return { members, vectors, ...(adam ? { adam } : {}) };
}

/** The member that a port stands for. @throws UserError where there is none, or its shape differs. */
export function memberOf(port: Port, graph: Graph, name: string, { members }: StateLayout): Member {
  const member = members.get(stateName(port));
  if (!member)
    throw new UserError(`The function "${name}" uses "${port.name}", which is not among the state.`);
  const { shape } = graph.values.get(port.value)!;
  if (!sameShape(shape, member.shape)) {
    throw new UserError(
      `"${port.name}" of the function "${name}" has shape ${showShape(shape)}; the state has ${showShape(member.shape)}.`,
    );
  }
  return member;
}
