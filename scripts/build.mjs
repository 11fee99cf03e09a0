// Builds everything that runs: the extension, the engine, the command line, the native ladder and the webview.
//   node scripts/build.mjs [--watch] [--production]
// Also exports build() for the set-up and the packaging scripts.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import esbuild from 'esbuild';
import { browserOptions, inPageOptions, nodeOptions, root } from './esbuild-options.mjs';
import { main, seconds, Stop } from './run.mjs';

/** Every bundle: source → file under `dist/`. The page's CSS is written next to its script. */
const bundles = [
  { source: 'src/extension/main.ts', output: 'extension.js', options: nodeOptions },
  { source: 'src/engine/backends/onnx-thread.ts', output: 'onnx-thread.js', options: nodeOptions },
  {
    source: 'src/cli/main.ts',
    output: 'cli.js',
    options: { ...nodeOptions, banner: { js: '#!/usr/bin/env node' } },
  },
  { source: 'src/native/main.ts', output: 'native.js', options: nodeOptions },
  {
    source: 'webview/app/main.tsx',
    output: 'webview/inspector.js',
    options: { ...browserOptions, loader: { '.svg': 'text' } },
  },
  { source: 'src/engine/in-page.ts', output: 'webview/engine.js', options: inPageOptions },
  { source: 'webview/preview/main.tsx', output: 'webview/preview.js', options: browserOptions },
  { source: 'webview/draw-data/main.tsx', output: 'webview/draw-data.js', options: browserOptions },
];

function optionsOf({ source, output, options }, outdir, production) {
  const browser = options.platform === 'browser';
  return {
    ...options,
    entryPoints: [source],
    outfile: path.join(outdir, output),
    minify: production,
    sourcemap: production ? false : browser ? 'inline' : true,
    legalComments: production ? 'eof' : 'none',
    define: { ...options.define, 'process.env.NODE_ENV': production ? '"production"' : '"development"' },
    metafile: true,
  };
}

/** Bundles of the page of a recording. */
export const recordingBundles = ['webview/engine.js', 'webview/inspector.js'];

/** Writes recording.html next to its bundles, with everything it needs; Python fills in what stands in braces, and the nonce. */
export async function writeRecordingPage(folder) {
  const { outputFiles } = await esbuild.build({
    ...nodeOptions,
    format: 'esm',
    entryPoints: ['src/inspector-html/shell.ts'],
    write: false,
    sourcemap: false,
  });
  const { inspectorHtml } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  const text = (name) =>
    fs.readFileSync(path.join(folder, name), 'utf8').replace(/\n\/\/# sourceMappingURL=data:\S*\s*$/, '\n');
  const page = inspectorHtml({
    title: '{{title}}',
    nonce: 'nonce-of-the-page',
    inlineScript: `${text('engine.js')}\n${text('inspector.js')}`,
    inlineStyle: text('inspector.css'),
    recording: {
      name: '{{name}}',
      base64: '{{recording}}',
      page: { name: '{{page}}', version: '{{version}}' },
    },
  });
  fs.writeFileSync(path.join(folder, 'recording.html'), page);
}

/**
 * Bundles into `outdir`, all or the `only` ones. A source that is not written yet is passed over with a note, unless `production`: a package
 * never goes out with a part missing. Resolves to { sizes, modules }: the bytes of each output, and the files whose code is
 * in any of them, relative to the root.
 */
export async function build({
  production = false,
  watch = false,
  outdir = path.join(root, 'dist'),
  only = bundles.map(({ output }) => output),
  log = console.log,
} = {}) {
  const sizes = {};
  const modules = new Set();
  const contexts = [];
  const failed = [];
  for (const bundle of bundles.filter(({ output }) => only.includes(output))) {
    if (!fs.existsSync(path.join(root, bundle.source))) {
      if (production) throw new Stop(`cannot build ${bundle.output}: ${bundle.source} is missing`);
      log(`build: no ${bundle.source} yet, ${bundle.output} is left out`);
      continue;
    }
    const options = optionsOf(bundle, outdir, production);
    if (watch) {
      const context = await esbuild.context({ ...options, logLevel: 'info' });
      await context.watch();
      contexts.push(context);
      continue;
    }
    try {
      const { metafile } = await esbuild.build(options);
      for (const [file, { bytes, inputs }] of Object.entries(metafile.outputs)) {
        if (!file.endsWith('.map')) sizes[path.relative(outdir, path.join(root, file))] = bytes;
        for (const [module, { bytesInOutput }] of Object.entries(inputs))
          if (bytesInOutput > 0) modules.add(module);
      }
    } catch {
      // esbuild has printed the errors; the other bundles are still worth building.
      fs.rmSync(options.outfile, { force: true });
      failed.push(bundle.output);
    }
  }
  // Python's package makes its own.
  if (!watch && !production && failed.length === 0 && only.includes('webview/engine.js'))
    await writeRecordingPage(path.join(outdir, 'webview'));
  if (failed.length > 0) throw new Stop(`build failed: ${failed.join(', ')}`);
  if (sizes['cli.js']) fs.chmodSync(path.join(outdir, 'cli.js'), 0o755);
  return watch ? contexts : { sizes, modules: [...modules] };
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => {
    const started = performance.now();
    const watch = process.argv.includes('--watch');
    const { sizes } = await build({ watch, production: process.argv.includes('--production') });
    if (watch) return;
    for (const [file, bytes] of Object.entries(sizes)) {
      console.log(`${(bytes / 1024).toFixed(0).padStart(7)} KiB  dist/${file}`);
    }
    console.log(`built in ${seconds(started)}`);
  });
}
