/** Sets of files: the older one or the new one, or less of one of them, and nothing else. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { buildSync } from 'esbuild';
import { writeTogether } from '../../../src/files/write-together';
import { put, temporaryFolder } from '../support/temporary';

const names = ['a', 'b', 'c'];

function writeSet(folder: string, content: string): Promise<void> {
  return writeTogether(folder, (place) => {
    for (const name of names) put(place, name, content);
    return Promise.resolve(names);
  });
}

const visible = (folder: string): string[] => readdirSync(folder).filter((name) => !name.startsWith('.'));
const contents = (folder: string): string[] =>
  visible(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));

test('a set replaces another one, and nothing is left behind', async () => {
  const folder = path.join(temporaryFolder(), 'made', 'here');
  for (const content of ['old', 'new']) {
    await writeSet(folder, content);
    assert.deepEqual(readdirSync(folder).sort(), names);
    assert.deepEqual(contents(folder), [content, content, content]);
  }
});

test('where one file cannot have its place, the older ones are there as before', async () => {
  const folder = temporaryFolder();
  put(folder, 'a', 'old');
  mkdirSync(path.join(folder, 'b'));
  await assert.rejects(writeSet(folder, 'new'), {
    name: 'UserError',
    message: /b: cannot be written, since a folder/,
  });
  await assert.rejects(
    writeTogether(folder, () => Promise.resolve(['missing', 'a'])),
    /missing/,
  );
  assert.deepEqual(readdirSync(folder).sort(), ['a', 'b']);
  assert.equal(readFileSync(path.join(folder, 'a'), 'utf8'), 'old');
});

test('killed before any of its renames, it never leaves two sets, and the next call makes one whole', async () => {
  const built = buildSync({
    entryPoints: [path.resolve('src/files/write-together.ts')],
    ...{ bundle: true, write: false, platform: 'node', format: 'cjs' },
  }).outputFiles[0]!.text;
  const work = temporaryFolder();
  const module = put(work, 'write-together.cjs', built);
  const program = put(
    work,
    'killed.cjs',
    `const files = require('node:fs/promises');
    const [folder, last] = process.argv.slice(2);
    let renames = 0;
    const { rename } = files;
    files.rename = (...given) => {
      if (++renames > Number(last)) process.kill(process.pid, 'SIGKILL');
      return rename(...given);
    };
    require(${JSON.stringify(module)}).writeTogether(folder, async (place) => {
      for (const name of ${JSON.stringify(names)}) await files.writeFile(place + '/' + name, 'new');
      return ${JSON.stringify(names)};
    });`,
  );
  const found = [];
  for (let last = 0; last <= 2 * names.length; last++) {
    const folder = path.join(work, String(last));
    await writeSet(folder, 'old');
    const { status } = spawnSync(process.execPath, [program, folder, String(last)]);
    assert.equal(status === 0, last === 2 * names.length);
    const left = contents(folder);
    found.push(left.join(' '));
    await writeTogether(folder, (place) => {
      put(place, 'other', '');
      return Promise.resolve(['other']);
    });
    const after = visible(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
    const whole = last < names.length ? 'old' : 'new';
    assert.deepEqual(after, [whole, whole, whole, '']);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      [],
    );
  }
  assert.deepEqual(found, ['old old old', 'old old', 'old', '', 'new', 'new new', 'new new new']);
});
