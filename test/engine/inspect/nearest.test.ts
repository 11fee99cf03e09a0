/** The nearest training examples against a look at all of them in double precision, made here. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createInspector } from '../../../src/engine/inspect/inspector';
import { dataExamples } from '../../../src/engine/model/examples';
import { openModel } from '../../../src/engine/open/open-model';
import type { ExampleRef } from '../../../src/protocol/selection';
import type { NearestExamples, NearestQuery } from '../../../src/protocol/nearest';
import { CancelledError } from '../../../src/protocol/wire';
import {
  anySignal,
  digitsModel,
  moonsModel,
  smallModel,
  refused,
  standardize,
  type SmallModel,
} from './model';

let digits: SmallModel;
let moons: SmallModel;
before(async () => {
  digits = await smallModel(digitsModel, 'digits');
  moons = await smallModel(moonsModel, 'moons', { standardize });
});
after(async () => {
  await digits.dispose();
  await moons.dispose();
});

const train = 1438;
const validation = (index: number): ExampleRef => ({ kind: 'data', split: 'validation', index });
const ask = (model: SmallModel, query: Partial<NearestQuery> & { example: ExampleRef }) =>
  model.inspector.ask('nearest', { space: 'data', count: 8, most: 10_000, ...query }, anySignal());

/** Every distance, sorted; of equal ones the first. */
function sorted(rows: Float64Array[], point: Float64Array): { index: number; distance: number }[] {
  return rows
    .map((row, index) => ({ index, distance: Math.hypot(...row.map((value, k) => value - point[k]!)) }))
    .sort((a, b) => a.distance - b.distance || a.index - b.index);
}

function rowsOf(
  values: Float32Array,
  size: number,
  change: (value: number, k: number) => number = (value) => value,
): Float64Array[] {
  return Array.from({ length: values.length / size }, (_, i) =>
    Float64Array.from(values.subarray(i * size, (i + 1) * size), change),
  );
}

const closeTo = (a: ArrayLike<number>, b: readonly number[], tolerance: number): void => {
  assert.equal(a.length, b.length);
  b.forEach((value, i) => assert.ok(Math.abs(a[i]! - value) <= tolerance, `${a[i]} is not ${value}`));
};

function agree(
  found: NearestExamples,
  expected: readonly { index: number; distance: number }[],
  tolerance: number,
): void {
  assert.deepEqual(
    [...found.indices],
    expected.map(({ index }) => index),
  );
  closeTo(
    found.distances,
    expected.map(({ distance }) => distance),
    tolerance,
  );
}

