/** Named state as memory of the process. What is written goes to a second buffer, which then changes places with the first. */
import type { Tensor } from 'onnxruntime-node';
import { UserError } from '../../base/user-error';
import { sizeOf } from '../../base/shape';
import type { Feeds } from './backend';
import { stateValues } from './feeds';
import type { Runtime } from './onnx-session';

interface Member {
  name: string;
  shape: readonly number[];
  current: Tensor;
  /** Made when something first writes. */
  next?: Tensor;
}

/** State that was never set is zero. */
export class StateBuffers {
  readonly members: ReadonlyMap<string, Member>;

  constructor(
    private readonly runtime: Runtime,
    state: readonly { name: string; shape: readonly number[] }[],
  ) {
    this.members = new Map(
      state.map(({ name, shape }) => [name, { name, shape, current: this.buffer(shape) }]),
    );
  }

  set(values: Feeds): void {
    const entries = Object.entries(values).map(([name, array]) => {
      const member = this.member(name);
      return [member, stateValues(member, array)] as const;
    });
    for (const [{ current }, data] of entries) (current.data as Float32Array).set(data);
  }

  /** Copies. */
  get(names: readonly string[]): Feeds {
    return Object.fromEntries(
      names.map((name) => {
        const { shape, current } = this.member(name);
        return [name, { shape: [...shape], data: (current.data as Float32Array).slice() }];
      }),
    );
  }

  current(name: string): Tensor {
    return this.member(name).current;
  }

  /** Where the next value is to be written. */
  next(name: string): Tensor {
    const member = this.member(name);
    return (member.next ??= this.buffer(member.shape));
  }

  /** Makes what was written the current value. */
  swap(name: string): void {
    const member = this.member(name);
    [member.current, member.next] = [member.next!, member.current];
  }

  private member(name: string): Member {
    const member = this.members.get(name);
    if (!member) throw new UserError(`There is no state named "${name}".`);
    return member;
  }

  private buffer(shape: readonly number[]): Tensor {
    return new this.runtime.Tensor('float32', new Float32Array(sizeOf(shape)), [...shape]);
  }
}
