/** How the scripts run tests: what hangs is ended and named, and what passed before it counts. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { script } from '../support/script';

interface Result {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
  missing: string[];
}

type Run = (
  bundles: string[],
  options: {
    env: object;
    pace: number;
    atOnce: number;
    onCut(end: () => void): void;
    write(text: string): void;
  },
) => Promise<Result>;

const file = (tests: string): string =>
  `const { describe, it } = require('node:test');\ndescribe('suite', () => {\n${tests}\n});\n`;

async function runFiles(files: Record<string, string>, onCut: (end: () => void) => void): Promise<Result> {
  const { runNodeTests } = await script<{ runNodeTests: Run }>('node-tests.mjs');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-node-tests-'));
  try {
    const bundles = Object.entries(files).map(([name, tests]) => {
      const bundle = path.join(folder, `${name}.cjs`);
      fs.writeFileSync(bundle, file(tests));
      return bundle;
    });
    // No test may be silent for three seconds. What they print would be taken for failures of this one.
    return await runNodeTests(bundles, { env: {}, pace: 0.01, atOnce: 1, onCut, write: () => undefined });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

describe('running test files', () => {
  it('counts what passes, fails and is skipped', async () => {
    const { passed, failed, skipped, failures, missing } = await runFiles(
      {
        a: "it('passes', () => {}); it('fails', () => { throw new Error('broken'); }); it.skip('waits', () => {});",
        b: "it('passes too', () => {});",
      },
      () => undefined,
    );
    assert.deepEqual({ passed, failed, skipped, missing }, { passed: 2, failed: 1, skipped: 1, missing: [] });
    assert.deepEqual(failures, ['suite > fails: broken']);
  });

  it('ends a file in which no test ends any more, names the test and what did not run', async () => {
    const { passed, failed, failures, missing } = await runFiles(
      {
        a: "it('passes', () => {}); it('hangs', () => new Promise(() => setInterval(() => {}, 1000))); it('is never run', () => {});",
        b: "it('passes too', () => {});",
      },
      () => undefined,
    );
    assert.deepEqual([passed, failed], [2, 1]);
    assert.match(failures[0]!, /no test ended for 3 s while "suite > hangs" ran/);
    assert.deepEqual(missing, ['suite > is never run', 'suite > hangs']);
  });

  it('reports what passed where somebody ends the whole', async () => {
    const { passed, missing } = await runFiles(
      {
        a: "it('passes', () => {}); it('is slow', () => new Promise((resolve) => setTimeout(resolve, 60_000)));",
        b: "it('is never run', () => {});",
      },
      (end) => setTimeout(end, 1500),
    );
    assert.equal(passed, 1);
    assert.ok(
      missing.some((name) => /all of .*b/.test(name)),
      missing.join(),
    );
    assert.ok(missing.includes('suite > is slow'), missing.join());
  });

  it('counts a process that ends ahead of time as a failure', async () => {
    const { passed, failed, failures } = await runFiles(
      {
        a: "it('passes', () => {}); it('ends it all', () => new Promise(() => setTimeout(() => process.exit(3), 300)));",
      },
      () => undefined,
    );
    assert.deepEqual([passed, failed], [1, 1]);
    assert.match(failures[0]!, /ended with 3 ahead of time/);
  });
});
