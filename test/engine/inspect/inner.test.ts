/** What is shown of the inside of a layer, against the flow run eagerly, difference quotients and plain sums. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../../src/base/user-error';
import { logAbsDeterminant } from '../../../src/base/determinant';
import { blockAround } from '../../../src/engine/inspect/layer/jacobian';
import { blockMeans } from '../../../src/engine/inspect/statistics';
import { axesOf } from '../../../src/engine/inspect/conditioner/weight';
import { batchOf } from '../../../src/engine/model/examples';
import { logLikelihood } from '../../../src/flow/flow';
import type { NormMode, Selection } from '../../../src/protocol/selection';
import { contextOf, maxAbsDifference, onCpu, toTensors } from '../../contract/eager';
import { anySignal, digitsModel, moonsModel, smallModel, standardize, type SmallModel } from './model';

const count = 6;
const selectionOf = (mode: NormMode): Selection => ({
  example: { kind: 'data', split: 'validation', index: 2 },
  batch: { split: 'validation', count },
  mode,
});

/** Taps and new running statistics of the whole flow on the batch, on TensorFlow.js's plain backend. */
async function eagerly(model: SmallModel, training: boolean) {
  const { flow } = model;
  const { x } = await batchOf(flow, selectionOf('eval').batch);
  const taps: Record<string, tf.Tensor> = {};
  const updates: Record<string, tf.Tensor> = {};
  const ctx = contextOf(toTensors(flow.tensors as never), training, taps, updates);
  logLikelihood(flow.flow, flow.preprocess, ctx, tf.tensor(x, [count, ...flow.flow.inputShape]));
  return { taps, updates };
}

const rowOf = (tensor: tf.Tensor, row: number): Float32Array => {
  const data = tensor.dataSync() as Float32Array;
  const size = data.length / tensor.shape[0];
  return data.slice(row * size, (row + 1) * size);
};

const withLast = { ...moonsModel, dim: 5, net: 'residual', hidden: [6], blocks: 2, netNorm: true };

let digits: SmallModel;
let moons: SmallModel;
let residual: SmallModel;
before(async () => {
  await onCpu();
  digits = await smallModel(digitsModel, 'digits');
  moons = await smallModel(moonsModel, 'moons', { standardize });
  residual = await smallModel({ ...withLast, dim: 2 }, 'moons');
});
after(async () => {
  for (const model of [digits, moons, residual]) await model.dispose();
});
const all = (): [string, SmallModel][] => [
  ['images', digits],
  ['vectors', moons],
  ['residual vectors', residual],
];
const couplingsOf = (model: SmallModel) =>
  model.flow.layers.filter((layer) => layer.info.coupling !== undefined);

