/** Bytes that are in memory or in a file, read by position. */
export interface ByteSource {
  readonly length: number;
  /** All of them, where they are in memory. */
  readonly memory?: Uint8Array;
  /**
   * Not to be changed by the caller, since they may be a view.
   * @throws UserError when the bytes are not there
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export function memoryBytes(memory: Uint8Array): ByteSource {
  return {
    length: memory.length,
    memory,
    read: (offset, length) => Promise.resolve(memory.subarray(offset, offset + length)),
  };
}
