/** JSON that anybody may have written. */

/** Undefined for a text that is not JSON. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const [quote, backslash, comma, bracket, brace] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/**
 * Whether it has more values than that, which is asked before it is parsed: a list of three bytes becomes an object of thirty, a text of a hundred megabytes
 * gigabytes.
 * @param bytes UTF-8
 */
export function hasMoreParts(bytes: Uint8Array, most: number): boolean {
  let parts = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === quote) {
      at++;
      while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
    } else if ((byte === comma || byte === bracket || byte === brace) && ++parts > most) return true;
  }
  return false;
}
