// Bundles the test files of a folder below test/ into out/test/. npm test reads this file before packages are installed.
import fs from 'node:fs';
import path from 'node:path';
import { nodeOptions, root } from './esbuild-options.mjs';

/** Files of `test/<folder>` that end in one of the suffixes, relative to the root. */
export function testSources(folder, suffixes = ['.test.ts']) {
  const top = path.join(root, 'test', folder);
  if (!fs.existsSync(top)) return [];
  return fs
    .readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && suffixes.some((suffix) => entry.name.endsWith(suffix)))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** Tests get node:test without those that are left to --full. */
const shorterNodeTest = {
  name: 'shorter-node-test',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^node:test$/ }, ({ importer }) =>
      importer === nodeTest ? { path: 'node:test', external: true } : { path: nodeTest },
    ),
};
const nodeTest = path.join(root, 'test', 'node-test.ts');

/** What CommonJS gives a module, and what our modules and packages ask for. No test has a name with two underscores. */
const commonJs = `
import { createRequire as __createRequire } from 'node:module';
import { dirname as __folderOf } from 'node:path';
import { fileURLToPath as __pathOf } from 'node:url';
const require = __createRequire(import.meta.url);
const __filename = __pathOf(import.meta.url);
const __dirname = __folderOf(__filename);
`;

/**
 * Bundles the sources into `out/test/<name>` and returns the bundles' absolute paths: each for itself, as CommonJS. With
 * `sharing`, what several have in common is in files of its own, as ES modules: dozens of bundles are made in a tenth of the time.
 */
export async function bundleTests(name, sources, { base = path.join('test', name), sharing = false } = {}) {
  const outdir = path.join(root, 'out', 'test', name);
  fs.rmSync(outdir, { recursive: true, force: true });
  if (sources.length === 0) return [];
  const { build } = await import('esbuild');
  const ending = sharing ? '.mjs' : '.js';
  await build({
    ...nodeOptions,
    ...(sharing && { format: 'esm', splitting: true, banner: { js: commonJs } }),
    entryPoints: sources,
    outdir,
    outbase: path.join(root, base),
    outExtension: { '.js': ending },
    plugins: [...nodeOptions.plugins, shorterNodeTest],
    external: [...nodeOptions.external, 'mocha', '@axe-core/playwright', 'typescript'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  return sources.map((source) => path.join(outdir, path.relative(base, source).replace(/\.tsx?$/, ending)));
}

/** A file that changes what all files of a process share runs alone. */
const aloneOnly = /\bglobalThis\b/;

/**
 * Bundles the sources into at most this many files, and one more for each that has to run alone. The tests of a bundle run in one
 * process, so that what is slow to start is started once for all of them.
 */
export function bundleTogether(name, sources, most) {
  const folder = path.join('out', 'test', `${name}-parts`);
  fs.rmSync(path.join(root, folder), { recursive: true, force: true });
  fs.mkdirSync(path.join(root, folder), { recursive: true });
  const alone = sources.filter((file) => aloneOnly.test(fs.readFileSync(path.join(root, file), 'utf8')));
  const others = sources.filter((file) => !alone.includes(file));
  const count = Math.min(most, others.length);
  // In turn: files of one folder take about as long.
  const parts = Array.from({ length: count }, (_, part) => others.filter((_, at) => at % count === part));
  const entries = [...parts, ...alone.map((file) => [file])].map((files, at) => {
    const entry = path.join(folder, `part-${at + 1}.ts`);
    // Each file is a suite, so that its hooks are its own.
    const lines = files.map((file) => {
      const [title, source] = [file.replaceAll('\\', '/'), path.join(root, file)].map((text) =>
        JSON.stringify(text),
      );
      return `describe(${title}, () => import(${source}));\n`;
    });
    fs.writeFileSync(path.join(root, entry), `import { describe } from 'node:test';\n${lines.join('')}`);
    return entry;
  });
  return bundleTests(name, entries, { base: folder, sharing: true });
}
