import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { runReference } from './reference';
import type { Graph } from '../../../src/graph/ir';
import { halveCheckerboards } from '../../../src/graph/passes/checkerboards';
import { composeConvolutions } from '../../../src/graph/passes/compose-convolutions';
import { foldAffine } from '../../../src/graph/passes/fold-affine';
import { joinSums } from '../../../src/graph/passes/join-sums';
import { optimize } from './optimize';
import { splitProducts } from '../../../src/graph/passes/split-products';
import { trace, type InputSpec } from '../../../src/graph/trace/trace';

const opsOf = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);
const numbers = (graph: Graph, id: number): number[] => [...graph.constants.get(id)!];
const image = (name: string, channels: number): InputSpec => ({ name, shape: [2, 4, 4, channels] });

/** Filters from numbers, so that they are constants of the graph. */
const convolve = (x: Tensor, shape: [number, number, number, number], values: number[]): Tensor =>
  tf.conv2d(x as Tensor4D, tf.tensor4d(values, shape), 1, 'same');
const ramp = (shape: number[], start = 1): number[] =>
  Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => start + i);

describe('composeConvolutions', () => {
  const prepared = (fn: Parameters<typeof trace>[0], inputs: InputSpec[]): Graph =>
    composeConvolutions(foldAffine(optimize(trace(fn, inputs))));

  it('puts the skip of a sum into the convolution that was added', () => {
    const graph = prepared(
      ({ x, q }) => {
        const h = tf.add(x!, tf.add(convolve(q!, [1, 1, 2, 2], [1, 2, 3, 4]), tf.tensor1d([1, -1])));
        return { y: tf.add(convolve(h, [1, 1, 2, 2], [5, 6, 7, 8]), tf.tensor1d([10, 20])) };
      },
      [image('x', 2), image('q', 2)],
    );
    assert.deepEqual(opsOf(graph), ['Conv2D', 'Conv2D', 'Add']);
    const [skip, joined] = graph.nodes
      .slice(0, 2)
      .map(({ inputs }) => inputs.slice(1).map((id) => numbers(graph, id)));
    assert.deepEqual(skip, [[5, 6, 7, 8]]);
    // The product of the two matrices, and b·S + c.
    assert.deepEqual(joined, [
      [1 * 5 + 2 * 7, 1 * 6 + 2 * 8, 3 * 5 + 4 * 7, 3 * 6 + 4 * 8],
      [10 + 5 - 7, 20 + 6 - 8],
    ]);
  });

  it('adds the filters of 1×1 convolutions of the same value', () => {
    const graph = prepared(
      ({ x, q }) => {
        const sum = tf.add(
          convolve(x!, [1, 1, 2, 2], [1, 2, 3, 4]),
          convolve(q!, [1, 1, 2, 2], [0, 1, 1, 0]),
        );
        return { y: tf.add(sum, tf.add(convolve(x!, [1, 1, 2, 2], [5, 6, 7, 8]), tf.tensor1d([1, 2]))) };
      },
      [image('x', 2), image('q', 2)],
    );
    assert.deepEqual(opsOf(graph), ['Conv2D', 'Conv2D', 'Add']);
    const filters = graph.nodes
      .slice(0, 2)
      .map(({ inputs }) => inputs.slice(1).map((id) => numbers(graph, id)));
    assert.deepEqual(filters, [[[0, 1, 1, 0]], [[6, 8, 10, 12], [1, 2]]]); // prettier-ignore
  });

  it('leaves a sum that is needed elsewhere', () => {
    const graph = prepared(
      ({ x, q }) => {
        const h = tf.add(x!, convolve(q!, [3, 3, 2, 2], ramp([3, 3, 2, 2])));
        return { h, y: convolve(h, [1, 1, 2, 2], [5, 6, 7, 8]) };
      },
      [image('x', 2), image('q', 2)],
    );
    assert.deepEqual(opsOf(graph), ['Conv2D', 'Add', 'Conv2D']);
  });
});

describe('splitProducts', () => {
  const split = (sizes: number[], more = false): Graph =>
    splitProducts(
      optimize(
        trace(
          ({ h }) => {
            const columns = sizes.reduce((a, b) => a + b, 0);
            const weights = tf.tensor2d(ramp([2, columns]), [2, columns]);
            const answer = tf.add(tf.matMul(h as Tensor2D, weights), tf.tensor1d(ramp([columns], 100)));
            const parts = tf.split(answer, sizes, 1).map((part, i) => [`part${i}`, part]);
            return { ...(Object.fromEntries(parts) as Record<string, Tensor>), ...(more ? { answer } : {}) };
          },
          [{ name: 'h', shape: [3, 2] }],
        ),
      ),
    );

  it('gives each part its columns of the weights and its bias', () => {
    const graph = split([8, 9]);
    assert.deepEqual(opsOf(graph), ['BatchMatMul', 'Add', 'BatchMatMul', 'Add']);
    const constants = graph.nodes.map(({ inputs }) => numbers(graph, inputs[1]!));
    assert.deepEqual(constants, [
      [...ramp([8]), ...ramp([8], 18)],
      ramp([8], 100),
      [...ramp([9], 9), ...ramp([9], 26)],
      ramp([9], 108),
    ]);
  });

  it('not for a few columns, nor where the whole is wanted', () => {
    const before = ['BatchMatMul', 'Add', 'SplitV'];
    assert.deepEqual(opsOf(split([7, 10])), before);
    assert.deepEqual(opsOf(split([8, 9], true)), before);
  });
});