describe('jacobian', () => {
  /** By central differences of the layer's own forward function. */
  function byDifferences(model: SmallModel, index: number, x: Float32Array, elements: Int32Array): number[] {
    const { bijection, info } = model.flow.layers[index]!;
    const ctx = contextOf(toTensors(model.flow.tensors as never), false);
    const at = (values: Float32Array): Float32Array =>
      bijection!.forward(ctx, tf.tensor(values, [1, ...info.inputShape])).value.dataSync() as Float32Array;
    const step = 2 ** -7;
    const columns = [...elements].map((element) => {
      const [up, down] = [1, -1].map((sign) => at(x.map((v, i) => (i === element ? v + sign * step : v))));
      return [...elements].map((row) => (up![row]! - down![row]!) / (2 * step));
    });
    return [...elements].flatMap((_, row) => columns.map((column) => column[row]!));
  }

  for (const which of [0, 1, 2]) {
    it(`equals difference quotients, is triangular and explains the log-det, for ${['images', 'vectors', 'residual vectors'][which]}`, async () => {
      const [, model] = all()[which]!;
      const selection = selectionOf('eval');
      for (const { info, flow } of couplingsOf(model)) {
        const view = await model.inspector.ask(
          'jacobian',
          { ...selection, layer: info.index, around: -1, count: 12 },
          anySignal(),
        );
        const layer = await model.inspector.ask('layer', { ...selection, layer: info.index }, anySignal());
        const [x, y] = ['x', 'y'].map((name) => layer.tensors.find((t) => t.name === name)!.data!);
        const k = view.elements.length;
        assert.equal(k, which === 0 ? 12 : 2);
        assert.equal(view.whole, which !== 0);
        const quotients = byDifferences(model, info.index, x!, view.elements);
        const scale = Math.max(1, ...view.matrix.data.map(Math.abs));
        assert.ok(maxAbsDifference(view.matrix.data, quotients) < 0.02 * scale, info.name);
        for (let i = 0; i < k; i++) {
          const passes = flow!.mask!.data[view.elements[i]!] === 1;
          assert.equal(view.passes![i], Number(passes));
          for (let j = 0; j < k; j++) {
            const value: number = view.matrix.data[i * k + j]!;
            if (i === j) {
              assert.ok(Math.abs(value / view.expected![i]! - 1) < 1e-4, `${info.name}: ${value}`);
            } else if (passes || !view.passes![j]) {
              assert.equal(value, 0, `${info.name}: y ${i} by x ${j}`);
            }
          }
        }
        if (which === 0) {
          const moving = Array.from({ length: k }, (_, i) => i).filter((i) => !view.passes![i]);
          assert.equal(moving.length, 6);
        } else {
          const { coupling, norm } = layer.logDetExample!;
          assert.ok(Math.abs(view.claimed! - coupling - norm) < 1e-6);
        }
        assert.ok(Math.abs(view.logDet - view.claimed!) < 1e-4, `${view.logDet} and ${view.claimed}`);
        assert.equal(y!.length, x!.length);
      }
    });
  }

  it('is that of running statistics in training mode too', async () => {
    const index = couplingsOf(moons)[1]!.info.index;
    const ask = (mode: NormMode) =>
      moons.inspector.ask(
        'jacobian',
        { ...selectionOf(mode), layer: index, around: -1, count: 8 },
        anySignal(),
      );
    assert.deepEqual(await ask('train'), await ask('eval'));
  });

  it('of standardization is its diagonal', async () => {
    const view = await moons.inspector.ask(
      'jacobian',
      { ...selectionOf('eval'), layer: 0, around: -1, count: 8 },
      anySignal(),
    );
    const expected = [1 / standardize.std[0]!, 0, 0, 1 / standardize.std[1]!];
    assert.ok(maxAbsDifference(view.matrix.data, expected) < 1e-6);
    assert.ok(Math.abs(view.logDet + Math.log(standardize.std[0]! * standardize.std[1]!)) < 1e-6);
    assert.equal(view.passes, undefined);
  });

  it('refuses what has none', async () => {
    const squeeze = digits.flow.layers.find(({ info }) => info.kind === 'squeeze')!.info.index;
    const ask = (layer: number, around: number, k: number) =>
      digits.inspector.ask('jacobian', { ...selectionOf('eval'), layer, around, count: k }, anySignal());
    await assert.rejects(ask(squeeze, -1, 8), /only moves values.*permutation/);
    await assert.rejects(ask(1, 64, 8), /Element 64 was marked; .* has 64/);
    await assert.rejects(ask(1, -1, 33), /2 to 32/);
  });

  it('picks a block around the marked element, half of it passing', () => {
    const mask = Float32Array.from({ length: 64 }, (_, i) => (Math.floor(i / 8) + i) % 2);
    const block = blockAround([8, 8, 1], mask, 27, 8);
    assert.ok(block.includes(27));
    assert.equal(block.filter((i) => mask[i] === 1).length, 4);
    for (const i of block) assert.ok(Math.hypot(Math.floor(i / 8) - 3, (i % 8) - 3) < 3, `${i}`);
    assert.deepEqual(
      [...block],
      [...block].sort((a, b) => a - b),
    );
    // Where few pass, more that move fill the block.
    assert.equal(blockAround([10], Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), -1, 8).length, 8);
  });

  it('has determinants of known matrices', () => {
    assert.ok(Math.abs(logAbsDeterminant([0, 2, 3, 1], 2) - Math.log(6)) < 1e-12);
    const hilbert = Array.from({ length: 16 }, (_, i) => 1 / ((i >> 2) + (i & 3) + 1));
    assert.ok(Math.abs(logAbsDeterminant(hilbert, 4) - Math.log(1 / 6048000)) < 1e-9);
    assert.equal(logAbsDeterminant([1, 2, 2, 4], 2), -Infinity);
  });
});

