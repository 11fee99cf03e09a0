/** docs/architecture.md has the folders, and what each may import, that ESLint holds them to. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { it } from 'node:test';
import { script } from '../support/script';

it('the table of folders says what the lint rule says', async () => {
  const { mayImport } = await script<{ mayImport: Record<string, string[]> }>('eslint-boundaries.mjs');
  const rows = readFileSync('docs/architecture.md', 'utf8').matchAll(
    /^\| `(?:src\/)?([\w-]+)` +\|[^|]*\| ([^|]*?) +\|$/gm,
  );
  const written = [...rows].map(([, folder, folders]) => [
    folder,
    folders === 'nothing' ? [] : folders!.split(', ').sort(),
  ]);
  const ruled = Object.entries(mayImport).map(([folder, folders]) => [folder, folders.toSorted()]);
  assert.deepEqual(Object.fromEntries(written), Object.fromEntries(ruled));
  assert.equal(written.length, ruled.length);

  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(Object.keys(mayImport).sort(), [...folders.map(({ name }) => name), 'webview'].sort());
});
