/** What the importers of senya's RealNVP and of ikostrikov's pytorch-flows ask, take and refuse; their numbers are tested in test/engine. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../../../src/base/user-error';
import { loadAnyCheckpoint } from '../../../../src/checkpoint/recognize/load';
import { recognize } from '../../../../src/checkpoint/recognize/recognize';
import { exportStateDict } from '../../../../src/checkpoint/export-state-dict';
import { libraries } from '../../../../src/checkpoint/libraries';
import { writeSafetensors } from '../../../../src/checkpoint/tensors/safetensors';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { parseStoredConfig } from '../../../../src/config/parse';
import type { VectorModelConfig } from '../../../../src/config/schema';
import type { ImportAnswers } from '../../../../src/protocol/import';
import type { NdArray } from '../../../../src/protocol/tensors';
import { temporaryFolder } from '../../support/temporary';
import { importCheckpoint } from '../opened';

const folder = temporaryFolder();

const wild = {
  senya: 'senya-realnvp-small-4d/realnvp.pt',
  realnvp: 'ikostrikov-realnvp-2d/best_model.pt',
  maf: 'ikostrikov-maf-3d/best_model.pt',
} as const;
const fileOf = (name: keyof typeof wild): string => path.resolve('test', 'fixtures', 'wild', wild[name]);

async function modelOf(file: string, answers: ImportAnswers = {}): Promise<VectorModelConfig> {
  const { config } = await loadAnyCheckpoint(file, { answers: () => answers });
  return config.model as VectorModelConfig;
}

type Tensors = Map<string, NdArray<Float32Array>>;

/** The tensors of a file, after `change` had them, in a file of their own. */
async function changed(name: keyof typeof wild, change: (tensors: Tensors) => void): Promise<string> {
  const opened = await openTensorFile(fileOf(name));
  const tensors: Tensors = new Map();
  for (const key of opened.tensors.keys()) tensors.set(key, await opened.read(key));
  await opened.close();
  change(tensors);
  const file = path.join(folder, 'changed.safetensors');
  await writeSafetensors(file, Object.fromEntries(tensors), { format: 'pt' });
  return file;
}

const set =
  (tensor: string, ...values: [place: number, value: number][]) =>
  (tensors: Tensors): void => {
    for (const [place, value] of values) tensors.get(tensor)!.data[place] = value;
  };

const rename =
  (from: string, to: string) =>
  (tensors: Tensors): void => {
    tensors.set(to, tensors.get(from)!);
    tensors.delete(from);
  };

test('files are recognized by their library alone, and say what they are', async () => {
  for (const [name, library, title] of [
    ['senya', 'senya', 'senya-ashukha/real-nvp-pytorch, 4 features, 4 couplings, networks s and t of 32, 32'],
    [
      'realnvp',
      'ikostrikov',
      'ikostrikov/pytorch-flows, 2 features, 4 couplings, networks s and t of 32, 32, batch norm',
    ],
    [
      'maf',
      'ikostrikov',
      'ikostrikov/pytorch-flows, 3 features, 4 masked autoregressive layers, networks of 24, 24, batch norm',
    ],
  ] as const) {
    const file = await openTensorFile(fileOf(name));
    const takers = libraries.filter((only) => recognize(file, only));
    assert.deepEqual(takers, [library]);
    assert.equal(recognize(file)?.title, title);
    await file.close();
  }
});

test('answers change the flow', async () => {
  const plain = await modelOf(fileOf('senya'), { scaleOutput: 'none', activation: 'relu' });
  assert.deepEqual([plain.scaleMap, plain.activation], ['exp', 'relu']);

  const model = await modelOf(fileOf('realnvp'), { mask: 'even-first', tActivation: 'tanh' });
  assert.deepEqual([model.polarity, model.between], ['first-conditions', 'batchNorm']);
  assert.deepEqual([model.activation, model.shiftActivation], ['tanh', undefined]);

  const reverses = async (answers: ImportAnswers): Promise<number> =>
    (await modelOf(fileOf('maf'), answers)).layers!.filter(({ kind }) => kind === 'permute').length;
  assert.equal(await reverses({}), 4);
  assert.equal(await reverses({ lastReverse: 'no' }), 3);
  assert.equal(await reverses({ gaps: 'none' }), 0);
});

test('a list in a module opens like the list', async () => {
  const file = await changed('maf', (tensors) => {
    for (const name of [...tensors.keys()]) rename(name, `module.${name}`)(tensors);
  });
  const [inModule, plain] = [await loadAnyCheckpoint(file), await loadAnyCheckpoint(fileOf('maf'))];
  assert.deepEqual(inModule.tensors, plain.tensors);
});

