/** Checkpoints that other flow libraries saved, against digests that the safetensors package made of the same tensors. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';

const folder = path.resolve('test', 'fixtures', 'peers');
const digests = JSON.parse(readFileSync(path.join(folder, 'digests.json'), 'utf8')) as Record<string, string>;

const extras: Record<string, Record<string, number>> = {
  'chrischute-rgb': { test_loss: 857.470703125, epoch: 1 },
  'chrischute-gray3': { test_loss: 1111.8812255859375, epoch: 1 },
};

test('there are seven', () => assert.equal(Object.keys(digests).length, 7));

for (const [name, expected] of Object.entries(digests)) {
  test(`${name}: every tensor has the same name, type, shape and bits`, async () => {
    const opened = await openTensorFile(path.join(folder, name, 'state_dict.pt'));
    const digest = createHash('sha256');
    // By code units as Python sorts them by code points: the names are ASCII.
    for (const key of [...opened.tensors.keys()].sort()) {
      const { dtype, shape } = opened.tensors.get(key)!;
      digest.update(`${key} ${dtype} ${shape.join('x')}\n`);
      digest.update(new Uint8Array((await opened.read(key)).data.buffer));
    }
    await opened.close();
    assert.equal(digest.digest('hex'), expected);
    assert.equal(opened.container, 'torch');
    assert.deepEqual(opened.extras, extras[name] ?? {});
    assert.equal(opened.leftOut, undefined);
  });
}
