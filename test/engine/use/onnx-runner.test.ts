import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../../src/base/user-error';
import { stream } from '../../../src/data/random';
import { toOnnx } from '../../../src/graph/onnx/to-onnx';
import { anyBatch, trace, type TensorMap } from '../../../src/graph/trace/trace';
import { createOnnxRunner } from '../../../src/engine/onnx-flow/onnx-runner';
import { temporaryFolder } from '../../unit/support/temporary';

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);

function write(name: string, shape: number[], fn: (inputs: TensorMap) => TensorMap, input = 'x'): void {
  const graph = trace(fn, [{ name: input, shape: [anyBatch, ...shape] }], { dynamicBatch: anyBatch });
  writeFileSync(at(name), toOnnx(graph, { name }));
}

/** As other software exports images: channels first. */
const scaled = ({ x }: TensorMap): TensorMap => ({
  z: tf.mul(x!, tf.tensor([1, 2, 4], [1, 3, 1, 1])),
  logdet: tf.add(tf.sum(tf.mul(x!, 0), [1, 2, 3]), 8 * Math.log(8)),
});

before(() => {
  write('forward.onnx', [3, 2, 4], scaled);
  write('inverse.onnx', [2], ({ z }) => ({ x: tf.sub(tf.mul(z!, 0.5), 1) }), 'z');
});

test('images of other software: channels first in the file, last in the runner', async () => {
  const runner = await createOnnxRunner({ file: at('forward.onnx'), threads: 1, direction: 'forward' });
  assert.equal(runner.layout, 'nchw');
  assert.deepEqual(runner.inputShape, [2, 4, 3]);
  const x = stream(1, 'x').normal(2 * 24);
  const { z, logDet, prior } = await runner.forward(x, 2, 'flow');
  z.forEach((value, i) => assert.equal(value, x[i]! * [1, 2, 4][i % 3]!));
  assert.ok(Math.abs(logDet[1]! - 8 * Math.log(8)) < 1e-5);
  const squares = z.subarray(24).reduce((sum, value) => sum + value * value, 0);
  assert.ok(Math.abs(prior[1]! + 0.5 * (squares + 24 * Math.log(2 * Math.PI))) < 1e-4);
  await assert.rejects(runner.forward(x, 2, 'data'), /does not say how to get there from data/);
  await runner.dispose();
});

test('a file without log-dets says so', async () => {
  const runner = await createOnnxRunner({ file: at('inverse.onnx'), threads: 1, direction: 'inverse' });
  assert.equal(runner.lacksLogDet, true);
  const { x, logDet } = await runner.inverse(Float32Array.of(2, 4), 1, 'data');
  assert.deepEqual([...x], [0, 1]);
  assert.ok(Number.isNaN(logDet[0]));
  await runner.dispose();
});

test('files that do not fit are explained', async () => {
  writeFileSync(at('damaged.onnx'), 'not a model');
  const wrong = (file: string, direction: 'forward' | 'inverse', message: RegExp): Promise<void> =>
    assert.rejects(
      createOnnxRunner({ file: at(file), threads: 1, direction }),
      (error) => error instanceof UserError && message.test(error.message),
    );
  await wrong('forward.onnx', 'inverse', /takes "x", so it runs the other way/);
  await wrong('inverse.onnx', 'forward', /takes "z", so it runs the other way/);
  await wrong('damaged.onnx', 'forward', /ONNX Runtime cannot load it/);
});
