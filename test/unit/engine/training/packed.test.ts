import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packedVector, packTensors, unpackTensors } from '../../../../src/engine/training/packed';

const vectors = [
  packedVector(
    'parameters',
    [
      { name: 'a', shape: [2, 3] },
      { name: 'b', shape: [] },
    ],
    '',
  ),
  packedVector('adam.m', [{ name: 'a', shape: [2, 3] }], 'adam.m.'),
];
const tensors = {
  a: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  b: { shape: [], data: Float32Array.of(7) },
  'adam.m.a': { shape: [2, 3], data: new Float32Array(6).fill(8) },
};

test('tensors come back from the vectors that they were packed into', () => {
  const packed = packTensors(vectors, tensors);
  assert.deepEqual([...packed['parameters']!.data], [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(unpackTensors(vectors, packed), tensors);
});

test('a tensor that is missing or has another size is named', () => {
  assert.throws(() => packTensors(vectors, { a: tensors.a, b: tensors.b }), /"adam\.m\.a" needs 6 values/);
  assert.throws(() => packTensors(vectors, { ...tensors, b: tensors.a }), /"b" needs 1 values, not 6/);
});
