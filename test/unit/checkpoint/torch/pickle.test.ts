/** Pickles of ill will, put together opcode by opcode. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { torchRules, UnknownGlobal } from '../../../../src/checkpoint/torch/globals';
import { PickleError, readPickle } from '../../../../src/checkpoint/pickle/pickle';
import { pickStateDict } from '../../../../src/checkpoint/torch/state-dict';
import type { PythonObject } from '../../../../src/checkpoint/pickle/python-object';
import { Storage, Tensor } from '../../../../src/checkpoint/torch/tensor';
import * as op from '../../support/pickle';
import { processorTime } from '../../support/processor-time';

const read = (...parts: (Uint8Array | string)[]) => readPickle(op.pickle(...parts), torchRules());

/** Takes a moment however it is refused: a pickle of some bytes has no right to more. */
function quickly<T>(run: () => T): T {
  const begin = processorTime();
  try {
    return run();
  } finally {
    assert.ok(processorTime() - begin < 5000, 'took longer than five seconds');
  }
}

const damaged = (parts: (Uint8Array | string)[], message: RegExp) =>
  assert.throws(() => quickly(() => pickStateDict(read(...parts))), { name: 'PickleError', message });

/**
 * By CPython 3.11: pickle.dumps([1, -1, 300, 70000, 2**31, -2**63, 2**64, 1.5, True, None, "ä", b"\xff", (1,), {2},
 * {"k": []}, frozenset([3]), (), (1, 2), (1, 2, 3), (1, 2, 3, 4)], protocol)
 */
const written: Readonly<Record<number, string>> = {
  2: '80025d7100284b014affffffff4d2c014a701101008a0500000080008a0800000000000000808a09000000000000000001473ff8000000000000884e5802000000c3a47101635f636f646563730a656e636f64650a71025802000000c3bf710358060000006c6174696e3171048671055271064b01857107635f5f6275696c74696e5f5f0a7365740a71085d71094b026185710a52710b7d710c58010000006b710d5d710e73635f5f6275696c74696e5f5f0a66726f7a656e7365740a710f5d71104b0361857111527112294b014b028671134b014b024b03877114284b014b024b034b04747115652e',
  3: '80035d7100284b014affffffff4d2c014a701101008a0500000080008a0800000000000000808a09000000000000000001473ff8000000000000884e5802000000c3a471014301ff71024b01857103636275696c74696e730a7365740a71045d71054b02618571065271077d710858010000006b71095d710a73636275696c74696e730a66726f7a656e7365740a710b5d710c4b036185710d52710e294b014b0286710f4b014b024b03877110284b014b024b034b04747111652e',
  4: '80049576000000000000005d94284b014affffffff4d2c014a701101008a0500000080008a0800000000000000808a09000000000000000001473ff8000000000000884e8c02c3a4944301ff944b0185948f94284b02907d948c016b945d9473284b039194294b014b0286944b014b024b038794284b014b024b034b047494652e',
  5: '80059576000000000000005d94284b014affffffff4d2c014a701101008a0500000080008a0800000000000000808a09000000000000000001473ff8000000000000884e8c02c3a4944301ff944b0185948f94284b02907d948c016b945d9473284b039194294b014b0286944b014b024b038794284b014b024b034b047494652e',
};

test('plain values as Python writes them', () => {
  for (const [protocol, hex] of Object.entries(written)) {
    assert.deepEqual(
      readPickle(new Uint8Array(Buffer.from(hex, 'hex')), torchRules()),
      [
        ...[
          1,
          -1,
          300,
          70000,
          2 ** 31,
          -(2n ** 63n),
          2n ** 64n,
          1.5,
          true,
          null,
          'ä',
          Uint8Array.of(255),
          [1],
        ],
        ...[new Set([2]), new Map([['k', []]]), new Set([3]), [], [1, 2], [1, 2, 3], [1, 2, 3, 4]],
      ],
      `protocol ${protocol}`,
    );
  }
});

