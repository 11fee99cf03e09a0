import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { onnx } from 'onnx-proto';
import { withScope } from '../../../src/flow/scope';
import { toOnnx } from '../../../src/graph/onnx/to-onnx';
import { bindConstants } from '../../../src/graph/passes/bind-constants';
import { anyBatch, trace, type TensorMap } from '../../../src/graph/trace';

const filter = (name: string): { name: string; shape: number[] } => ({ name, shape: [3, 3, 4, 4] });

/** Three convolutions with what stands between them in a residual net. */
function net({ x, ...parameters }: TensorMap): TensorMap {
  const conv = (h: tf.Tensor, name: string): tf.Tensor =>
    withScope(name, () => tf.conv2d(h as Tensor4D, parameters[`${name}.weight`] as Tensor4D, 1, 'same'));
  return withScope('scales.0/net', () => {
    const h = tf.relu(tf.add(conv(x!, 'conv1'), parameters.bias!));
    const skip = tf.add(h, conv(tf.pad(tf.slice(tf.concat([h, h], 3), [0, 0, 0, 0], [-1, -1, -1, 4]), [[0, 0], [0, 0], [0, 0], [0, 0]]), 'conv2')); // prettier-ignore
    const [s, t] = tf.split(conv(skip, 'conv3'), 2, 3);
    return { y: tf.mul(tf.tanh(s!), t!), logdet: tf.sum(s!, [1, 2, 3]) };
  });
}

const names = ['conv1.weight', 'conv2.weight', 'conv3.weight'];

function model(): onnx.ModelProto {
  const inputs = [
    { name: 'x', shape: [anyBatch, 8, 8, 4] },
    ...names.map(filter),
    { name: 'bias', shape: [4] },
  ];
  const graph = trace(net, inputs, { dynamicBatch: anyBatch });
  const parameters = inputs.slice(1).map(({ name, shape }, seed) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      Math.sin(i + seed),
    );
    return [name, { shape, data }] as const;
  });
  const bytes = toOnnx(bindConstants(graph, Object.fromEntries(parameters)), {
    name: 'forward',
    metadata: { architecture: '{"kind":"image"}' },
  });
  return onnx.ModelProto.decode(bytes);
}

describe('toOnnx', () => {
  const { graph, ...about } = model();

  it('writes opset 17 of the core operators and the metadata', () => {
    assert.deepEqual(
      about.opsetImport.map(({ domain, version }) => [domain, Number(version)]),
      [['', 17]],
    );
    assert.deepEqual(
      about.metadataProps.map(({ key, value }) => [key, value]),
      [['architecture', '{"kind":"image"}']],
    );
    assert.equal(about.producerName, 'Flowscope');
    assert.ok(graph!.node!.every(({ domain }) => !domain));
  });

  it('names the batch axis, nodes and initializers', () => {
    const dims = graph!.input!.map(({ name, type }) => [
      name,
      type!.tensorType!.shape!.dim!.map(({ dimParam, dimValue }) => dimParam || Number(dimValue)),
    ]);
    assert.deepEqual(dims, [['x', ['N', 8, 8, 4]]]);
    assert.deepEqual(
      graph!.output!.map(({ name }) => name),
      ['y', 'logdet'],
    );
    const nodes = graph!.node!.map(({ name }) => name!);
    for (const name of ['conv1', 'conv2', 'conv3'])
      assert.ok(nodes.includes(`scales.0/net/${name}/Conv`), nodes.join(' '));
    assert.equal(new Set(nodes).size, nodes.length);
    const initializers = graph!.initializer!.map(({ name }) => name!);
    for (const name of [...names, 'bias']) assert.ok(initializers.includes(name), initializers.join(' '));
  });

  it('transposes at the edges only', () => {
    const transposes = graph!.node!.filter(({ opType }) => opType === 'Transpose');
    assert.deepEqual(transposes.length, 2, transposes.map(({ name }) => name).join(' '));
  });

  it('says which kernel has no ONNX form', () => {
    const gradient = trace(
      ({ x, w }) => ({
        y: tf.grad((filter) => tf.sum(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')))(w!),
      }),
      [
        { name: 'x', shape: [1, 4, 4, 2] },
        { name: 'w', shape: [3, 3, 2, 2] },
      ],
    );
    assert.throws(
      () => toOnnx(gradient, { name: 'g' }),
      /kernel Conv2DBackpropFilter.*cannot be written as ONNX/,
    );
  });
});
