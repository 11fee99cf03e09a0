/** What is in the way of reading a file, in words after "It lacks: ". */
class Unread extends Error {}

/** Ends the reading of a file, or of a part of it. @param what is in the way, in words */
export function refuse(what: string): never {
  throw new Unread(what);
}

/** What is read, or what is in the way, in words. */
export function readOrWhy<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unread) return error.message;
    throw error;
  }
}

/** What is read; undefined where something is in the way, which goes to the problems. */
export function readOrNote<T>(problems: string[], read: () => T): T | undefined {
  const found = readOrWhy(() => ({ read: read() }));
  if (typeof found !== 'string') return found.read;
  problems.push(found);
  return undefined;
}
