import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildRunConfig,
  findPreset,
  presetFor,
  requestedData,
  type DataShape,
} from '../../../src/config/build';
import { conventionSets } from '../../../src/config/conventions';
import { presets } from '../../../src/config/presets';

const vectors = (dim: number, source = '/data/a.csv'): DataShape => ({
  kind: 'vector',
  name: source.split('/').at(-1)!,
  shape: [dim],
  provenance: { source },
});
const images = (shape: number[], levels = 256): DataShape => ({
  kind: 'image',
  name: 'train-images',
  shape,
  levels,
  provenance: { source: '/data/train-images' },
});

test('every preset makes a valid config for data of its kind', () => {
  for (const preset of presets) {
    const dataset = preset.model.kind === 'vector' ? vectors(2) : images([28, 28, 1]);
    const config = buildRunConfig({ data: 'd', preset: preset.name }, dataset);
    assert.equal(config.model.kind, preset.model.kind);
    assert.equal(config.training.steps, preset.training.steps);
  }
});

test('without a preset the data choose one', () => {
  assert.equal(presetFor(vectors(2, 'moons')).name, 'moons');
  assert.equal(presetFor(vectors(63)).name, 'tabular');
  assert.equal(presetFor({ ...images([8, 8, 1], 17), provenance: { source: 'digits' } }).name, 'digits');
  assert.equal(presetFor(images([28, 28, 1])).name, 'mnist');
  assert.equal(presetFor(images([30, 30, 3])).name, 'image');
});

test('sizes come from the data, padding from the scales', () => {
  const { model } = buildRunConfig({ data: 'd', config: { model: { scales: 3 } } }, images([30, 26, 3], 16));
  assert.ok(model.kind === 'image');
  assert.deepEqual([model.height, model.width, model.channels, model.levels, model.pad], [30, 26, 3, 16, 1]);
  const vector = buildRunConfig({ data: 'd' }, vectors(7)).model;
  assert.ok(vector.kind === 'vector' && vector.dim === 7);
});

test('the context of a request wins over the config, and the run keeps it', () => {
  const config = { data: { source: '/data/a.csv', contextColumns: ['old'] } };
  const request = { config, context: { columns: ['mass'], labels: true, labelColumn: 'kind' } };
  const { data, model } = buildRunConfig(request, { ...vectors(2), contextNames: ['mass', 'a', 'b'] });
  assert.deepEqual([data.contextColumns, data.labelContext, data.labelColumn], [['mass'], true, 'kind']);
  assert.ok(model.kind === 'vector' && model.context === 3);
  assert.equal(requestedData({ config, context: { labelColumn: 2 } }).labelColumn, 2);
});

test('a config lies over a named preset, and a request over both', () => {
  const config = { training: { steps: 77, batch: 5 } };
  const built = buildRunConfig(
    { data: 'moons', preset: 'moons', config, training: { batch: 6, seed: undefined } },
    vectors(2, 'moons'),
  );
  assert.equal(built.training.steps, 77);
  assert.equal(built.training.batch, 6);
  assert.equal(built.training.seed, 0);
  assert.equal(built.training.learningRate, findPreset('moons', vectors(2, 'moons')).training.learningRate);
});

test('a config without a preset means what it says: defaults of the schema', () => {
  const { training } = buildRunConfig({ config: { data: { source: 'moons' } } }, vectors(2, 'moons'));
  assert.equal(training.steps, 2000);
});

test('the source is kept as the data resolved it', () => {
  assert.equal(buildRunConfig({ data: 'a.csv' }, vectors(2)).data.source, '/data/a.csv');
});

test('a short run keeps a warm-up in proportion', () => {
  const { training } = buildRunConfig({ data: 'moons', training: { steps: 50 } }, vectors(2, 'moons'));
  assert.equal(training.warmupSteps, 5);
});

test('a request for data wins over config and preset', () => {
  const config = { data: { source: 'circles', count: 10 } };
  assert.equal(requestedData({ data: 'moons', config }).source, 'moons');
  assert.equal(requestedData({ data: 'moons', config }).count, 10);
  assert.equal(requestedData({ config }).source, 'circles');
  assert.equal(requestedData({ preset: 'digits' }).source, 'digits');
  assert.throws(() => requestedData({ preset: 'tabular' }), /No data are given/);
});

test('every set of conventions lies over the preset that suits the data', () => {
  for (const set of conventionSets) {
    for (const dataset of [vectors(5, 'b.csv'), images([8, 8, 1], 17)]) {
      const fields = set[dataset.kind];
      if (!fields) continue;
      const { model, training } = buildRunConfig({ data: 'd', preset: set.name }, dataset);
      const plain = buildRunConfig({ data: 'd' }, dataset);
      // As if they were written out.
      const written = buildRunConfig(
        { data: 'd', config: { model: { ...presetFor(dataset).model, ...fields } } },
        dataset,
      );
      assert.deepEqual(model, written.model, set.name);
      assert.deepEqual({ ...model, ...fields }, { ...plain.model, ...fields });
      assert.deepEqual(training, { ...plain.training, ...set.training });
    }
  }
});

test('conventions bring the data settings of the preset under them, and a config lies over them', () => {
  const moons = buildRunConfig({ data: 'moons', preset: 'zuko' }, vectors(2, 'moons'));
  assert.equal(moons.data.count, 100_000);
  const config = { model: { scaleMap: 'exp' } };
  const { model } = buildRunConfig({ data: 'moons', preset: 'zuko', config }, vectors(2, 'moons'));
  assert.equal(model.scaleMap, 'exp');
  assert.equal(model.outputLayout, 'interleaved');
});

