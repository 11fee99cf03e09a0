/** Numbers in names and sizes in shapes are the file's word: nothing is counted up to them, or made as long as they say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { loadAnyCheckpoint } from '../../../../src/checkpoint/recognize/load';
import { recognize, whyUnknown } from '../../../../src/checkpoint/recognize/recognize';
import type { TensorFile } from '../../../../src/checkpoint/import/types';
import type { Library } from '../../../../src/checkpoint/libraries';
import { UserError } from '../../../../src/base/user-error';
import { patience } from '../../../inspector/until';
import * as p from '../../support/pickle';
import { rawSafetensors, type RawTensors } from '../../support/raw-safetensors';
import { put, temporaryFolder } from '../../support/temporary';
import { processorTime } from '../../support/processor-time';
import { importCheckpoint } from '../opened';

const folder = temporaryFolder();

function torchFile(tensors: RawTensors): Uint8Array {
  const ints = (values: readonly number[]) => p.tuple(values.map((value) => p.number(value)));
  const entries = Object.entries(tensors).map(([name, shape]) => [
    p.text(name),
    p.global('torch._utils', '_rebuild_tensor_v2'),
    p.tuple([
      p.storage('FloatStorage', '0', 1),
      p.number(0),
      ints(shape),
      ints(shape.map(() => 0)),
      p.false,
      p.emptyDict,
    ]),
    p.reduce,
    p.setItem,
  ]);
  return zipSync(
    { 'x/data.pkl': p.pickle(p.emptyDict, ...entries.flat()), 'x/data/0': new Uint8Array(4) },
    { level: 0 },
  );
}

const largest = 2 ** 32 - 1;

/** With one number each in the place of N. */
const names = [
  '_transforms.N._permutation',
  '_transforms.N.identity_features',
  '_transforms.0._transforms.N._permutation',
  '_transforms.0._transforms.0._transforms.N.bias',
  '_transforms.0.autoregressive_net.blocks.N.linear_layers.0.mask',
  '_transforms.0.autoregressive_net.blocks.N.linear.weight',
  'flows.N.s',
  'flows.N.flow.s',
  'flows.N.flows.1.param_map.net.0.weight',
  'flows.N.prqct.identity_features',
  'flows.N.permutation._permutation',
  'flows.0.mprqat.autoregressive_net.blocks.N.linear_layers.0.weight',
  'flows.0.autoregressive_net.blocks.N.linear_layers.0.mask',
  'transform.transforms.N.order',
  'transform.transforms.N._0',
  'module_list.N.perm',
  'model.module_list.N.scale',
  'transform.transforms.0.hyper.N.weight',
  'flows.0.s.net.N.weight',
  'module_list.0.subnet1.N.weight',
  'flows.in_couplings.N.st_net.in_skip.conv.weight_v',
  's.N.0.weight',
  's.0.N.weight',
  'N.log_gamma',
  'N.scale_net.0.weight',
  '0.scale_net.N.weight',
  '0.trunk.N.mask',
  'sN_ckbd.0.coupling.block.1.in_block.conv.weight_v',
  'blocks.N.flows.0.actnorm.loc',
  'blocks.0.flows.N.actnorm.loc',
  'flow.layers.N.actnorm.bias',
  'flow.layers.N.conv.logs',
  'flows.N.0.flows.0.flows.1.param_map.net.0.weight',
  'flows.0.N.flows.0.flows.1.param_map.net.0.weight',
  'flows.0.0.flows.0.flows.1.param_map.net.N.weight',
  'q0.N.loc',
  'module_list.N.downsample_kernel',
  'module_list.0.subnet.N.weight',
  '_transforms.0._transforms.N.transform_net.initial_layer.weight',
  '_transforms.0.transform_net.blocks.N.conv_layers.0.weight',
];
const numbers = [
  '300000000',
  '4294967295',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551616',
  '9'.repeat(400),
  '00',
  '1',
];

