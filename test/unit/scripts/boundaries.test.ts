/** docs/architecture.md has the folders, and what each may import, that ESLint holds them to. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { it } from 'node:test';
import type { ESLint, Linter } from 'eslint';
import { script } from '../support/script';

type Table = Record<string, string[]>;

interface Boundaries {
  mayImport: Table;
  mayImportInEngine: Table;
  boundaries: ESLint.Plugin;
}

const loaded = script<Boundaries>('eslint-boundaries.mjs');
const eslint = createRequire(path.resolve('package.json'))('eslint') as { Linter: typeof Linter };

/** The rows of the table under a heading. */
function written(heading: string): Table {
  const section = readFileSync('docs/architecture.md', 'utf8').split(/^## /m);
  const text = section.find((part) => part.startsWith(`${heading}\n`))!;
  const rows = [...text.matchAll(/^\| `(?:src\/)?([\w-]+)` +\|[^|]*\| ([^|]*?) +\|$/gm)];
  const table = rows.map(([, folder, folders]): [string, string[]] => [
    folder!,
    folders === 'nothing' ? [] : folders!.split(', ').sort(),
  ]);
  assert.equal(new Set(rows.map(([, folder]) => folder)).size, rows.length);
  return Object.fromEntries(table);
}

const sorted = (table: Table): Table =>
  Object.fromEntries(Object.entries(table).map(([folder, folders]) => [folder, folders.toSorted()]));

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

it('the table of folders says what the lint rule says', async () => {
  const { mayImport } = await loaded;
  assert.deepEqual(written('Folders'), sorted(mayImport));
  assert.deepEqual(Object.keys(mayImport).sort(), [...foldersIn('src'), 'webview'].sort());
});

it('so does the table of the engine’s folders, of which no two import each other', async () => {
  const { mayImportInEngine } = await loaded;
  assert.deepEqual(written('The engine'), sorted(mayImportInEngine));
  assert.deepEqual(Object.keys(mayImportInEngine).sort(), foldersIn('src/engine').sort());
  // Each folder only names those above it.
  const seen = new Set<string>();
  for (const [folder, folders] of Object.entries(mayImportInEngine)) {
    for (const other of folders) assert.ok(seen.has(other), `${folder} must stand below ${other}`);
    seen.add(folder);
  }
});

/** What the rules say of a file that imports another. */
async function messages(file: string, target: string): Promise<string[]> {
  const { boundaries } = await loaded;
  const rules = {
    'boundaries/direction': 'error',
    'boundaries/no-cycle': 'error',
    'boundaries/no-pair': 'error',
  } as const;
  const found = new eslint.Linter({ cwd: process.cwd() }).verify(
    `import '${target}';`,
    [{ files: ['**/*.ts'], plugins: { boundaries }, rules }],
    path.resolve(file),
  );
  return found.map(({ message }) => message);
}

it('an import against the direction is reported, one that closes a circle, and one of two folders', async () => {
  assert.deepEqual(await messages('src/engine/model/added.ts', './runner'), []);
  const cases: [string, string, RegExp][] = [
    ['src/protocol/added.ts', '../engine/model/runner', /protocol must not import from engine/],
    ['src/engine/model/added.ts', '../inspect/pass', /engine\/model must not import from engine\/inspect/],
    ['src/engine/inspect/findings/added.ts', '../../open/open-model', /engine\/inspect must not import/],
    ['webview/base/added.ts', '../app/features', /base must not import from app/],
    ['src/engine/model/runner.ts', './latents', /circle of imports: .*runner\.ts → .*latents\.ts → /],
    ['src/config/problem.ts', './parse', /circle of imports/],
    [
      'src/data/added.ts',
      './images/fit',
      /\(root\) must not import from images of src\/data, since src.*does the/,
    ],
  ];
  for (const [file, target, expected] of cases) {
    const [message, ...others] = await messages(file, target);
    assert.match(message ?? 'nothing', expected);
    assert.deepEqual(others, []);
  }
});
