/** Real files, damaged at random: they open, or a UserError says what is wrong; nothing crashes or hangs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { UserError } from '../../../../src/base/user-error';
import { put, temporaryFolder } from '../../support/temporary';
import { exportedArchive } from '../../support/torch-archives';

const folder = temporaryFolder();
const files = [
  'net.protocol2.pt',
  'net.protocol5.pt',
  'training.pt',
  'deflated.pt',
  'windows.pt',
  'no-checksum.pt',
  'legacy.pt',
  'script.pt',
];
const contents = [
  ...files.map((name) => readFileSync(path.resolve('test', 'fixtures', 'torch', name))),
  Buffer.from(exportedArchive({ 'net.weight': { shape: [3, 4], data: new Float32Array(12) } })),
];

async function openAll(bytes: Uint8Array): Promise<'read' | 'refused'> {
  const file = put(folder, 'damaged.pt', bytes);
  try {
    const opened = await openTensorFile(file);
    try {
      for (const [name, { shape }] of opened.tensors) {
        const { data } = await opened.read(name);
        assert.equal(
          data.length,
          shape.reduce((a, b) => a * b, 1),
        );
      }
      return 'read';
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert.match(error.message, /^.*damaged\.pt: /);
    return 'refused';
  }
}

const content = fc.constantFrom(...contents);

test('whole files are read', async () => {
  for (const bytes of contents) assert.equal(await openAll(bytes), 'read');
});

test('cut off anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(content, fc.double({ min: 0, max: 1, noNaN: true }), async (bytes, share) => {
      const length = Math.floor(share * bytes.length);
      fc.pre(length < bytes.length);
      assert.equal(await openAll(bytes.subarray(0, length)), 'refused');
    }),
    { numRuns: 100 },
  );
});

test('bits flipped, bytes set', async () => {
  await fc.assert(
    fc.asyncProperty(
      content,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 20 }),
      async (bytes, changes) => {
        const changed = new Uint8Array(bytes);
        for (const [at, mask] of changes) changed[at % changed.length]! ^= mask;
        await openAll(changed);
      },
    ),
    { numRuns: 200 },
  );
});

test('the pickle alone changed, in a file without checksums', async () => {
  const bytes = contents[files.indexOf('no-checksum.pt')]!;
  const begin = bytes.indexOf(Buffer.from([0x80, 0x02]));
  const end = bytes.indexOf(Buffer.from('PK'), begin);
  assert.ok(begin > 0 && end > begin + 500);
  let read = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(end - begin - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      async (changes) => {
        const changed = new Uint8Array(bytes);
        for (const [at, value] of changes) changed[begin + at] = value;
        if ((await openAll(changed)) === 'read') read++;
      },
    ),
    { numRuns: 300 },
  );
  // Changed names and numbers still make a state dict now and then; else this test would test the checksum only.
  assert.ok(read > 0 && read < 300, `${read} of 300`);
});

test('parts moved to other places', async () => {
  await fc.assert(
    fc.asyncProperty(content, fc.nat(), fc.nat(), fc.nat(2000), async (bytes, from, to, length) => {
      const changed = new Uint8Array(bytes);
      changed.copyWithin(to % changed.length, from % changed.length, (from % changed.length) + length);
      await openAll(changed);
    }),
    { numRuns: 100 },
  );
});
