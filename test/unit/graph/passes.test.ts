import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { runReference } from './reference';
import type { Graph } from '../../../src/graph/ir';
import { bindConstants } from '../../../src/graph/passes/bind-constants';
import { mergeCommonSubexpressions } from '../../../src/graph/passes/common-subexpressions';
import { removeDeadCode } from '../../../src/graph/passes/pass';
import { foldAffine } from '../../../src/graph/passes/fold-affine';
import { foldConstants } from '../../../src/graph/passes/fold-constants';
import { followSelections } from '../../../src/graph/passes/follow-selections';
import { optimize } from './optimize';
import { simplify } from '../../../src/graph/passes/simplify';
import { trace } from '../../../src/graph/trace/trace';
import type { NdArray } from '../../../src/protocol/tensors';

const x = { name: 'x', shape: [2, 3] };
const opsOf = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);
const array = (shape: number[], values: number[]): NdArray => ({ shape, data: Float32Array.from(values) });

describe('passes', () => {
  it('drop what no output needs', () => {
    const graph = trace(
      ({ x }) => {
        tf.exp(x!);
        return { y: tf.neg(x!) };
      },
      [x, { name: 'unused', shape: [1] }],
    );
    assert.deepEqual(opsOf(removeDeadCode(graph)), ['Neg']);
    assert.deepEqual(
      removeDeadCode(graph).inputs.map(({ name }) => name),
      ['x', 'unused'],
    );
  });

  it('compute equal things once', () => {
    const graph = trace(
      ({ x }) => ({ y: tf.add(tf.exp(tf.mul(x!, 2)), tf.exp(tf.mul(x!, 2))), z: tf.add(x!, tf.scalar(-0)) }),
      [x],
    );
    assert.deepEqual(opsOf(removeDeadCode(mergeCommonSubexpressions(graph))), [
      'Multiply',
      'Exp',
      'Add',
      'Add',
    ]);
  });

  it('see through parting and joining: a value that comes together again is the value', () => {
    const graph = trace(
      ({ x }) => {
        const take = (t: tf.Tensor, order: number[]) => tf.gather(t, tf.tensor1d(order, 'int32'), 1);
        const [a, b] = tf.split(take(x!, [0, 2, 1]), [2, 1], 1) as [tf.Tensor, tf.Tensor];
        const [c, d] = tf.split(
          take(take(tf.concat([tf.exp(a), b], 1), [0, 2, 1]), [1, 0, 2]),
          [1, 2],
          1,
        ) as [tf.Tensor, tf.Tensor];
        return { a, b, c, d, whole: take(tf.concat([a, b], 1), [0, 2, 1]) };
      },
      [x],
    );
    const passed = optimize(graph);
    // a gathers the outer features; b, c and d are slices, or the pair that c and d are of; nothing is joined but d.
    assert.ok(passed.nodes.length < graph.nodes.length, opsOf(passed).join());
    assert.equal(passed.outputs.find(({ name }) => name === 'whole')!.value, passed.inputs[0]!.value);
    assert.ok(!opsOf(passed).includes('SplitV'), opsOf(passed).join());
    const feeds = { x: array([2, 3], [0.5, 1, 1.5, -1, -2, -3]) };
    assert.deepEqual(runReference(passed, feeds), runReference(graph, feeds));
  });

  it('take nothing out of a value twice', () => {
    const graph = trace(
      ({ x }) => {
        const [a, b] = tf.split(x!, [1, 2], 1) as [tf.Tensor, tf.Tensor];
        const again = tf.slice(x!, [0, 1], [2, 2]);
        const joined = tf.concat([b, a], 1);
        return { y: tf.add(tf.exp(again), b), z: tf.neg(tf.slice(joined, [0, 2], [2, 1])), a };
      },
      [x],
    );
    const passed = optimize(graph);
    assert.deepEqual(opsOf(passed).sort(), ['Add', 'Exp', 'Neg', 'SplitV']);
    const feeds = { x: array([2, 3], [1, 2, 3, 4, 5, 6]) };
    assert.deepEqual(runReference(passed, feeds), runReference(graph, feeds));
  });

  it('follow selections to equal results, whatever is gathered, joined, split and sliced', () => {
    const step = fc.record({ kind: fc.constantFrom('gather', 'split', 'join', 'slice'), seed: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const graph = trace(
          ({ x }) => {
            const pool: tf.Tensor[] = [x!, tf.neg(x!)];
            for (const { kind, seed } of steps) {
              const from = pool[seed % pool.length]!;
              const width = from.shape[1]!;
              if (kind === 'join') pool.push(tf.concat([from, pool[(seed >> 3) % pool.length]!], 1));
              else if (kind === 'gather') {
                const order = Array.from({ length: width }, (_, i) => (i * 7 + seed) % width);
                pool.push(tf.gather(from, tf.tensor1d(order, 'int32'), 1));
              } else if (width > 1 && kind === 'split') {
                const first = 1 + (seed % (width - 1));
                pool.push(...tf.split(from, [first, width - first], 1));
              } else if (width > 1) pool.push(tf.slice(from, [0, 1], [2, width - 1]));
            }
            return Object.fromEntries(pool.map((tensor, i) => [`y${i}`, tensor]));
          },
          [x],
        );
        const feeds = { x: array([2, 3], [1, 2, 3, 4, 5, 6]) };
        const passed = followSelections(graph);
        assert.deepEqual(runReference(passed, feeds), runReference(graph, feeds));
      }),
    );
  });

  it('do not take values that JSON cannot tell apart for equal', () => {
    const graph = trace(
      () => ({ a: tf.fill([2], NaN), b: tf.fill([2], Infinity), c: tf.fill([2], -Infinity) }),
      [],
    );
    const results = runReference(optimize(graph), {});
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => results[name]!.data[0]),
      [NaN, Infinity, -Infinity],
    );
  });

  it('fold what depends on bound parameters only and keep their names', () => {
    const fn = trace(
      ({ x, v, g }) => ({ y: tf.mul(x!, tf.mul(g!, tf.div(v!, tf.sqrt(tf.sum(tf.square(v!)))))) }),
      [x, { name: 'v', shape: [3] }, { name: 'g', shape: [] }],
    );
    const bound = bindConstants(fn, { v: array([3], [3, 0, 4]), g: array([], [10]) });
    const folded = removeDeadCode(foldConstants(bound));
    assert.deepEqual(opsOf(folded), ['Multiply']);
    const [[id, data]] = [...folded.constants] as [[number, Float32Array]];
    assert.deepEqual([...data], [6, 0, 8]);
    assert.ok(['g', 'v'].includes(folded.constantNames!.get(id)!));
  });

  it('refuse to bind what does not fit', () => {
    const graph = trace(({ x }) => ({ y: tf.neg(x!) }), [x]);
    assert.throws(() => bindConstants(graph, { x: array([3], [1, 2, 3]) }), /"x" has shape \[3\].*\[2, 3\]/);
    assert.throws(() => bindConstants(graph, { w: array([1], [1]) }), /no graph input "w"/);
  });

  it('let ones of a sum’s gradient broadcast away', () => {
    const graph = trace(({ x }) => ({ dx: tf.grad((t) => tf.sum(tf.mul(t, tf.tanh(t))))(x!) }), [x]);
    const ops = opsOf(optimize(graph));
    assert.ok(!ops.includes('Fill') && !ops.includes('BroadcastTo'), ops.join(' '));
  });

  it('turn the gradient of relu into one node', () => {
    const graph = trace(({ x }) => ({ dx: tf.grad((t) => tf.sum(tf.square(tf.relu(t))))(x!) }), [x]);
    assert.ok(opsOf(optimize(graph)).includes('ReluGrad'));
  });

  it('cancel transposes and join reshapes', () => {
    const fn = trace(
      ({ x }) => ({
        y: tf.reshape(tf.reshape(tf.transpose(tf.transpose(x!)), [3, 2]), [6]),
        same: tf.reshape(tf.reshape(x!, [6]), [2, 3]),
      }),
      [x],
    );
    const optimized = optimize(fn);
    assert.deepEqual(opsOf(optimized), ['Reshape']);
    assert.equal(optimized.outputs[1]!.value, optimized.inputs[0]!.value);
  });

  it('do not broadcast both operands away', () => {
    const graph = trace(
      ({ x }) => ({ y: tf.add(tf.broadcastTo(tf.sum(x!, 1, true), [2, 3]), tf.ones([2, 3])) }),
      [x],
    );
    const feeds = { x: array([2, 3], [1, 2, 3, 4, 5, 6]) };
    assert.deepEqual(runReference(optimize(graph), feeds), { y: array([2, 3], [7, 7, 7, 16, 16, 16]) });
  });
});

