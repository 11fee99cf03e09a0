/** Inputs and outputs that stand for state are named `state:NAME`. */
const statePrefix = 'state:';

export function isState({ name }: { name: string }): boolean {
  return name.startsWith(statePrefix);
}

export function stateName({ name }: { name: string }): string {
  return name.slice(statePrefix.length);
}
