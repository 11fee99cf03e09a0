/** Graphs in each layout against the same graphs as they were, by plain loops; and where the engine changes layouts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { stream } from '../../../src/data/random';
import { normalizeBatch } from '../../../src/flow/nets/batch-norm-training';
import type { Graph, Node } from '../../../src/graph/ir';
import { elementwiseNames } from '../../../src/graph/kernels/elementwise';
import { joinReorderings, useBlocks } from '../../../src/graph/layouts/blocked/blocked';
import { useChannelsFirst } from '../../../src/graph/layouts/channels-first';
import { each, Permuted, type Rule } from '../../../src/graph/layouts/relayout';
import { convolveTiles } from '../../../src/graph/layouts/rows/rows';
import { removeDeadCode } from '../../../src/graph/passes/pass';
import { trace, type TensorMap } from '../../../src/graph/trace/trace';
import { optimize } from './optimize';
import { runReference } from './reference';

type Shapes = Readonly<Record<string, readonly number[]>>;

const traced = (shapes: Shapes, fn: (inputs: TensorMap) => TensorMap): Graph =>
  optimize(trace(fn, Object.entries(shapes).map(([name, shape]) => ({ name, shape: [...shape] })))); // prettier-ignore

const opsOf = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);
const count = (graph: Graph, ...ops: string[]): number =>
  opsOf(graph).filter((op) => ops.includes(op)).length;

const conv = (x: Tensor, filter: Tensor, strides = 1, pad: 'same' | 'valid' = 'same'): Tensor =>
  tf.conv2d(x as Tensor4D, filter as Tensor4D, strides, pad);

/** Value and gradients of the mean square. */
const withGradients = (shapes: Shapes, fn: (inputs: TensorMap) => Tensor): Graph =>
  traced(shapes, (inputs) => {
    const names = Object.keys(shapes);
    const loss = (...tensors: Tensor[]): Scalar =>
      tf.mean(tf.square(fn(Object.fromEntries(names.map((name, i) => [name, tensors[i]!])))));
    const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => inputs[name]!));
    return { value, ...Object.fromEntries(names.map((name, i) => [`d ${name}`, grads[i]!])) };
  });

/** @param rounding of float32 sums in another order, of the largest value of a result */
function assertSame(graph: Graph, relaid: Graph, rounding = 1e-5): void {
  const random = stream(4, 'layouts');
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, value }) => {
      const { shape } = graph.values.get(value)!;
      return [name, { shape: [...shape], data: random.normal(shape.reduce((a, b) => a * b, 1)) }];
    }),
  );
  const expected = runReference(graph, feeds);
  const actual = runReference(relaid, feeds);
  for (const [name, { shape, data }] of Object.entries(expected)) {
    assert.deepEqual(actual[name]!.shape, shape, name);
    const largest = Math.max(...Array.from(data, Math.abs));
    assert.ok(largest > 0, `${name} is zero`);
    data.forEach((value: number, i: number) => {
      const found = actual[name]!.data[i]!;
      assert.ok(Math.abs(value - found) <= rounding * largest, `${name}[${i}] was ${value}, is ${found}`);
    });
  }
}

class Turned extends Permuted {
  constructor(graph: Graph) {
    super(graph, [0, 2, 1, 3]);
  }
}

/** Columns before rows: for every Tanh, through what works element by element. */
function turnedFor(graph: Graph, pulls: boolean): Graph {
  return new Turned(graph).run({
    ...each(elementwiseNames, ({ inputs }: Node): Rule => ({ images: [...inputs.keys()], pulls })),
    Tanh: () => ({ images: [0], starts: true, pulls }),
  });
}

const image = { x: [2, 3, 4, 1] };

