import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSharedWork } from '../../../src/engine/inspect/shared-work';
import { CancelledError } from '../../../src/protocol/wire';

function pending<T>(): { promise: Promise<T>; resolve(value: T): void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

describe('shared work', () => {
  it('is done once for all who wait, and goes on when one of them leaves', async () => {
    const work = createSharedWork(2);
    const result = pending<number>();
    let started = 0;
    const start = (): Promise<number> => {
      started++;
      return result.promise;
    };
    const leaving = new AbortController();
    const first = work.run('k', leaving.signal, start);
    const second = work.run('k', new AbortController().signal, start);
    leaving.abort();
    await assert.rejects(first, CancelledError);
    result.resolve(4);
    assert.equal(await second, 4);
    assert.equal(await work.run('k', new AbortController().signal, start), 4);
    assert.equal(started, 1);
  });

  it('ends when nobody waits any more, and starts anew when asked again', async () => {
    const work = createSharedWork(2);
    const leaving = new AbortController();
    let ended = false;
    const first = work.run('k', leaving.signal, (signal) => {
      signal.addEventListener('abort', () => (ended = true));
      return new Promise<number>(() => undefined);
    });
    leaving.abort();
    await assert.rejects(first, CancelledError);
    assert.equal(ended, true);
    assert.equal(await work.run('k', new AbortController().signal, () => Promise.resolve(5)), 5);
  });

  it('forgets failures and what was used longest ago', async () => {
    const work = createSharedWork(2);
    const signal = new AbortController().signal;
    await assert.rejects(
      work.run('bad', signal, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await work.run('bad', signal, () => Promise.resolve(1)), 1);
    for (const key of ['a', 'b']) await work.run(key, signal, () => Promise.resolve(0));
    assert.equal(await work.run('bad', signal, () => Promise.resolve(2)), 2);
    assert.equal(await work.run('b', signal, () => Promise.resolve(3)), 0);
  });
});
