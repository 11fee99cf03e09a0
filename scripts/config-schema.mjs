// Writes media/schemas/flow.schema.json from src/config/schema.ts. A unit test fails when the file is out of date.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import esbuild from 'esbuild';
import prettier from 'prettier';
import { nodeOptions, root } from './esbuild-options.mjs';

const bundle = path.join(root, 'out', 'config-schema.cjs');
await esbuild.build({
  ...nodeOptions,
  entryPoints: [path.join(root, 'src', 'config', 'json-schema.ts')],
  outfile: bundle,
});
const { configJsonSchema } = createRequire(import.meta.url)(bundle);
const file = path.join(root, 'media', 'schemas', 'flow.schema.json');
fs.mkdirSync(path.dirname(file), { recursive: true });
const style = await prettier.resolveConfig(file);
fs.writeFileSync(file, await prettier.format(configJsonSchema(), { ...style, parser: 'json' }));
console.log(`wrote ${path.relative(root, file)}`);
