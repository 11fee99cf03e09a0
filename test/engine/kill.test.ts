/** A short run of the kill test (npm run kill-test). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { script } from '../unit/support/script';

interface Scripts {
  killTest(options: {
    times: number;
    seed: number;
    stopped: number;
    log: (line: string) => void;
  }): Promise<{ kills: number; lost: number; sets: number; stops: number }>;
}

const skip = process.platform === 'win32' && 'a killed process leaves its files locked for a moment';

test('nothing is lost where processes are killed', { skip }, async () => {
  const { killTest } = await script<Scripts>('kill-test.mjs');
  const { kills, lost, sets, stops } = await killTest({
    times: 4,
    seed: 5,
    stopped: 1,
    log: () => undefined,
  });
  // One of each format is killed between the renames of a set of files.
  assert.equal(sets, 2);
  assert.equal(kills, 4 + sets);
  assert.equal(stops, 1);
  assert.ok(lost <= 20);
});