test('functions of Python are refused by their name, and never looked up', () => {
  const attacks: [string, (Uint8Array | string)[]][] = [
    ['os.system', [op.global('os', 'system'), op.text('touch pwned'), op.tuple1, op.reduce]],
    ['posix.system', [op.global('posix', 'system'), op.text('id'), op.tuple1, op.reduce]],
    [
      'builtins.eval',
      [op.text('builtins'), op.text('eval'), op.stackGlobal, op.text('1+1'), op.tuple1, op.reduce],
    ],
    [
      'builtins.getattr',
      [
        op.global('builtins', 'getattr'),
        op.global('torch._C', '_VariableFunctionsClass'),
        op.text('__class__'),
        op.tuple2,
        op.reduce,
      ],
    ],
    [
      'builtins.getattr',
      [
        op.global('builtins', 'getattr'),
        op.global('torch.nn.functional', 'relu'),
        op.text('system'),
        op.tuple2,
        op.reduce,
      ],
    ],
    // Functions of libraries whose classes are data, and classes next to them.
    ['torch.nn.modules.os.system', [op.global('torch.nn.modules', 'os.system')]],
    ['nflows.utils.torchutils.logabsdet', [op.global('nflows.utils.torchutils', 'logabsdet')]],
    ['torch.nn.Module', [op.global('torch.nn', 'Module')]],
    ['functools.reduce', [op.global('functools', 'reduce')]],
    ['jax._src.core.eval', [op.global('jax._src.core', 'eval')]],
    ['subprocess.Popen', [op.global('subprocess', 'Popen'), op.emptyTuple, op.newObject]],
    // Names of JavaScript are no names here either.
    ['.constructor', [op.global('', 'constructor'), op.emptyTuple, op.reduce]],
    ['collections.constructor', [op.global('collections', 'constructor')]],
    ['torch.__proto__', [op.global('torch', '__proto__')]],
    ['torch.hub.load', [op.global('torch.hub', 'load')]],
    ['torch.storage._load_from_bytes', [op.global('torch.storage', '_load_from_bytes')]],
    // A dotted name could reach through a module that is allowed.
    ['torch._utils.os.system', [op.global('torch._utils', 'os.system')]],
    // Hidden behind what is allowed.
    [
      'os.system',
      [
        op.global('collections', 'OrderedDict'),
        op.emptyTuple,
        op.reduce,
        op.global('os', 'system'),
        op.build,
      ],
    ],
  ];
  for (const [name, parts] of attacks) {
    assert.throws(
      () => read(...parts),
      (error) => error instanceof UnknownGlobal && error.global === name,
      name,
    );
  }
});

test('a name by itself tells a whole object from a part of it', () => {
  const isRoot = (...parts: (Uint8Array | string)[]) => {
    try {
      read(...parts);
    } catch (error) {
      if (error instanceof UnknownGlobal) return error.root;
    }
    return undefined;
  };
  assert.equal(isRoot(op.global('net', 'Net'), op.emptyTuple, op.newObject, op.emptyDict, op.build), true);
  assert.equal(isRoot(op.emptyDict, op.text('net'), op.global('net', 'Net'), op.setItem), false);
});

test('calls of what is no function', () => {
  damaged([op.emptyDict, op.emptyTuple, op.reduce], /calls something that is no function/);
  assert.throws(
    () => read(op.global('torch', 'FloatStorage'), op.emptyTuple, op.reduce),
    /torch\.FloatStorage is not allowed/,
  );
  damaged([op.global('torch', 'Size'), op.emptyDict, op.reduce], /calls something that is no function/);
  // What a call gives cannot be called in turn.
  damaged(
    [op.global('collections', 'OrderedDict'), op.emptyTuple, op.reduce, op.emptyTuple, op.reduce],
    /calls something that is no function/,
  );
  damaged([op.text('x'), op.emptyDict, op.build], /sets attributes of something that has none/);
  damaged([op.emptyList, op.emptyDict, op.build], /sets attributes of something that has none/);
});

test('arguments that are not known', () => {
  for (const [module, name] of [
    ['torch', 'Size'],
    ['torch', 'device'],
    ['_codecs', 'encode'],
    ['numpy', 'dtype'],
    ['numpy.core.multiarray', 'scalar'],
    ['torch._utils', '_rebuild_tensor_v2'],
    ['torch._utils', '_rebuild_tensor_v3'],
    ['torch._utils', '_rebuild_parameter'],
    ['torch._tensor', '_rebuild_from_type_v2'],
  ] as const) {
    for (const args of [op.emptyTuple, [op.emptyDict, op.tuple1], [op.number(1), op.text('a'), op.tuple2]]) {
      assert.throws(() => read(op.global(module, name), ...[args].flat(), op.reduce), PickleError, name);
    }
  }
});

