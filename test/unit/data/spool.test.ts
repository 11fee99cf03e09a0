import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createResources } from '../../../src/data/dataset';
import { createSpool } from '../../../src/data/spool';

const chunk = new Uint8Array(2 ** 20).fill(7);

test('what does not fit memory is read back from a file', async () => {
  const resources = createResources(2 ** 20);
  const spool = createSpool(resources);
  for (let i = 0; i < 12; i++) await spool.write(chunk);
  const bytes = await spool.finish();
  assert.equal(bytes.length, 12 * 2 ** 20);
  assert.deepEqual([...(await bytes.read(11 * 2 ** 20, 3))], [7, 7, 7]);
  await resources.close();
});

test('the disk is not filled: what unpacks to more than there is room for is refused', async () => {
  const resources = createResources(0);
  // Of any disk that this runs on, less than the chunks take.
  const spool = createSpool(resources, 1e-12);
  await assert.rejects(
    async () => {
      for (let i = 0; i < 12; i++) await spool.write(chunk);
      await spool.finish();
    },
    { name: 'UserError', message: /unpack to more than 0 MiB.*Free some space/ },
  );
  await resources.close();
});