describe('joinSums', () => {
  it('adds values of equal shapes before it sums, and gives the same', () => {
    const inputs = [3, 2, 3, 2].map((features, i) => ({ name: `x${i}`, shape: [2, features] }));
    const graph = optimize(
      trace((tensors) => {
        const sums = Object.values(tensors).map((x) => tf.sum(x, 1));
        return { logDet: tf.add(sums.reduce((a, b) => tf.add(a, b)), tf.max(tensors['x0']!, 1)) }; // prettier-ignore
      }, inputs),
    );
    const joined = joinSums(graph);
    assert.equal(opsOf(joined).filter((op) => op === 'Sum').length, 2);
    const feeds = Object.fromEntries(
      inputs.map(({ name, shape }, i) => [name, { shape, data: Float32Array.from(ramp(shape, i)) }]),
    );
    assert.deepEqual(runReference(joined, feeds), runReference(graph, feeds));
  });

  it('sums nothing of one feature, and multiplies where a sum is scaled and shifted', () => {
    const inputs = ['x', 'y', 'z'].map((name, i) => ({ name, shape: [2, i < 2 ? 1 : 3] }));
    const graph = optimize(
      trace(
        ({ x, y, z }) => ({
          logDet: tf.add(tf.sum(x!, 1), tf.sum(y!, 1)),
          prior: tf.add(tf.mul(tf.sum(tf.square(z!), 1), -0.5), -2),
          // Its sum is wanted as well.
          other: tf.add(tf.mul(tf.sum(z!, 1), 3), 1),
          sum: tf.sum(z!, 1),
        }),
        inputs,
      ),
    );
    const joined = joinSums(graph);
    assert.deepEqual(
      opsOf(joined).filter((op) => ['Sum', 'BatchMatMul'].includes(op)),
      ['BatchMatMul', 'Sum'],
    );
    const feeds = Object.fromEntries(
      inputs.map(({ name, shape }, i) => [name, { shape, data: Float32Array.from(ramp(shape, i)) }]),
    );
    assert.deepEqual(runReference(joined, feeds), runReference(graph, feeds));
  });

  it('one row of sums after the other, where a sum goes on into the next', () => {
    const graph = optimize(
      trace(
        ({ x, y }) => {
          const first = tf.add(tf.sum(x!, 1), tf.sum(tf.exp(x!), 1));
          return { first, all: tf.add(tf.add(first, tf.sum(y!, 1)), tf.sum(tf.exp(y!), 1)) };
        },
        ['x', 'y'].map((name) => ({ name, shape: [2, 3] })),
      ),
    );
    const joined = joinSums(graph);
    assert.equal(opsOf(joined).filter((op) => op === 'Sum').length, 2);
    const feeds = Object.fromEntries(
      ['x', 'y'].map((name, i) => [name, { shape: [2, 3], data: Float32Array.from(ramp([2, 3], i)) }]),
    );
    const expected = runReference(graph, feeds);
    const found = runReference(joined, feeds);
    // Added in another order.
    for (const name of ['first', 'all'])
      found[name]!.data.forEach((value, i) => {
        assert.ok(Math.abs(value - expected[name]!.data[i]!) <= 1e-5 * Math.abs(value), `${name}: ${value}`);
      });
  });

  it('not sums that are wanted themselves', () => {
    const graph = optimize(
      trace(
        ({ x, y }) => {
          const sum = tf.sum(x!, 1);
          return { sum, both: tf.add(sum, tf.sum(y!, 1)) };
        },
        ['x', 'y'].map((name) => ({ name, shape: [2, 3] })),
      ),
    );
    assert.deepEqual(opsOf(joinSums(graph)), opsOf(graph));
  });
});

