import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/base/short-time';
import { bytes, rate, table } from '../../../src/cli/format';
import { toJson, toLine } from '../../../src/cli/json';
import { bar, createProgress, progressLine } from '../../../src/cli/progress';
import { memoryTerminal } from './memory-terminal';

test('JSON reads back, with lists of numbers on one line', () => {
  const value = { shape: [1, 2, 3], empty: {}, list: [{ a: '[ x\n ]' }, {}], text: 'a [ 1 ]', none: [] };
  assert.deepEqual(JSON.parse(toJson(value)), value);
  assert.match(toJson(value), /"shape": \[1,2,3\]/);
  assert.equal(toLine({ x: Float32Array.of(0.5, NaN) }), '{"x":[0.5,"NaN"]}');
  assert.equal(toLine({ gone: undefined }), '{}');
});

test('numbers are short', () => {
  assert.deepEqual([0, 5.4, 65, 3661, Infinity].map(duration), ['0:00', '0:05', '1:05', '1:01:01', '–']);
  assert.deepEqual([512, 1300, 24_400_000].map(bytes), ['512 B', '1.3 KB', '24 MB']);
  assert.deepEqual([999, 1234, 84_000, 2_100_000].map(rate), ['999', '1.2k', '84k', '2.1M']);
  assert.equal(
    table(
      [
        ['a', '1'],
        ['long', '10'],
      ],
      [1],
    ),
    'a      1\nlong  10',
  );
});

test('the bar fills from left to right and keeps its width', () => {
  assert.equal(bar(0, 4), '····');
  assert.equal(bar(0.5, 4), '██··');
  assert.equal(bar(2, 4), '████');
  assert.equal(bar(0.6, 4).length, 4);
  const line = progressLine({ label: 'step 1/2', fraction: 0.5, note: 'n'.repeat(200), etaSeconds: 5 }, 60);
  assert.ok(line.length < 60);
});

test('elsewhere than on a screen progress is a line every few seconds, without control characters', () => {
  const terminal = memoryTerminal();
  let seconds = 0;
  const progress = createProgress(terminal, { quiet: false, now: () => seconds });
  for (; seconds < 11; seconds += 0.5) progress.show({ label: `at ${seconds}`, fraction: seconds / 10 });
  progress.end();
  assert.equal(terminal.stderr(), 'at 5  50%\nat 10  100%\n');
});

test('on a screen the line is rewritten, makes way for notes and goes away', () => {
  const terminal = memoryTerminal(true);
  let seconds = 0;
  const progress = createProgress(terminal, { quiet: false, now: () => seconds });
  progress.show({ label: 'a' });
  seconds = 1;
  progress.note('stays');
  progress.show({ label: 'b' });
  progress.end();
  const erase = '\r\u001b[2K';
  assert.equal(terminal.stderr(), `${erase}a${erase}stays\n${erase}b${erase}`);
});
