// ESLint rules: folders import in one direction, heavy packages stay in the processes that need them, there are no import
// cycles, and no two folders of a room import each other.
// By file position, not by the text of the import: src/extension/commands/ has an ../engine/ of its own.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './esbuild-options.mjs';

/** Which folders a folder of `src/` (or the webview) may import from, other than itself. docs/architecture.md has the same. */
export const mayImport = {
  base: [],
  config: ['base'],
  protocol: ['base', 'config'],
  'inspector-html': ['base', 'protocol'],
  files: ['base'],
  native: ['base', 'protocol'],
  flow: ['base', 'config', 'protocol'],
  data: ['base', 'config', 'protocol', 'files'],
  graph: ['base', 'protocol', 'flow'],
  checkpoint: ['base', 'config', 'protocol', 'files', 'data'],
  engine: [
    'base',
    'config',
    'protocol',
    'files',
    'flow',
    'data',
    'graph',
    'checkpoint',
    'native',
    'inspector-html',
  ],
  cli: ['base', 'config', 'protocol', 'files', 'data', 'checkpoint', 'native', 'inspector-html', 'engine'],
  extension: ['base', 'config', 'protocol', 'inspector-html'],
  webview: ['base', 'config', 'protocol'],
};

/** The same of the folders of `src/engine`; the files next to them may import from all. */
export const mayImportInEngine = {
  backends: [],
  model: ['backends'],
  'onnx-file': ['backends', 'model'],
  'onnx-flow': ['backends', 'model', 'onnx-file'],
  'recorded-flow': ['backends', 'model'],
  training: ['backends', 'model'],
  use: ['model', 'training'],
  check: ['backends', 'model', 'training', 'use'],
  inspect: ['backends', 'model', 'use', 'check'],
  open: ['backends', 'model', 'onnx-file', 'onnx-flow', 'recorded-flow', 'training', 'use', 'inspect'],
  export: ['backends', 'model', 'onnx-file', 'inspect'],
  assistant: ['model', 'use', 'inspect', 'open'],
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

/** `src/engine/model/runner.ts` → model; undefined for what lies outside of the engine's folders. */
function engineFolderOf(file) {
  const [top, folder, name, inside] = path.relative(root, file).split(path.sep);
  return top === 'src' && folder === 'engine' && inside !== undefined ? name : undefined;
}

/**
 * The part of the page that a file lies in (`app`, `base`, `features/<name>` or another page), and what it may import: a
 * feature knows no other, `base` knows none.
 */
function pagePartOf(file) {
  const [top, folder, name] = path.relative(root, file).split(path.sep);
  if (top !== 'webview') return undefined;
  return folder === 'features' ? `features/${name}` : folder;
}

function mayImportInPage(from, to) {
  return from === to || to === 'base' || (from === 'app' && to.startsWith('features/'));
}

/** Calls `check(node, target)` for every import, re-export and dynamic import of a file. */
function onImports(check) {
  const visit = (node) => {
    if (typeof node.source?.value === 'string') check(node, node.source.value);
  };
  return {
    ImportDeclaration: visit,
    ImportExpression: visit,
    ExportNamedDeclaration: visit,
    ExportAllDeclaration: visit,
  };
}

const direction = {
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
    return onImports((node, target) => {
      if (!target.startsWith('.')) {
        const limit = onlyIn.find(({ packages }) => packages.test(target));
        const typesOnly = node.importKind === 'type';
        if (limit && !typesOnly && !limit.folders.includes(from)) {
          context.report({ node, messageId: 'package', data: { from, to: target } });
        }
        return;
      }
      const file = path.resolve(path.dirname(context.filename), target);
      const to = folderOf(file);
      if (to && to !== from && !mayImport[from].includes(to)) {
        context.report({ node, messageId: 'folder', data: { from, to } });
      }
      const [room, next] = [engineFolderOf(context.filename), engineFolderOf(file)];
      if (room && next && room !== next && !mayImportInEngine[room]?.includes(next)) {
        context.report({ node, messageId: 'folder', data: { from: `engine/${room}`, to: `engine/${next}` } });
      }
      const [part, other] = [pagePartOf(context.filename), pagePartOf(file)];
      if (part && other && !mayImportInPage(part, other)) {
        context.report({ node, messageId: 'folder', data: { from: part, to: other } });
      }
    });
  },
};

