// Writes the tables of the documentation that come from the config's schema and presets, between their markers. A unit test
// fails when they are out of date.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import esbuild from 'esbuild';
import prettier from 'prettier';
import { nodeOptions, root } from './esbuild-options.mjs';

const bundle = path.join(root, 'out', 'config-docs.cjs');
await esbuild.build({
  ...nodeOptions,
  entryPoints: [path.join(root, 'scripts', 'reference', 'tables.ts')],
  outfile: bundle,
});
const { withTables } = createRequire(import.meta.url)(bundle);
const folder = path.join(root, 'docs');
for (const name of fs.readdirSync(folder).filter((each) => each.endsWith('.md'))) {
  const file = path.join(folder, name);
  const before = fs.readFileSync(file, 'utf8');
  if (!before.includes('<!-- table ')) continue;
  const style = await prettier.resolveConfig(file);
  const after = await prettier.format(withTables(before), { ...style, parser: 'markdown' });
  if (after !== before) fs.writeFileSync(file, after);
  console.log(`${after === before ? 'up to date:' : 'wrote'} ${path.relative(root, file)}`);
}
