/** Gradients that were traced equal those that TensorFlow.js computes eagerly. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { convolution } from '../../../src/flow/nets/convolution';
import { normalizeBatch } from '../../../src/flow/nets/batch-norm-training';
import { runReference } from '../../unit/graph/reference';
import { expandBatchNorm } from '../../../src/graph/passes/expand-batch-norm';
import { trace, type InputSpec, type TensorMap } from '../../../src/graph/trace/trace';
import { assertClose, normalFeeds } from './compare';
import { runEagerly, withoutTensorFlow } from './eager';
import { cases } from './functions';

async function check(
  fn: (inputs: TensorMap) => TensorMap,
  inputs: InputSpec[],
  domain?: (x: number) => number,
): Promise<void> {
  const backend = await createTensorFlowBackend({ threads: 1, reason: 'test' });
  const feeds = normalFeeds(inputs, 5, domain);
  const program = await backend.compile(trace(fn, inputs));
  const results = await program.run(feeds);
  await program.dispose();
  assertClose(results, await runEagerly(fn, feeds), 1e-5, 'graph against eager');
  assert.ok(
    Object.values(results).some(({ data }) => data.some((value) => value !== 0)),
    'some gradient is not zero',
  );
}

/** Value and gradients with respect to every input. */
function withGradients(
  loss: (inputs: TensorMap) => Scalar,
  names: string[],
): (inputs: TensorMap) => TensorMap {
  return (inputs) => {
    const fn = (...tensors: Tensor[]): Scalar =>
      loss(Object.fromEntries(names.map((name, i) => [name, tensors[i]!])));
    const { value, grads } = tf.valueAndGrads(fn)(names.map((name) => inputs[name]!));
    return { value, ...Object.fromEntries(names.map((name, i) => [`d ${name}`, grads[i]!])) };
  };
}

