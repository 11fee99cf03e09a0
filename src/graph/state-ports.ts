/** Inputs and outputs that stand for state are named `state:NAME`. */
import { UserError } from '../base/user-error';
import { type Graph, sameShape, showShape } from './ir';

const statePrefix = 'state:';

export function isState({ name }: { name: string }): boolean {
  return name.startsWith(statePrefix);
}

export function stateName({ name }: { name: string }): string {
  return name.slice(statePrefix.length);
}

/** @throws UserError where the graph of a function uses state that is not there, or in another shape */
export function checkState(
  state: ReadonlyMap<string, { shape: readonly number[] }>,
  name: string,
  graph: Graph,
): void {
  for (const port of [...graph.inputs, ...graph.outputs].filter(isState)) {
    const known = state.get(stateName(port));
    if (!known)
      throw new UserError(`There is no state named "${stateName(port)}", which the function "${name}" uses.`);
    const { shape } = graph.values.get(port.value)!;
    if (!sameShape(shape, known.shape)) {
      throw new UserError(
        `"${port.name}" has shape ${showShape(shape)} in the function "${name}"; the state has ${showShape(known.shape)}.`,
      );
    }
  }
}