describe('foldAffine', () => {
  const channels = (fn: (t: tf.Tensor) => tf.Tensor): Graph =>
    optimize(trace(({ x }) => ({ y: fn(x!) }), [x]));
  const vector = (...values: number[]): tf.Tensor => tf.tensor1d(values);

  it('joins a batch normalization into one product and one sum', () => {
    const graph = channels((t) =>
      tf.sub(
        1,
        tf.add(
          tf.mul(tf.div(tf.sub(t, vector(1, 2, 3)), vector(2, 4, 8)), vector(3, 1, -1)),
          tf.tensor2d([[1, 0, 2]]),
        ),
      ),
    );
    const folded = foldAffine(graph);
    assert.deepEqual(opsOf(folded), ['Multiply', 'Add']);
    const feeds = { x: array([2, 3], [1, -2, 3, 4, 5, -6]) };
    assert.deepEqual(runReference(folded, feeds), runReference(graph, feeds));
  });

  it('leaves values that are used elsewhere, and constants that vary over other axes', () => {
    const graph = channels((t) => {
      const scaled = tf.mul(t, vector(1, 2, 3));
      return tf.mul(tf.add(scaled, 1), scaled);
    });
    assert.deepEqual(opsOf(foldAffine(graph)), ['Multiply', 'Add', 'Multiply']);
    const rows = channels((t) => tf.add(tf.mul(t, tf.tensor2d([[1], [2]])), tf.tensor2d([[3], [4]])));
    assert.deepEqual(opsOf(foldAffine(rows)), ['Multiply', 'Add']);
  });

  it('puts scale and shift into a convolution, under its names', () => {
    const inputs = [
      { name: 'x', shape: [1, 4, 4, 2] },
      { name: 'w', shape: [1, 1, 2, 3] },
    ];
    const graph = trace(({ x, w }) => {
      const h = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
      return { y: tf.relu(tf.add(tf.mul(h, vector(2, 3, 4)), vector(1, 0, -1))) };
    }, inputs);
    const folded = foldAffine(optimize(bindConstants(graph, { w: array([1, 1, 2, 3], [1, 1, 1, 2, 2, 2]) })));
    assert.deepEqual(opsOf(folded), ['Conv2D', 'Relu']);
    const [, weights, bias] = folded.nodes[0]!.inputs as [number, number, number];
    assert.deepEqual([...folded.constants.get(weights)!], [2, 3, 4, 4, 6, 8]);
    assert.deepEqual([...folded.constants.get(bias)!], [1, 0, -1]);
    assert.deepEqual(
      [weights, bias].map((id) => folded.constantNames!.get(id)),
      ['w', 'w.bias'],
    );
  });
});