describe('nearest training examples', () => {
  it('by pixels are those of a search through all of them', async () => {
    const data = await digits.opened.flow!.data.open();
    const all = rowsOf(
      await data.train.read(Array.from({ length: train }, (_, i) => i)),
      64,
      (value) => value / 16,
    );
    const held = rowsOf(
      await data.validation.read(Array.from({ length: 32 }, (_, i) => i)),
      64,
      (value) => value / 16,
    );
    for (const index of [0, 5, 31]) {
      const found = await ask(digits, { example: validation(index) });
      const expected = sorted(all, held[index]!).slice(0, 8);
      assert.deepEqual(
        [...found.indices],
        expected.map((one) => one.index),
      );
      closeTo(
        found.distances,
        expected.map(({ distance }) => distance),
        1e-5,
      );
      assert.deepEqual([found.looked, found.limit, found.total], [train, train, train]);
      assert.deepEqual(found.example.shape, [8, 8, 1]);
      closeTo(
        found.example.data,
        [...held[index]!].map((value) => value * 16),
        0,
      );
      const usual = held
        .filter((_, i) => i !== index)
        .map((point) => sorted(all, point)[0]!.distance)
        .sort((a, b) => a - b);
      closeTo(found.usual, usual, 1e-5);
    }
  });

  it('by latents are those of a search through the latents of all', async () => {
    const size = 64;
    const { x } = await dataExamples(digits.flow, 'train', 0, train);
    const z = new Float32Array(train * size);
    for (let start = 0; start < train; start += 200) {
      const n = Math.min(200, train - start);
      const part = x.subarray(start * size, (start + n) * size);
      z.set((await digits.flow.runner.forward(part, n, 'data')).z, start * size);
    }
    const one = await dataExamples(digits.flow, 'validation', 2, 1);
    const point = Float64Array.from((await digits.flow.runner.forward(one.x, 1, 'data')).z);
    const expected = sorted(rowsOf(z, size), point).slice(0, 8);
    const found = await ask(digits, { example: validation(2), space: 'latent' });
    agree(found, expected, 1e-3);
  });

  it('come with their pixels and what they cost', async () => {
    const found = await ask(digits, { example: validation(4), count: 3 });
    const page = await digits.inspector.ask(
      'examples',
      { split: 'train', offset: found.indices[1]!, count: 1 },
      anySignal(),
    );
    assert.deepEqual(found.values.shape, [3, 8, 8, 1]);
    assert.deepEqual(found.values.data.slice(64, 128), page.values.data);
    closeTo([found.nats[1]!, found.bitsPerDim![1]!], [page.nats[0]!, page.bitsPerDim![0]!], 1e-3);
  });

  it('of a training example leave itself out', async () => {
    for (const space of ['data', 'latent'] as const) {
      const found = await ask(digits, { example: { kind: 'data', split: 'train', index: 7 }, space });
      assert.ok(!found.indices.includes(7));
      assert.equal(found.indices.length, 8);
    }
    // The same pixels from elsewhere are at distance 0: a copy.
    const page = await digits.inspector.ask('examples', { split: 'train', offset: 7, count: 1 }, anySignal());
    const copy = await ask(digits, { example: { kind: 'values', values: [...page.values.data] } });
    assert.deepEqual([copy.indices[0], copy.distances[0]], [7, 0]);
  });

  it('of a sample take its pixels as the integers that they stand for', async () => {
    const query = { count: 3, seed: 3, temperature: 0.7 };
    const { values } = await digits.inspector.ask('samples', query, anySignal());
    const integers = [...values.data.slice(128, 192)].map((value) =>
      Math.min(16, Math.max(0, Math.floor(value))),
    );
    const sample = await ask(digits, { example: { kind: 'sample', ...query, index: 2 } });
    const typed = await ask(digits, { example: { kind: 'values', values: integers } });
    assert.deepEqual(sample.indices, typed.indices);
    closeTo(sample.distances, [...typed.distances], 1e-6);
  });

  it('of vectors are measured in the deviations that the flow divides by', async () => {
    const data = await moons.opened.flow!.data.open();
    const most = 3000;
    const change = (value: number, k: number): number => value / standardize.std[k]!;
    const all = rowsOf(await data.train.read(Array.from({ length: most }, (_, i) => i)), 2, change);
    const expected = sorted(all, Float64Array.of(0.3 / 0.9, 0.2 / 0.5)).slice(0, 5);
    const found = await ask(moons, { example: { kind: 'values', values: [0.3, 0.2] }, count: 5, most });
    agree(found, expected, 1e-5);
    assert.equal(found.looked, Math.min(most, data.train.count));
    assert.equal(found.bitsPerDim, undefined);
  });

  it('look at more when they are asked to, and say how many', async () => {
    const few = await ask(digits, { example: validation(0), most: 100 });
    assert.deepEqual([few.looked, few.limit, few.total], [100, train, train]);
    assert.ok(few.indices.every((index) => index < 100));
    const more = await ask(digits, { example: validation(0), most: 700 });
    assert.equal(more.looked, 700);
    assert.ok(more.distances[0]! <= few.distances[0]!);
  });

  it('are cancelled, and go on from there', async () => {
    const model = await smallModel(digitsModel, 'digits');
    try {
      const controller = new AbortController();
      const query: NearestQuery = { example: validation(0), space: 'latent', count: 2, most: train };
      const answer = model.inspector.ask('nearest', query, controller.signal);
      setTimeout(() => controller.abort(), 20);
      await assert.rejects(answer, CancelledError);
      const [again, other] = await Promise.all([
        model.inspector.ask('nearest', query, anySignal()),
        model.inspector.ask('nearest', { ...query, most: 200 }, anySignal()),
      ]);
      assert.deepEqual(again.indices, (await ask(digits, { ...query })).indices);
      assert.equal(other.looked, 200);
    } finally {
      await model.dispose();
    }
  });

  it('refuse what cannot be answered, and say so where there are no data', async () => {
    await assert.rejects(ask(digits, { example: validation(0), count: 0 }), refused(/0 nearest examples/));
    await assert.rejects(ask(digits, { example: validation(0), most: 0 }), refused(/A look at 0/));
    await assert.rejects(
      ask(digits, { example: validation(0), space: 'pixels' as 'data' }),
      refused(/expected data or latent/),
    );
    const file = path.join('test', 'fixtures', 'onnx', 'zuko-2d', 'forward.onnx');
    const model = await openModel(file, await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }));
    const inspector = createInspector('1', model);
    try {
      await assert.rejects(
        inspector.ask(
          'nearest',
          { example: { kind: 'values', values: [0, 0] }, space: 'data', count: 1, most: 1 },
          anySignal(),
        ),
        refused(/does not say which data/),
      );
    } finally {
      inspector.dispose();
      await model.dispose();
    }
  });
});
