// Writes media/schemas/flow.schema.json and recording.schema.json from the schemas in src. Unit tests fail when one is out of date.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import esbuild from 'esbuild';
import prettier from 'prettier';
import { nodeOptions, root } from './esbuild-options.mjs';

const schemas = [
  { source: 'src/config/json-schema.ts', make: 'configJsonSchema', file: 'flow.schema.json' },
  {
    source: 'src/checkpoint/recording/json-schema.ts',
    make: 'recordingJsonSchema',
    file: 'recording.schema.json',
  },
];

for (const { source, make, file: name } of schemas) {
  const bundle = path.join(root, 'out', `${make}.cjs`);
  await esbuild.build({ ...nodeOptions, entryPoints: [path.join(root, source)], outfile: bundle });
  const schema = createRequire(import.meta.url)(bundle)[make]();
  const file = path.join(root, 'media', 'schemas', name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const style = await prettier.resolveConfig(file);
  fs.writeFileSync(file, await prettier.format(schema, { ...style, parser: 'json' }));
  console.log(`wrote ${path.relative(root, file)}`);
}
