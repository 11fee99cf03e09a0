// Build options shared by the product's bundles and the tests' bundles.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Native packages are loaded at run time, from node_modules or from the packaged extension's folder. */
const external = [
  'vscode',
  'onnxruntime-node',
  'sharp',
  'playwright-core',
  'esbuild',
  '@vscode/test-electron',
  'fsevents',
];

/**
 * One copy of TensorFlow.js core: tfjs-node asks for the union package, of which only core is used. Leaving out layers,
 * data, converter and the WebGL backend keeps the engine's bundle small. Its modules are taken instead of its single
 * file for Node, because the gradients are a separate module and would bring a second copy along.
 */
const tensorflowCore = {
  name: 'tensorflow-core',
  setup(build) {
    const entry = path.join(root, 'node_modules', '@tensorflow', 'tfjs-core', 'dist', 'index.js');
    build.onResolve({ filter: /^@tensorflow\/tfjs(-core)?$/ }, () => ({ path: entry }));
  },
};

export const nodeOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  mainFields: ['main', 'module'],
  external,
  plugins: [tensorflowCore],
  sourcemap: true,
  logLevel: 'warning',
  absWorkingDir: root,
};

export const browserOptions = {
  bundle: true,
  platform: 'browser',
  target: 'es2022',
  format: 'iife',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  sourcemap: false,
  minify: true,
  logLevel: 'warning',
  absWorkingDir: root,
};

/** What needs a file system, processes or graphs: a page has the bytes of a recording, and nothing to compute with. */
const absentPackages =
  /^(node:.*|events|fs|stream|util|zlib|sharp|onnxruntime-node|@tensorflow\/.*|csv-parse.*|fzstd|hyparquet.*|tar-stream|yauzl)$/;
const absentSources =
  /\/src\/(files\/|native\/|graph\/|flow\/(bases|expand|layers|mixing|nets|transforms)\/|data\/open\/|data\/images\/|checkpoint\/run-|checkpoint\/sidecar|config\/train-lock)/;

/** Modules that throw where they are used. */
const absentModules = {
  name: 'absent-in-pages',
  setup(build) {
    build.onResolve({ filter: absentPackages }, ({ path: module }) => ({
      path: module,
      namespace: 'absent',
    }));
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path: module }) => ({ contents: absent(module) }));
    build.onLoad({ filter: absentSources }, ({ path: file }) =>
      // It reads from memory too.
      file.endsWith('read-range.ts') ? undefined : { contents: absent(path.basename(file)) },
    );
  },
};

/** Its names can be read and its classes extended, which modules do while they load. */
function absent(module) {
  if (module === 'node:path') return `exports.basename = (file) => file.split(/[\\\\/]/).at(-1);`;
  const message = JSON.stringify(`${module} is not there in a page.`);
  return `function absent() { throw new Error(${message}); }
    module.exports = new Proxy(absent, { get: (target, name) => (name === '__esModule' ? false : name === 'prototype' ? target.prototype : absent) });`;
}

/** The engine inside of a page. */
export const inPageOptions = {
  ...browserOptions,
  plugins: [absentModules],
  banner: { js: 'globalThis.setImmediate ??= (work) => setTimeout(work);' },
};