describe('gradients', { skip: withoutTensorFlow }, () => {
  // TensorFlow.js has no gradient for these, or none that broadcasts.
  const notDifferentiable = new Set([
    'castToInt', 'cumsum', "conv2d's gradient", "conv2d's gradient of the filter", "gather's gradient", 'equal', 'floorDiv',
    'greater', 'greaterEqual', 'isFinite', 'less', 'lessEqual', 'logicalAnd', 'logicalNot', 'logicalOr', 'maximum',
    'minimum', 'step', 'where',
  ]); // prettier-ignore
  for (const { name, fn, inputs, domain } of cases.filter((c) => !notDifferentiable.has(c.name))) {
    it(`of ${name}`, async () => {
      const names = inputs.map((input) => input.name);
      const loss = (tensors: TensorMap): Scalar => {
        const results = Object.values(fn(tensors)).map((tensor) => tf.sum(tf.square(tf.add(tensor, 0.3))));
        return results.reduce((sum, part) => tf.add(sum, part)) as Scalar;
      };
      await check(withGradients(loss, names), inputs, domain);
    });
  }

  for (const shape of [
    [4, 6, 5, 3],
    [16, 3],
  ]) {
    it(`of batch normalization as one kernel and one for its gradient, [${shape.join()}]`, async () => {
      const inputs: InputSpec[] = [
        { name: 'x', shape },
        { name: 'gain', shape: [3] },
        { name: 'bias', shape: [3] },
      ];
      const loss = ({ x, gain, bias }: TensorMap): Scalar => {
        // Off centre and of unequal spread, so that mistakes in the statistics show.
        const spread = tf.add(tf.mul(x!, tf.tensor1d([0.5, 1, 3])), tf.tensor1d([2, -1, 0.3]));
        const { y } = normalizeBatch(spread, gain!, bias!, 1e-3);
        return tf.sum(tf.mul(tf.square(y), tf.add(tf.tanh(x!), 1.5)));
      };
      const fn = (tensors: TensorMap): TensorMap => {
        const { y, mean, variance } = normalizeBatch(tensors.x!, tensors.gain!, tensors.bias!, 1e-3);
        return { ...withGradients(loss, ['x', 'gain', 'bias'])(tensors), y, mean, variance };
      };
      const graph = trace(fn, inputs);
      const fused = graph.nodes.map(({ op }) => op).filter((op) => op.startsWith('BatchNorm'));
      assert.deepEqual(fused.sort(), ['BatchNormTraining', 'BatchNormTraining', 'BatchNormTrainingGrad']);
      const feeds = normalFeeds(inputs, 5);
      // Outside of a trace the same function is composed of elementary ops, whose gradients are TensorFlow.js's own.
      const expected = await runEagerly(fn, feeds);
      assertClose(runReference(expandBatchNorm()(graph), feeds), expected, 1e-5, 'expanded against eager');
      for (const create of [createTensorFlowBackend, createOnnxRuntimeBackend]) {
        const backend = await create({ threads: 1, reason: 'test' });
        const program = await backend.compile(graph);
        assertClose(await program.run(feeds), expected, 1e-5, `${backend.info.library} against eager`);
        await program.dispose();
      }
    });
  }

  for (const learnsLength of [true, false]) {
    it(`of weight normalization${learnsLength ? '' : ' without lengths'}, against that of its formula`, async () => {
      const conv = convolution({ name: 'c', kernelSize: 3, inputs: 2, outputs: 4, learnsLength });
      const inputs = conv.parameters
        .filter(({ name }) => name !== 'c.bias')
        .map(({ name, shape }) => ({ name, shape: [...shape] }));
      const names = inputs.map(({ name }) => name);
      const kernel = (tensors: TensorMap): Tensor =>
        conv.kernel({ training: true, get: (name) => tensors[name]!, update: () => undefined });
      const formula = (tensors: TensorMap): Tensor => {
        const norm = tf.sqrt(tf.sum(tf.square(tensors['c.v']!), [0, 1, 2]));
        return tf.mul(tf.div(tensors['c.v']!, norm), tensors['c.g'] ?? 1);
      };
      // Each weight counts differently.
      const weights = tf.linspace(-1, 2, 72).reshape([3, 3, 2, 4]);
      const gradients = (kernel: (tensors: TensorMap) => Tensor): ((tensors: TensorMap) => TensorMap) =>
        withGradients((tensors) => tf.sum(tf.mul(tf.tanh(kernel(tensors)), tf.add(weights, 0))), names);
      const feeds = normalFeeds(inputs, 8);
      const expected = await runEagerly(gradients(formula), feeds);
      assertClose(await runEagerly(gradients(kernel), feeds), expected, 1e-5, 'ours against the formula');
    });
  }

  it('of a small convolutional net with batch normalization', async () => {
    const inputs: InputSpec[] = [
      { name: 'x', shape: [4, 8, 8, 3] },
      { name: 'w1', shape: [3, 3, 3, 8] },
      { name: 'gain', shape: [8] },
      { name: 'w2', shape: [3, 3, 8, 6] },
      { name: 'b2', shape: [6] },
    ];
    const loss = ({ x, w1, gain, w2, b2 }: TensorMap): Scalar => {
      const conv = (input: Tensor, filter: Tensor): Tensor =>
        tf.conv2d(input as Tensor4D, filter as Tensor4D, 1, 'same');
      const norm = tf.sqrt(tf.sum(tf.square(w1!), [0, 1, 2]));
      const h = conv(x!, tf.mul(tf.div(w1!, norm), gain!));
      const { mean, variance } = tf.moments(h, [0, 1, 2]);
      // With a smaller ε, a channel of little variance would make rounding in the order of sums visible in its gradient.
      const normalized = tf.mul(tf.sub(h, mean), tf.rsqrt(tf.add(variance, 1e-2)));
      const [s, t] = tf.split(tf.add(conv(tf.relu(normalized), w2!), b2!), 2, 3);
      const y = tf.add(tf.mul(x!, tf.exp(tf.tanh(s!))), t!);
      return tf.mean(tf.sub(tf.mul(0.5, tf.sum(tf.square(y), [1, 2, 3])), tf.sum(tf.tanh(s!), [1, 2, 3])));
    };
    await check(
      withGradients(
        loss,
        inputs.map(({ name }) => name),
      ),
      inputs,
      (x) => 0.3 * x,
    );
  });
});
