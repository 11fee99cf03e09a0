import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { goBack, goForward, type History, visit } from '../../../webview/app/history-state';

const same = (a: string, b: string): boolean => a === b;
const start: History<string> = { past: [], present: 'a', since: 0, future: [] };
/** Visits each at its time. */
const walk = (history: History<string>, ...steps: [to: string, at: number][]): History<string> =>
  steps.reduce((state, [to, at]) => visit(state, to, at, same), history);

describe('back and forward through selections', () => {
  it('returns to what was looked at, and forward again', () => {
    const there = walk(start, ['b', 1000], ['c', 2000]);
    assert.deepEqual(there.past, ['a', 'b']);
    const back = goBack(there, 3000);
    assert.equal(back.present, 'b');
    assert.equal(goForward(back, 4000).present, 'c');
    assert.deepEqual(goForward(back, 4000).past, ['a', 'b']);
    assert.equal(goBack(goBack(back, 4000), 5000).present, 'a');
  });

  it('keeps none of the many that a held key passes through', () => {
    const held = walk(
      start,
      ...Array.from({ length: 40 }, (_, i): [string, number] => [`held ${i}`, 1000 + 30 * i]),
    );
    assert.deepEqual(held.past, ['a']);
    assert.equal(held.present, 'held 39');
  });

  it('makes no step of passing through to where one was', () => {
    const round = walk(start, ['b', 1000], ['a', 1100]);
    assert.deepEqual([round.past, round.present], [[], 'a']);
  });

  it('forgets what was forward of a new choice, and the oldest of very many', () => {
    const back = goBack(walk(start, ['b', 1000], ['c', 2000]), 3000);
    const other = visit(back, 'd', 4000, same);
    assert.deepEqual([other.past, other.future], [['a', 'b'], []]);
    const long = walk(
      start,
      ...Array.from({ length: 200 }, (_, i): [string, number] => [`${i}`, 1000 * (i + 1)]),
    );
    assert.equal(long.past.length, 50);
    assert.equal(long.past.at(-1), '198');
  });

  it('stays where it is at either end, and for the same selection', () => {
    assert.equal(goBack(start, 1), start);
    assert.equal(goForward(start, 1), start);
    assert.equal(visit(start, 'a', 1000, same), start);
  });
});
