/** Models that were saved as a whole, and plain pickles: what is read of them, and what of ill will is refused. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { unzipSync, zipSync } from 'fflate';
import { UserError } from '../../../../src/base/user-error';
import { recognize, whyUnknown } from '../../../../src/checkpoint/recognize/recognize';
import type { TensorFile } from '../../../../src/checkpoint/import/types';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { PickleGlobal, readPickle } from '../../../../src/checkpoint/pickle/pickle';
import { torchRules } from '../../../../src/checkpoint/torch/globals';
import { pickStateDict } from '../../../../src/checkpoint/torch/state-dict';
import { Storage } from '../../../../src/checkpoint/torch/tensor';
import * as op from '../../support/pickle';
import { put, temporaryFolder } from '../../support/temporary';
import { processorTime } from '../../support/processor-time';
import { containerAt } from '../opened';

const folder = temporaryFolder();
const wild = (...parts: string[]): string => path.resolve('test', 'fixtures', 'wild', ...parts);

type Part = op.Part;
const { dict, object } = op;
const array = (data: number[], ...shape: (number | bigint)[]): Part[] => [
  ...[op.global('numpy.core.multiarray', '_reconstruct'), op.mark, op.global('numpy', 'ndarray')],
  ...[op.tuple([op.number(0)]), op.text('b'), op.closeTuple, op.reduce],
  ...[op.mark, op.number(1), op.tuple(shape.map(op.number))],
  ...[op.global('numpy', 'dtype'), op.tuple([op.text('f4'), op.false, op.false]), op.reduce, op.false],
  op.bytes(new Uint8Array(Float32Array.from(data).buffer)),
  ...[op.closeTuple, op.build],
];

async function refused(name: string, pickle: Uint8Array, message: RegExp): Promise<void> {
  const begin = processorTime();
  await assert.rejects(openTensorFile(put(folder, name, pickle)), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
  assert.ok(processorTime() - begin < 5000, 'took longer than five seconds');
}

test('a whole model in DataParallel or AveragedModel is the model in it', async () => {
  const plain = wild('nflows-whole-module-nsf-3d', 'flow.pt');
  const original = await openTensorFile(plain);
  const entries = unzipSync(readFileSync(plain));
  const name = Object.keys(entries).find((entry) => entry.endsWith('/data.pkl'))!;
  // Without its protocol and its end.
  let pickle: Uint8Array = entries[name]!.subarray(2, -1);
  for (const [module, wrapper] of [
    ['torch.nn.parallel.data_parallel', 'DataParallel'],
    ['torch.optim.swa_utils', 'AveragedModel'],
  ] as const) {
    pickle = Buffer.concat(
      object(module, wrapper, ...dict(['_modules', ...dict(['module', pickle])])).map((part) =>
        Buffer.from(part),
      ),
    );
    const bytes = zipSync({ ...entries, [name]: op.pickle(pickle) }, { level: 0 });
    const opened = await openTensorFile(put(folder, 'wrapped.pt', bytes));
    assert.deepEqual(opened.tensors, original.tensors, wrapper);
    assert.deepEqual(recognize(opened)?.questions, []);
    await opened.close();
  }
  await original.close();
});

test('an optimizer that was saved as an object is left out, and its classes are mentioned without harm', async () => {
  const adam = object(
    'torch.optim.adam',
    'Adam',
    ...dict(['state', ...dict(['exp_avg', ...array([1, 2], 2)])]),
  );
  const weights = dict(['net.0.bias', ...array([3, 4], 2)], ['kind', op.global('builtins', 'dict')]);
  const pickle = op.pickle(...dict(['model', ...weights], ['optimizer', ...adam]));
  const opened = await openTensorFile(put(folder, 'optimizer.pkl', pickle));
  assert.deepEqual([...opened.tensors.keys()], ['net.0.bias']);
  assert.deepEqual([...(await opened.read('net.0.bias')).data], [3, 4]);
  await opened.close();
  const called = dict(
    ['model', ...weights],
    ['made', op.global('builtins', 'dict'), op.emptyTuple, op.reduce],
  );
  await refused('called.pkl', op.pickle(...called), /asks for builtins\.dict, which no state dict needs/);
});

test('the modules of a whole model, with the names of its state dict', async () => {
  const opened = await openTensorFile(wild('nflows-whole-module-nsf-3d', 'flow.pt'));
  try {
    assert.ok(
      opened.tensors.has(
        '_transform._transforms.0._transforms.1.transform_net.blocks.1.linear_layers.0.weight',
      ),
    );
    assert.deepEqual(opened.extras, { class: 'nflows.flows.base.Flow' });
    const recognized = recognize(opened);
    assert.ok(recognized);
    assert.equal(recognized.library, 'nflows');
    assert.deepEqual(recognized.questions, []);
    assert.match(recognized.title, /spline couplings with 6 bins/);
  } finally {
    await opened.close();
  }
});

test('several models in one file are all there, by their paths', async () => {
  const opened = await Promise.all(
    [0, 1].map(() => openTensorFile(wild('nflows-whole-module-nsf-3d', 'flow.pt'))),
  );
  const [first, second] = opened.map(({ modules }) => modules![0]!.object);
  const { models, leftOut } = pickStateDict(new Map([['members', [first, second]]]));
  assert.deepEqual(
    models?.map(({ key, tensors }) => [key, tensors.size]),
    [0, 1].map((i) => [`members.${i}`, opened[i]!.tensors.size]),
  );
  assert.deepEqual(leftOut, ['"members.1"']);
  const file: TensorFile = {
    ...opened[0]!,
    models: [0, 1].map((i) => ({ ...opened[i]!, modules: opened[i]!.modules!, key: `members.${i}` })),
  };
  const [question] = recognize(file)!.questions;
  assert.ok(question?.key === 'flow' && question.required && question.answer.kind === 'choice');
  assert.deepEqual(
    question.answer.options.map(({ value }) => value),
    ['members.0', 'members.1'],
  );
  for (const one of opened) await one.close();
});

test('an argument that a flow of ours has no value for is said', async () => {
  const opened = await openTensorFile(wild('nflows-whole-module-nsf-3d', 'flow.pt'));
  await opened.close();
  const spline = opened.modules!.find(({ object }) => object.className.includes('PiecewiseRational'))!.object;
  const net = opened.modules!.find(({ object }) => object.className.endsWith('ResidualBlock'))!.object;
  const original = spline.get('tail_bound');
  for (const [target, attribute, value, message] of [
    [spline, 'min_derivative', 0.01, /min_derivative 0\.001/],
    [spline, 'tail_bound', -1, /a tailBound that is possible \(the file has -1, 3\)/],
    [net, 'activation', null, /^$/],
  ] as const) {
    const before = target.get(attribute);
    target.attributes.set(attribute, value);
    if (value === null) assert.ok(recognize(opened), 'other blocks say it');
    else {
      assert.equal(recognize(opened), undefined);
      assert.match(whyUnknown(opened), message);
    }
    target.attributes.set(attribute, before);
  }
  assert.equal(spline.get('tail_bound'), original);
  assert.ok(recognize(opened));
});

test('polynomials of zuko, which may have as many coefficients as a spline has numbers, are named by the model', async () => {
  const opened = await openTensorFile(wild('zuko-nsf-whole-module-3d', 'flow.pth'));
  await opened.close();
  assert.ok(recognize(opened));
  const mapped = opened.modules!.find(({ object }) => object.get('univariate') !== undefined)!;
  mapped.object.attributes.set(
    'univariate',
    new PickleGlobal('zuko.transforms.UnconstrainedMonotonicTransform'),
  );
  assert.equal(recognize(opened), undefined);
  assert.match(whyUnknown(opened), /the file has UnconstrainedMonotonicTransform/);
  for (const { object } of opened.modules!) {
    if (object.get('univariate') !== undefined)
      object.attributes.set('univariate', new PickleGlobal('zuko.transforms.BoundedBernsteinTransform'));
  }
  assert.ok(recognize({ ...opened, modules: [...opened.modules!] }));
});

test('a plain pickle of arrays of numpy', async () => {
  const pickle = op.pickle(
    ...dict(['params', ...dict(['w', ...array([1, 2, 3, 4, 5, 6], 2, 3)])], ['epochs', op.number(7)]),
  );
  const file = put(folder, 'arrays.pkl', pickle);
  assert.equal(await containerAt(file), 'pickle');
  const opened = await openTensorFile(file);
  assert.deepEqual([...opened.tensors], [['w', { dtype: 'F32', shape: [2, 3] }]]);
  assert.deepEqual((await opened.read('w')).data, Float32Array.of(1, 2, 3, 4, 5, 6));
  assert.deepEqual(opened.extras, { epochs: 7 });
});

test('a type or a shape that no array has is refused in words', async () => {
  const functionOf = (name: string): Part[] => [
    ...[op.global('builtins', 'getattr'), op.global('torch._C', '_VariableFunctionsClass'), op.text(name)],
    ...[op.tuple2, op.reduce],
  ];
  const storage = (type: Part[]): Part[] => [
    ...[op.mark, op.text('storage'), ...type, op.text('0'), op.text('cpu'), op.number(4), op.closeTuple],
    op.persistent,
  ];
  const tensor = (version: number, ...more: Part[][]): Part[] => [
    ...[op.global('torch._utils', `_rebuild_tensor_v${version}`), op.mark],
    ...more.flat(),
    ...[op.closeTuple, op.reduce],
  ];
  const sizes = [op.number(0), op.tuple([op.number(2)]), op.tuple([op.number(1)]), op.false, op.emptyDict];
  const read = (...parts: Part[]): unknown => readPickle(op.pickle(...parts), torchRules());
  // Names that every JavaScript object has.
  for (const name of ['constructor', 'toString', 'valueOf']) {
    assert.throws(
      () => read(...tensor(2, storage(functionOf(name)), sizes)),
      /a storage in it is of the type/,
    );
    const untyped = storage([op.global('torch.storage', 'UntypedStorage')]);
    assert.throws(
      () => read(...tensor(3, untyped, sizes, functionOf(name))),
      /a tensor in it has arguments that are not known/,
    );
  }
  for (const size of [2n ** 53n, 2n ** 62n, -1n]) {
    const shape = op.pickle(...dict(['w', ...array([1], size)]));
    await refused('shape.pkl', shape, /a numpy array in it has a state that is not known/);
  }
});

test('hostile plain pickles are refused in words', async () => {
  const state = dict(['w', ...array([1], 1)]);
  await refused(
    'system.pkl',
    op.pickle(op.global('os', 'system'), op.text('id'), op.tuple1, op.reduce),
    /os\.system.*not read/s,
  );
  await refused(
    'behind.pkl',
    op.pickle(
      ...state,
      op.text('x'),
      op.global('posix', 'system'),
      op.text('id'),
      op.tuple1,
      op.reduce,
      op.setItem,
    ),
    /asks for posix\.system.*not read/s,
  );
  await refused(
    'state.pkl',
    op.pickle(
      ...object(
        'nflows.flows.base',
        'Flow',
        op.global('builtins', 'exec'),
        op.text('1'),
        op.tuple1,
        op.reduce,
      ),
    ),
    /builtins\.exec/,
  );
  await refused('short.pkl', op.pickle(...dict(['w', ...array([1], 2 ** 40)])), /not as long as its shape/);
  await refused(
    'nested.pkl',
    op.pickle(
      ...dict([
        'w',
        op.global('torch.storage', '_load_from_bytes'),
        op.bytes(op.pickle(op.global('os', 'system'))),
        op.tuple1,
        op.reduce,
      ]),
    ),
    /os\.system/,
  );
  await refused(
    'again.pkl',
    op.pickle(
      ...dict([
        'w',
        op.global('torch.storage', '_load_from_bytes'),
        op.bytes(
          op.pickle(
            op.global('torch.storage', '_load_from_bytes'),
            op.bytes(new Uint8Array(1)),
            op.tuple1,
            op.reduce,
          ),
        ),
        ...[op.tuple1, op.reduce],
      ]),
    ),
    /torch\.storage\._load_from_bytes/,
  );
});

test('storages that are read again and again, and modules in themselves', () => {
  let nested = 0;
  const rules = torchRules(() => {
    nested++;
    return new Storage('0', 'F32', 1);
  });
  readPickle(
    op.pickle(
      op.global('torch.storage', '_load_from_bytes'),
      op.bytes(new Uint8Array(3)),
      op.tuple1,
      op.reduce,
    ),
    rules,
  );
  assert.equal(nested, 1);
  const self = op.pickle(
    ...[op.global('torch.nn.modules.container', 'Sequential'), op.emptyTuple, op.newObject, op.put(0)],
    ...dict(['_modules', ...dict(['0', op.get(0)])]),
    op.build,
  );
  assert.throws(() => pickStateDict(readPickle(self, torchRules())), /a module in it holds itself/);
  const deep = (depth: number): Part[] =>
    object(
      'torch.nn.modules.container',
      'Sequential',
      ...dict(['_modules', ...(depth === 0 ? [op.emptyDict] : dict(['0', ...deep(depth - 1)]))]),
    );
  assert.throws(
    () => pickStateDict(readPickle(op.pickle(...deep(60)), torchRules())),
    /nested deeper than 50/,
  );
  // Each module holds the next one twice.
  const doubled: Part[] = [];
  for (let i = 0; i < 30; i++) {
    doubled.push(...[op.global('torch.nn.modules.container', 'Sequential'), op.emptyTuple, op.newObject]);
    doubled.push(
      ...dict(['_modules', ...(i === 0 ? [op.emptyDict] : dict(['0', op.get(i - 1)], ['1', op.get(i - 1)]))]),
    );
    doubled.push(op.build, op.put(i), op.pop);
  }
  const started = processorTime();
  assert.throws(
    () => pickStateDict(readPickle(op.pickle(...doubled, op.get(29)), torchRules())),
    /more than \d+ modules/,
  );
  assert.ok(processorTime() - started < 5000);
});
