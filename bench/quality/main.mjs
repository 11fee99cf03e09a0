// Measurements of what training reaches, by name: npm run quality -- NAME [options]. Results go to bench/quality/results.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = path.dirname(fileURLToPath(import.meta.url));
const subjects = fs
  .readdirSync(folder)
  .filter(
    (file) =>
      file.endsWith('.mjs') &&
      /^export async function run\(/m.test(fs.readFileSync(path.join(folder, file), 'utf8')),
  )
  .map((file) => file.slice(0, -4));

const [name, ...options] = process.argv.slice(2);
if (!name || !subjects.includes(name)) {
  console.error(`npm run quality -- NAME, where NAME is one of ${subjects.join(', ')}.`);
  process.exit(2);
}
const { run } = await import(pathToFileURL(path.join(folder, `${name}.mjs`)).href);
await run(options);
