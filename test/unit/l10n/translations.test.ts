/** German is complete: the same keys, the same placeholders and links, and no text left in English by accident. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { german as germanPage } from '../../../webview/strings/de';
import { preview as germanPreview } from '../../../webview/strings/de/preview';
import { english as englishPage } from '../../../webview/strings/en';
import { preview as englishPreview } from '../../../webview/strings/en/preview';
import { mayBeEqual } from './same-words';

type Table = Record<string, unknown>;

const read = (name: string): Table => JSON.parse(readFileSync(name, 'utf8')) as Table;

/** What must stand in a translation as it stands in the original: places for values, links, code and settings. */
function fixedParts(text: string): string[] {
  return (text.match(/\{\d+\}|%[a-z][\w.]*%|\]\([^)]*\)|`[^`]*`|#[\w.]+#|\$\([\w-]+\)|\n/g) ?? []).sort();
}

/** Texts by their path; a function counts as its source, which bundling leaves comparable. */
function flatten(value: unknown, name = ''): [name: string, text: string][] {
  if (typeof value === 'string') return [[name, value]];
  if (typeof value === 'function') return [[name, (value as () => string).toString()]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, name ? `${name}.${key}` : key));
}

const tables: [name: string, english: Table, german: Table][] = [
  ['the host', read('l10n/bundle.l10n.json'), read('l10n/bundle.l10n.de.json')],
  ['the manifest', read('package.nls.json'), read('package.nls.de.json')],
  ['the inspector', englishPage, germanPage],
  ['the data preview', englishPreview, germanPreview],
];

describe('German', () => {
  for (const [name, english, german] of tables) {
    const originals = flatten(english);
    const translated = new Map(flatten(german));

    it(`has every text of ${name} and no other`, () => {
      assert.ok(originals.length > 20);
      assert.deepEqual([...translated.keys()].sort(), originals.map(([key]) => key).sort());
    });

    it(`keeps the places for values and the links in the texts of ${name}`, () => {
      for (const [key, text] of originals)
        if (!text.includes('=>')) assert.deepEqual(fixedParts(translated.get(key)!), fixedParts(text), key);
    });

    it(`leaves nothing of ${name} in English`, () => {
      const left = originals.filter(([key, text]) => translated.get(key) === text && !mayBeEqual(text));
      assert.deepEqual(left, []);
    });
  }
});
