/** Every finding that the engine can have is said in German, too. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { checkNames, type CheckName } from '../../../src/protocol/findings';
import { german } from '../../../webview/base/findings/finding-text';

const folder = path.join('src', 'engine', 'inspect', 'findings');

/** "check/kind" of every finding that the sources name, and whether advice comes with it. */
function kinds(): string[] {
  const found = new Set<string>();
  for (const file of readdirSync(folder)) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    // The file of a check has its name.
    const check = path
      .basename(file, '.ts')
      .replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    if (!checkNames.includes(check as CheckName)) continue;
    for (const [, kind] of text.matchAll(/skipped\(\s*'(\w+)'/g)) found.add(`${check}/${kind}`);
    for (const [, body] of text.matchAll(/kind:([^]*?)sentence:/g))
      for (const [, kind] of body!.matchAll(/'(\w+)'/g)) found.add(`${check}/${kind}`);
  }
  return [...found].filter((name) => !/\/(ok|error|warning|notice)$/.test(name));
}

it('has a German sentence for every kind of finding', () => {
  const all = kinds();
  assert.ok(all.length >= 25, all.join(' '));
  for (const check of checkNames)
    assert.ok(
      all.some((name) => name.startsWith(`${check}/`)),
      check,
    );
  const left = all.filter((name) => {
    const [check, kind] = name.split('/') as [CheckName, string];
    const english = 'In English.';
    return (
      german.sentence({ check, kind, severity: 'ok', sentence: english, values: {} }, 'Kopplung 1') ===
      english
    );
  });
  assert.deepEqual(left, []);
});
