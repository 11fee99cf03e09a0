import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../../src/base/user-error';
import { withScope } from '../../../src/flow/core/scope';
import { fusedAdam } from '../../../src/graph/trace/adam';
import { anyBatch, trace, type TensorMap } from '../../../src/graph/trace/trace';

const x = { name: 'x', shape: [2, 3] };

function opsOf(fn: (inputs: TensorMap) => TensorMap): string[] {
  return trace(fn, [x]).nodes.map(({ op }) => op);
}

describe('trace', () => {
  it('records kernels in order, with scopes, shapes and attributes', () => {
    const graph = trace(
      ({ x }) => {
        const h = withScope('net', () => withScope('layer', () => tf.matMul(x!, x!, false, true)));
        return { y: tf.sum(tf.exp(h), -1, true) };
      },
      [x],
    );
    assert.deepEqual(
      graph.nodes.map(({ op, scope, outputs }) => [op, scope, graph.values.get(outputs[0]!)!.shape]),
      [
        ['BatchMatMul', 'net/layer', [2, 2]],
        ['Exp', '', [2, 2]],
        ['Sum', '', [2, 1]],
      ],
    );
    assert.deepEqual(graph.nodes[2]!.attrs, { axis: [1], keepDims: true });
  });

  it('keeps constants, and large equal ones as a fill', () => {
    const graph = trace(
      ({ x }) => ({ y: tf.add(tf.mul(x!, tf.tensor2d([[1, 0, 1]])), tf.ones([2, 3])) }),
      [x],
    );
    assert.deepEqual(
      [...graph.constants.values()].map((data) => [...data]),
      [[1, 0, 1]],
    );
    assert.deepEqual(graph.nodes.map(({ op }) => op).sort(), ['Add', 'Fill', 'Multiply']);
  });

  it('records no copies, casts or reshapes to the same', () => {
    assert.deepEqual(
      opsOf(({ x }) => ({ y: tf.reshape(tf.cast(tf.clone(x!), 'float32'), [2, 3]) })),
      [],
    );
  });

  it('returns inputs and one value under several names', () => {
    const graph = trace(({ x }) => ({ a: x!, b: tf.neg(x!), c: x! }), [x]);
    assert.deepEqual(
      graph.outputs.map(({ value }) => value),
      [0, 1, 0],
    );
  });

  it('records gradients', () => {
    const graph = trace(({ x }) => ({ dx: tf.grad((t) => tf.sum(tf.square(t)))(x!) }), [x]);
    assert.deepEqual(graph.values.get(graph.outputs[0]!.value)!.shape, [2, 3]);
    assert.ok(graph.nodes.length > 2);
  });

  it('records Adam as one node', () => {
    const scalar = (name: string): { name: string; shape: number[] } => ({ name, shape: [] });
    const names = ['param', 'm', 'v', 'gradient'] as const;
    const graph = trace(
      (t) => {
        const [param, m, v] = fusedAdam(
          {
            param: t.param!,
            m: t.m!,
            v: t.v!,
            gradient: t.gradient!,
            learningRate: t.rate!,
            beta1Power: t.b1!,
            beta2Power: t.b2!,
          },
          { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        );
        return { param, m, v };
      },
      [...names.map((name) => ({ name, shape: [4] })), scalar('rate'), scalar('b1'), scalar('b2')],
    );
    assert.deepEqual(
      graph.nodes.map(({ op, outputs }) => [op, outputs.length]),
      [['FusedAdam', 3]],
    );
  });

  it('leaves the backend as it was and no tensors behind, also after an error', () => {
    const before = tf.memory().numTensors;
    assert.throws(() =>
      trace(
        ({ x }) => {
          tf.add(x!, 1);
          throw new Error('no');
        },
        [x],
      ),
    );
    trace(({ x }) => ({ dx: tf.grad((t) => tf.sum(tf.square(t)))(x!) }), [x]);
    assert.equal(tf.memory().numTensors, before);
    assert.throws(() => tf.add(1, 2), /outside of trace\(\)/);
  });
});

describe('what cannot be traced', () => {
  const refusals: [string, (t: tf.Tensor) => tf.Tensor | tf.Tensor[], RegExp][] = [
    ['reading values', (t) => tf.scalar(t.dataSync()[0]!), /dataSync\(\) reads .*not known while tracing/],
    ['reading them as arrays', (t) => tf.tensor(t.arraySync()), /arraySync\(\) reads/],
    ['random numbers', () => tf.randomNormal([2]), /randomNormal\(\) is random.*Pass the noise as an input/],
    ['other random numbers', () => tf.randomUniform([2]), /randomUniform\(\) is random/],
    ['truncated ones', () => tf.truncatedNormal([2]), /truncatedNormal\(\) is random/],
    ['random numbers of the caller', () => tf.rand([2], Math.random), /rand\(\) is random/],
    ['dropout', (t) => tf.dropout(t, 0.5), /randomUniform\(\) is random/],
    ['text', () => tf.tensor(['a']), /string tensor cannot be traced/],
    ['an unknown kernel', (t) => tf.topk(t).values, /kernel TopK cannot be traced/],
    ['a mean of integers', (t) => tf.mean(tf.cast(t, 'int32')), /mean\(\) of a int32 tensor/],
    ['an impossible reshape', (t) => tf.reshape(t, [4]), /./],
  ];
  for (const [what, fn, message] of refusals) {
    it(what, () => {
      assert.throws(() => trace(({ x }) => ({ y: [fn(x!)].flat()[0]! }), [x]), message);
    });
  }

  it('is reported as the user’s error, with the op and the line of the call', () => {
    const lineBefore = Number(/:(\d+):\d+\)?$/.exec(new Error().stack!.split('\n')[1]!)![1]);
    const calls: [string, (t: tf.Tensor) => tf.Tensor][] = [
      ['TopK', (t) => tf.topk(t).values],
      ['randomNormal', () => tf.randomNormal([2])],
      ['dataSync', (t) => tf.scalar(t.dataSync()[0]!)],
    ];
    for (const [i, [op, call]] of calls.entries()) {
      assert.throws(
        () => trace(({ x }) => ({ y: call(x!) }), [x]),
        (error: Error) => {
          assert.ok(error instanceof UserError);
          assert.match(error.message, new RegExp(`\\b${op}\\b`));
          const line = Number(/\(\S*trace\.test\.[jt]s:(\d+):\d+\)/.exec(error.message)?.[1]);
          assert.equal(line, lineBefore + 2 + i);
          return true;
        },
      );
    }
  });

  it('is refused where the function does not wait for the values, or catches the error', async () => {
    let settled = false;
    const later = ({ x }: TensorMap): TensorMap => {
      void x!.data().finally(() => (settled = true));
      return { y: tf.neg(x!) };
    };
    assert.throws(
      () => trace(later, [x]),
      (error) => error instanceof UserError && /data\(\) reads .*trace\.test/.test(error.message),
    );
    // A rejection that nobody waits for would end the process.
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(settled, false);
    const catching = ({ x }: TensorMap): TensorMap => {
      try {
        return { y: tf.scalar(x!.dataSync()[0]!) };
      } catch {
        return { y: x! };
      }
    };
    assert.throws(() => trace(catching, [x]), /dataSync\(\) reads/);
  });

  it('does not keep a refused trace from the next', () => {
    assert.throws(() => trace(({ x }) => ({ y: tf.scalar(x!.dataSync()[0]!) }), [x]));
    assert.deepEqual(
      opsOf(({ x }) => ({ y: tf.neg(x!) })),
      ['Neg'],
    );
  });

  it('names the inner line of a call inside a gradient', () => {
    const inner = (t: tf.Tensor): tf.Scalar => tf.sum(tf.topk(t).values); // this line
    const line = new Error().stack!.split('\n')[1]!.match(/:(\d+):\d+\)?$/)![1]!;
    assert.throws(
      () => trace(({ x }) => ({ y: tf.grad(inner)(x!) }), [x]),
      (error: Error) => Number(/:(\d+):\d+\)/.exec(error.message)?.[1]) === Number(line) - 1,
    );
  });

  it('tensors of another trace', () => {
    let kept: tf.Tensor | undefined;
    trace(({ x }) => ({ y: (kept = tf.keep(tf.neg(x!))) }), [x]);
    assert.throws(
      () => trace(({ x }) => ({ y: tf.add(x!, kept!) }), [x]),
      /made outside of the traced function/,
    );
    kept!.dispose();
  });

  it('different values for each example of an open batch', () => {
    const values = Float32Array.from({ length: anyBatch }, (_, i) => i);
    const fn = ({ x }: TensorMap): TensorMap => ({ y: tf.add(x!, tf.tensor1d(values)) });
    assert.throws(
      () => trace(fn, [{ name: 'x', shape: [anyBatch] }], { dynamicBatch: anyBatch }),
      /holds different values for each example/,
    );
  });
});
