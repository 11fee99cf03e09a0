import { sizeOf } from '../base/shape';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Examples } from './dataset';
import { memoryExamples } from './records';
import { existsSync } from 'node:fs';

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

/**
 * The folder of bundled files: next to the folder of the bundle in the product, in the current folder when tests run
 * from the repository.
 */
function mediaFolder(): string {
  const candidates = [path.join(__dirname, '..', 'media'), path.join(process.cwd(), 'media')];
  const media = candidates.find((folder) => existsSync(path.join(folder, 'data', 'digits.csv.gz')));
  if (!media) throw new Error(`The media folder is missing; looked for ${candidates.join(' and ')}.`);
  return media;
}