const sources = ['', '.ts', '.tsx', '/index.ts', '/index.tsx'];
/** Files that a file imports, types included, by its path; read once. */
const imported = new Map();

function resolved(from, target) {
  const base = path.resolve(path.dirname(from), target);
  return sources
    .map((end) => base + end)
    .find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
}

function importsOf(file) {
  let found = imported.get(file);
  if (!found) {
    const targets = fs.readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']*)'/g);
    found = [...targets]
      .flatMap(([, target]) => resolved(file, target) ?? [])
      .filter((name) => /\.tsx?$/.test(name));
    imported.set(file, found);
  }
  return found;
}

/** The files from `start` to `wanted`, both included; undefined where no import leads there. */
function pathTo(wanted, start) {
  const before = new Map([[start, undefined]]);
  for (const file of before.keys()) {
    if (file === wanted) {
      const way = [];
      for (let at = file; at; at = before.get(at)) way.unshift(at);
      return way;
    }
    for (const next of importsOf(file)) if (!before.has(next)) before.set(next, file);
  }
  return undefined;
}

const noCycle = {
  meta: { type: 'problem', schema: [], messages: { cycle: 'This closes a circle of imports: {{way}}.' } },
  create(context) {
    const file = context.filename;
    return onImports((node, target) => {
      const start = target.startsWith('.') ? resolved(file, target) : undefined;
      const way = start && /\.tsx?$/.test(start) ? pathTo(file, start) : undefined;
      if (!way) return;
      const names = [file, ...way].map((name) => path.relative(root, name));
      context.report({ node, messageId: 'cycle', data: { way: names.join(' → ') } });
    });
  },
};

/**
 * `src/graph/passes/list.ts` → room src/graph, folder passes. Files at a room's root count as one folder, except those that
 * start the room or list its parts: they import everything, and have no folder.
 */
function placeOf(file) {
  const [top, name, ...inside] = path.relative(root, file).split(path.sep);
  if (!['src', 'webview'].includes(top) || inside.length === 0) return undefined;
  const atRoot = inside.length === 1;
  if (atRoot && /^(?:index|main|worker|service)\.tsx?$/.test(inside[0])) return undefined;
  return { room: `${top}/${name}`, folder: atRoot ? '(root)' : inside[0] };
}

/** By room, which file of a folder first imports another folder: 'passes → layouts' → 'src/graph/passes/list.ts'. */
const imports = new Map();

function importsIn(room) {
  let found = imports.get(room);
  if (!found) {
    found = new Map();
    for (const name of fs.readdirSync(path.join(root, room), { recursive: true })) {
      const file = path.join(root, room, name);
      const from = /\.tsx?$/.test(file) && placeOf(file);
      if (!from) continue;
      for (const target of importsOf(file)) {
        const to = placeOf(target);
        const key = to?.room === room && `${from.folder} → ${to.folder}`;
        if (key && !found.has(key)) found.set(key, path.relative(root, file));
      }
    }
    imports.set(room, found);
  }
  return found;
}

const noPair = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { pair: '{{from}} must not import from {{to}} of {{room}}, since {{file}} does the opposite.' },
  },
  create(context) {
    const from = placeOf(context.filename);
    if (!from) return {};
    return onImports((node, target) => {
      const file = target.startsWith('.') ? resolved(context.filename, target) : undefined;
      const to = file && placeOf(file);
      if (to?.room !== from.room || to.folder === from.folder) return;
      // The engine's folders have a table, which says more.
      if (engineFolderOf(context.filename) && engineFolderOf(file)) return;
      const opposite = importsIn(from.room).get(`${to.folder} → ${from.folder}`);
      if (!opposite) return;
      const data = { from: from.folder, to: to.folder, room: from.room, file: opposite };
      context.report({ node, messageId: 'pair', data });
    });
  },
};

export const boundaries = { rules: { direction, 'no-cycle': noCycle, 'no-pair': noPair } };