describe('joinParts', () => {
  const running = (sizes: number[], fn: (part: Tensor, i: number, batch: Tensor) => Tensor): Graph => {
    const all = sizes.reduce((a, b) => a + b);
    return optimize(
      trace(
        ({ state, batch }) => {
          const parts = tf.split(state!, sizes, 0);
          const seen = tf.split(batch!, sizes, 0).map((part) => tf.exp(tf.max(part)));
          return { next: tf.concat(parts.map((part, i) => fn(part, i, seen[i]!))) };
        },
        ['state', 'batch'].map((name) => ({ name, shape: [all] })),
      ),
    );
  };
  const count = (graph: Graph, op: string): number => opsOf(graph).filter((each) => each === op).length;

  it('takes the same step once with the whole vector', () => {
    const average = (part: Tensor, _: number, batch: Tensor): Tensor =>
      tf.add(tf.mul(part, 0.9), tf.mul(tf.tile(tf.reshape(batch, [1]), [part.size]), 0.1));
    const graph = running([2, 3, 1, 4], average);
    assert.equal(count(graph, 'Multiply'), 2);
    assert.equal(count(graph, 'Add'), 1);
    const feeds = Object.fromEntries(
      ['state', 'batch'].map((name, i) => [
        name,
        { shape: [10], data: Float32Array.from(ramp([10], 1 - i), (v) => v / 4) },
      ]),
    );
    const { next } = runReference(graph, feeds);
    const { state, batch } = feeds;
    let at = 0;
    for (const size of [2, 3, 1, 4]) {
      const seen = Math.exp(Math.max(...batch!.data.slice(at, at + size)));
      for (let i = at; i < at + size; i++)
        assert.ok(Math.abs(next!.data[i]! - (0.9 * state!.data[i]! + 0.1 * seen)) < 1e-5, `entry ${i}`);
      at += size;
    }
  });

  it('not where the parts take different steps, nor a step with numbers of their own', () => {
    const differs = running([2, 2, 2, 2], (part, i) => (i === 2 ? tf.neg(part) : tf.exp(part)));
    assert.equal(count(differs, 'Exp'), 3);
    const scaled = running([2, 2, 2, 2], (part, i) => tf.mul(part, i + 2));
    assert.equal(count(scaled, 'Multiply'), 4);
  });
});

describe('halveCheckerboards', () => {
  const board =
    (parity: number, last = parity) =>
    (): Tensor =>
      tf.tensor4d(
        Array.from({ length: 16 }, (_, i) => Number(((i >> 2) + i) % 2 === (i === 15 ? last : parity))),
        [1, 4, 4, 1],
      );
  const net = (board: () => Tensor) => (inputs: Record<string, Tensor>) => {
    const mask = board();
    const h = tf.relu(convolve(inputs['x']!, [3, 3, 2, 4], ramp([3, 3, 2, 4])));
    const [s, t] = tf.split(convolve(h, [1, 1, 4, 4], ramp([1, 1, 4, 4])), 2, 3) as [Tensor, Tensor];
    return { s: tf.mul(tf.tanh(s), mask), t: tf.mul(t, mask) };
  };
  const halved = (mask: () => Tensor): Graph =>
    halveCheckerboards()(foldAffine(optimize(trace(net(mask), [image('x', 2)]))));

  for (const [parity, pads] of [
    [
      0,
      [
        [1, 0, 1, 0],
        [0, 1, 0, 1],
      ],
    ],
    [
      1,
      [
        [1, 0, 0, 1],
        [0, 1, 1, 0],
      ],
    ],
  ] as const) {
    // prettier-ignore
    it(`convolves the pixels of parity ${parity} alone`, () => {
      const graph = halved(board(parity));
      const convolutions = graph.nodes.filter(({ op }) => op === 'Conv2D');
      const [first, second] = [convolutions[0]!, convolutions[2]!];
      for (const { outputs } of convolutions)
        assert.deepEqual(graph.values.get(outputs[0]!)!.shape, [2, 2, 2, 4]);
      assert.deepEqual([first.attrs['pad'], second.attrs['pad']], pads);
      assert.equal(opsOf(graph).filter((op) => op === 'JoinPhases').length, 1);
    });
  }

  it('leaves what stays whole, where no convolution that looks around comes before it', () => {
    const pointwise = (inputs: Record<string, Tensor>): Record<string, Tensor> => {
      const h = tf.relu(convolve(inputs['x']!, [1, 1, 2, 4], ramp([1, 1, 2, 4])));
      return { y: tf.mul(convolve(h, [1, 1, 4, 2], ramp([1, 1, 4, 2])), board(0)()) };
    };
    const joins = (fn: Parameters<typeof trace>[0], staysWhole?: () => boolean): number => {
      const graph = foldAffine(optimize(trace(fn, [image('x', 2)])));
      return opsOf(halveCheckerboards(staysWhole)(graph)).filter((op) => op === 'JoinPhases').length;
    };
    assert.deepEqual(
      [joins(pointwise), joins(pointwise, () => true), joins(net(board(0)), () => true)],
      [1, 0, 1],
    );
  });

  it('not with another mask, nor when more than the mask lets through is wanted', () => {
    const before = ['Conv2D', 'Relu', 'Conv2D'];
    assert.deepEqual(opsOf(halved(board(0, 1))).slice(0, 3), before);
    const expected = trace(
      (inputs) => {
        const results = net(board(0))(inputs);
        return { ...results, all: tf.neg(convolve(inputs['x']!, [1, 1, 2, 2], [1, 2, 3, 4])) };
      },
      [image('x', 2)],
    );
    const ops = opsOf(halveCheckerboards()(foldAffine(optimize(expected))));
    assert.equal(ops.filter((op) => op === 'JoinPhases').length, 1);
  });
});
