// Writes media/schemas, the JSON schemas of the files that people and other programs write and read, from the schemas in
// src. A unit test fails when one is out of date.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import esbuild from 'esbuild';
import { nodeOptions, root } from './esbuild-options.mjs';

const bundle = path.join(root, 'out', 'json-schemas.cjs');
await esbuild.build({
  ...nodeOptions,
  entryPoints: [path.join(root, 'scripts/reference/json-schemas.ts')],
  outfile: bundle,
});
const folder = path.join(root, 'media', 'schemas');
fs.mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(createRequire(import.meta.url)(bundle).jsonSchemas())) {
  const file = path.join(folder, name);
  // Line by line for those who compare two of them; indentation would be half of the file.
  fs.writeFileSync(file, `${JSON.stringify(schema, undefined, 1).replace(/\n +/g, '\n')}\n`);
  console.log(`wrote ${path.relative(root, file)}`);
}