describe('a relayout', () => {
  const graph = traced(image, ({ x }) => {
    const before = tf.exp(tf.neg(x!));
    const inside = tf.abs(tf.tanh(before));
    return { y: tf.square(inside), again: tf.sum(inside, 1), alone: tf.max(x!, 1) };
  });

  it('starts at what it is for, and stays until something needs the image as it was', () => {
    const turned = turnedFor(graph, false);
    assertSame(graph, turned);
    const at = (op: string): number => opsOf(turned).indexOf(op);
    assert.equal(count(turned, 'Transpose'), 3, 'in once, back for the two that need it');
    assert.deepEqual(opsOf(turned).slice(at('Exp'), at('Exp') + 4), ['Exp', 'Transpose', 'Tanh', 'Abs']);
    const [y, again, alone] = turned.outputs.map(({ value }) => turned.nodes.find(({ outputs }) => outputs[0] === value)!.op); // prettier-ignore
    assert.deepEqual([y, again, alone], ['Transpose', 'Sum', 'Max']);
  });

  it('comes in where the first of what it is made of comes, if rules pull', () => {
    const turned = turnedFor(graph, true);
    assertSame(graph, turned);
    const start = opsOf(turned).indexOf('Neg');
    assert.deepEqual(opsOf(turned).slice(start - 1, start + 4), ['Transpose', 'Neg', 'Exp', 'Tanh', 'Abs']);
    assert.equal(count(turned, 'Transpose'), 3);
  });

  it('is the graph itself where nothing starts it', () => {
    const plain = traced(image, ({ x }) => ({ y: tf.exp(x!) }));
    assert.equal(turnedFor(plain, true), plain);
  });
});

describe('channels first', () => {
  const shapes = { x: [2, 4, 5, 3], filter: [3, 3, 3, 4], other: [3, 3, 4, 6], bias: [4], places: [5, 1] };

  it('keeps what a graph computes, whatever is done to images', () => {
    const graph = traced(shapes, ({ x, filter, other, bias, places }) => {
      const h = tf.mul(tf.add(conv(x!, filter!), bias!), places!);
      const [a, b] = tf.split(h, [1, 3], 3) as [Tensor, Tensor];
      const joined = tf.concat([b, tf.relu(a)], 3);
      const padded = tf.pad(joined as Tensor4D, [[0, 0], [1, 0], [0, 2], [0, 0]]); // prettier-ignore
      const cut = tf.slice(padded, [0, 1, 1, 0], [2, 4, 5, 4]);
      return {
        y: conv(cut, other!, 2),
        repeated: tf.tile(a, [1, 2, 1, 3]),
        perChannel: tf.mean(h, [0, 1, 2]),
        perPixel: tf.sum(h, 3),
        rows: tf.max(h, [2], true),
        perRow: tf.max(h, [2]),
      };
    });
    assertSame(graph, useChannelsFirst(graph));
  });

  it('keeps gradients', () => {
    const graph = withGradients(shapes, ({ x, filter, other, bias, places }) => {
      const h = tf.relu(tf.add(conv(x!, filter!, 1, 'valid'), bias!));
      return tf.mul(conv(h, other!, 2), tf.sum(places!));
    });
    assertSame(graph, useChannelsFirst(graph));
  });

  it('goes in once and comes back once around convolutions and what lies between', () => {
    const graph = traced(shapes, ({ x, filter, other, bias }) => {
      const [a, b] = tf.split(tf.relu(tf.add(conv(x!, filter!), bias!)), 2, 3) as [Tensor, Tensor];
      return { y: conv(tf.concat([b, tf.tanh(a)], 3), other!) };
    });
    const images = removeDeadCode(useChannelsFirst(graph)).nodes.filter(
      ({ op, attrs }) => op === 'Transpose' && String(attrs['perm']) !== '3,2,0,1',
    );
    assert.deepEqual(images.map(({ attrs }) => attrs['perm']), [[0, 3, 1, 2], [0, 2, 3, 1]]); // prettier-ignore
  });
});

