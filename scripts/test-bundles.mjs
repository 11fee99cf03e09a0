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

/** Bundles the sources, each for itself, into `out/test/<name>` and returns the bundles' absolute paths. */
export async function bundleTests(name, sources, base = path.join('test', name)) {
  const outdir = path.join(root, 'out', 'test', name);
  fs.rmSync(outdir, { recursive: true, force: true });
  if (sources.length === 0) return [];
  const { build } = await import('esbuild');
  await build({
    ...nodeOptions,
    entryPoints: sources,
    outdir,
    outbase: path.join(root, base),
    external: [...nodeOptions.external, 'mocha', '@axe-core/playwright', 'typescript'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  return sources.map((source) => path.join(outdir, path.relative(base, source).replace(/\.tsx?$/, '.js')));
}

/**
 * Bundles the sources into at most so many files, whose tests run in one process each: what takes long to start is started
 * once for all of them.
 */
export function bundleTogether(name, sources, most) {
  const folder = path.join('out', 'test', `${name}-parts`);
  fs.rmSync(path.join(root, folder), { recursive: true, force: true });
  fs.mkdirSync(path.join(root, folder), { recursive: true });
  const count = Math.min(most, sources.length);
  const entries = Array.from({ length: count }, (_, part) => {
    const entry = path.join(folder, `part-${part + 1}.ts`);
    // In turn: those of one folder take about as long.
    const files = sources.filter((_, at) => at % count === part);
    const lines = files.map((file) => `import ${JSON.stringify(path.join(root, file))};\n`);
    fs.writeFileSync(path.join(root, entry), lines.join(''));
    return entry;
  });
  return bundleTests(name, entries, folder);
}