type Step = (tensors: tf.Tensor[]) => tf.Tensor;

const unary: ((t: tf.Tensor) => tf.Tensor)[] = [
  tf.neg,
  tf.relu,
  tf.tanh,
  tf.square,
  tf.zerosLike,
  tf.onesLike,
  (t) => tf.step(t),
  (t) => tf.mul(t, 1),
  (t) => tf.add(t, 0),
  (t) => tf.mul(t, tf.tensor1d([1, -2, 0.5])),
  (t) => tf.sub(tf.tensor2d([[1, 2, 3]]), t),
  (t) => tf.add(tf.div(t, 2), tf.tensor1d([0, 1, -1])),
  (t) => tf.transpose(t),
  (t) => tf.transpose(tf.transpose(t, [1, 0])),
  (t) => tf.reshape(tf.reshape(t, [-1]), t.shape),
  (t) => tf.mul(tf.sum(t, 1, true), tf.ones(t.shape)),
  (t) => tf.broadcastTo(tf.mean(t, 0, true), t.shape),
  (t) => tf.tile(tf.slice(t, [0, 0], [1, -1]), [t.shape[0], 1]),
  (t) => tf.concat(tf.split(t, [1, t.shape[1]! - 1], 1).reverse(), 1),
  (t) => tf.pad(tf.slice(t, [0, 1], [-1, t.shape[1]! - 1]), [[0, 0], [1, 0]]), // prettier-ignore
  (t) => tf.stack(tf.unstack(t, 1), 1),
  (t) => tf.gather(t, tf.tensor1d([0, 0, 1], 'int32'), 1),
];
const binary: ((a: tf.Tensor, b: tf.Tensor) => tf.Tensor)[] = [
  tf.add,
  tf.sub,
  tf.mul,
  tf.maximum,
  (a, b) => tf.where(tf.greater(a, b), a, b),
  (a, b) => tf.mul(a, tf.step(b)),
];

