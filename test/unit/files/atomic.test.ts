import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { writeAtomically, temporaryTag } from '../../../src/files/atomic';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

test('text, bytes and streams are written whole', async () => {
  const file = path.join(folder, 'a');
  await writeAtomically(file, 'text');
  assert.equal(readFileSync(file, 'utf8'), 'text');
  await writeAtomically(file, Uint8Array.of(1, 2));
  assert.deepEqual([...readFileSync(file)], [1, 2]);
  await writeAtomically(file, [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)]);
  assert.deepEqual([...readFileSync(file)], [1, 2, 3]);
});

test('a failure half way leaves the old content and no rubbish', async () => {
  const file = path.join(folder, 'b');
  await writeAtomically(file, 'old');
  await assert.rejects(
    writeAtomically(
      file,
      (async function* () {
        yield Buffer.from('new');
        throw new Error('the source broke');
      })(),
    ),
    { message: 'the source broke' },
  );
  assert.equal(readFileSync(file, 'utf8'), 'old');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('concurrent writers each write a whole file', async () => {
  const file = path.join(folder, 'c');
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => writeAtomically(file, String(i % 10).repeat(100_000))),
  );
  const text = readFileSync(file, 'utf8');
  assert.equal(text, text[0]!.repeat(100_000));
});

test('places that cannot be written are named', async () => {
  await assert.rejects(writeAtomically(path.join(folder, 'no', 'x'), ''), {
    name: 'UserError',
    message: /its folder does not exist/,
  });
  mkdirSync(path.join(folder, 'dir', 'inner'), { recursive: true });
  await assert.rejects(writeAtomically(path.join(folder, 'dir'), ''), {
    name: 'UserError',
    message: /a folder with this name exists/,
  });
});

test('what a killed process left next to a file is removed by the next writer, and nothing else', async () => {
  const at = path.join(folder, 'killed');
  mkdirSync(at);
  const ended = spawnSync(process.execPath, ['--version']).pid.toString(16).padStart(8, '0');
  const own = temporaryTag();
  const of = (pid: string, name = 'a.bin') => `.${name}.${own.slice(0, 8)}${pid}${own.slice(16)}.tmp`;
  const others = [
    `.a.bin.${own}.tmp`,
    of(ended, 'b.bin'),
    `.a.bin.00000000${ended}00000000.tmp`,
    '.a.bin.mine.tmp',
  ];
  for (const name of [of(ended), ...others]) put(at, name, 'half');
  await writeAtomically(path.join(at, 'a.bin'), 'whole');
  assert.deepEqual(readdirSync(at).sort(), ['a.bin', ...others].sort());
});
