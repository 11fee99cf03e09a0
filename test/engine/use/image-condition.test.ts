/**
 * A flow of images that is given an image (FrEIA's): the image comes as an array in either layout, and an exported file takes it
 * as an input of its own. Numbers of the library are in import/wild.test.ts.
 */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { readMetrics, runPaths } from '../../../src/checkpoint/run-folder';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import { encodeNpy } from '../../../src/data/npy';
import { readNpz } from '../../unit/support/npz';
import { openDataset } from '../../../src/data/open/open';
import { stream } from '../../../src/data/random';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { fromChannelsLast, toChannelsLast } from '../../../src/engine/model/runner';
import type { Model } from '../../../src/engine/model/model';
import { readMetadata } from '../../../src/engine/onnx-file/metadata';
import { readOnnx } from '../../../src/engine/onnx-file/read';
import { createOnnxRunner } from '../../../src/engine/onnx-flow/onnx-runner';
import { openModel } from '../../../src/engine/open/open-model';
import { readContext } from '../../../src/engine/use/read-context';
import { train } from '../../../src/engine/training/train';
import { maxAbsDifference } from '../../contract/eager';

let folder: string;
let backend: Backend;
let model: Model;
let file: string;
/** [N, H, W, C]. */
let x: Float32Array;
let context: Float32Array;
const count = 4;
const fixture = path.resolve('test', 'fixtures', 'wild', 'freia-conditional-conv-3x8x8');

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-image-condition-'));
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  file = path.join(folder, 'state_dict.pt');
  await copyFile(path.join(fixture, 'state_dict.pt'), file);
  const answers = { clamp: 1.5, height: 8, width: 8 };
  await writeFile(sidecarPath(file), JSON.stringify({ library: 'freia', answers }));
  model = await openModel(file, backend);
  const archive = await readNpz(path.join(fixture, 'io.npz'));
  const values = (name: string, size: number): Float32Array =>
    Float32Array.from((archive.array(name).data as Float32Array).subarray(0, count * size));
  x = toChannelsLast(values('x', 192), [8, 8, 3], 'nchw');
  context = values('context', 64);
});
after(async () => {
  await model.dispose();
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function written(name: string, shape: number[], data: Float32Array): Promise<string> {
  const array = path.join(folder, name);
  await writeFile(array, encodeNpy({ shape, data }));
  return array;
}

describe('a flow of images that is given an image', () => {
  it('reads it in either layout, one for each example or one for all', async () => {
    const { runner } = model.flow!;
    const image = { shape: [3, 2, 2] as const, names: [], mean: Array<number>(12).fill(0), std: [] };
    const last = Float32Array.from({ length: 24 }, (_, i) => i);
    const first = fromChannelsLast(last, [3, 2, 2], 'nchw');
    const read = async (name: string, shape: number[], data: Float32Array): Promise<Float32Array> =>
      (await readContext({ context: image }, await written(name, shape, data), 2))!;
    assert.deepEqual(await read('last.npy', [2, 3, 2, 2], last), last, 'where both fit, channels last');
    const wide = { ...image, shape: [2, 3, 2] as const };
    const turned = fromChannelsLast(last, [2, 3, 2], 'nchw');
    const array = await written('first.npy', [2, 2, 2, 3], turned);
    assert.deepEqual(await readContext({ context: wide }, array, 2), last);
    assert.deepEqual(await read('one.npy', [3, 2, 2], last.slice(0, 12)), last.slice(0, 12));
    // A flow of a library has its layout, as x does.
    const array2 = await written('theirs.npy', [2, 2, 3, 2], first);
    assert.deepEqual(await readContext({ context: image, asLibrary: runner }, array2, 2, 'nchw'), last);
  });

  it('says what it expects', async () => {
    const { runner } = model.flow!;
    await assert.rejects(readContext(runner, undefined, count), /takes an image of 8×8×1 as condition/);
    await assert.rejects(readContext(runner, '1,2', count), /expected an \.npy file/);
    const wrong = await written('wrong.npy', [count, 8, 4, 1], new Float32Array(count * 32));
    await assert.rejects(
      readContext(runner, wrong, count),
      /has shape \(4, 8, 4, 1\); expected \(4, 1, 8, 8\) or \(4, 8, 8, 1\)/,
    );
    const endless = await written('endless.npy', [1, 8, 8, 1], new Float32Array(64).fill(Infinity));
    await assert.rejects(readContext(runner, endless, count), /holds Infinity/);
    const summary = await model.summary();
    assert.match(summary.title, /8×8×3 given an image of 8×8×1/);
    assert.deepEqual(summary.context?.shape, [8, 8, 1]);
  });

  it('is another flow for another image, and in an exported file the same as here', async () => {
    const { runner } = model.flow!;
    const found = await runner.forward(x, count, 'flow', { context });
    const without = await runner.forward(x, count, 'flow');
    assert.ok(maxAbsDifference(found.z, without.z) > 0.1);
    const files = await exportOnnx(model, path.join(folder, 'exported'));
    assert.ok(files.maxAbs < 1e-3, `${files.maxAbs}`);
    const { path: forward } = files.files.find(({ path: name }) => name.endsWith('.forward.onnx'))!;
    const metadata = readMetadata(forward, (await readOnnx(forward)).summary.metadata);
    const exported = await createOnnxRunner({ file: forward, threads: 1, direction: 'forward', metadata });
    try {
      assert.deepEqual(exported.context?.shape, [8, 8, 1]);
      const { z } = await exported.forward(x, count, 'flow', { context });
      assert.ok(maxAbsDifference(z, found.z) < 1e-4);
    } finally {
      await exported.dispose();
    }
  });

  it('is trained on images that come with one each', async () => {
    const many = 12;
    const pixels = Uint8Array.from(stream(1, 'pixels').uniform(many * 192), (u) => Math.floor(256 * u));
    const conditions = stream(1, 'given').normal(many * 64);
    const images = path.join(folder, 'images.npy');
    await writeFile(images, encodeNpy({ shape: [many, 8, 8, 3], data: pixels }));
    const contexts = await written('contexts.npy', [many, 1, 8, 8], conditions);
    const config = path.join(folder, 'config.json');
    const training = {
      steps: 2,
      batch: 4,
      validateEvery: 1,
      checkpointEvery: 2,
      learningRate: 1e-4,
      flips: true,
    };
    await writeFile(config, JSON.stringify({ data: { validation: 5 }, training }));
    const output = path.join(folder, 'run');
    const request = { data: images, from: file, config };
    await train({ ...request, context: { source: contexts }, output }, { backend });

    const metrics = await readMetrics(runPaths(output));
    const { data, training: used } = (await loadAnyCheckpoint(runPaths(output).last)).config;
    assert.deepEqual(data!.contextShape, [8, 8, 1]);
    const dataset = await openDataset(data!, folder);
    const rows = await dataset.validation.read([0, 1, 2, 3, 4]);
    await dataset.close();
    const held = Array.from({ length: 5 }, (_, i) => rows.subarray(i * 256, i * 256 + 192));
    const numbers = held.map((image) =>
      Array.from({ length: many }, (_, n) => n).find((n) =>
        image.every((value, i) => value === pixels[n * 192 + i]),
      )!,
    );
    const { runner } = model.flow!;
    const noise = stream(used.seed, 'validation-noise', 0).uniform(5 * 192);
    const x = Float32Array.from(held.flatMap((image) => [...image])).map((value, i) => value + noise[i]!);
    const seen = Float32Array.from(numbers.flatMap((n) => [...conditions.subarray(n * 64, (n + 1) * 64)]));
    const out = await runner.forward(x, 5, 'data', { context: seen });
    const nats = out.logDet.map((value, i) => 192 * Math.log(256) - value - out.prior[i]!);
    const mean = nats.reduce((sum, value) => sum + value, 0) / 5;
    const first = metrics[0]!.validationNats!;
    assert.ok(Math.abs(first - mean) < 1e-5 * Math.abs(mean), `${first} and ${mean}`);
    const others = Float32Array.from([...seen.subarray(64), ...seen.subarray(0, 64)]);
    const wrong = await runner.forward(x, 5, 'data', { context: others });
    assert.ok(maxAbsDifference(wrong.logDet, out.logDet) > 0.1, 'the images matter');
    assert.ok(Number.isFinite(metrics.at(-1)!.validationNats!));
  });

  it('is not trained on images without one, or with others', async () => {
    const images = path.join(folder, 'black.npy');
    await writeFile(images, encodeNpy({ shape: [8, 8, 8, 3], data: new Uint8Array(8 * 192) }));
    const from = (source?: string) =>
      train(
        {
          ...{ data: images, from: file, output: path.join(folder, 'never'), maxSteps: 1 },
          ...(source === undefined ? {} : { context: { source } }),
        },
        { backend },
      );
    await assert.rejects(
      from(),
      /takes a context of 64 numbers with each example, but black\.npy comes with no context/,
    );
    await assert.rejects(
      from(await written('small.npy', [8, 4, 4, 1], new Float32Array(128))),
      /has the shape \(8, 4, 4, 1\); expected \(N, 8, 8, 1\) or \(N, 1, 8, 8\)/,
    );
    await assert.rejects(
      from(await written('few.npy', [7, 8, 8, 1], new Float32Array(448))),
      /holds 7 rows; expected 8 rows, one for each/,
    );
  });
});