test('variances smaller than the ε of a batch norm keep their scale', async () => {
  const file = await changed('realnvp', set('1.running_var', [0, 2.5e-6]));
  const [small, plain] = [await loadAnyCheckpoint(file), await loadAnyCheckpoint(fileOf('realnvp'))];
  const { data: variance } = small.tensors['norms.0.variance']!;
  assert.equal(variance[0], 0);
  const gainOf = ({ tensors }: typeof small): number =>
    Math.log1p(Math.exp(tensors['norms.0.gain']!.data[0]!)) + 1e-5;
  // 1/√2.5e-6 is twice 1/√1e-5.
  assert.ok(Math.abs(gainOf(small) / gainOf(plain) - 2) < 1e-5);
});

test('what such a flow cannot be is refused in words', async () => {
  const cases: [keyof typeof wild, (tensors: Tensors) => void, RegExp][] = [
    ['maf', set('3.trunk.1.mask', [1, 1]), /3\.trunk\.1\.mask is not the mask that follows from the order/],
    ['maf', set('0.joiner.mask', [0, 0]), /0\.joiner\.mask is not the mask/],
    ['maf', set('0.trunk.3.mask', [0, NaN]), /0\.trunk\.3\.mask is not the mask/],
    ['realnvp', set('1.log_gamma', [1, -20]), /1 scales feature 1 by e\^-20 .*gain above 0\.00001/],
    [
      'realnvp',
      set('1.running_var', [0, 0]),
      /1 scales feature 0 by .* over the root of 0; expected a variance/,
    ],
    ['realnvp', set('1.running_var', [0, NaN]), /over the root of NaN/],
    ['senya', set('mask', [5, 0.5]), /mask has 0\.5 in row 1; expected 1 where a feature passes through/],
    [
      'senya',
      set('mask', [0, 1], [1, 1], [2, 1], [3, 1]),
      /mask has only 1 in row 0; expected at least one 1 and/,
    ],
  ];
  for (const [name, change, message] of cases) {
    await assert.rejects(
      loadAnyCheckpoint(await changed(name, change)),
      (error) => error instanceof UserError && message.test(error.message),
      String(message),
    );
  }
});

test('a file that is not complete opens as a table, and says what is in the way', async () => {
  const wide = { shape: [24, 2], data: new Float32Array(48) };
  const cases: [keyof typeof wild, (tensors: Tensors) => void, RegExp][] = [
    ['maf', (x) => x.set('0.joiner.cond_linear.weight', wide), /3 sees another context than 0/],
    [
      'maf',
      rename('0.trunk.3.mask', '0.trunk.5.mask'),
      /0\.trunk is not masked layers with an activation before/,
    ],
    [
      'maf',
      rename('1.beta', '1.alpha'),
      /1 \(alpha, log_gamma, running_mean, running_var\) is not a CouplingLayer/,
    ],
    ['maf', (x) => x.set('0.trunk.1.mask', wide), /0\.trunk\.1\.mask is not of the shape of its weight/],
    ['realnvp', (x) => x.delete('2.translate_net.0.bias'), /2\.translate_net\.0 has no bias/],
    [
      'realnvp',
      (x) => x.set('0.scale_net.0.weight', { shape: [32, 3], data: new Float32Array(96) }),
      /0\.translate_net\. has other widths than/,
    ],
    ['senya', (x) => x.delete('mask'), /mask has no row 0 of 4 features/],
    [
      'senya',
      rename('s.3.0.bias', 's.4.0.bias'),
      /s\.3\.0 has no bias; .*s\.3\.0\.bias as a counterpart of t\.3\.0/,
    ],
  ];
  for (const [name, change, message] of cases) {
    const imported = await importCheckpoint(await changed(name, change));
    assert.ok('reason' in imported, 'is not recognized');
    assert.match(imported.reason, message);
  }
});

test('a library whose couplings have one activation is not written for a flow with two', () => {
  const config = parseStoredConfig(
    { model: { kind: 'vector', dim: 2, nets: 'separate', activation: 'relu', shiftActivation: 'tanh' } },
    'a.json',
  );
  for (const library of ['normflows', 'zuko'] as const) {
    assert.throws(
      () => exportStateDict({ config, tensors: {} }, library, [{ kind: 'coupling', mask: [1, 0] }]),
      /shiftActivation: expected "relu", got "tanh"/,
    );
  }
});
