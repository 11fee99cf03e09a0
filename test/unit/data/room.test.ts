import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Room } from '../../../src/data/images/room';

test('no more room is held at the same time than there is, but for one that needs more alone', async () => {
  const room = new Room(100);
  let held = 0;
  let most = 0;
  const done: number[] = [];
  const work = async (bytes: number): Promise<void> => {
    const release = await room.take(bytes);
    held += bytes;
    most = Math.max(most, held);
    await new Promise((resolve) => setTimeout(resolve, 2));
    held -= bytes;
    release();
    release();
    done.push(bytes);
  };
  await Promise.all([60, 60, 30, 10, 40, 40, 40].map(work));
  assert.ok(most <= 100, `${most}`);
  assert.equal(done.length, 7);
  most = 0;
  await Promise.all([250, 10, 250].map(work));
  assert.equal(most, 250);
});
