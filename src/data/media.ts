import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The folder of bundled files: next to the folder of the bundle in the product, in the current folder when tests run
 * from the repository.
 */
export function mediaFolder(): string {
  const candidates = [path.join(__dirname, '..', 'media'), path.join(process.cwd(), 'media')];
  const found = candidates.find((folder) => existsSync(path.join(folder, 'data', 'digits.csv.gz')));
  if (!found) throw new Error(`The media folder is missing; looked for ${candidates.join(' and ')}.`);
  return found;
}
