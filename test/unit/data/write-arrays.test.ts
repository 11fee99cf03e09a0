/** Writing data as arrays that is stopped on the way. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { parseDataConfig } from '../../../src/config/parse';
import { openDataset } from '../../../src/data/open/open';
import { writeArrays } from '../../../src/data/write-arrays';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

test('stops after the blocks that are being read, and leaves no file', async () => {
  const dataset = await openDataset(parseDataConfig({ source: 'moons' }, 'test'), folder);
  const stopping = new AbortController();
  let reads = 0;
  const train: typeof dataset.train = {
    ...dataset.train,
    read(...asked) {
      reads++;
      stopping.abort();
      return dataset.train.read(...asked);
    },
  };
  await assert.rejects(writeArrays(folder, { ...dataset, train }, stopping.signal), { name: 'AbortError' });
  assert.deepEqual(await readdir(folder), []);
  assert.ok(reads <= 2, `${reads} blocks were read`);
});
