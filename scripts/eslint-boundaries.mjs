// ESLint rule: folders import in one direction, and heavy packages stay in the processes that need them.
// By file position, not by the text of the import: src/extension/commands/ has an ../engine/ of its own.
import path from 'node:path';
import { root } from './esbuild-options.mjs';

/** Which folders a folder of `src/` (or the webview) may import from, other than itself. docs/architecture.md has the same. */
export const mayImport = {
  config: [],
  'inspector-html': ['protocol'],
  protocol: ['config'],
  files: ['config'],
  native: ['config', 'protocol'],
  flow: ['config', 'protocol'],
  data: ['config', 'protocol', 'files'],
  graph: ['config', 'protocol', 'files', 'flow'],
  checkpoint: ['config', 'protocol', 'files', 'data'],
  engine: ['config', 'protocol', 'files', 'flow', 'data', 'graph', 'checkpoint', 'native', 'inspector-html'],
  cli: ['config', 'protocol', 'files', 'data', 'checkpoint', 'native', 'inspector-html', 'engine'],
  extension: ['config', 'protocol', 'inspector-html'],
  webview: ['config', 'protocol'],
};

/** Packages that only the named folders load. */
const onlyIn = [
  { packages: /^@tensorflow\//, folders: ['flow', 'graph', 'engine'] },
  { packages: /^onnxruntime-node$/, folders: ['engine'] },
  { packages: /^onnx-proto$/, folders: ['graph', 'engine'] },
  { packages: /^sharp$/, folders: ['engine', 'data', 'files', 'checkpoint'] },
  { packages: /^vscode$/, folders: ['extension'] },
];

/** `src/graph/ir.ts` → graph, `webview/strip/row.tsx` → webview, anything else → undefined. */
function folderOf(file) {
  const [top, folder] = path.relative(root, file).split(path.sep);
  return top === 'src' ? folder : top === 'webview' ? 'webview' : undefined;
}

const rule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      folder: '{{from}} must not import from {{to}} (scripts/eslint-boundaries.mjs says what may).',
      package: '{{from}} must not load {{to}} (scripts/eslint-boundaries.mjs says what may).',
    },
  },
  create(context) {
    const from = folderOf(context.filename);
    if (!from || !mayImport[from]) return {};
    const check = (node) => {
      const target = node.source?.value;
      if (typeof target !== 'string') return;
      if (!target.startsWith('.')) {
        const limit = onlyIn.find(({ packages }) => packages.test(target));
        const typesOnly = node.importKind === 'type';
        if (limit && !typesOnly && !limit.folders.includes(from)) {
          context.report({ node, messageId: 'package', data: { from, to: target } });
        }
        return;
      }
      const to = folderOf(path.resolve(path.dirname(context.filename), target));
      if (to && to !== from && !mayImport[from].includes(to)) {
        context.report({ node, messageId: 'folder', data: { from, to } });
      }
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

export const boundaries = { rules: { direction: rule } };
