import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { onnx } from 'onnx-proto';
import { withScope } from '../../../src/flow/core/scope';
import { toOnnx } from '../../../src/graph/onnx/to-onnx';
import { bindConstants } from '../../../src/graph/passes/bind-constants';
import { anyBatch, trace, type TensorMap } from '../../../src/graph/trace/trace';

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

  it('writes a scale and a shift for each channel between convolutions as batch normalization', () => {
    const vector = (...values: number[]): tf.Tensor => tf.tensor1d(values);
    const normed = trace(
      ({ x }) => {
        const h = tf.conv2d(x as Tensor4D, tf.ones([1, 1, 2, 2]), 1, 'same');
        const norms = [tf.add(tf.mul(h, vector(2, 3)), vector(4, 5)), tf.mul(h, 6)];
        return { y: tf.addN(norms.map(tf.relu)), free: tf.exp(tf.add(tf.mul(h, 7), 8)) };
      },
      [{ name: 'x', shape: [anyBatch, 4, 4, 2] }],
      { dynamicBatch: anyBatch },
    );
    const { graph: written } = onnx.ModelProto.decode(toOnnx(normed, { name: 'normed' }));
    const found = written!.node!.filter(({ opType }) => opType === 'BatchNormalization');
    const initializer = (key: string): number[] => {
      const { rawData, dims } = written!.initializer!.find(({ name }) => name === key)!;
      assert.deepEqual(dims!.map(Number), [2]);
      return [...new Float32Array(Uint8Array.from(rawData!).buffer)];
    };
    assert.deepEqual(
      found.map(({ input }) => input!.slice(1).map(initializer)),
      [
        [[2, 3], [4, 5], [0, 0], [1, 1]],
        [[6, 6], [0, 0], [0, 0], [1, 1]],
      ], // prettier-ignore
    );
    for (const { attribute } of found) assert.equal(attribute!.find(({ name }) => name === 'epsilon')!.f, 0);
    // What goes elsewhere than into a ReLU or a convolution stays a product and a sum.
    const others = written!.node!.map(({ opType }) => opType!).filter((op) => ['Add', 'Mul'].includes(op));
    assert.deepEqual(others.sort(), ['Add', 'Add', 'Mul']);
  });

  it('says which kernel has no ONNX form, and where it is', () => {
    const graph = trace(({ x }) => ({ y: withScope('net', () => tf.neg(x!)) }), [{ name: 'x', shape: [2] }]);
    const nodes = graph.nodes.map((node) => ({ ...node, op: 'Unheard' }));
    assert.throws(
      () => toOnnx({ ...graph, nodes }, { name: 'g' }),
      /kernel Unheard in net cannot be written as ONNX/,
    );
  });
});
