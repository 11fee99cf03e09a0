import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOutState } from '../../../src/graph/tensorflow/state-layout';

test('a large tensor is a vector of its own, small ones share one', () => {
  const { vectors, members } = layOutState(
    [
      { name: 'average', shape: [300, 300] },
      { name: 'mean', shape: [4] },
      { name: 'variance', shape: [4] },
    ],
    [],
  );
  assert.deepEqual(
    vectors.map(({ name, size }) => [name, size]),
    [
      ['average', 90_000],
      ['other', 8],
    ],
  );
  assert.equal(members.get('variance')!.offset, 4);
});
