import { readFileSync, writeFileSync } from 'node:fs';

/** Writes a value into the first place of a float32 tensor of a safetensors file; returns how many places it has. */
export function damageTensor(file: string, name: string, value: number): number {
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const entry = header[name];
  if (!entry) throw new Error(`no tensor ${name} in ${Object.keys(header).join(', ')}`);
  const [start, end] = entry.data_offsets;
  bytes.writeFloatLE(value, 8 + headerBytes + start);
  writeFileSync(file, bytes);
  return (end - start) / 4;
}
