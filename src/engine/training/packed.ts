/**
 * Named tensors as few long vectors. A step on one vector of all parameters needs a handful of operations where one on
 * hundreds of small tensors needs thousands, each of which costs more to start than to run.
 */
import { sizeOf } from '../../base/shape';
import type { TensorTable } from './initialize';

interface PackedMember {
  /** As files name it, for example "adam.m.couplings.0.scale". */
  name: string;
  /** As the flow names it. */
  stored: string;
  shape: readonly number[];
  size: number;
  /** In elements. */
  offset: number;
}

export interface PackedVector {
  name: string;
  size: number;
  members: readonly PackedMember[];
}

/** One vector of the given tensors, in their order. */
export function packedVector(
  name: string,
  tensors: readonly { name: string; shape: readonly number[] }[],
  prefix: string,
): PackedVector {
  let offset = 0;
  const members = tensors.map(({ name: stored, shape }) => {
    const member = { name: prefix + stored, stored, shape, size: sizeOf(shape), offset };
    offset += member.size;
    return member;
  });
  return { name, size: offset, members };
}

/** The same tensors under the flow's own names, whichever vectors they come from. */
export function underStoredNames(vectors: readonly PackedVector[]): PackedVector[] {
  return vectors.map(({ members, ...vector }) => ({
    ...vector,
    members: members.map((member) => ({ ...member, name: member.stored })),
  }));
}

/** @throws Error for a tensor that is missing or has another size */
export function packTensors(vectors: readonly PackedVector[], tensors: TensorTable): TensorTable {
  return Object.fromEntries(
    vectors.map(({ name, size: length, members }) => {
      const data = new Float32Array(length);
      for (const member of members) {
        const tensor = tensors[member.name];
        if (tensor?.data.length !== member.size)
          throw new Error(
            `"${member.name}" needs ${member.size} values, not ${tensor?.data.length ?? 'none'}`,
          );
        data.set(tensor.data, member.offset);
      }
      return [name, { shape: [length], data }];
    }),
  );
}

export function unpackTensors(vectors: readonly PackedVector[], packed: TensorTable): TensorTable {
  return Object.fromEntries(
    vectors.flatMap(({ name, members }) =>
      members.map(({ name: member, shape, size: length, offset }) => [
        member,
        { shape: [...shape], data: packed[name]!.data.slice(offset, offset + length) },
      ]),
    ),
  );
}