describe('features', () => {
  for (const mode of ['eval', 'train'] as const) {
    it(`are what the network computes, in ${mode} mode`, async () => {
      for (const [, model] of all()) {
        const { taps } = await eagerly(model, mode === 'train');
        for (const { info } of couplingsOf(model)) {
          const { stages } = await model.inspector.ask('network', { layer: info.index }, anySignal());
          const names = Object.keys(taps).filter(
            (tap) => tap.startsWith(`${info.name}.`) && tap.endsWith('/features'),
          );
          assert.ok(names.length > 0);
          assert.deepEqual(
            stages.map(({ name }) => `${name}/features`),
            names,
          );
          const { name: stage, shape } = stages.at(-1)!;
          const query = { ...selectionOf(mode), layer: info.index, stage };
          const channels = shape.at(-1)!;
          const direct = rowOf(taps[`${stage}/features`]!, 2);
          const offset = Math.min(2, channels - 1);
          const view = await model.inspector.ask('features', { ...query, offset }, anySignal());
          const shown = view.values.shape.at(-1)!;
          const expected = direct.filter((_, i) => i % channels >= offset && i % channels < offset + shown);
          assert.deepEqual(view.shape, shape);
          assert.ok(maxAbsDifference(view.values.data, expected) < 1e-3, info.name);
          assert.ok(Math.abs(view.stats.max - Math.max(...direct)) < 1e-3);
        }
      }
    });
  }

  it('counts channels that say nothing', async () => {
    const silenced = await smallModel(digitsModel, 'digits', {
      change(values) {
        // The first two kernels of the input convolution no longer see anything, nor do the blocks add to them.
        for (const [name, { shape, data }] of Object.entries(values)) {
          if (!/checkerboard\.0\.net\.(convIn|blocks\.0\.conv2)\.(g|bias)$/.test(name)) continue;
          assert.equal(shape.length, 1);
          data[0] = data[1] = 0;
        }
      },
    });
    try {
      const layer = couplingsOf(silenced)[0]!.info.index;
      const { stages } = await silenced.inspector.ask('network', { layer }, anySignal());
      for (const { name: stage } of stages) {
        const one = await silenced.inspector.ask(
          'features',
          { ...selectionOf('eval'), layer, stage, offset: 0 },
          anySignal(),
        );
        assert.equal(one.dead, 2, stage);
      }
      const activity = await silenced.inspector.ask(
        'activity',
        { layer, batch: selectionOf('eval').batch, mode: 'eval' },
        anySignal(),
      );
      assert.deepEqual(
        activity.stages.map(({ dead }) => dead),
        stages.map(() => 2),
      );
    } finally {
      await silenced.dispose();
    }
  });

  it('refuses a stage that the layer does not have', async () => {
    const layer = couplingsOf(digits)[0]!.info.index;
    const ask = (stage: string, offset: number) =>
      digits.inspector.ask('features', { ...selectionOf('eval'), layer, stage, offset }, anySignal());
    await assert.rejects(ask('nothing', 0), /has no feature maps "nothing"; it has .*convIn, /);
    const { stages } = await digits.inspector.ask('network', { layer }, anySignal());
    await assert.rejects(ask(stages[0]!.name, 4), /Channel 4 .* it has 4/);
  });

  it('reduces large maps to means of blocks', () => {
    const side = 200;
    const data = Float32Array.from({ length: side * side * 3 }, (_, i) => i % 7);
    const { values, block } = blockMeans(
      { shape: [side, side, 3], data },
      { offset: 1, count: 2, side: 128 },
    );
    assert.equal(block, 2);
    assert.deepEqual(values.shape, [100, 100, 2]);
    const at = (r: number, c: number, k: number): number => data[(r * side + c) * 3 + k]!;
    const mean = (at(40, 60, 2) + at(40, 61, 2) + at(41, 60, 2) + at(41, 61, 2)) / 4;
    assert.ok(Math.abs(values.data[(20 * 100 + 30) * 2 + 1]! - mean) < 1e-6);
  });
});

