/** Named state on top of the few vectors in which a session keeps it. */
import { UserError } from '../../config/user-error';
import type { Member, StateLayout, StateVector } from '../../graph/tensorflow/state-layout';
import type { VectorAccess } from '../../graph/tensorflow/stateful';
import type { Feeds } from './backend';
import { stateValues } from './feeds';
import type { Session } from './tensorflow-native';

/** State that was never set is zero. */
export class PackedState {
  private readonly initialized = new Set<StateVector>();

  constructor(
    private readonly session: Session,
    private readonly layout: StateLayout,
    private readonly access: ReadonlyMap<StateVector, VectorAccess>,
  ) {}

  set(values: Feeds): void {
    const entries = Object.entries(values).map(([name, array]) => {
      const member = this.memberOf(name);
      return [member, stateValues(member, array)] as const;
    });
    for (const vector of new Set(entries.map(([member]) => member.vector))) {
      const members = entries.filter(([member]) => member.vector === vector);
      const data =
        members.length === vector.members.length ? new Float32Array(vector.size) : this.read(vector);
      for (const [{ offset }, array] of members) data.set(array, offset);
      this.write(vector, data);
    }
  }

  get(names: readonly string[]): Feeds {
    const vectors = new Map<StateVector, Float32Array>();
    return Object.fromEntries(
      names.map((name) => {
        const { vector, offset, size, shape } = this.memberOf(name);
        const data = vectors.get(vector) ?? this.read(vector);
        vectors.set(vector, data);
        return [name, { shape: [...shape], data: data.slice(offset, offset + size) }];
      }),
    );
  }

  ensureInitialized(): void {
    for (const vector of this.layout.vectors) {
      if (!this.initialized.has(vector)) this.write(vector, new Float32Array(vector.size));
    }
  }

  private memberOf(name: string): Member {
    const member = this.layout.members.get(name);
    if (!member) throw new UserError(`There is no state named "${name}".`);
    return member;
  }

  private read(vector: StateVector): Float32Array {
    if (!this.initialized.has(vector)) return new Float32Array(vector.size);
    return this.session.run([], [this.access.get(vector)!.read])[0]!.data as Float32Array;
  }

  private write(vector: StateVector, data: Float32Array): void {
    const { value, assigned } = this.access.get(vector)!;
    this.session.run([[value, { shape: [vector.size], data }]], [assigned]);
    this.initialized.add(vector);
  }
}