test('conventions of the other kind of data are refused with those that fit', () => {
  assert.throws(
    () => buildRunConfig({ data: 'd', preset: 'chrischute' }, vectors(3)),
    /conventions "chrischute" are for image data, but a\.csv contains rows of 3 numbers\. Use one of realnvp, nice, nsf, maf, iaf, nsf-autoregressive, flow-matching, nflows, normflows/,
  );
});

test('names of presets and conventions differ', () => {
  const names = [...presets, ...conventionSets].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test('what does not fit the data is refused with advice', () => {
  assert.throws(
    () => buildRunConfig({ data: 'd', preset: 'digits' }, vectors(3)),
    /preset "digits" is for image data, but a\.csv contains rows of 3 numbers\. Use tabular/,
  );
  assert.throws(
    () =>
      buildRunConfig(
        { config: { model: { kind: 'vector' } }, fileName: 'c.json', data: 'd' },
        images([8, 8, 1]),
      ),
    /c\.json: model\.kind: expected "image"/,
  );
  assert.throws(
    () => buildRunConfig({ config: { model: { dim: 5 } }, fileName: 'c.json', data: 'd' }, vectors(3)),
    /c\.json: model\.dim: expected 3, since a\.csv holds rows of 3 numbers, got 5/,
  );
  assert.throws(
    () => buildRunConfig({ config: { model: { dim: 'x' } }, fileName: 'c.json', data: 'd' }, vectors(3)),
    /model\.dim: expected an integer/,
  );
  assert.throws(
    () => buildRunConfig({ config: { model: 3 }, fileName: 'c.json', data: 'd' }, vectors(3)),
    /c\.json: model: expected an object, got 3/,
  );
  assert.throws(
    () => findPreset('moon', vectors(2)),
    /There is no preset "moon"; expected one of digits, .*Did you mean "moons"\?/,
  );
});

test('a checkpoint brings model and data, and a preset only the training', () => {
  const trained = buildRunConfig({ data: 'moons', config: { model: { couplings: 3 } } }, vectors(2, 'moons'));
  const start = {
    file: 'a.flow.safetensors',
    model: trained.model,
    data: { ...trained.data, count: 77 },
    standardized: false,
    featureNames: ['a', 'b'],
  };
  assert.equal(requestedData({ start }).count, 77);
  const on = buildRunConfig({ start, preset: 'circles' }, vectors(2, 'circles'));
  assert.deepEqual(on.model, trained.model);
  assert.equal(on.data.source, 'circles');
  assert.equal(on.data.standardize, false);
  assert.equal(on.training.steps, findPreset('circles', vectors(2)).training.steps);
  assert.deepEqual(buildRunConfig({ start }, vectors(2, 'moons')).data, {
    ...start.data,
    standardize: false,
  });
  assert.throws(
    () => buildRunConfig({ start, data: 'd' }, { ...vectors(2), featureNames: ['b', 'a'] }),
    /its features are a, b, in this order, but those of a\.csv are b, a\. Set data\.columns/,
  );
  assert.throws(
    () => buildRunConfig({ start, data: 'd' }, vectors(3)),
    /a\.flow\.safetensors: models rows of 2 numbers, but a\.csv contains rows of 3 numbers/,
  );
  const unknown = { file: 'theirs.pt', model: trained.model, standardized: false };
  assert.throws(
    () => requestedData({ start: unknown }),
    /since theirs\.pt does not say which it was trained on/,
  );
});

test('images become those of the checkpoint: of as many bits, and with a context of its shape', () => {
  const start = (levels: number) => ({
    file: 'glow.pt',
    model: buildRunConfig({ data: 'i', config: { model: {} } }, images([8, 8, 3], levels)).model,
    standardized: false,
  });
  const bits = (levels: number, data = 'photos', config?: object) =>
    requestedData({ data, start: start(levels), ...(config ? { config } : {}) }).bits;
  assert.deepEqual([bits(32), bits(256), bits(100), bits(2)], [5, 8, 8, 8]);
  assert.equal(bits(32, 'photos', { data: { bits: 6 } }), 6, 'what a config says counts');
  const mask = [1, 0, 0] as const;
  const net = { kind: 'convolutions', kernels: [3], widths: [] };
  const context = { height: 8, width: 8, channels: 2 };
  const model = { kind: 'image', context, layers: [{ kind: 'coupling', mask, net, seesContext: true }] };
  const asked = { data: 'i', context: { source: 'c.npy' }, config: { model } };
  assert.deepEqual(requestedData(asked).contextShape, [8, 8, 2]);
  const given = { ...images([8, 8, 3]), contextSize: 128 };
  assert.equal(buildRunConfig(asked, given).model.kind, 'image');
  assert.throws(
    () => buildRunConfig({ data: 'i', config: { model } }, images([8, 8, 3])),
    /takes a context of 128 numbers with each example, but train-images comes with no context/,
  );
});

test('a config may name its preset, which one on the command line wins over', () => {
  const config = { preset: 'tabular', data: { source: 'd' }, model: { couplings: 3 } };
  const built = buildRunConfig({ config, fileName: 'c.json' }, vectors(2));
  assert.equal(built.model.kind === 'vector' && built.model.couplings, 3);
  assert.deepEqual(built.model.kind === 'vector' && built.model.hidden, [100, 100]);
  assert.equal(built.training.batch, 256);
  assert.ok(!('preset' in built));
  const other = buildRunConfig({ config, preset: 'moons', fileName: 'c.json' }, vectors(2));
  assert.equal(other.training.steps, 8000);
  assert.equal(requestedData({ config: { preset: 'moons' } }).source, 'moons');
  assert.throws(
    () => requestedData({ config: { preset: 'tabula', data: { source: 'd' } }, fileName: 'c.json' }),
    /Did you mean "tabular"/,
  );
  assert.throws(() => requestedData({ config: { preset: 3 }, fileName: 'c.json' }), /c\.json: preset/);
});