/** Programs on square matrices of fixed size, so that every step fits every other. */
const step: fc.Arbitrary<Step> = fc
  .tuple(fc.nat(), fc.nat(), fc.nat(unary.length + binary.length - 1))
  .map(([i, j, which]) => (tensors) => {
    const pick = (at: number): tf.Tensor => tensors[at % tensors.length]!;
    return which < unary.length ? unary[which]!(pick(i)) : binary[which - unary.length]!(pick(i), pick(j));
  });

describe('random programs', () => {
  it('mean the same before and after every pass', () => {
    const values = fc.array(fc.float({ noNaN: true, min: -2, max: 2 }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), values, values, (steps, a, b) => {
        const graph = trace(
          ({ x, w }) => {
            const tensors = [x!, w!];
            for (const next of steps) tensors.push(next(tensors));
            return { last: tensors.at(-1)!, sum: tf.addN(tensors) };
          },
          [
            { name: 'x', shape: [3, 3] },
            { name: 'w', shape: [3, 3] },
          ],
        );
        const feeds = { x: array([3, 3], a), w: array([3, 3], b) };
        const expected = runReference(graph, feeds);
        const variants: Record<string, NdArray>[] = [
          runReference(removeDeadCode(graph), feeds),
          runReference(mergeCommonSubexpressions(graph), feeds),
          runReference(simplify(graph), feeds),
          runReference(optimize(graph), feeds),
          runReference(foldAffine(graph), feeds),
          runReference(foldAffine(optimize(graph)), feeds),
          runReference(optimize(bindConstants(graph, { w: feeds.w })), { x: feeds.x }),
          runReference(optimize(bindConstants(graph, feeds)), {}),
        ];
        for (const variant of variants) {
          for (const [name, { shape, data }] of Object.entries(expected)) {
            assert.deepEqual(variant[name]!.shape, shape);
            data.forEach((value, i) => {
              const other = variant[name]!.data[i]!;
              const close = Math.abs(other - value) <= 1e-5 * Math.max(1, Math.abs(value));
              assert.ok(close || Object.is(other, value), `${name}[${i}]: ${other} instead of ${value}`);
            });
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