describe('blocks of channels', () => {
  const shapes = {
    x: [2, 4, 3, 3],
    first: [3, 3, 3, 8],
    filter: [3, 3, 8, 4],
    back: [1, 1, 4, 8],
    last: [3, 3, 8, 2],
    gain: [4],
    bias: [4],
    mask: [1, 4, 3, 1],
  };
  const block = (graph: Graph): Graph => removeDeadCode(joinReorderings(useBlocks(4)(graph)));

  it('keep values and gradients of convolutions, norms, biases and skips', () => {
    const graph = withGradients(shapes, (i) => {
      const h = tf.relu(conv(i.x!, i.first!));
      const { y, mean, variance } = normalizeBatch(conv(h, i.filter!), i.gain!, i.bias!, 1e-3);
      const skip = tf.add(tf.add(conv(tf.relu(y), i.back!), h), conv(tf.tanh(y), i.back!));
      const used = tf.add(tf.mean(mean), tf.mean(variance));
      return tf.mul(tf.add(conv(skip, i.last!), used), i.mask!);
    });
    const inBlocks = block(graph);
    assertSame(graph, inBlocks, 5e-5);
    // Those to and from few channels that blocks do not divide: the last, and the gradient of the first with respect to x.
    assert.equal(count(inBlocks, 'Conv2D', 'Conv2DBackpropInput'), 2);
    assert.equal(count(inBlocks, 'BatchNormTraining', 'BatchNormTrainingGrad'), 0);
  });

  it('let a convolution add a bias and a skip, and a norm rectify', () => {
    const graph = traced({ ...shapes, x: [2, 4, 3, 8], square: [3, 3, 8, 8], wide: [8] }, (i) => {
      const h = tf.tanh(conv(i.x!, i.square!));
      const normed = tf.relu(normalizeBatch(conv(h, i.filter!), i.gain!, i.bias!, 1e-3).y);
      return { y: tf.add(tf.add(conv(normed, i.back!), i.wide!), h) };
    });
    const inBlocks = block(graph);
    assertSame(graph, inBlocks);
    const convolutions = inBlocks.nodes.filter(({ op }) => op === 'BlockedConv2D');
    for (const what of ['bias', 'sum'])
      assert.deepEqual(convolutions.map(({ attrs }) => attrs[what]), [false, false, true], what); // prettier-ignore
    assert.equal(inBlocks.nodes.filter(({ op, attrs }) => op === 'BlockedScale' && attrs['relu']).length, 1);
  });

  it('are left for convolutions with constant filters, which ONNX Runtime arranges itself', () => {
    const constant = traced({ x: [2, 4, 3, 8] }, ({ x }) => ({
      y: conv(
        x!,
        tf.tensor(
          Float32Array.from({ length: 64 }, (_, i) => i),
          [1, 1, 8, 8],
        ),
      ),
    }));
    assert.equal(useBlocks(4)(constant), constant);
  });
});

describe('blocks row by row', () => {
  const channels = 64;
  const random = stream(5, 'filters');
  const constant = (shape: number[], scale: number): Tensor =>
    tf.tensor(random.normal(shape.reduce((a, b) => a * b, 1)).map((value) => scale * value), shape); // prettier-ignore
  const x = { x: [2, 8, 3, channels] };
  const net = ({ x }: TensorMap): TensorMap => {
    const scaled = tf.add(tf.mul(x!, constant([channels], 1)), constant([channels], 1));
    const h = conv(tf.relu(scaled), constant([3, 3, channels, channels], 0.04));
    const block = conv(tf.tanh(h), constant([3, 3, channels, channels], 0.04));
    const skip = conv(h, constant([1, 1, channels, channels], 0.1));
    return { y: tf.add(block, skip), sum: tf.sum(h, [1, 2, 3]) };
  };

  it('keep what convolutions in tiles and all between compute', () => {
    const graph = traced(x, net);
    // Each convolution in tiles rounds two to three times as much as one that sums its products.
    assertSame(graph, convolveTiles(8)(graph), 2e-5);
  });

  it('take all of it in, and write scale, shift and ReLU as one', () => {
    const rows = convolveTiles(8)(traced(x, net));
    assert.equal(count(rows, 'Conv2D'), 0);
    assert.equal(count(rows, 'TransformRows'), 4, 'two transforms of each convolution 3×3');
    assert.equal(count(rows, 'ToBlocks'), 1);
    assert.equal(count(rows, 'FromBlocks'), 2);
    assert.equal(count(rows, 'BlockedScale'), 1);
    assert.equal(count(rows, 'Multiply', 'Relu'), 0);
    const pointwise = rows.nodes.filter(({ op, attrs }) => op === 'BlockedConv2D' && !attrs['group']);
    assert.deepEqual(pointwise.map(({ attrs }) => attrs['sum']), [true], 'the skip adds the block'); // prettier-ignore
  });

  it('are left for fewer channels than pay', () => {
    const graph = traced({ x: [2, 8, 3, 32] }, ({ x }) => ({ y: conv(x!, constant([3, 3, 32, 32], 0.1)) }));
    assert.equal(convolveTiles(8)(graph).nodes.length, graph.nodes.length);
  });
});
