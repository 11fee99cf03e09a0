/** Named state of sessions, which have no variables: where it is read, and where the next value goes. */
import type { Tensor } from 'onnxruntime-node';
import { entryOf } from '../../base/kept';
import { sizeOf } from '../../base/shape';
import type { Feeds } from './backend';
import { stateNamed, stateValues } from './feeds';
import type { Runtime } from './onnx-session';

export interface Member {
  name: string;
  shape: readonly number[];
  current: Tensor;
}

/** State that was never set is zero. */
export abstract class SessionMemory {
  readonly members: ReadonlyMap<string, Member>;

  constructor(
    protected readonly runtime: Runtime,
    state: readonly { name: string; shape: readonly number[] }[],
  ) {
    this.members = new Map(
      state.map(({ name, shape }) => [name, { name, shape, current: this.zeros(shape) }]),
    );
  }

  set(values: Feeds): void {
    for (const [{ name, shape }, data] of stateValues(this.members, values))
      this.written(name, new this.runtime.Tensor('float32', data.slice(), [...shape]));
  }

  /** Copies. */
  async get(names: readonly string[]): Promise<Feeds> {
    const all: Feeds = {};
    for (const name of names) {
      const member = this.member(name);
      all[name] = { shape: [...member.shape], data: await this.copyOf(member.current) };
    }
    return all;
  }

  current(name: string): Tensor {
    return this.member(name).current;
  }

  /** Where the next value is to be written; null where the session brings a tensor of its own. */
  abstract next(name: string): Tensor | null;

  /** Makes what was written the current value. */
  abstract written(name: string, tensor: Tensor): void;

  abstract dispose(): Promise<void>;

  protected abstract copyOf(tensor: Tensor): Promise<Float32Array>;

  protected member(name: string): Member {
    return stateNamed(this.members, name);
  }

  protected zeros(shape: readonly number[]): Tensor {
    return new this.runtime.Tensor('float32', new Float32Array(sizeOf(shape)), [...shape]);
  }
}

/** State in memory of the process. What is written goes to a second buffer, which then changes places with the first. */
export class StateBuffers extends SessionMemory {
  private readonly spare = new Map<string, Tensor>();

  next(name: string): Tensor {
    return entryOf(this.spare, name, () => this.zeros(this.member(name).shape));
  }

  written(name: string, tensor: Tensor): void {
    const member = this.member(name);
    this.spare.set(name, member.current);
    member.current = tensor;
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  protected copyOf(tensor: Tensor): Promise<Float32Array> {
    return Promise.resolve((tensor.data as Float32Array).slice());
  }
}
