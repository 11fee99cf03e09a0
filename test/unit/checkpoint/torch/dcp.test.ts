/** Distributed checkpoints: folders as torch.distributed.checkpoint writes them, put together here. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { stridesOf } from '../../../../src/base/shape';
import { UserError } from '../../../../src/base/user-error';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { withModelFile } from '../../../../src/checkpoint/model-file';
import * as op from '../../support/pickle';
import { temporaryFolder } from '../../support/temporary';

const folder = temporaryFolder();
const { dict, object } = op;
type Part = op.Part;

const numbers = (values: readonly number[]): Uint8Array => op.tuple(values.map(op.number));
const size = (values: readonly number[]): Part[] => [
  op.global('torch', 'Size'),
  numbers(values),
  op.tuple1,
  op.reduce,
];

/** One part, as torch.save writes it. */
function saved(shape: readonly number[], values: readonly number[]): Uint8Array {
  const args = [
    op.storage('FloatStorage', '0', values.length),
    op.number(0),
    numbers(shape),
    numbers(stridesOf(shape)),
  ];
  return zipSync(
    {
      'a/data.pkl': op.pickle(op.global('torch._utils', '_rebuild_tensor_v2'), op.tuple(args), op.reduce),
      'a/data/0': new Uint8Array(Float32Array.from(values).buffer),
    },
    { level: 0 },
  );
}

interface Block {
  offsets: number[];
  sizes: number[];
  values: number[];
}

interface Change {
  /** The file of the second block. */
  file?: string;
  length?: number;
  offsets?: number[];
  shape?: number[];
  module?: string;
}

/** A matrix of 2×3 in two files, in the entry "model", next to a state of an optimizer. */
function write(name: string, blocks: readonly Block[], change: Change = {}): string {
  const at = path.join(folder, name);
  mkdirSync(at);
  const files = blocks.map(({ sizes, values }) => saved(sizes, values));
  files.forEach((bytes, i) => writeFileSync(path.join(at, `__${i}_0.distcp`), bytes));
  const kind = (word: string, ...state: Part[]): Part[] =>
    object(change.module ?? 'torch.distributed.checkpoint.metadata', word, ...state);
  const offsetsOf = (block: Block, i: number): number[] => (i === 1 && change.offsets) || block.offsets;
  const keys: Record<string, string[]> = {
    'model.net.weight': ['model', 'net.weight'],
    'optim.state.0': ['optim', 'state', '0'],
  };
  const chunks = blocks.flatMap((block, i) => [
    ...kind(
      'ChunkStorageMetadata',
      ...dict(['offsets', ...size(offsetsOf(block, i))], ['sizes', ...size(block.sizes)]),
    ),
    op.append,
  ]);
  const stored = blocks.flatMap((block, i) =>
    Object.keys(keys).flatMap((key) => [
      ...kind('MetadataIndex', ...dict(['fqn', op.text(key)], ['offset', ...size(offsetsOf(block, i))])),
      ...object(
        'torch.distributed.checkpoint.filesystem',
        '_StorageInfo',
        ...dict(
          ['relative_path', op.text((i === 1 && change.file) || `__${i}_0.distcp`)],
          ['offset', op.number(0)],
          ['length', op.number((i === 1 && change.length) || files[i]!.length)],
        ),
      ),
      op.setItem,
    ]),
  );
  const tensor = kind(
    'TensorStorageMetadata',
    ...dict(
      ['properties', ...kind('TensorProperties', op.tuple([op.global('torch', 'float32')]))],
      ['size', ...size(change.shape ?? [2, 3])],
      ['chunks', op.emptyList, ...chunks],
    ),
  );
  const tensors = Object.keys(keys).map((key): [string, ...Part[]] => [key, ...tensor]);
  const paths = Object.entries(keys).map(([key, words]): [string, ...Part[]] => [
    key,
    op.tuple(words.map(op.text)),
  ]);
  const metadata = kind(
    'Metadata',
    ...dict(
      ['state_dict_metadata', ...dict(...tensors, ['epoch', ...kind('BytesStorageMetadata', op.emptyDict)])],
      ['planner_data', ...dict(...paths)],
      ['storage_data', op.emptyDict, ...stored],
    ),
  );
  writeFileSync(path.join(at, '.metadata'), op.pickle(...metadata));
  return at;
}

const columns: Block[] = [
  { offsets: [0, 0], sizes: [2, 2], values: [1, 2, 4, 5] },
  { offsets: [0, 2], sizes: [2, 1], values: [3, 6] },
];

test('parts are put together, by the name of the folder or of any file in it', async () => {
  const rows: Block[] = [
    { offsets: [1, 0], sizes: [1, 3], values: [4, 5, 6] },
    { offsets: [0, 0], sizes: [1, 3], values: [1, 2, 3] },
  ];
  for (const [name, blocks] of Object.entries({ columns, rows })) {
    const at = write(name, blocks);
    for (const file of [at, path.join(at, '.metadata'), path.join(at, '__1_0.distcp')]) {
      await withModelFile(file, async (opened) => {
        assert.ok(opened.kind === 'tensors');
        const { tensors } = opened;
        assert.deepEqual([...tensors.tensors], [['net.weight', { dtype: 'F32', shape: [2, 3] }]]);
        assert.deepEqual((await tensors.read('net.weight')).data, Float32Array.of(1, 2, 3, 4, 5, 6));
        assert.deepEqual(
          tensors.rest?.map(({ of }) => of),
          ['optimizer'],
        );
      });
    }
  }
});

test('lists of ill will are refused, and it is told how to join the files', async () => {
  const changes: Record<string, Change> = {
    above: { file: '../columns/__1_0.distcp' },
    long: { length: 2 ** 40 },
    short: { length: 1 },
    outside: { offsets: [0, 3] },
    huge: { shape: [2 ** 20, 2 ** 20] },
    module: { module: 'os' },
  };
  for (const [name, change] of Object.entries(changes)) {
    const list = path.join(write(name, columns, change), '.metadata');
    await assert.rejects(
      openTensorFile(list),
      { name: 'UserError', message: /torch DCP.*dcp_to_torch_save/ },
      name,
    );
  }
  const missing = path.join(write('missing', columns, { file: 'none.distcp' }), '.metadata');
  await assert.rejects(openTensorFile(missing), { name: 'UserError', message: /none\.distcp: no such file/ });
  const other = write('other', columns);
  writeFileSync(path.join(other, '__1_0.distcp'), saved([2, 1, 1], [3, 6]));
  const opened = await openTensorFile(path.join(other, '.metadata'));
  await assert.rejects(opened.read('net.weight'), {
    name: 'UserError',
    message: /distcp.*(damaged|cut off|shape)/,
  });
  await opened.close();
});

test('damaged lists are read or refused', async () => {
  const list = path.join(write('damaged', columns), '.metadata');
  const bytes = readFileSync(list);
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const changed = Buffer.from(bytes);
      for (const [at, value] of changes) changed[at] = value;
      writeFileSync(list, changed);
      try {
        const opened = await openTensorFile(list);
        try {
          for (const name of opened.tensors.keys()) await opened.read(name);
        } finally {
          await opened.close();
        }
      } catch (error) {
        assert.ok(error instanceof UserError, String((error as Error).stack));
      }
    }),
    { numRuns: 200 },
  );
});
