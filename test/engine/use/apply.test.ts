import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { NpyArray } from '../../../src/data/npy';
import { stream } from '../../../src/data/random';
import type { Backend } from '../../../src/engine/backends/backend';
import { chooseBackend } from '../../../src/engine/backends/choose';
import { applyForward, applyInverse } from '../../../src/engine/use/apply';
import { batchSize } from '../../../src/engine/model/latents';
import { prepareInput, prepareLatent, type InputOptions } from '../../../src/engine/use/input';
import { fromChannelsLast } from '../../../src/engine/model/runner';
import { sample } from '../../../src/engine/use/sample';
import { score } from '../../../src/engine/use/score';
import { UserError } from '../../../src/base/user-error';
import { CancelledError } from '../../../src/protocol/wire';
import { model, runnerOf } from './flows';

const standardization = { mean: [1, -2, 0.5], std: [2, 0.5, 1.5] };
const vectorConfig = model({
  kind: 'vector',
  dim: 3,
  couplings: 5,
  hidden: [16],
  activation: 'tanh',
  permutation: 'random',
  flowNorm: true,
});
const imageConfig = model({
  kind: 'image',
  height: 6,
  width: 6,
  pad: 1,
  levels: 17,
  scales: 2,
  base: 4,
  blocks: 1,
});
const colorConfig = model({ kind: 'image', height: 4, width: 8, channels: 3, scales: 2, base: 4, blocks: 1 });

const plain: InputOptions = { space: 'auto', layout: 'nhwc', seed: 3, where: 'x.npy' };
const floats = (shape: number[], data: Float32Array): NpyArray => ({ shape, dtype: 'float32', data });
const normals = (shape: number[], seed = 1): NpyArray =>
  floats(shape, stream(seed, 'test').normal(shape.reduce((a, b) => a * b)));
const pixels = (shape: number[], levels: number): NpyArray => ({
  shape,
  dtype: 'uint8',
  data: Uint8Array.from(stream(2, 'pixels').uniform(shape.reduce((a, b) => a * b)), (u) => u * levels),
});
const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  assert.equal(a.length, b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= most)) most = difference;
  }
  return most;
};

/** ln |det| by elimination with pivots. */
function logAbsDet(rows: number[][]): number {
  const a = rows.map((row) => [...row]);
  let sum = 0;
  for (let k = 0; k < a.length; k++) {
    let pivot = k;
    for (let i = k; i < a.length; i++) if (Math.abs(a[i]![k]!) > Math.abs(a[pivot]![k]!)) pivot = i;
    [a[k], a[pivot]] = [a[pivot]!, a[k]!];
    sum += Math.log(Math.abs(a[k]![k]!));
    for (let i = k + 1; i < a.length; i++) {
      const factor = a[i]![k]! / a[k]![k]!;
      for (let j = k; j < a.length; j++) a[i]![j]! -= factor * a[k]![j]!;
    }
  }
  return sum;
}

