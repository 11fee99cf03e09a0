import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  permuteAxes,
  readTable,
  under,
  libraryTensors,
  type Renaming,
} from '../../../../src/checkpoint/import/names';
import type { TensorFile } from '../../../../src/checkpoint/import/types';
import { UserError } from '../../../../src/base/user-error';

type Values = { shape: number[]; data: Float32Array };

const counted = (...shape: number[]): Values => {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, i) => i + 1) };
};

function fileOf(tensors: Record<string, Values>): TensorFile {
  return {
    file: 'theirs.pt',
    container: 'torch',
    bytes: 0,
    tensors: new Map(Object.entries(tensors).map(([name, { shape }]) => [name, { dtype: 'F32', shape }])),
    extras: {},
    read: async (name) => tensors[name]!,
    close: async () => undefined,
  };
}

test('axes are permuted as the index formula says', () => {
  const [a, b, c, d] = [2, 3, 4, 5] as const;
  const x = counted(a, b, c, d);
  const y = permuteAxes(x, [2, 3, 1, 0]);
  assert.deepEqual(y.shape, [c, d, b, a]);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) {
        for (let l = 0; l < d; l++) {
          assert.equal(y.data[((k * d + l) * b + j) * a + i], x.data[((i * b + j) * c + k) * d + l]);
        }
      }
    }
  }
});

const table: Renaming[] = under('net.', 'flow.', [
  { library: 'plain', flowscope: 'plain', transform: 'same' },
  { library: 'dense', flowscope: 'dense', transform: 'transpose' },
  { library: 'conv', flowscope: 'conv', transform: 'kernel' },
  { library: 'conv_g', flowscope: 'g', transform: 'length' },
  { library: 'row', flowscope: 'row', transform: 'row' },
  { library: ['rescale_g', 'rescale_v'], flowscope: 'scale', transform: 'signed-length' },
]);

const theirs = {
  'net.plain': counted(3),
  'net.dense': counted(2, 3),
  'net.conv': counted(4, 2, 3, 3),
  'net.conv_g': counted(4, 1, 1, 1),
  'net.row': counted(1, 5),
  'net.rescale_g': counted(3, 1, 1),
  'net.rescale_v': { shape: [3, 1, 1], data: Float32Array.of(2, -0.5, 7) },
};

test('tensors are read under our names and in our layouts', async () => {
  const ours = await readTable(fileOf(theirs), table);
  assert.deepEqual(Object.fromEntries(Object.entries(ours).map(([name, { shape }]) => [name, shape])), {
    'flow.plain': [3],
    'flow.dense': [3, 2],
    'flow.conv': [3, 3, 2, 4],
    'flow.g': [4],
    'flow.row': [5],
    'flow.scale': [3],
  });
  assert.deepEqual([...ours['flow.dense']!.data], [1, 4, 2, 5, 3, 6]);
  // g·v/|v|: the sign of v decides, not its size.
  assert.deepEqual([...ours['flow.scale']!.data], [1, -2, 3]);
});

test('what is written back reads the same', async () => {
  const ours = await readTable(fileOf(theirs), table);
  const back = libraryTensors(ours, table);
  assert.deepEqual(Object.keys(back).sort(), Object.keys(theirs).sort());
  for (const name of ['net.plain', 'net.dense', 'net.conv', 'net.conv_g', 'net.row'] as const) {
    assert.deepEqual(back[name], theirs[name]);
  }
  assert.deepEqual(await readTable(fileOf(back), table), ours);
});

test('what is missing or has other axes is named', async () => {
  const without = Object.fromEntries(Object.entries(theirs).filter(([name]) => name !== 'net.dense'));
  await assert.rejects(
    readTable(fileOf(without), table),
    (error) => error instanceof UserError && /theirs\.pt: lacks the tensors net\.dense,/.test(error.message),
  );
  await assert.rejects(
    readTable(fileOf({ ...theirs, 'net.conv': counted(4, 2) }), table),
    (error) =>
      error instanceof UserError &&
      /"net\.conv" has the shape \[4, 2\]; expected \[out, in, height, width\]/.test(error.message),
  );
});
