import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { writeAtomically, writeError, makeFolder } from '../../../src/files/atomic';
import { readText, refuseSpecial } from '../../../src/files/read';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
// Windows says of such a name that there is no such file, and lets only few users make links.
const posix = { skip: process.platform === 'win32' };

test('names that are too long are the user’s to change, wherever they are given', posix, async () => {
  const file = path.join(folder, 'n'.repeat(300));
  const reason = (what: string): { name: string; message: RegExp } => ({
    name: 'UserError',
    message: new RegExp(`n: cannot be ${what} \\(name too long, ENAMETOOLONG\\)\\. `),
  });
  await assert.rejects(readText(file, 10), reason('read'));
  await assert.rejects(refuseSpecial(file), reason('read'));
  await assert.rejects(writeAtomically(file, ''), reason('written'));
  await assert.rejects(makeFolder(file), reason('written'));
});

test('links in a circle are no fault of ours', posix, async () => {
  const file = path.join(folder, 'circle');
  symlinkSync('circle', file);
  await assert.rejects(readText(file, 10), {
    name: 'UserError',
    message: /circle: cannot be read \(too many symbolic links encountered, ELOOP\)\. Check the path/,
  });
});

test('errors of zlib, which share their numbers with the system’s, are left as they are', () => {
  let error: unknown;
  try {
    gunzipSync(new Uint8Array(20));
  } catch (thrown) {
    error = thrown;
  }
  assert.equal((error as NodeJS.ErrnoException).code, 'Z_DATA_ERROR');
  assert.equal(writeError('file', error), error);
});