/** nflows' coupling of two features, complete but for its blocks. */
const nflowsCoupling: RawTensors = {
  '_transforms.0.identity_features': [1],
  '_transforms.0.transform_features': [1],
  '_transforms.0.transform_net.initial_layer.weight': [4, 1],
  '_transforms.0.transform_net.initial_layer.bias': [4],
  '_transforms.0.transform_net.final_layer.weight': [2, 4],
  '_transforms.0.transform_net.final_layer.bias': [2],
};

const stack = (at: string, widths: readonly number[], empty = false): RawTensors =>
  Object.fromEntries(
    widths.slice(1).flatMap((to, i) => [
      [`${at}${2 * i}.weight`, [to, widths[i]!]],
      [`${at}${2 * i}.bias`, [empty ? 0 : to]],
    ]),
  );

/** A MADE of pytorch-flows of one hidden unit. */
const made = (features: number): RawTensors => {
  const layer = (at: string, from: number, to: number): RawTensors => ({
    [`${at}.mask`]: [to, from],
    [`${at}.linear.weight`]: [to, from],
    [`${at}.linear.bias`]: [to],
  });
  return { ...layer('0.joiner', features, 1), ...layer('0.trunk.1', 1, 2 * features) };
};

/** Files whose tensors have no bytes and all the size. */
const shapes: RawTensors[] = [
  { 'flows.0.b': [0, largest] },
  { 'flows.0.b': [1, 0], 'flows.0.s.net.0.weight': [0, largest], 'flows.0.s.net.0.bias': [0] },
  { 'flows.0.s': [1, 0], 'flows.0.t': [1, 0] },
  { 'flows.0.flows.1.param_map.net.0.weight': [0, largest], 'flows.0.flows.1.param_map.net.0.bias': [0] },
  {
    'transform.transforms.0.mask': [0],
    ...stack('transform.transforms.0.hyper.', [largest, 0, largest], true),
  },
  { 'transform.transforms.0._0': [0] },
  {
    'module_list.0.subnet1.0.weight': [0, largest],
    'module_list.0.subnet1.0.bias': [0],
    'module_list.0.subnet2.0.weight': [2 * largest, 0],
    'module_list.0.subnet2.0.bias': [0],
  },
  Object.fromEntries(
    ['s1', 's2', 't1', 't2'].flatMap((net) =>
      Object.entries(stack(`module_list.0.subnet_${net}.`, [largest, 0, largest], true)),
    ),
  ),
  { ...nflowsCoupling, '_transforms.0.transform_net.initial_layer.weight': [0, largest] },
  {
    ...Object.fromEntries(
      ['bias', 'in_norm.weight', 'in_norm.bias'].map((rest) => [`flows.in_couplings.0.st_net.${rest}`, [0]]),
    ),
    'flows.in_couplings.0.st_net.in_norm.weight': [largest, 0],
    'flows.in_couplings.0.st_net.in_conv.conv.weight_v': [0, largest, 3, 3],
    'flows.in_couplings.0.st_net.in_skip.conv.weight_v': [0, largest, 3, 3],
  },
  { 's1_ckbd.0.coupling.block.1.in_block.conv.weight_v': [0, largest, 3, 3] },
  {
    mask: [0, largest],
    ...stack('s.0.', [largest, 0, largest], true),
    ...stack('t.0.', [largest, 0, largest], true),
  },
  {
    ...stack('0.scale_net.', [largest, 0, largest], true),
    ...stack('0.translate_net.', [largest, 0, largest], true),
  },
  { ...made(0), '0.joiner.linear.weight': [0, largest], '0.joiner.mask': [0, largest] },
  {
    'blocks.0.flows.0.actnorm.loc': [0, largest, 0, 0],
    'blocks.0.flows.0.coupling.net.0.weight': [largest, 0],
  },
  { 'flow.layers.1.actnorm.bias': [0, largest], 'flow.layers.1.block.0.conv.weight': [largest, 0] },
  {
    'flows.0.0.flows.0.flows.1.param_map.net.0.weight': [0, largest, 3, 3],
    'flows.0.0.flows.2.s': [1, largest, 0, 1],
    'q0.0.loc': [1, largest, 0, 0],
  },
  { 'module_list.0.downsample_kernel': [largest, 0, 2, 2] },
  {
    'module_list.0.global_scale': [1, largest, 0, 1],
    'module_list.0.subnet.0.weight': [0, largest, 1, 1],
    'module_list.0.subnet.0.bias': [0],
  },
  {
    '_transforms.0.identity_features': [0],
    '_transforms.0.transform_features': [0],
    '_transforms.0.transform_net.initial_layer.weight': [0, largest, 1, 1],
    '_transforms.0.transform_net.final_layer.weight': [largest, 0, 1, 1],
  },
  { '0.log_gamma': [0], '0.beta': [0], '0.running_mean': [0], '0.running_var': [0] },
];

