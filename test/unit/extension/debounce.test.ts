import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { debounce, paced } from '../../../src/extension/debounce';

describe('debounce', () => {
  it('waits for quiet, yet not for ever', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const work = mock.fn();
    const debounced = debounce(work, 100);
    const { call } = debounced;
    call();
    t.mock.timers.tick(50);
    call();
    t.mock.timers.tick(99);
    assert.equal(work.mock.callCount(), 0);
    t.mock.timers.tick(1);
    assert.equal(work.mock.callCount(), 1);
    for (let i = 0; i < 30; i++) {
      call();
      t.mock.timers.tick(50);
    }
    assert.equal(work.mock.callCount(), 2, 'steady calls come through once in ten times the wait');
    debounced.dispose();
    t.mock.timers.tick(1000);
    assert.equal(work.mock.callCount(), 2);
  });
});

describe('paced work', () => {
  it('never undoes a task before it ends, and lets its result stand for a while', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    const work = mock.fn();
    const { call, during, cancel } = paced(work);
    call();
    assert.equal(work.mock.callCount(), 1, 'nothing is in the way');
    let open: (() => void) | undefined;
    void during(new Promise<void>((resolve) => (open = resolve)));
    // Changed faster than it opens.
    for (let i = 0; i < 30; i++) {
      call();
      t.mock.timers.tick(100);
    }
    assert.equal(work.mock.callCount(), 1);
    open!();
    await settle();
    t.mock.timers.tick(11_999);
    assert.equal(work.mock.callCount(), 1);
    t.mock.timers.tick(1);
    assert.equal(work.mock.callCount(), 2);
    during(Promise.reject(new Error('damaged'))).catch(() => undefined);
    await settle();
    call();
    assert.equal(work.mock.callCount(), 3, 'what failed at once is tried again at once');
    void during(settle());
    call();
    cancel();
    await settle();
    t.mock.timers.tick(60_000);
    assert.equal(work.mock.callCount(), 3);
  });

  it('lets nothing stand once no call is to follow', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const work = mock.fn();
    const { call, last, during, waits } = paced(work);
    const takes = async (milliseconds: number, meanwhile = (): void => undefined) => {
      let end: (() => void) | undefined;
      void during(new Promise<void>((resolve) => (end = resolve)));
      t.mock.timers.tick(milliseconds);
      meanwhile();
      end!();
      await new Promise((resolve) => setImmediate(resolve));
    };
    await takes(3000);
    last();
    call();
    assert.equal(work.mock.callCount(), 0, 'nothing waited when the last was told of');
    await takes(3000, () => {
      last();
      assert.equal(work.mock.callCount(), 0, 'a task is under way');
    });
    assert.equal(work.mock.callCount(), 1);
    assert.equal(waits(), false);
    call();
    assert.equal(work.mock.callCount(), 1, 'a later call rests again');
  });
});