describe('activity', () => {
  for (const mode of ['eval', 'train'] as const) {
    it(`has the moments of what arrives at each norm, in ${mode} mode`, async () => {
      for (const [, model] of all()) {
        const { taps, updates } = await eagerly(model, mode === 'train');
        const { normOver } = model.flow.config;
        const { normDecay: decay } = model.flow.header.config.model as { normDecay?: number };
        for (const { info, flow } of couplingsOf(model)) {
          const view = await model.inspector.ask(
            'activity',
            { layer: info.index, batch: selectionOf(mode).batch, mode },
            anySignal(),
          );
          assert.equal(view.count, count);
          assert.ok(view.norms.length > 0);
          for (const norm of view.norms) {
            const tap = taps[`${norm.name}/normed`]!;
            const values = tap.dataSync();
            const channels = norm.batch.mean.length;
            const mask = flow!.mask!.data;
            const masked = values.length / count === mask.length && norm.name === `${info.name}.norm`;
            for (let c = 0; c < channels; c++) {
              const channel = [...values].filter(
                (_, i) =>
                  i % channels === c && !(masked && normOver === 'moved' && mask[i % mask.length] === 1),
              );
              const n = Math.max(1, channel.length);
              const mean = channel.reduce((a, b) => a + b, 0) / n;
              const variance = channel.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
              const near = (a: number, b: number): void =>
                assert.ok(Math.abs(a - b) < 2e-3 * (1 + Math.abs(b)), `${norm.name}[${c}]: ${a}, not ${b}`);
              near(norm.batch.mean[c]!, mean);
              near(norm.batch.variance[c]!, variance);
              if (decay !== undefined && mode === 'train' && norm.name !== `${info.name}.norm`) {
                const mixed = (1 - decay) * norm.running.mean[c]! + decay * norm.batch.mean[c]!;
                near(updates[`${norm.name}.mean`]!.dataSync()[c]!, mixed);
              }
            }
          }
        }
      }
    });
  }
});

describe('weight', () => {
  it('sends a window, lengths and gains', async () => {
    const { info } = couplingsOf(digits)[0]!;
    const name = `${info.name}.net.blocks.0.conv1.v`;
    const { shape, data } = digits.flow.tensors[name]!;
    assert.deepEqual(shape, [3, 3, 4, 4]);
    const view = await digits.inspector.ask(
      'weight',
      { layer: info.index, name, from: [0, 1, 0, 2], size: [3, 2, 4, 1] },
      anySignal(),
    );
    assert.deepEqual(view.axes, ['row', 'column', 'input', 'output']);
    const expected: number[] = [];
    for (let r = 0; r < 3; r++)
      for (let c = 1; c < 3; c++)
        for (let i = 0; i < 4; i++) expected.push(data[((r * 3 + c) * 4 + i) * 4 + 2]!);
    assert.deepEqual([...view.values.data], expected);
    for (let o = 0; o < 4; o++) {
      const length = Math.hypot(...[...data].filter((_, i) => i % 4 === o));
      assert.ok(Math.abs(view.lengths![o]! - length) < 1e-5);
    }
    assert.ok(Math.abs(view.frobenius - Math.hypot(...data)) < 1e-4);
    assert.deepEqual(view.gains, digits.flow.tensors[`${info.name}.net.blocks.0.conv1.g`]!.data);
  });

  it('refuses windows outside, and tensors of other layers', async () => {
    const [first, second] = couplingsOf(moons);
    const name = `${first!.info.name}.net.0.weight`;
    const ask = (layer: number, from: number[], size: number[]) =>
      moons.inspector.ask('weight', { layer, name, from, size }, anySignal());
    await assert.rejects(ask(first!.info.index, [0, 0], [3, 8]), UserError);
    await assert.rejects(ask(first!.info.index, [0, 4], [1, 5]), /does not lie in .* \[2, 8\]/);
    await assert.rejects(ask(second!.info.index, [0, 0], [1, 8]), /has no tensor/);
  });

  it('names the axes of ONNX kernels', () => {
    assert.deepEqual(axesOf({}, 4), ['output', 'input', 'row', 'column']);
    assert.deepEqual(axesOf({}, 5), ['output', 'input', 'other', 'row', 'column']);
    assert.deepEqual(axesOf({}, 2), ['other', 'other']);
  });
});