const files: RawTensors[] = [
  ...names.flatMap((name) => numbers.map((number) => ({ [name.replace('N', number)]: [1] }))),
  ...numbers.map((number) => ({
    ...nflowsCoupling,
    [`_transforms.0.transform_net.blocks.${number}.linear_layers.0.bias`]: [4],
  })),
  ...shapes,
];

/** A shape's product, where the file would have as many values. */
const sizes = (tensors: RawTensors) =>
  Object.values(tensors).map((shape) => shape.reduce((product, length) => product * length, 1));

async function describedOrRefused(file: string): Promise<void> {
  const started = processorTime();
  try {
    const imported = await importCheckpoint(file);
    assert.ok('reason' in imported, 'is no flow');
    assert.ok(imported.reason.length < 2000, `${imported.reason.length} characters`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert.ok(error.message.length < 5000);
  }
  assert.ok(processorTime() - started < 3000, 'takes long');
}

test('files of names and shapes are described or refused at once, whatever numbers they hold', async () => {
  for (const tensors of files)
    await describedOrRefused(put(folder, 'a.safetensors', rawSafetensors(tensors)));
});

test('the same in PyTorch’s format', async () => {
  for (const tensors of files) {
    if (sizes(tensors).some((size) => size > 1)) continue;
    await describedOrRefused(put(folder, 'a.pt', torchFile(tensors)));
  }
  const far = torchFile({ 'flows.300000000.s': [1], 'flows.300000000.t': [1] });
  await assert.rejects(loadAnyCheckpoint(put(folder, 'b.pt', far)), /b\.pt: .*Its table of tensors is shown/);
});

/** As a file of any size would be: names and shapes only. */
const listed = (tensors: RawTensors): TensorFile => ({
  file: '/x.safetensors',
  container: 'safetensors',
  bytes: 0,
  tensors: new Map(Object.entries(tensors).map(([name, shape]) => [name, { dtype: 'U8', shape }])),
  extras: {},
  read: () => Promise.reject(new Error('is not to be read')),
  close: () => Promise.resolve(),
});

test('more features than a flow can have are named before any list of that length is made', () => {
  const features = 2 ** 31;
  const half = features / 2;
  const networkOf = (at: string, shapes: Readonly<Record<string, readonly number[]>>): RawTensors =>
    Object.fromEntries(
      Object.entries(shapes).flatMap(([layer, [to, from]]) => [
        ...['weight', 'mask'].map((part) => [`${at}${layer}.${part}`, [to!, from!]]),
        ...['bias', 'degrees'].map((part) => [`${at}${layer}.${part}`, [to!]]),
      ]),
    ) as RawTensors;
  const both = (nets: readonly string[], widths: number[]): RawTensors =>
    Object.fromEntries(nets.flatMap((net) => Object.entries(stack(`module_list.0.${net}.`, widths))));
  const wide: [Library, RawTensors][] = [
    ['normflows', { 'flows.0.b': [features], ...stack('flows.0.s.net.', [features, 1, features]) }],
    [
      'normflows',
      networkOf('flows.0.autoregressive_net.', {
        initial_layer: [1, features],
        final_layer: [2 * features, 1],
      }),
    ],
    ['normflows', stack('flows.0.flows.1.param_map.net.', [half, 1, features])],
    [
      'zuko',
      {
        'transform.transforms.0.mask': [features],
        ...stack('transform.transforms.0.hyper.', [half, 1, features]),
      },
    ],
    [
      'zuko',
      {
        'transform.transforms.0.order': [features],
        ...stack('transform.transforms.0.hyper.', [features, 1, features]),
        'transform.transforms.0.hyper.0.mask': [1, features],
        'transform.transforms.0.hyper.2.mask': [features, 1],
      },
    ],
    ['freia', both(['subnet1', 'subnet2'], [half, 1, features])],
    ['freia', both(['subnet_s1', 'subnet_s2', 'subnet_t1', 'subnet_t2'], [half, 1, half])],
    [
      'freia',
      {
        ...both(['subnet'], [half, 1, features]),
        'module_list.0.global_scale': [1, features],
        'module_list.0.global_offset': [1, features],
        'module_list.0.w_perm': [1],
        'module_list.0.w_perm_inv': [1],
      },
    ],
    [
      'senya',
      {
        mask: [1, features],
        ...stack('s.0.', [features, 1, features]),
        ...stack('t.0.', [features, 1, features]),
      },
    ],
    [
      'ikostrikov',
      {
        ...stack('0.scale_net.', [features, 1, features]),
        ...stack('0.translate_net.', [features, 1, features]),
      },
    ],
    ['ikostrikov', made(features)],
    [
      'nflows',
      networkOf('_transforms.0.autoregressive_net.', {
        initial_layer: [1, features],
        final_layer: [2 * features, 1],
      }),
    ],
    [
      'nflows',
      {
        ...nflowsCoupling,
        '_transforms.0.identity_features': [half],
        '_transforms.0.transform_features': [half],
        '_transforms.0.transform_net.initial_layer.weight': [4, half],
        '_transforms.0.transform_net.final_layer.weight': [features, 4],
        '_transforms.0.transform_net.final_layer.bias': [features],
      },
    ],
  ];
  for (const [library, tensors] of wide) {
    const file = listed(tensors);
    assert.equal(recognize(file), undefined);
    assert.match(
      whyUnknown(file, library),
      /It lacks: a flow of at most 4096 features \(this one has 2147483648\)/,
    );
  }
});

test('many names are looked through in time, whatever they are', () => {
  const many = (name: (i: number) => string, shape: number[] = [1], count = 30_000): RawTensors =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), shape]));
  const cases: RawTensors[] = [
    many((i) => `flows.${2 * i}.s`),
    many((i) => `_transforms.${i}._permutation`, [1], 130_000),
    many((i) => `_transforms.0._transforms.${i}._permutation`, [1], 130_000),
    many((i) => `_transforms.0._transforms.0.${i}`, [1], 130_000),
    many((i) => `_transforms.${i}._transforms.${29_999 - (i % 100)}._permutation`),
    many((i) => `${'_transforms.0.'.repeat(i)}_permutation`, [1], 300),
    many((i) => `_transforms.0.autoregressive_net.blocks.${i}.linear.x`),
    many((i) => `transform.transforms.${i}._0`),
    many((i) => `module_list.${i}.perm`),
    many((i) => `module_list.${10 ** 9 + i}.perm`, [1], 130_000),
    { 'flows.0.b': [2], ...many((i) => `flows.0.s.net.${i}.scale`) },
    { ...nflowsCoupling, ...many((i) => `_transforms.0.transform_net.blocks.${i}.x`) },
    many((i) => `${i}.log_gamma`),
    { ...made(2), ...many((i) => `0.trunk.${2 * i + 3}.mask`) },
    { mask: [30_000, 2], ...many((i) => `s.${i}.0.weight`, [2, 2]), ...many((i) => `t.${i}.2.weight`) },
    many((i) => `blocks.0.flows.${i}.actnorm.loc`, [1, 4, 1, 1], 40_000),
    many((i) => `flow.layers.${i}.actnorm.bias`, [1, 4, 1, 1], 40_000),
    many((i) => `flows.0.${i}.flows.0.flows.1.param_map.net.0.weight`, [4, 2, 3, 3]),
    many((i) => `module_list.${i}.downsample_kernel`, [4, 1, 2, 2], 40_000),
    many((i) => `_transforms.${i}.transform_net.initial_layer.weight`, [4, 2, 1, 1], 40_000),
    {
      ...many((i) => `s${i + 1}_ckbd.0.coupling.block.1.in_block.conv.weight_v`, [8, 3, 3, 3], 3000),
      ...many((i) => `s1_ckbd.0.coupling.block.1.core_block.${i}.res_block.0.conv.weight_v`, [1], 3000),
    },
    {
      'flows.in_couplings.0.st_net.in_skip.conv.weight_v': [8, 6, 3, 3],
      'flows.in_couplings.0.st_net.in_norm.weight': [3],
      ...many((i) => `flows.${'next_block.'.repeat(i)}in_couplings.0.st_net.in_conv.conv.weight_v`, [8], 100),
      ...many((i) => `flows.in_couplings.0.st_net.blocks.${i}.in_conv.conv.weight_v`, [1], 20_000),
    },
    // One-sided couplings, each of which asks the modules beside it.
    {
      ...many((i) => `module_list.${i}.subnet.0.weight`, [2, 1], 45_000),
      ...many((i) => `module_list.${i}.subnet.0.bias`, [2], 45_000),
    },
    // The last of many couplings is another one.
    {
      ...many((i) => `transform.transforms.${i}.mask`, [2]),
      ...many((i) => `transform.transforms.${i}.hyper.0.weight`, [1, 1], 29_999),
      ...many((i) => `transform.transforms.${i}.hyper.0.bias`, [1], 29_999),
      ...stack('transform.transforms.29999.hyper.', [1, 2]),
    },
    // A network of the context with a layer that is none.
    {
      ...nflowsCoupling,
      ...many((i) => `_embedding_net.${2 * i}.weight`, [1, 1], 45_000),
      ...many((i) => `_embedding_net.${2 * i}.bias`, [1], 45_000),
      '_embedding_net.x.bias': [1],
    },
    // Names over two lines, of which patterns for one line try every place.
    many((i) => `${'1.'.repeat(450)}${i}\n`, [1], 3000),
    many((i) => `${'._embedding_net'.repeat(60)}${i}\n`, [1], 3000),
    many((i) => `_transforms.0.${'_transforms.0.'.repeat(14)}${i}.x`),
  ];
  for (const tensors of cases) {
    const file = listed(tensors);
    const started = processorTime();
    assert.equal(recognize(file), undefined);
    assert.ok(whyUnknown(file).length < 2000);
    assert.ok(
      processorTime() - started < 20_000,
      `${Object.keys(tensors)[1]}: ${processorTime() - started} ms`,
    );
  }
});

