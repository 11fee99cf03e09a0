/** What is left to `npm test -- --full`: each entry has its file or table, and a reason. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import lengths from '../../lengths.json';
import { script } from '../support/script';

interface Lengths {
  shorter(tier: string, sources: string[], full?: boolean): { files: string[]; tests: string[] };
  furtherCases(results: { name: string; passed: number; failed: number; skipped: number }[]): number;
}

type Entry = { file: string; tests?: string[]; reason: string };
const release: Record<string, Entry[]> = lengths.release;
const byTier: Record<string, Entry[]> = lengths.tiers;
const tiers = Object.keys(byTier).map((tier): [string, Entry[]] => [
  tier,
  [...byTier[tier]!, ...(release[tier] ?? [])],
]);
const sourceOf = (tier: string, file: string): string =>
  tier === 'python' ? `python/tests/${file}.py` : `test/${tier}/${file}.test.ts`;

test('each entry names a file that is there and says why it can wait', () => {
  for (const [tier, entries] of tiers)
    for (const { file, reason } of entries) {
      assert.ok(existsSync(sourceOf(tier, file)), `${tier}: ${file}`);
      assert.ok(reason.length > 20, `${tier}: ${file} has no reason`);
    }
  for (const [table, reason] of Object.entries(lengths.tables)) assert.ok(reason.length > 20, table);
});

test('whole files are left out, and of others the tests that are named', async () => {
  const { shorter } = await script<Lengths>('test-lengths.mjs');
  for (const [tier, entries] of tiers) {
    const sources = entries.map(({ file }) => path.normalize(sourceOf(tier, file)));
    const { files, tests } = shorter(tier, [...sources, `test/${tier}/another.test.ts`]);
    const whole = new Set(entries.filter((one) => !one.tests).map(({ file }) => file));
    const kept = entries
      .filter(({ file }) => !whole.has(file))
      .map(({ file }) => path.normalize(sourceOf(tier, file)));
    assert.deepEqual(files, [...kept, `test/${tier}/another.test.ts`]);
    assert.deepEqual(
      tests,
      entries.flatMap((one) => one.tests ?? []),
    );
  }
});

test('CI runs all but what is for releases', async () => {
  const { shorter } = await script<Lengths>('test-lengths.mjs');
  for (const [tier, entries] of Object.entries(release)) {
    const sources = entries.map(({ file }) => path.normalize(sourceOf(tier, file)));
    const { files, tests } = shorter(tier, sources, true);
    assert.deepEqual(
      files,
      sources.filter((_, i) => entries[i]!.tests),
    );
    assert.deepEqual(
      tests,
      entries.flatMap((one) => one.tests ?? []),
    );
    assert.ok(tier in byTier, tier);
  }
});

test('the number of further cases is that of the last complete run without those of this one', async () => {
  const { furtherCases } = await script<Lengths>('test-lengths.mjs');
  const cases = lengths.cases as Record<string, number>;
  const results = Object.entries(cases).map(([name, count]) => ({
    name,
    passed: count - 3,
    failed: 1,
    skipped: 0,
  }));
  assert.equal(furtherCases(results), 2 * results.length);
  assert.equal(furtherCases([{ name: 'a new tier', passed: 9, failed: 0, skipped: 0 }]), 0);
});
