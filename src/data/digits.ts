import { sizeOf } from '../base/shape';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Examples } from './dataset';
import { mediaFolder } from './media';
import { memoryExamples } from './records';

export const digitsShape = [8, 8, 1];
/** Pixels are 0 … 16. */
export const digitsLevels = 17;

/** All 1,797 bundled handwritten digits, in file order; labels are the classes 0 … 9. */
export async function readDigits(): Promise<Examples> {
  const packed = await readFile(path.join(mediaFolder(), 'data', 'digits.csv.gz'));
  const lines = (await promisify(gunzip)(packed)).toString('latin1').trim().split('\n');
  const pixels = sizeOf(digitsShape);
  const values = new Uint8Array(lines.length * pixels);
  const labels = new Int32Array(lines.length);
  lines.forEach((line, i) => {
    const row = line.split(',').map(Number);
    if (row.length !== pixels + 1) throw new Error(`digits.csv.gz is damaged at line ${i + 1}.`);
    values.set(row.slice(0, pixels), i * pixels);
    labels[i] = row[pixels]!;
  });
  return memoryExamples(values, pixels, labels);
}
