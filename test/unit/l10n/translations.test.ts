/** German is complete: the same keys, the same placeholders and links, and no text left in English by accident. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import ts from 'typescript';
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

/** The texts of the pages, by file: `text.ts` of a part, and the words that parts share. */
const pages = readdirSync('webview', { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll(path.sep, '/'))
  .filter((name) => /\/(text|words)\.ts$/.test(name));

interface Texts {
  english: Table;
  german: Table;
}

const texts = new Map<string, Texts>();
const tables: [name: string, english: Table, german: Table][] = [
  ['the host', read('l10n/bundle.l10n.json'), read('l10n/bundle.l10n.de.json')],
  ['the manifest', read('package.nls.json'), read('package.nls.de.json')],
];

/** What the source gives `bilingual`, by language: each text as it stands, and other expressions as functions. */
function textsIn(name: string): Texts {
  const file = ts.createSourceFile(name, readFileSync(name, 'utf8'), ts.ScriptTarget.Latest, true);
  const constants = new Map<string, ts.Expression>();
  for (const statement of file.statements)
    if (ts.isVariableStatement(statement))
      for (const { name: left, initializer } of statement.declarationList.declarations)
        if (initializer) constants.set(left.getText(), initializer);
  const bare = (node: ts.Node): ts.Node => {
    if (ts.isIdentifier(node) && constants.has(node.text)) return bare(constants.get(node.text)!);
    const wraps =
      ts.isSatisfiesExpression(node) || ts.isAsExpression(node) || ts.isParenthesizedExpression(node);
    return wraps ? bare(node.expression) : node;
  };
  const inOne = (wrapped: ts.Node, language: 0 | 1): unknown => {
    const node = bare(wrapped);
    if (ts.isStringLiteralLike(node)) return node.text;
    if (ts.isArrowFunction(node)) return inOne(node.body, language);
    if (ts.isObjectLiteralExpression(node))
      return Object.fromEntries(
        node.properties.map((property) => {
          assert.ok(property.name, property.getText());
          const value = ts.isPropertyAssignment(property) ? property.initializer : property.name;
          return [property.name.getText(), inOne(value, language)];
        }),
      );
    if (!ts.isArrayLiteralExpression(node)) return `() => ${node.getText()}`;
    assert.equal(node.elements.length, 2, `${name}: ${node.getText()}`);
    const text = bare(node.elements[language]!);
    const list = (one: ts.Node): unknown =>
      ts.isArrayLiteralExpression(one)
        ? one.elements.map((inner) => list(bare(inner)))
        : inOne(one, language);
    return list(text);
  };
  const table = [...constants.values()].find(
    (value): value is ts.CallExpression =>
      ts.isCallExpression(value) && value.expression.getText() === 'bilingual',
  );
  assert.ok(table, name);
  const [argument] = table.arguments;
  return { english: inOne(argument!, 0) as Table, german: inOne(argument!, 1) as Table };
}

before(() => {
  for (const name of pages) {
    const { english, german } = textsIn(`webview/${name}`);
    texts.set(name, { english, german });
    tables.push([name, english, german]);
  }
});

/** The sources that may use the texts of a file: those beside it, or all of the pages for shared words. */
function sourceFor(name: string): string {
  const folder = name.endsWith('words.ts') ? 'webview' : path.join('webview', path.dirname(name));
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => readFileSync(path.join(folder, file), 'utf8'))
    .join('\n');
}

describe('the walkthrough', () => {
  const steps = (table: Table, what: RegExp) =>
    flatten(table).filter(([key]) => key.startsWith('walkthrough.') && what.test(key));

  it('has titles that fit on a line of the steps', () => {
    for (const name of ['package.nls.json', 'package.nls.de.json']) {
      const titles = steps(read(name), /^walkthrough\.\w+\.title$/);
      assert.equal(titles.length, 5);
      assert.deepEqual(
        titles.filter(([, title]) => title.length > 30),
        [],
      );
    }
  });

  it('marks no code, which VS Code shows as it stands', () => {
    for (const name of ['package.nls.json', 'package.nls.de.json'])
      assert.deepEqual(
        steps(read(name), /^walkthrough\.\w+$/).filter(([, text]) => text.includes('`')),
        [],
      );
  });
});

describe('the texts of the pages', () => {
  it('are found', () => assert.ok(texts.size > 20));

  it('are all shown somewhere', () => {
    for (const [name, { english }] of texts) {
      const source = sourceFor(name);
      const shown = new Set([...source.matchAll(/\b(?:text|words)\s*\.\s*(\w+)/g)].map(([, key]) => key));
      assert.deepEqual(
        Object.keys(english).filter((key) => !shown.has(key)),
        [],
        name,
      );
    }
  });
});

describe('German', () => {
  const each = (
    check: (name: string, originals: [string, string][], translated: Map<string, string>) => void,
  ) => tables.forEach(([name, english, german]) => check(name, flatten(english), new Map(flatten(german))));

  it('has every text and no other', () => {
    each((name, originals, translated) => {
      assert.ok(originals.length > 0, name);
      assert.deepEqual([...translated.keys()].sort(), originals.map(([key]) => key).sort(), name);
    });
  });

  it('keeps the places for values and the links', () => {
    each((name, originals, translated) => {
      for (const [key, text] of originals)
        if (!text.includes('=>'))
          assert.deepEqual(fixedParts(translated.get(key)!), fixedParts(text), `${name} ${key}`);
    });
  });

  it('leaves nothing in English', () => {
    each((name, originals, translated) => {
      const left = originals.filter(([key, text]) => translated.get(key) === text && !mayBeEqual(text));
      assert.deepEqual(left, [], name);
    });
  });
});
