/** Mixing layers in the inspector: their matrices are compared with the layers run eagerly, and the ways through all with their product. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { MixingView } from '../../../src/protocol/mixing';
import { contextOf, inputOf, maxAbsDifference, onCpu, toTensors } from '../../contract/eager';
import { anySignal, refused, smallModel, type SmallModel } from './model';

const order = [3, 0, 4, 1, 2];
const config = {
  ...{ kind: 'vector', dim: 5, hidden: [6] },
  layers: [
    { kind: 'permute', order },
    { kind: 'coupling', mask: [1, 0, 1, 0, 1] },
    { kind: 'lu' },
    { kind: 'autoregressive', order: [0, 1, 2, 3, 4] },
    { kind: 'lu' },
  ],
};
const n = 5;

const couplingOf = (dim: number) => ({
  kind: 'coupling',
  mask: Array.from({ length: dim }, (_, i) => i % 2),
});

before(onCpu);

describe('a mixing layer', () => {
  let model: SmallModel;
  before(async () => void (model = await smallModel(config, 'nowhere.csv')));
  after(() => model.dispose());
  const ask = (layer: number, feature = -1): Promise<MixingView> =>
    model.inspector.ask('mixing', { layer, feature }, anySignal());
  /** The layers' numbers in the summary. */
  const mixing = async (): Promise<number[]> =>
    (await model.inspector.ask('summary', undefined, anySignal())).layers.flatMap(({ mixes, index }) =>
      mixes ? [index] : [],
    );

  it('says how far from orthogonal it is: a permutation not at all', async () => {
    const [permutation, lu] = await mixing();
    const view = await ask(permutation!);
    assert.deepEqual([...view.singularValues], [1, 1, 1, 1, 1]);
    assert.ok(view.gram.data.every((value) => value === 0));
    order.forEach((from, to) => assert.equal(view.matrix.data[to * n + from], 1));
    const { gram, all, matrix } = await ask(lu!);
    const w = tf.tensor2d(matrix.data, [n, n]);
    const expected = tf.sub(tf.matMul(w, w, true, false), tf.eye(n)).dataSync<'float32'>();
    assert.ok(maxAbsDifference(gram.data, expected) < 1e-5);
    assert.equal(all[0]!.distance, 0);
    const distance = Math.sqrt(expected.reduce((sum, value) => sum + value ** 2, 0) / n);
    assert.ok(Math.abs(all[1]!.distance - distance) < 1e-5 && distance > 0.05);
  });

  it('follows features through the product of all', async () => {
    const layers = await mixing();
    const { spread, shares, followed } = await ask(layers[1]!);
    assert.deepEqual([...followed], [0, 1, 2, 3, 4]);
    assert.deepEqual(spread.shape, [4, n]);
    let product = tf.eye(n) as tf.Tensor;
    for (const [i, layer] of layers.entries()) {
      product = tf.matMul(tf.tensor2d((await ask(layer)).matrix.data, [n, n]), product);
      const squares = tf.square(product);
      const expected = tf.div(squares, tf.sum(squares, 0, true)).arraySync() as number[][];
      for (let feature = 0; feature < n; feature++) {
        const found = shares.data.subarray((feature * 4 + i + 1) * n, (feature * 4 + i + 2) * n);
        const column = expected.map((row) => row[feature]!);
        assert.ok(maxAbsDifference(found, column) < 1e-5);
        const over = 1 / column.reduce((sum, share) => sum + share ** 2, 0);
        assert.ok(Math.abs(spread.data[(i + 1) * n + feature]! - over) < 1e-4);
      }
    }
    // Before the first layer, and after one that only moves, each is in one place.
    assert.ok(spread.data.subarray(0, 2 * n).every((value) => value === 1));
  });

  it('refuses what is no matrix, or none that can be shown', async () => {
    const { layers } = await model.inspector.ask('summary', undefined, anySignal());
    const coupling = layers.find(({ kind }) => kind === 'vector')!;
    await assert.rejects(ask(coupling.index), refused(/does not mix features/));
    await assert.rejects(ask((await mixing())[0]!, 5), refused(/Feature 5 .* mixes 5, numbered from 0/));
    const large = Array.from({ length: 300 }, (_, i) => 299 - i);
    const wide = await smallModel(
      { kind: 'vector', dim: 300, layers: [{ kind: 'permute', order: large }, couplingOf(300)], hidden: [2] },
      'nowhere.csv',
    );
    try {
      const answer = wide.inspector.ask('mixing', { layer: 0, feature: -1 }, anySignal());
      await assert.rejects(answer, refused(/is 300×300; at most 256×256/));
    } finally {
      await wide.dispose();
    }
  });
});

