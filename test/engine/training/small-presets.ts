/** Presets at sizes that are computed in seconds. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Preset } from '../../../src/config/preset';
import { stream } from '../../../src/data/random';

/** The data that `smallConfig` names. */
export async function writeSmallData(folder: string): Promise<void> {
  await writePictures(path.join(folder, 'pictures.npy'));
  const random = stream(1, 'table');
  const rows = Array.from({ length: 200 }, () => random.normal(5).map((x, i) => x * (i + 1) + i));
  await writeFile(path.join(folder, 'table.csv'), `a,b,c,d,e\n${rows.map((row) => row.join()).join('\n')}\n`);
}

/** Color pictures of 8×8 pixels as a NumPy file. */
async function writePictures(file: string): Promise<void> {
  const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (64, 8, 8, 3), }";
  const preamble = [...Buffer.from('\x93NUMPY\x01\x00', 'latin1'), 118, 0];
  const pixels = stream(2, 'pictures')
    .normal(64 * 8 * 8 * 3)
    .map((x, i) => Math.min(Math.max(128 + 30 * x + 10 * (i % 8), 0), 255));
  await writeFile(
    file,
    Buffer.concat([Buffer.from(preamble), Buffer.from(header.padEnd(117) + '\n'), Buffer.from(pixels)]),
  );
}

/** What of a preset decides which kernels run, at sizes that JavaScript computes in seconds. */
export function smallConfig({ name, model: { kind }, data }: Preset, folder: string, base = 4): object {
  if (name === 'tabular')
    return { data: { source: path.join(folder, 'table.csv') }, training: { batch: 32 } };
  if (kind === 'vector')
    return { data: { source: name, count: 300, validation: 50 }, training: { batch: 64 } };
  const sides = ['size', 'resize', 'cropSize'].filter((key) => key in data).map((key) => [key, 8]);
  const source = name === 'digits' ? 'digits' : path.join(folder, 'pictures.npy');
  return {
    data: { source, limit: 64, validation: 16, ...(Object.fromEntries(sides) as object) },
    model: { base, blocks: 1, scales: 2 },
    training: { batch: 4 },
  };
}