test('cycles and nesting end', () => {
  const dict = [op.emptyDict, op.put(0)];
  damaged([...dict, op.text('self'), op.get(0), op.setItem], /holds itself/);
  damaged([op.emptyList, op.put(0), op.get(0), op.append], /holds itself/);
  // Two that hold each other.
  damaged([...dict, op.text('a'), op.emptyList, op.put(1), op.get(0), op.append, op.setItem], /holds itself/);
  const levels = 100_000;
  damaged([op.repeat(op.emptyList, levels), op.repeat(op.append, levels - 1)], /nested deeper than 50/);
  // Forty lists, each of which holds the one before twice: 2^40 values in 400 bytes.
  const laughs = Array.from({ length: 40 }, (_, i) => [
    op.emptyList,
    op.put(i + 1),
    op.get(i),
    op.append,
    op.get(i),
    op.append,
  ]);
  damaged([op.emptyList, op.put(0), ...laughs.flat()].slice(0, -1), /more than|leaves values over/);
  damaged(
    [op.emptyList, op.put(0), op.pop, ...laughs.flatMap((parts) => [...parts, op.pop]), op.get(40)],
    /more than 1000000 values/,
  );
  // The same, joined to a text.
  damaged(
    [
      op.emptyList,
      op.put(0),
      op.pop,
      ...laughs.flatMap((parts) => [...parts, op.pop]),
      op.global('torch', 'device'),
      op.get(40),
      op.tuple1,
      op.reduce,
    ],
    /a torch\.device in it has arguments/,
  );
});

test('copies are counted', () => {
  const long = [op.mark, op.repeat(op.none, 100_000), op.list, op.put(0)];
  const copy = Buffer.concat([
    Buffer.from(op.global('builtins', 'set')),
    op.get(0),
    op.tuple1,
    op.reduce,
    op.pop,
  ]);
  damaged([...long, op.repeat(copy, 10_000)], /copies far too much/);
});

test('limits of objects and of the memo, however few are on the stack', () => {
  const batch = [op.mark, op.repeat(op.emptyDict, 900_000), Uint8Array.of(0x65)];
  damaged([op.emptyList, ...batch, ...batch, ...batch], /makes more than 1000000 objects/);
  damaged([op.none, op.repeat(Uint8Array.of(0x94), 2_000_001)], /remembers more than 1000000 values/);
  // A view of no bytes takes two bytes of the file and a hundred of memory.
  const views = [op.mark, op.repeat(Uint8Array.of(0x43, 0), 900_000), Uint8Array.of(0x65)];
  damaged([op.emptyList, ...views, ...views], /makes more than 1000000 objects/);
});

test('moving averages are taken as such, wherever Lightning keeps them', () => {
  const tensor = () => new Tensor(new Storage('0', 'F32', 1), 'F32', [1], [1], 0);
  const state = () =>
    new Map([
      ['net.weight', tensor()],
      ['net.bias', tensor()],
    ]);
  const copiesOf = (root: [string, unknown][]) => {
    const { key, copies, leftOut } = pickStateDict(new Map(root));
    return { key, copies: [...copies].map(([name, { size }]) => [name, size]), leftOut };
  };
  const average = new Map<string, unknown>([
    ['ema_state_dict', state()],
    ['updates', 3],
  ]);
  const best = new Map([
    ['score', tensor()],
    ['best_state', state()],
  ] as [string, unknown][]);
  assert.deepEqual(
    copiesOf([
      ['state_dict', state()],
      [
        'callbacks',
        new Map([
          ['EMA', average],
          ['ModelCheckpoint', best],
        ]),
      ],
    ]),
    {
      key: 'state_dict',
      copies: [['callbacks.EMA.ema_state_dict', 2]],
      leftOut: ['"callbacks.EMA.ema_state_dict" (2 tensors)'],
    },
  );
  // By its WeightAveraging, and by the state of an AveragedModel.
  const counted = new Map<string, Tensor>([['n_averaged', tensor()]]);
  for (const other of [
    [
      ['current_model_state', state()],
      ['averaging_state', counted],
    ],
    [['current_model_state', new Map([...counted, ...state()])]],
  ] as [string, unknown][][]) {
    const { key, copies } = copiesOf([['state_dict', state()], ...other]);
    assert.deepEqual({ key, copies }, { key: 'state_dict', copies: [['current_model_state', 2]] });
  }
});

