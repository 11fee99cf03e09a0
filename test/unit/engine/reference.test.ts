import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { conventionSets } from '../../../src/config/conventions';
import { presets } from '../../../src/config/presets';
import { withTables } from '../../../scripts/reference/tables';

const folder = path.join(process.cwd(), 'docs');
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));

/** Prettier pads cells and lengthens rules. */
const bare = (text: string): string => text.replace(/-{3,}/g, '---').replace(/ +/g, ' ');

test('tables of the documentation are up to date (node scripts/config-docs.mjs writes them)', () => {
  let tables = 0;
  for (const { name, text } of pages) {
    tables += text.match(/<!-- table /g)?.length ?? 0;
    assert.equal(bare(withTables(text)), bare(text), name);
  }
  assert.ok(tables > 5, `${tables} tables`);
});

test('every preset and set of conventions is in one, with what a set differs in', () => {
  const text = withTables('<!-- table presets -->\n<!-- end -->\n<!-- table sets -->\n<!-- end -->');
  for (const { name } of [...presets, ...conventionSets]) assert.ok(text.includes(`\`${name}\``), name);
  assert.match(text, /\| `chrischute` \| images \| [^|]*\| `affine` shift-then-scale, `flowNorm` false/);
});

test('who sets a field is told for rows and images apart', () => {
  const of = (name: string): string => withTables(`<!-- table ${name} -->\n<!-- end -->`);
  const row = (name: string, field: string): string =>
    of(name)
      .split('\n')
      .find((line) => line.startsWith(`| \`${field}\` |`))!;
  assert.match(row('vector-fields', 'blocks'), /2: nflows \|$/);
  assert.doesNotMatch(row('image-fields', 'blocks'), /nflows/);
  assert.match(row('both-fields', 'scaleMap'), /sigmoid: glow, nflows; .*\|$/);
});

test('a marker of no table is told', () => {
  assert.throws(
    () => withTables('<!-- table prests -->\n<!-- end -->'),
    /no table "prests"; expected one of presets/,
  );
});