/** One of each kind, around a coupling. */
const kinds = {
  ...{ kind: 'vector', dim: n, hidden: [6] },
  layers: [
    { kind: 'permute', order },
    { kind: 'lu' },
    { kind: 'plu', order, signs: [1, -1, 1, 1, -1] },
    couplingOf(n),
    { kind: 'qr', reflections: 3 },
    { kind: 'svd', reflections: 4 },
    { kind: 'householder', reflections: 3 },
    { kind: 'orthogonal' },
    { kind: 'rescale', scale: [1, 2, 3, 4, 5], shift: [0, 0, 0, 0, 0] },
  ],
};

describe('a mixing layer of every kind', () => {
  let model: SmallModel;
  before(async () => void (model = await smallModel(kinds, 'nowhere.csv')));
  after(() => model.dispose());

  it('has the matrix that the layer multiplies by, and its log-det', async () => {
    const { layers: all } = await model.inspector.ask('summary', undefined, anySignal());
    const layers = all.flatMap(({ mixes, index }) => (mixes ? [index] : []));
    assert.deepEqual(
      layers.map((index) => all[index]!.kind),
      ['permute', 'lu', 'plu', 'qr', 'svd', 'householder', 'orthogonal'],
    );
    const tensors = toTensors(model.flow.tensors as Parameters<typeof toTensors>[0]);
    const x = inputOf([n], 3, 7);
    for (const index of layers) {
      const {
        matrix,
        all: summaries,
        places,
        singularValues,
      } = await model.inspector.ask('mixing', { layer: index, feature: -1 }, anySignal());
      const { bijection } = model.flow.layers[index]!;
      const at = (input: tf.Tensor) => bijection!.forward(contextOf(tensors, false), input);
      const moved = tf.sub(at(x).value, at(tf.zeros([1, n])).value);
      const byMatrix = tf.matMul(x, tf.tensor2d(matrix.data, [n, n]), false, true);
      assert.ok(maxAbsDifference(moved.dataSync(), byMatrix.dataSync()) < 1e-5);
      const summary = summaries.find(({ layer }) => layer === index)!;
      assert.ok(Math.abs(summary.logDet - at(x).logDet.dataSync()[0]!) < 1e-5);
      const sum = singularValues.reduce((total, value) => total + Math.log(value), 0);
      assert.ok(Math.abs(summary.logDet - sum) < 1e-5, `${summary.logDet}, ${sum}`);
      assert.equal(places, 1);
      const turns = ['permute', 'householder', 'orthogonal'].includes(all[index]!.kind);
      assert.equal(summary.distance < 1e-5, turns, `${all[index]!.kind}: ${summary.distance}`);
    }
  });
});

describe('of seven features', () => {
  it('the way of the one that is asked for is shown', async () => {
    const shift = Array.from({ length: 7 }, (_, i) => (i + 1) % 7);
    const model = await smallModel(
      { kind: 'vector', dim: 7, layers: [{ kind: 'permute', order: shift }, couplingOf(7)] },
      'nowhere.csv',
    );
    try {
      const { followed, shares } = await model.inspector.ask('mixing', { layer: 0, feature: 3 }, anySignal());
      assert.deepEqual([...followed], [3]);
      // Place i takes feature i + 1.
      assert.deepEqual([...shares.data.subarray(7)], [0, 0, 1, 0, 0, 0, 0]);
    } finally {
      await model.dispose();
    }
  });
});

describe('a convolution of channels', () => {
  it('has the matrix of one pixel, and the log-det of all', async () => {
    const glow = { kind: 'image', height: 8, width: 8, channels: 1, levels: 17, architecture: 'glow' };
    const model = await smallModel({ ...glow, scales: 2, steps: 1, base: 4 }, 'digits');
    try {
      const { layers } = await model.inspector.ask('summary', undefined, anySignal());
      const mixing = layers.filter(({ mixes }) => mixes);
      assert.ok(mixing.length >= 2);
      const tensors = toTensors(model.flow.tensors as Parameters<typeof toTensors>[0]);
      for (const { index, inputShape } of mixing) {
        const [height, width, channels] = inputShape as [number, number, number];
        const { matrix, all, places } = await model.inspector.ask(
          'mixing',
          { layer: index, feature: -1 },
          anySignal(),
        );
        assert.equal(places, height * width);
        // Of this scale alone.
        assert.ok(all.every(({ layer }) => layers[layer]!.inputShape.join() === inputShape.join()));
        const { bijection } = model.flow.layers[index]!;
        const at = (input: tf.Tensor) => bijection!.forward(contextOf(tensors, false), input);
        const x = inputOf(inputShape, 1, 7);
        const moved = tf.sub(at(x).value, at(tf.zerosLike(x)).value);
        const pixels = tf.reshape<tf.Rank.R2>(x, [-1, channels]);
        const byMatrix = tf.matMul(pixels, tf.tensor2d(matrix.data, [channels, channels]), false, true);
        assert.ok(maxAbsDifference(moved.dataSync(), byMatrix.dataSync()) < 1e-5);
        const summary = all.find(({ layer }) => layer === index)!;
        assert.ok(Math.abs(summary.logDet * places - at(x).logDet.dataSync()[0]!) < 1e-4);
      }
    } finally {
      await model.dispose();
    }
  });
});