for (const name of ['onnxruntime', 'tensorflow'] as const) {
  describe(`a flow in use on ${name}`, () => {
    let backend: Backend;
    before(async () => void (backend = await chooseBackend(name, 1)));
    after(() => backend.dispose());

    test('log-det is that of the map from the array to z: a Jacobian by central differences', async () => {
      const runner = runnerOf(vectorConfig, backend, standardization);
      const at = [0.7, -1.6, 1.1];
      const step = 4e-3;
      const points = [at];
      for (let d = 0; d < 3; d++) {
        for (const sign of [1, -1])
          points.push(at.map((value, i) => (i === d ? value + sign * step : value)));
      }
      const input = prepareInput(runner, floats([7, 3], Float32Array.from(points.flat())), plain);
      const { z, logdet } = await applyForward(runner, input, { layout: 'nhwc' });
      const row = (i: number): number[] => [...z.data.subarray(3 * i, 3 * i + 3)];
      const columns = [0, 1, 2].map((d) => {
        const up = row(1 + 2 * d);
        const down = row(2 + 2 * d);
        return up.map((value, i) => (value - down[i]!) / (2 * step));
      });
      assert.ok(
        Math.abs(logAbsDet(columns) - logdet.data[0]!) < 5e-3,
        `${logAbsDet(columns)} ${logdet.data[0]}`,
      );
      await runner.dispose();
    });

    test('the parts add up, and the way back leads to where it began', async () => {
      const runner = runnerOf(vectorConfig, backend, standardization);
      const array = normals([50, 3]);
      const forward = await applyForward(runner, prepareInput(runner, array, plain), { layout: 'nhwc' });
      assert.deepEqual(forward.names, [
        'couplings.0',
        'couplings.1',
        'couplings.2',
        'couplings.3',
        'couplings.4',
      ]);
      assert.deepEqual(forward.logdetLayers?.shape, [50, 5]);
      const sums = Float32Array.from({ length: 50 }, (_, i) =>
        forward
          .logdetLayers!.data.subarray(5 * i, 5 * i + 5)
          .reduce((sum, value) => sum + value, forward.logdetPreprocessing.data[i]!),
      );
      assert.ok(largest(sums, forward.logdet.data) < 1e-5);
      const constant = -Math.log(2 * 0.5 * 1.5);
      assert.ok(Math.abs(forward.logdetPreprocessing.data[0]! - constant) < 1e-6);

      const latent = prepareLatent(runner, floats(forward.z.shape, forward.z.data), plain);
      const back = await applyInverse(runner, latent, { layout: 'nhwc', space: 'data' });
      assert.ok(largest(back.x.data, array.data as Float32Array) < 1e-4);
      assert.ok(
        largest(
          back.logdet.data.map((value) => -value),
          forward.logdet.data,
        ) < 1e-4,
      );
      await runner.dispose();
    });

    test('what is computed for an example does not depend on the batch', async () => {
      const runner = runnerOf(vectorConfig, backend);
      const count = batchSize(runner) + 3;
      const array = normals([count, 3]);
      const all = await applyForward(runner, prepareInput(runner, array, plain), { layout: 'nhwc' });
      const last = floats([1, 3], (array.data as Float32Array).slice(-3));
      const one = await applyForward(runner, prepareInput(runner, last, plain), { layout: 'nhwc' });
      assert.ok(largest(all.z.data.slice(-3), one.z.data) < 1e-5);
      assert.ok(largest(all.logdet.data.slice(-1), one.logdet.data) < 1e-5);
      await runner.dispose();
    });

    test('logits of images: padded shape, no preprocessing, exact way back', async () => {
      const runner = runnerOf(imageConfig, backend);
      const array = normals([5, 8, 8, 1]);
      const input = prepareInput(runner, array, plain);
      assert.equal(input.space, 'flow');
      const forward = await applyForward(runner, input, { layout: 'nhwc' });
      assert.equal(forward.names.length, 10);
      assert.ok(forward.logdetPreprocessing.data.every((value) => value === 0));
      const sums = Float32Array.from({ length: 5 }, (_, i) =>
        forward.logdetLayers!.data.subarray(10 * i, 10 * i + 10).reduce((sum, value) => sum + value, 0),
      );
      assert.ok(largest(sums, forward.logdet.data) < 1e-4);
      const latent = prepareLatent(runner, floats(forward.z.shape, forward.z.data), plain);
      const back = await applyInverse(runner, latent, { layout: 'nhwc', space: 'flow' });
      const error = largest(back.x.data, array.data as Float32Array);
      assert.ok(
        error < 1e-4,
        `round trip ${error}, largest z ${largest(forward.z.data, new Float32Array(320))}`,
      );
      await runner.dispose();
    });

    test('pixels: noise from the seed, the same again from what was written, and back to pixels', async () => {
      const runner = runnerOf(imageConfig, backend);
      const array = pixels([4, 6, 6], 17);
      const forward = await applyForward(runner, prepareInput(runner, array, plain), { layout: 'nhwc' });
      assert.deepEqual(forward.x?.shape, [4, 8, 8, 1]);
      const written = floats(forward.x.shape, forward.x.data);
      const again = prepareInput(runner, written, { ...plain, space: 'data' });
      assert.equal(again.dequantized, false);
      const second = await applyForward(runner, again, { layout: 'nhwc' });
      assert.equal(largest(second.z.data, forward.z.data), 0);
      assert.equal(largest(second.logdet.data, forward.logdet.data), 0);

      const latent = prepareLatent(runner, floats(forward.z.shape, forward.z.data), plain);
      const back = await applyInverse(runner, latent, { layout: 'nhwc', space: 'data' });
      assert.deepEqual(back.x.shape, [4, 6, 6, 1]);
      assert.deepEqual([...back.x.data].map(Math.floor), [...(array.data as Uint8Array)]);
      assert.ok(
        largest(
          back.logdet.data.map((value) => -value),
          forward.logdet.data,
        ) < 1e-2,
      );

      const other = prepareInput(runner, array, { ...plain, seed: 4 });
      assert.ok(largest(other.x, prepareInput(runner, array, plain).x) > 0.1);
      await runner.dispose();
    });

    test('samples beside the levels are pixels too, as far as there is a logit', async () => {
      const runner = runnerOf(imageConfig, backend);
      const { x, z } = await sample(runner, { count: 200, seed: 2, temperature: 1.6 });
      const values = x.data;
      assert.ok(
        values.some((v) => v > 17),
        'some sample is beyond the last level',
      );
      const again = prepareInput(runner, floats(x.shape, values), { ...plain, space: 'data' });
      const forward = await applyForward(runner, again, { layout: 'nhwc' });
      // The sample's border is cut off, and comes back as zeros: its latents are others.
      assert.equal(forward.z.data.length, z.data.length);
      assert.ok(forward.z.data.every(Number.isFinite));
      const beyond = floats([1, 6, 6, 1], new Float32Array(36).fill(17.95));
      assert.throws(
        () => prepareInput(runner, beyond, { ...plain, space: 'data' }),
        /the model's pixels are 0 to 17, and those of its samples lie between -0\.9444 and 17\.94\./,
      );
      await runner.dispose();
    });

    test('channels may come first', async () => {
      const runner = runnerOf(colorConfig, backend);
      const last = normals([3, 4, 8, 3]);
      const first = floats([3, 3, 4, 8], fromChannelsLast(last.data as Float32Array, [4, 8, 3], 'nchw'));
      const a = await applyForward(runner, prepareInput(runner, last, plain), { layout: 'nhwc' });
      const b = await applyForward(runner, prepareInput(runner, first, { ...plain, layout: 'nchw' }), {
        layout: 'nchw',
      });
      assert.deepEqual(b.z.shape, [3, 3, 4, 8]);
      assert.equal(largest(fromChannelsLast(a.z.data, [4, 8, 3], 'nchw'), b.z.data), 0);
      assert.equal(largest(a.logdet.data, b.logdet.data), 0);
      assert.throws(() => prepareInput(runner, first, plain), /takes \(N, 4, 8, 3\)\. Use --layout nchw\./);
      await runner.dispose();
    });

    test('scores are −ln N(z; 0, 1) − log-det, and bits/dim counts the padded image', async () => {
      const runner = runnerOf(imageConfig, backend);
      const array = pixels([4, 6, 6, 1], 17);
      const { x, count, space } = prepareInput(runner, array, plain);
      const { z, logdet } = await applyForward(
        runner,
        { x, count, space, dequantized: true },
        { layout: 'nhwc' },
      );
      const expected = Float64Array.from({ length: 4 }, (_, i) =>
        z.data
          .subarray(64 * i, 64 * i + 64)
          .reduce((sum, value) => sum + 0.5 * (value * value + Math.log(2 * Math.PI)), -logdet.data[i]!),
      );
      const inputs = (_: number, start: number, n: number): Float32Array =>
        x.slice(64 * start, 64 * (start + n));
      const result = await score(runner, { count, space, inputs }, { draws: 1 });
      const error = largest(result.nats, expected);
      assert.ok(error < 1e-3, `${error} at ${expected[0]}`);
      assert.ok(Math.abs(result.bitsPerDim![2]! - result.nats[2]! / (64 * Math.LN2)) < 1e-9);
      const { nats, bitsPerDim, ...parts } = result.mean;
      const sum = Object.values(parts).reduce((total, value) => total + value, 0);
      assert.ok(Math.abs(sum + nats) < 1e-3, `${sum} ${nats}`);
      assert.ok(Math.abs(bitsPerDim! - nats / (64 * Math.LN2)) < 1e-9);
      assert.equal(parts.quantization, -64 * Math.log(17));
      assert.notEqual(parts.norm, 0);
      await runner.dispose();
    });

    test('samples repeat with their seed and come from their latents', async () => {
      const runner = runnerOf(vectorConfig, backend, standardization);
      const one = await sample(runner, { count: 20, seed: 1, temperature: 0.5 });
      const same = await sample(runner, { count: 20, seed: 1, temperature: 0.5 });
      const other = await sample(runner, { count: 20, seed: 2, temperature: 0.5 });
      assert.deepEqual(one.x.data, same.x.data);
      assert.notDeepEqual(one.x.data, other.x.data);
      const forward = await applyForward(
        runner,
        prepareInput(runner, floats(one.x.shape, one.x.data), plain),
        { layout: 'nhwc' },
      );
      assert.ok(largest(forward.z.data, one.z.data) < 1e-4);
      const still = await sample(runner, { count: 2, seed: 1, temperature: 0 });
      assert.deepEqual([...still.z.data].map(Math.abs), [0, 0, 0, 0, 0, 0]);
      await runner.dispose();
    });

    test('a cancelled call ends between batches', async () => {
      const runner = runnerOf(vectorConfig, backend);
      const controller = new AbortController();
      const count = 3 * batchSize(runner);
      const done: number[] = [];
      await assert.rejects(
        applyForward(runner, prepareInput(runner, normals([count, 3]), plain), {
          layout: 'nhwc',
          signal: controller.signal,
          onProgress: (n) => {
            done.push(n);
            controller.abort();
          },
        }),
        CancelledError,
      );
      assert.equal(done.length, 1);
      await runner.dispose();
    });

    test('what does not fit says what was expected', async () => {
      const vector = runnerOf(vectorConfig, backend);
      const image = runnerOf(imageConfig, backend);
      const wrong = (run: () => unknown, message: RegExp): void =>
        assert.throws(run, (error) => error instanceof UserError && message.test(error.message));
      wrong(
        () => prepareInput(vector, normals([4, 2]), plain),
        /x\.npy: has shape \(4, 2\); the model takes \(N, 3\)/,
      );
      wrong(() => prepareInput(vector, normals([3]), plain), /first axis of length 1/);
      wrong(() => prepareInput(vector, floats([0, 3], new Float32Array(0)), plain), /holds no examples/);
      wrong(
        () => prepareInput(vector, floats([1, 3], Float32Array.of(1, NaN, 2)), plain),
        /value at \[0, 1\] is NaN/,
      );
      wrong(() => prepareInput(image, normals([1, 6, 6, 1]), plain), /takes \(N, 8, 8, 1\)/);
      wrong(
        () => prepareInput(image, pixels([1, 6, 6], 200), plain),
        /holds the pixel value \d+; .* integers 0 to 16/,
      );
      wrong(
        () => prepareInput(image, normals([1, 6, 6, 1]), { ...plain, space: 'data' }),
        /0 to 17, and .* between -0\.9444 and 17\.94\. For logits.*--space flow/,
      );
    });
  });
}