test('an order that is none is refused before it is turned round', async () => {
  const tensors = {
    ...stack('module_list.0.subnet1.', [1, 2]),
    ...stack('module_list.0.subnet2.', [1, 2]),
    'module_list.1.perm': [2],
    'module_list.1.perm_inv': [2],
  };
  const bytes = Buffer.from(rawSafetensors(tensors));
  // The last tensors of the data are the orders.
  new Float32Array([4e9, 1, 0, 1]).forEach((value, i) =>
    bytes.writeFloatLE(value, bytes.length - 16 + 4 * i),
  );
  await assert.rejects(
    loadAnyCheckpoint(put(folder, 'order.safetensors', bytes), {
      answers: () => ({ direction: 'latent-to-data' }),
    }),
    (error) => error instanceof UserError && /module_list\.1 is no permutation/.test(error.message),
  );
});

test('names that are too many or too long are refused', async () => {
  const many = (count: number): RawTensors =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, [0]]));
  const refused: [RawTensors | Uint8Array, RegExp][] = [
    [many(100_001), /more than 100000 tensors/],
    [many(500_000), /more than 2000000 values/],
    [{ ['1.'.repeat(200_000)]: [1] }, /a name of 400000 characters/],
    [
      Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${'a'.repeat(900)}${i}`, [0]])),
      /together/,
    ],
    [rawHeader(`{"a":[${'[],'.repeat(3_000_000)}[]]}`), /more than 2000000 values/],
  ];
  for (const [content, words] of refused) {
    const bytes = content instanceof Uint8Array ? content : rawSafetensors(content);
    const started = processorTime();
    await assert.rejects(
      loadAnyCheckpoint(put(folder, 'names.safetensors', bytes)),
      (error) => error instanceof UserError && words.test(error.message),
    );
    assert.ok(processorTime() - started < patience(5000));
  }
  const long = torchFile({ ['1.'.repeat(600)]: [] });
  await assert.rejects(
    loadAnyCheckpoint(put(folder, 'long.pt', long)),
    /key in it|a name of 1200 characters/,
  );
});

function rawHeader(text: string): Uint8Array {
  const header = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header]);
}

test('metadata of long paths are looked through in time', () => {
  const file = {
    ...listed({ ...stack('0.scale_net.', [2, 4, 2]), ...stack('0.translate_net.', [2, 4, 2]) }),
    extras: { ['args.'.repeat(100_000)]: 'x', 'args.activation': 'tanh' },
  };
  const started = processorTime();
  assert.ok(recognize(file));
  assert.ok(processorTime() - started < 3000);
});

test('reflections of another size than their matrix are refused', async () => {
  const block = (w: number[], vk: number[]): RawTensors => ({
    'module_list.0.subnet.0.weight': [2, 1, 1, 1],
    'module_list.0.subnet.0.bias': [2],
    'module_list.0.global_offset': [1, 2, 1, 1],
    'module_list.0.global_scale': [1, 2, 1, 1],
    'module_list.0.vk_householder': vk,
    'module_list.0.w_0': w,
  });
  for (const tensors of [block([0, 2], [2, 2]), block([200_000, 1], [100_000, 2]), block([2, 2], [513, 2])]) {
    await assert.rejects(
      loadAnyCheckpoint(put(folder, 'reflections.safetensors', rawSafetensors(tensors))),
      (error) => error instanceof UserError && /reflections of the shape/.test(error.message),
    );
  }
});

test('products of matrices that would take minutes are refused', async () => {
  const size = 1400;
  const square = [size, size];
  const tensors: RawTensors = {
    'flows.0.b': [size],
    ...stack('flows.0.t.net.', [size, 1, size]),
    ...Object.fromEntries(['P', 'L', 'U', 'eye'].map((part) => [`flows.1.${part}`, square])),
    ...Object.fromEntries(['log_S', 'sign_S'].map((part) => [`flows.1.${part}`, [size]])),
  };
  const bytes = Buffer.from(rawSafetensors(tensors));
  // The mask comes first: half of the features condition.
  const start = 8 + Number(bytes.readBigUInt64LE());
  for (let i = 0; i < size / 2; i++) bytes.writeFloatLE(1, start + 4 * i);
  const started = processorTime();
  await assert.rejects(
    loadAnyCheckpoint(put(folder, 'product.safetensors', bytes)),
    (error) => error instanceof UserError && /the product of 1400×1400 and 1400×1400/.test(error.message),
  );
  assert.ok(processorTime() - started < 5000);
});

test('a mixture of one weight with thousands of means is refused', async () => {
  const tensors: RawTensors = {
    'transform.transforms.0.mask': [2],
    ...stack('transform.transforms.0.hyper.', [1, 4, 2]),
    'base.phi.0': [1],
    'base.phi.1': [15_000, 2],
    'base.phi.2': [1, 2],
    'base.phi.3': [1, 1],
  };
  const bytes = Buffer.from(rawSafetensors(tensors));
  // The mask comes first: the first feature conditions.
  bytes.writeFloatLE(1, 8 + Number(bytes.readBigUInt64LE()));
  await assert.rejects(
    loadAnyCheckpoint(put(folder, 'mixture.safetensors', bytes)),
    (error) =>
      error instanceof UserError && /1 weights of a mixture, and 15000, 1, 1 rows/.test(error.message),
  );
});
