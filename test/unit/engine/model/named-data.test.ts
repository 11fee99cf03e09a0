/** Data that a model's file names, where a stranger wrote the file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseDataConfig } from '../../../../src/config/parse';
import { openDataset } from '../../../../src/data/open/open';
import { readText } from '../../../../src/files/read';
import { refuseRemote } from '../../../../src/engine/model/model-data';
import { processorTime } from '../../support/processor-time';
import { put, temporaryFolder } from '../../support/temporary';
import { resolved } from '../../checkpoint/opened';

test('shares and devices of Windows are not looked at, unless the file is there itself', () => {
  const at = (base: string, source: string) => () => refuseRemote({ source }, base, path.win32);
  for (const source of [
    '\\\\attacker\\s\\x.csv',
    '//attacker/s/x.csv',
    '\\\\?\\UNC\\attacker\\s\\x',
    '\\\\.\\COM1',
  ]) {
    assert.throws(
      at('C:\\models', source),
      { name: 'UserError', message: /on another machine or a device/ },
      source,
    );
    assert.throws(at('\\\\server\\share\\models', source), { name: 'UserError' }, source);
  }
  at('C:\\models', 'data\\x.csv')();
  at('C:\\models', 'D:\\data\\x.csv')();
  at('\\\\server\\share\\models', '..\\x.csv')();
  at('\\\\server\\share\\models', '\\\\SERVER\\share\\x.csv')();
  assert.throws(
    () => refuseRemote({ source: 'x.csv', validationSource: '\\\\a\\b\\c' }, 'C:\\models', path.win32),
    /another machine/,
  );
});

test('pipes and devices are refused at once', { skip: process.platform === 'win32' }, async () => {
  const folder = temporaryFolder();
  const pipe = path.join(folder, 'pipe.csv');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const begin = processorTime();
  for (const source of [pipe, '/dev/zero']) {
    const config = parseDataConfig({ source }, 'test');
    await assert.rejects(openDataset(config, folder), {
      name: 'UserError',
      message: /is a pipe or a device/,
    });
    await assert.rejects(resolved(source), { name: 'UserError', message: /is a pipe or a device/ });
    await assert.rejects(readText(source, 100), { name: 'UserError', message: /is a pipe or a device/ });
  }
  assert.ok(processorTime() - begin < 2000);
});

test('a small text is read whole, a long one is refused', async () => {
  const folder = temporaryFolder();
  const file = put(folder, 'a.json', 'x'.repeat(100));
  assert.equal(await readText(file, 100), 'x'.repeat(100));
  await assert.rejects(readText(file, 99), { name: 'UserError', message: /larger than the 99 bytes/ });
  mkdirSync(path.join(folder, 'b'));
  await assert.rejects(readText(path.join(folder, 'b'), 99), { name: 'UserError' });
  await assert.rejects(readText(path.join(folder, 'c'), 99), { name: 'UserError', message: /no such file/ });
});
