/** German is complete: the same keys, the same placeholders and links, and no text left in English by accident. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { german as germanPage } from '../../../webview/strings/de';
import { drawData as germanDrawData } from '../../../webview/strings/de/draw-data';
import { preview as germanPreview } from '../../../webview/strings/de/preview';
import { english as englishPage } from '../../../webview/strings/en';
import { drawData as englishDrawData } from '../../../webview/strings/en/draw-data';
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
  ['the drawing page', englishDrawData, germanDrawData],
];

/** The sources under a folder of the pages, without the texts themselves. */
function sourceOf(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/^strings[\\/]/.test(name))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n');
}

describe('the texts of the pages', () => {
  it('are grouped by part, so that two parts cannot overwrite a text of each other', () => {
    for (const [part, texts] of Object.entries(englishPage)) assert.equal(typeof texts, 'object', part);
  });

  it('are all shown somewhere', () => {
    const inspector = Object.entries(englishPage).flatMap(([part, texts]) =>
      Object.keys(texts).map((key) => `${part}.${key}`),
    );
    const pages: [folder: string, keys: string[]][] = [
      ['webview', inspector],
      ['webview/preview', Object.keys(englishPreview)],
      ['webview/draw-data', Object.keys(englishDrawData)],
    ];
    for (const [folder, keys] of pages) {
      const source = sourceOf(folder);
      const shown = new Set(
        [...source.matchAll(/\btext\s*\.\s*(\w+)(?:\s*\.\s*(\w+))?/g)].flatMap(([, first, second]) => [
          first,
          `${first}.${second}`,
        ]),
      );
      assert.deepEqual(
        keys.filter((key) => !shown.has(key)),
        [],
        folder,
      );
    }
  });
});

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
