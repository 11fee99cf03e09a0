import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { debounce } from '../../../src/extension/debounce';

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
