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
