import assert from 'node:assert/strict';
import { test } from 'node:test';
import { climb, formatBytes, reasonOf, type Progress, type Rung } from '../../../src/native/ladder';

function rung(name: string, attempt: Rung<string>['attempt'], downloadBytes = 0): Rung<string> {
  return { name, what: `does ${name}`, downloadBytes, attempt };
}

const fails = (reason: string) => () => Promise.reject(new Error(reason));

test('the first rung that holds is taken and the later ones are not tried', async () => {
  let tried = false;
  const climbed = await climb([
    rung('first', fails('no host')),
    rung('second', async () => 'result'),
    rung('third', async () => {
      tried = true;
      return 'other';
    }),
  ]);
  assert.deepEqual(climbed, {
    rung: 'second',
    result: 'result',
    failures: [{ rung: 'first', reason: 'no host' }],
  });
  assert.equal(tried, false);
});

test('each rung says in one line what it does, what it downloads and why the one before failed', async () => {
  const lines: string[] = [];
  await climb(
    [
      rung('first', fails('host is gone\nwith details'), 120e6),
      rung('second', fails('no compiler'), 1.27e9),
      rung('third', async () => 'x'),
    ],
    { log: (line) => lines.push(line) },
  );
  assert.deepEqual(lines, [
    '[1/3] does first (download 120 MB)',
    '[2/3] does second (download 1.27 GB); before it, first failed: host is gone with details',
    '[3/3] does third (no download); before it, second failed: no compiler',
  ]);
});

test('where no rung holds, the error has every reason', async () => {
  await assert.rejects(climb([rung('a', fails('x')), rung('b', fails('y'))]), { message: 'a: x\nb: y' });
});

test('progress carries the name of the rung', async () => {
  const seen: Progress[] = [];
  const attempt: Rung<string>['attempt'] = async ({ progress }) => {
    progress('Downloading', 5, 10);
    return 'x';
  };
  await climb([rung('a', attempt)], { onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(seen, [{ rung: 'a', message: 'Downloading', bytes: 5, total: 10 }]);
});

test('cancelling ends the climb at once instead of going on to the next rung', async () => {
  const controller = new AbortController();
  let next = false;
  const waits: Rung<string>['attempt'] = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('the step ended in its own way')));
      setTimeout(() => controller.abort(), 5);
    });
  const climbing = climb(
    [
      rung('a', waits),
      rung('b', async () => {
        next = true;
        return 'x';
      }),
    ],
    { signal: controller.signal },
  );
  await assert.rejects(climbing, { name: 'AbortError' });
  assert.equal(next, false);
});

test('a signal that is already aborted starts nothing', async () => {
  const started = climb([rung('a', async () => 'x')], { signal: AbortSignal.abort() });
  await assert.rejects(started, { name: 'AbortError' });
});

test('a reason is one line, with the cause behind it, and not endless', () => {
  const error = new Error('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') });
  assert.equal(reasonOf(error), 'fetch failed: getaddrinfo ENOTFOUND');
  assert.equal(reasonOf('text'), 'text');
  assert.ok(reasonOf(new Error('x'.repeat(1000))).length <= 301);
});

test('sizes are in decimal units', () => {
  assert.deepEqual([1_500, 273_829_956, 1_270_000_000].map(formatBytes), ['2 kB', '274 MB', '1.27 GB']);
});
