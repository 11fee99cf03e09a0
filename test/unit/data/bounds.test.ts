/** Data that would take memory or time far beyond their size are refused, or read as fast as others. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';

import { readMetrics, runPaths } from '../../../src/checkpoint/run-folder';
import { parseDataConfig } from '../../../src/config/parse';
import { groupImages } from '../../../src/data/images/group';
import { encodeNpy } from '../../../src/data/npy';
import { openDataset } from '../../../src/data/open/open';
import { previewData } from '../../../src/data/open/preview';
import { put, temporaryFolder } from '../support/temporary';
import { processorTime } from '../support/processor-time';

const folder = temporaryFolder();

test('a picture of one pixel’s width does not become one of gigabytes', async () => {
  const tall = { width: 1, height: 100_000, channels: 3, background: 'red' } as const;
  const png = await sharp({ create: tall, limitInputPixels: false }).png().toBuffer();
  for (const name of ['a', 'b', 'c']) put(folder, `thin/${name}.png`, png);
  const config = parseDataConfig({ source: 'thin', resize: 64, crop: 'center', cropSize: 64 }, 'test');
  await assert.rejects(openDataset(config, folder), {
    name: 'UserError',
    message: /a\.png: is 100000×1 pixels, so narrow that it would be 6400000×64/,
  });
});

test('classes of folders are told apart in a time that grows with their number', () => {
  const paths = Array.from({ length: 60_000 }, (_, i) => [`train/c${i}/a.png`, `val/d${i}/a.png`]).flat();
  const began = processorTime();
  const { labelNames } = groupImages(paths);
  assert.equal(labelNames?.length, 120_000);
  assert.ok(processorTime() - began < 10_000);
});

test('rows of millions of numbers are no examples', async () => {
  put(folder, 'wide.npy', encodeNpy({ shape: [2, 100_000], data: new Float32Array(200_000) }));
  await assert.rejects(previewData('wide.npy', folder), {
    name: 'UserError',
    message: /wide\.npy: has rows of 100000 numbers; at most 16384 are read/,
  });
});

test('a pipe is no config and no metrics', { skip: process.platform === 'win32' }, async () => {
  for (const name of ['pipe.json', 'metrics.jsonl'])
    assert.equal(spawnSync('mkfifo', [path.join(folder, name)]).status, 0);
  const refused = { name: 'UserError', message: /is a pipe or a device/ };
  await assert.rejects(previewData('pipe.json', folder), refused);
  await assert.rejects(readMetrics(runPaths(folder)), refused);
});

test('a cell of many digits that is no number is refused at once', async () => {
  put(folder, 'digits.csv', `a,b\n${'1'.repeat(60_000)}x,2\n1,2\n`);
  const began = processorTime();
  await assert.rejects(openDataset(parseDataConfig({ source: 'digits.csv' }, 'test'), folder), {
    name: 'UserError',
    message: /line 2, column "a": expected a number, got "1{40}…"/,
  });
  assert.ok(processorTime() - began < 3000);
});

test('a line of megabytes is no row of metrics, and those around it are read', async () => {
  const run = path.join(folder, 'run');
  const row = (step: number, room = ''): string => `{"step":${step},"seconds":1${room}}\n`;
  const file = put(
    folder,
    'run/metrics.jsonl',
    row(1) + row(2, ' '.repeat(2 ** 20)) + row(3) + row(4).trim(),
  );
  const steps = async (): Promise<number[]> => (await readMetrics(runPaths(run))).map(({ step }) => step);
  assert.deepEqual(await steps(), [1, 3, 4]);
  truncateSync(file, 48 * 2 ** 20);
  const began = processorTime();
  assert.deepEqual(await steps(), [1, 3]);
  assert.ok(processorTime() - began < 3000);
});
