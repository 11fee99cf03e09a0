/** What is in the way of reading a file, in words after "It lacks: ". */
export class Unread extends Error {}

/** What is read, or what is in the way, in words. */
export function readOrWhy<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unread) return error.message;
    throw error;
  }
}
