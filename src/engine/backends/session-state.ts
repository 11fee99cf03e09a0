/** Named state in the variables of a TensorFlow session. */
import { sizeOf } from '../../base/shape';
import type { StateVariable } from '../../graph/tensorflow/variables';
import type { Feeds } from './backend';
import { stateNamed, stateValues } from './feeds';
import type { Session } from './tensorflow-native';

/** State that was never set is zero. */
export class SessionState {
  private readonly initialized = new Set<StateVariable>();

  constructor(
    private readonly session: Session,
    private readonly variables: ReadonlyMap<string, StateVariable>,
  ) {}

  set(values: Feeds): void {
    for (const [variable, data] of stateValues(this.variables, values)) this.write(variable, data);
  }

  get(names: readonly string[]): Feeds {
    return Object.fromEntries(names.map((name) => [name, this.read(stateNamed(this.variables, name))]));
  }

  ensureInitialized(): void {
    for (const variable of this.variables.values())
      if (!this.initialized.has(variable)) this.write(variable, zeros(variable));
  }

  private read(variable: StateVariable): Feeds[string] {
    const { shape, read } = variable;
    const data = this.initialized.has(variable) ? this.session.run([], [read])[0]!.data : zeros(variable);
    return { shape: [...shape], data };
  }

  private write(variable: StateVariable, data: Float32Array): void {
    const { value, assigned, shape } = variable;
    this.session.run([[value, { shape: [...shape], data }]], [assigned]);
    this.initialized.add(variable);
  }
}

function zeros({ shape }: StateVariable): Float32Array {
  return new Float32Array(sizeOf(shape));
}
