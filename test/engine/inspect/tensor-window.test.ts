/** Windows of a tensor with more values than are sent at once, against the tensor itself. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import type { LayerView } from '../../../src/protocol/inspect';
import { largestWhole, type TensorWindowQuery } from '../../../src/protocol/tensor-window';
import { CancelledError } from '../../../src/protocol/wire';
import { anySignal, smallModel, type SmallModel } from './model';

const side = 520;

describe('windows of a tensor of 520×520', () => {
  let model: SmallModel;
  const selection = {
    example: { kind: 'values', values: Array.from({ length: side * side }, (_, i) => (i * 31) % 17) },
    batch: { split: 'sample', count: 1 },
    mode: 'eval',
  } as const;
  let view: LayerView;
  let layer: number;
  const ask = (query: Partial<TensorWindowQuery>, signal = anySignal()) =>
    model.inspector.ask(
      'tensorWindow',
      { ...selection, layer, tensor: 'y', from: [0, 0, 0], size: [8, 8, 1], block: 1, ...query },
      signal,
    );
  before(async () => {
    model = await smallModel(
      { kind: 'image', height: side, width: side, channels: 1, levels: 17, scales: 1, base: 2, blocks: 1 },
      'digits',
    );
    layer = model.flow.layers.find(({ info }) => info.coupling === 1)!.info.index;
    view = await model.inspector.ask('layer', { ...selection, layer }, anySignal());
  });
  after(() => model.dispose());

  /** The tensor as a whole, from windows of 256 a side. */
  async function whole(tensor: 'x' | 's' | 'y'): Promise<Float32Array> {
    const out = new Float32Array(side * side);
    for (let top = 0; top < side; top += 256) {
      for (let left = 0; left < side; left += 256) {
        const size = [Math.min(256, side - top), Math.min(256, side - left), 1];
        const { values } = await ask({ tensor, from: [top, left, 0], size });
        assert.deepEqual(values.shape, size);
        for (let h = 0; h < size[0]!; h++)
          out.set(values.data.subarray(h * size[1]!, (h + 1) * size[1]!), (top + h) * side + left);
      }
    }
    return out;
  }

  it('have the values that its statistics are of; nothing else comes along with the layer', async () => {
    assert.ok(side * side > largestWhole);
    assert.ok(view.tensors.length === 4 && view.tensors.every(({ data }) => data === undefined));
    assert.equal(view.mask, undefined);
    assert.equal(view.logDetMap, undefined);
    assert.equal(view.logDetMapMean, undefined);
    const mask = model.flow.layers[layer]!.flow!.mask!.data;
    for (const name of ['x', 'y', 's'] as const) {
      const values = (await whole(name)).filter((_, i) => name !== 's' || mask[i]! < 0.5);
      const { stats } = view.tensors.find((tensor) => tensor.name === name)!;
      assert.equal(stats.count, values.length, name);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      assert.ok(Math.abs(stats.mean - mean) < 1e-6 * (1 + Math.abs(mean)), name);
      const largest = values.reduce((a, b) => Math.max(a, b));
      assert.equal(stats.max, largest);
    }
    // Σ s over the whole is what the layer says of its log-det, before the norm.
    const sum = (await whole('s')).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum / view.logDetExample!.coupling - 1) < 1e-4, `${sum}`);
  });

  it('are means of blocks where they are asked for, with the share that passes', async () => {
    const values = await whole('x');
    const mask = model.flow.layers[layer]!.flow!.mask!.data;
    const { values: means, passes } = await ask({
      tensor: 'x',
      from: [3, 5, 0],
      size: [500, 511, 1],
      block: 64,
    });
    assert.deepEqual(means.shape, [8, 8, 1]);
    for (const [row, column] of [
      [0, 0],
      [4, 3],
      [7, 7],
    ] as const) {
      const cells: number[] = [];
      for (let h = row * 64; h < Math.min(500, (row + 1) * 64); h++)
        for (let w = column * 64; w < Math.min(511, (column + 1) * 64); w++)
          cells.push((3 + h) * side + 5 + w);
      const mean = (of: ArrayLike<number>) => cells.reduce((sum, i) => sum + of[i]!, 0) / cells.length;
      assert.ok(Math.abs(means.data[row * 8 + column]! - mean(values)) < 1e-5);
      assert.ok(Math.abs(passes![row * 8 + column]! - mean(mask)) < 1e-6);
    }
  });

  it('are refused in words where there are none, and end when they are cancelled', async () => {
    const refused = (query: Partial<TensorWindowQuery>, words: RegExp) =>
      assert.rejects(ask(query), (error) => error instanceof UserError && words.test(error.message));
    await refused({ tensor: 'z' }, /no tensor "z"; it has x, s, t, y/);
    await refused({ from: [0, 515, 0] }, /window of 8×8×1 .* y has 520×520×1/);
    await refused({ from: [0, 0], size: [8, 8] }, /y has 520×520×1/);
    await refused({ size: [300, 300, 1] }, /90000 values.*at most 65536/);
    await refused({ block: 0 }, /Means of 0 places/);
    const controller = new AbortController();
    const answer = ask({ size: [520, 520, 1], block: 4, from: [0, 0, 0] }, controller.signal);
    controller.abort();
    await assert.rejects(answer, CancelledError);
  });
});
