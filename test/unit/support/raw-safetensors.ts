/** Names with their shapes. */
export type RawTensors = Record<string, number[]>;

/** A safetensors file of float32 zeros, whatever the names and shapes are: our own writer would refuse some. */
export function rawSafetensors(tensors: RawTensors): Uint8Array {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, shape]) => {
    const begin = end;
    end += 4 * shape.reduce((product, length) => product * length, 1);
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(end)]);
}