test('limits of values and of names', () => {
  const many = [op.mark, op.repeat(op.none, 900_000), Uint8Array.of(0x65)];
  damaged([op.emptyList, ...new Array<typeof many>(12).fill(many).flat()], /more than 10000000 values/);
  // A long key that is written once leads to many values.
  const tensors = new Array<Tensor>(80_000).fill(new Tensor(new Storage('0', 'F32', 1), 'F32', [1], [1], 0));
  const container = new Map([['x'.repeat(900), [new Map([['y'.repeat(900), tensors]])]]]);
  assert.throws(() => pickStateDict(container), /names in it have more than 67108864 characters/);
  const long = new Map([['x'.repeat(60_000_000), [1, 2, 3]]]);
  assert.throws(() => pickStateDict(long), /a key in it has 60000000 characters/);
  // A tuple of tuples, each twice in the next: as text it would be longer than memory.
  let key: unknown[] = [];
  for (let i = 0; i < 60; i++) key = [key, key];
  assert.equal(quickly(() => pickStateDict(new Map([[key, new Map([['w', 1]])]]))).tensors.size, 0);
});

test('limits of the stack, of texts and of numbers', () => {
  damaged([op.repeat(op.none, 2_000_000)], /too deep a stack/);
  damaged([op.repeat(op.mark, 2_000_000)], /too deep a stack/);
  damaged([Uint8Array.of(0x58, 0xff, 0xff, 0xff, 0xff), 'short'], /ends too early/);
  damaged([Uint8Array.of(0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 'short'], /ends too early/);
  damaged([Uint8Array.of(0x8b, 0xff, 0xff, 0xff, 0x7f)], /ends too early/);
  damaged(
    [Uint8Array.of(0x8b, 0x00, 0x00, 0x10, 0x00), new Uint8Array(2 ** 20)],
    /integer in it is too long/,
  );
  damaged([Uint8Array.of(0x58, 2, 0, 0, 0, 0xc3, 0x28)], /not valid UTF-8/);
});

test('long numbers are read in time', () => {
  const long = Buffer.concat([Uint8Array.of(0x8b, 0, 4, 0, 0), Buffer.alloc(1024, 0x55)]);
  const bytes = op.pickle(op.mark, op.repeat(long, 10_000), op.list);
  const numbers = quickly(() => readPickle(bytes, torchRules())) as bigint[];
  assert.equal(numbers.length, 10_000);
  assert.equal(numbers[0], BigInt(`0x${'55'.repeat(1024)}`));
  const small = readPickle(op.pickle(Uint8Array.of(0x8a, 2, 0, 0xff)), torchRules());
  assert.equal(small, -256);
  assert.equal(readPickle(op.pickle(Uint8Array.of(0x8a, 0)), torchRules()), 0);
});

test('what the machine forbids', () => {
  damaged([op.pop], /more from its stack/);
  damaged([op.mark, op.text('x'), op.append], /more from its stack|puts items/);
  damaged([op.number(1), op.mark, op.tuple1], /more from its stack/);
  damaged([op.list], /lacks a mark/);
  damaged([op.get(7)], /was not stored/);
  damaged([op.emptyDict, op.mark, op.text('key'), op.setItems], /a key without a value/);
  damaged([op.text('x'), op.number(1), op.append], /holds none/);
  damaged([op.number(1), op.number(2)], /leaves values over/);
  damaged([], /more from its stack/);
  for (const [opcode, what] of [
    [0x49, 'INT'],
    [0x69, 'INST'],
    [0x6f, 'OBJ'],
    [0x82, 'EXT1'],
    [0x97, 'NEXT_BUFFER'],
    [0x50, 'PERSID'],
    [0xff, 'none'],
  ] as const) {
    damaged([op.emptyTuple, Uint8Array.of(opcode), 'a\nb\n'], /opcode 0x[0-9a-f]{2} at byte 3 is not known/);
    assert.ok(what);
  }
  assert.throws(() => readPickle(Uint8Array.of(0x80, 9, 0x4e, 0x2e), torchRules()), /protocol 9/);
  assert.throws(() => readPickle(new Uint8Array(0), torchRules()), /ends too early/);
});

test('tensors stay inside of their storage', () => {
  const tensor = (offset: number, shape: number[], strides: number[], length = 6) =>
    read(
      op.global('torch._utils', '_rebuild_tensor_v2'),
      op.mark,
      op.storage('FloatStorage', '0', length),
      op.number(offset),
      op.tuple(shape.map(op.number)),
      op.tuple(strides.map(op.number)),
      op.false,
      op.global('collections', 'OrderedDict'),
      op.emptyTuple,
      op.reduce,
      op.closeTuple,
      op.reduce,
    );
  const fits = tensor(0, [2, 3], [3, 1]);
  assert.ok(fits instanceof Tensor);
  assert.deepEqual([fits.dtype, fits.shape, fits.strides, fits.offset], ['F32', [2, 3], [3, 1], 0]);
  for (const [offset, shape, strides] of [
    [1, [2, 3], [3, 1]],
    [0, [7], [1]],
    [0, [2], [6]],
    [6, [1], [1]],
    [0, [2 ** 30, 2 ** 30], [1, 1]],
  ] as const) {
    assert.throws(() => tensor(offset, [...shape], [...strides]), /reaches beyond its storage/);
  }
  assert.throws(() => tensor(-1, [2], [1]), /no valid shape/);
  assert.throws(() => tensor(0, [-2], [1]), /no valid shape/);
  assert.throws(() => tensor(0, [2], [-1]), /no valid shape/);
  assert.throws(() => tensor(0, [2], [1, 1]), /no valid shape/);
  assert.throws(() => tensor(0, Array<number>(65).fill(1), Array<number>(65).fill(1)), /no valid shape/);
  // One value, seen 2^40 times.
  assert.throws(() => tensor(0, [2 ** 20, 2 ** 20], [0, 0]), /1099511627776 values in a storage of 6/);
  // None at all need no storage.
  assert.deepEqual((tensor(0, [0, 5], [5, 1], 0) as Tensor).shape, [0, 5]);
});

test('what is no storage', () => {
  const rebuild = (...args: (Uint8Array | string)[]) =>
    read(op.global('torch._utils', '_rebuild_tensor_v2'), op.mark, ...args, op.closeTuple, op.reduce);
  assert.throws(() => rebuild(op.text('0'), op.number(0), op.emptyTuple, op.emptyTuple), /has no storage/);
  for (const id of [op.tuple([op.text('storage')]), op.text('storage'), op.emptyDict]) {
    assert.throws(() => read(id, op.persistent), /not described as known/);
  }
  assert.throws(() => read(op.storage('FloatStorage', '0', -1)), /not described as known/);
  assert.throws(() => read(op.storage('float32', '0', 1)), /is of the type torch\.float32/);
});

test('a class that stands with its source, as before PyTorch 1.6, is that class', () => {
  const parts = [
    op.text('module'),
    op.global('zuko.lazy', 'Flow'),
    op.text('lazy.py'),
    op.text('class Flow: …'),
  ];
  const described = [op.mark, ...parts, op.closeTuple, op.persistent];
  const flow = read(...described, op.emptyTuple, op.newObject, op.emptyDict, op.build) as PythonObject;
  assert.equal(flow.className, 'zuko.lazy.Flow');
  assert.throws(
    () => read(op.tuple([op.text('module'), op.text('os')]), op.persistent),
    /not described as known/,
  );
});

test('any bytes end in a value or in an error that is told', () => {
  const opcodes = [...Array<number>(256).keys()];
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.constantFrom(...opcodes),
          fc.constantFrom(0x28, 0x29, 0x5d, 0x7d, 0x4e, 0x85, 0x52, 0x62),
        ),
      ),
      (bytes) => {
        try {
          pickStateDict(readPickle(Uint8Array.of(0x80, 2, ...bytes, 0x2e), torchRules()));
        } catch (error) {
          assert.ok(error instanceof PickleError || error instanceof UnknownGlobal, String(error));
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('a container of many states of optimizers is looked through once', () => {
  const states = new Map<string, unknown>(Array.from({ length: 300_000 }, (_, i) => [`optim${i}`, []]));
  const started = processorTime();
  assert.equal(pickStateDict(states).tensors.size, 0);
  assert.throws(() => pickStateDict([states, states, states, states]), /more than 1000000 values/);
  assert.ok(processorTime() - started < 5000);
});
