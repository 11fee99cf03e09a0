/** Names of what a pickle holds, made of the keys that lead to it. */
import { PickleError } from '../pickle/pickle';

/** Characters of one key, and of all names together: keys are shared by what lies below them. */
const longestKey = 1000;
const mostCharacters = 2 ** 26;

/** Values that are not text or numbers have no name: their text may be far longer than the file. @throws PickleError for long keys */
export function nameOfKey(key: unknown): string {
  if (typeof key === 'string' && key.length > longestKey)
    throw new PickleError(`a key in it has ${key.length} characters`);
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof key) ? String(key) : '?';
}

export class Names {
  #left = mostCharacters;

  /** @throws PickleError when all names together are too long */
  join(path: string, key: unknown): string {
    const name = nameOfKey(key);
    this.spend(path.length + name.length);
    return path === '' ? name : `${path}.${name}`;
  }

  spend(characters: number): void {
    this.#left -= characters;
    if (this.#left < 0) throw new PickleError(`names in it have more than ${mostCharacters} characters`);
  }
}
