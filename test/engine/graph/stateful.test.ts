/** Functions over shared state, on each backend: order of reads and updates, Adam, memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend, StatefulProgram } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { composedAdam, fusedAdam } from '../../../src/graph/trace/adam';
import { trace, type TensorMap } from '../../../src/graph/trace/trace';
import type { NdArray } from '../../../src/protocol/tensors';
import { assertClose } from './compare';
import { withoutTensorFlow } from './eager';

/** Results that nobody holds must not count. */
function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
}

const scalar = (x: number): NdArray => ({ shape: [], data: Float32Array.of(x) });
const vector = (...values: number[]): NdArray => ({
  shape: [values.length],
  data: Float32Array.from(values),
});

type Create = (options: { threads: number; reason: string }) => Promise<Backend>;

type Compile = (
  state: Record<string, number[]>,
  functions: Record<string, { fn: (inputs: TensorMap) => TensorMap; inputs?: Record<string, number[]> }>,
) => Promise<StatefulProgram>;

async function compileOn(
  create: Create,
  state: Record<string, number[]>,
  functions: Record<string, { fn: (inputs: TensorMap) => TensorMap; inputs?: Record<string, number[]> }>,
): Promise<StatefulProgram> {
  const backend = await create({ threads: 1, reason: 'test' });
  const specs = Object.entries(state).map(([name, shape]) => ({ name, shape }));
  const graphs = Object.entries(functions).map(([name, { fn, inputs = {} }]) => [
    name,
    trace(fn, [
      ...specs.map((spec) => ({ name: `state:${spec.name}`, shape: spec.shape })),
      ...Object.entries(inputs).map(([input, shape]) => ({ name: input, shape })),
    ]),
  ]);
  return backend.compileStateful!({ state: specs, functions: Object.fromEntries(graphs) as never });
}

const constants = { beta1: 0.9, beta2: 0.99, epsilon: 1e-3 };

/** Adam as TensorFlow documents ResourceApplyAdam, in double precision. */
function referenceAdam(start: number[], target: number[], rate: number, steps: number): number[][] {
  const p = [...start];
  const m = p.map(() => 0);
  const v = p.map(() => 0);
  for (let t = 1; t <= steps; t++) {
    const step = (rate * Math.sqrt(1 - constants.beta2 ** t)) / (1 - constants.beta1 ** t);
    for (let i = 0; i < p.length; i++) {
      const gradient = 2 * (p[i]! - target[i]!);
      m[i] = constants.beta1 * m[i]! + (1 - constants.beta1) * gradient;
      v[i] = constants.beta2 * v[i]! + (1 - constants.beta2) * gradient ** 2;
      p[i]! -= (step * m[i]!) / (Math.sqrt(v[i]!) + constants.epsilon);
    }
  }
  return [p, m, v];
}

const backends: { name: string; create: Create; skip: string | false }[] = [
  { name: 'TensorFlow', create: createTensorFlowBackend, skip: withoutTensorFlow },
  { name: 'ONNX Runtime', create: createOnnxRuntimeBackend, skip: false },
];

for (const { name: backendName, create, skip } of backends)
  describe(`state on ${backendName}`, { skip }, () => {
    const compile: Compile = (state, functions) => compileOn(create, state, functions);
    for (const [kind, adam] of [
      ['fused', fusedAdam],
      ['composed', composedAdam],
    ] as const) {
      // prettier-ignore
      it(`steps of ${kind} Adam equal the formula`, async () => {
      const program = await compile(
        { p: [3], m: [3], v: [3], ema: [3] },
        {
          step: {
            inputs: { target: [3], rate: [], b1: [], b2: [] },
            fn: (i) => {
              const loss = (p: tf.Tensor): tf.Scalar => tf.sum(tf.square(tf.sub(p, i.target!)));
              const { value, grad } = tf.valueAndGrad(loss)(i['state:p']!);
              const [p, m, v] = adam(
                { param: i['state:p']!, m: i['state:m']!, v: i['state:v']!, gradient: grad, learningRate: i.rate!, beta1Power: i.b1!, beta2Power: i.b2! },
                constants,
              );
              const ema = tf.add(tf.mul(i['state:ema']!, 0.5), tf.mul(p, 0.5));
              return { loss: value, before: tf.add(i['state:p']!, 0), 'state:p': p, 'state:m': m, 'state:v': v, 'state:ema': ema };
            },
          },
        },
      );
      const start = [1, -2, 0.5];
      const target = [0, 1, 0.25];
      await program.set({ p: vector(...start), m: vector(0, 0, 0), v: vector(0, 0, 0), ema: vector(0, 0, 0) });
      const ema = [0, 0, 0];
      for (let t = 1; t <= 20; t++) {
        const results = await program.run('step', {
          target: vector(...target),
          rate: scalar(0.05),
          b1: scalar(constants.beta1 ** t),
          b2: scalar(constants.beta2 ** t),
        });
        const [before] = referenceAdam(start, target, 0.05, t - 1);
        const [p, m, v] = referenceAdam(start, target, 0.05, t);
        p!.forEach((value, i) => (ema[i] = 0.5 * ema[i]! + 0.5 * value));
        const loss = before!.reduce((sum, value, i) => sum + (value - target[i]!) ** 2, 0);
        assertClose(results, { loss: scalar(loss), before: vector(...before!) }, 1e-5, `results of step ${t}`);
        assertClose(await program.get(), { p: vector(...p!), m: vector(...m!), v: vector(...v!), ema: vector(...ema) }, 1e-5, `state after step ${t}`);
      }
      await program.dispose();
    });
    }

    it('reads before it updates, whatever the order of outputs', async () => {
      const program = await compile(
        { a: [2], b: [2] },
        {
          swap: {
            fn: (i) => ({
              'state:a': i['state:b']!,
              'state:b': i['state:a']!,
              sum: tf.add(i['state:a']!, tf.mul(i['state:b']!, 10)),
            }),
          },
        },
      );
      await program.set({ a: vector(1, 2), b: vector(3, 4) });
      for (let i = 0; i < 50; i++) {
        const [a, b] = i % 2 === 0 ? [vector(1, 2), vector(3, 4)] : [vector(3, 4), vector(1, 2)];
        assertClose(await program.get(), { a: a, b: b }, 0, `before swap ${i}`);
        const results = await program.run('swap', {});
        assertClose(
          results,
          { sum: vector(a.data[0]! + 10 * b.data[0]!, a.data[1]! + 10 * b.data[1]!) },
          0,
          'results',
        );
      }
      await program.dispose();
    });

    it('keeps nothing of the memory that it was given', async () => {
      const program = await compile(
        { a: [1024], b: [512] },
        {
          keep: {
            inputs: { x: [1024] },
            fn: (i) => ({ 'state:a': tf.reshape(i.x!, [1024]), 'state:b': tf.slice(i.x!, 0, 512) }),
          },
        },
      );
      const fed = { shape: [1024], data: new Float32Array(1024).fill(1) };
      await program.set({ a: fed });
      fed.data.fill(2);
      assert.equal((await program.get(['a']))['a']!.data[0], 1);
      await program.run('keep', { x: fed });
      fed.data.fill(3);
      assert.equal((await program.get(['a']))['a']!.data[5], 2);
      assert.equal((await program.get(['b']))['b']!.data[5], 2);
      await program.dispose();
    });

    it('keeps a copy of what an update in place gives', async () => {
      const program = await compile(
        { p: [2], m: [2], v: [2], copy: [2] },
        {
          step: {
            fn: (i) => {
              const [p, m, v] = fusedAdam(
                {
                  param: i['state:p']!,
                  m: i['state:m']!,
                  v: i['state:v']!,
                  gradient: tf.onesLike(i['state:p']!),
                  learningRate: tf.scalar(1),
                  beta1Power: tf.scalar(0.9),
                  beta2Power: tf.scalar(0.99),
                },
                { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
              );
              return { 'state:p': p, 'state:m': m, 'state:v': v, 'state:copy': p };
            },
          },
          reset: { fn: (i) => ({ 'state:p': tf.zerosLike(i['state:p']!) }) },
        },
      );
      await program.set({ p: vector(5, 6) });
      await program.run('step', {});
      assertClose(await program.get(['p', 'copy']), { p: vector(4, 5), copy: vector(4, 5) }, 1e-5, 'step');
      await program.run('reset', {});
      assertClose(await program.get(['p', 'copy']), { p: vector(0, 0), copy: vector(4, 5) }, 1e-5, 'reset');
      await program.dispose();
    });

    it('shares state among functions and runs one without results', async () => {
      const program = await compile(
        { count: [] },
        {
          increase: { fn: (i) => ({ 'state:count': tf.add(i['state:count']!, 1) }) },
          show: { fn: (i) => ({ twice: tf.mul(i['state:count']!, 2) }) },
        },
      );
      await program.set({ count: scalar(5) });
      assert.deepEqual(await program.run('increase', {}), {});
      assert.equal((await program.run('show', {})).twice!.data[0], 12);
      await program.dispose();
    });

    it('sets and gets any part of the state, zero before', async () => {
      const program = await compile(
        { a: [2], b: [1, 2], c: [] },
        { f: { fn: (i) => ({ 'state:b': tf.add(i['state:b']!, tf.mul(i['state:a']!, i['state:c']!)) }) } },
      );
      await program.run('f', {});
      await program.set({ b: { shape: [1, 2], data: Float32Array.of(1, 2) } });
      await program.set({ c: scalar(3), a: vector(10, 20) });
      await program.run('f', {});
      const b = { shape: [1, 2], data: Float32Array.of(31, 62) };
      assert.deepEqual(await program.get(['c', 'b']), { c: scalar(3), b });
      assert.deepEqual(await program.get(), { a: vector(10, 20), b, c: scalar(3) });
      await program.dispose();
    });

    it('updates by Adam in two functions, and by hand in a third', async () => {
      const step = (i: TensorMap, rate: number): TensorMap => {
        const entries = ['p', 'q'].map((name) => {
          const [param, m, v] = fusedAdam(
            {
              param: i[`state:${name}`]!,
              m: i[`state:m.${name}`]!,
              v: i[`state:v.${name}`]!,
              gradient: tf.onesLike(i[`state:${name}`]!),
              learningRate: tf.scalar(rate),
              beta1Power: tf.scalar(0.9),
              beta2Power: tf.scalar(0.99),
            },
            { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
          );
          return { [`state:${name}`]: param, [`state:m.${name}`]: m, [`state:v.${name}`]: v };
        });
        return Object.assign({}, ...entries) as TensorMap;
      };
      const program = await compile(
        { p: [2], q: [2, 1], 'm.p': [2], 'm.q': [2, 1], 'v.p': [2], 'v.q': [2, 1] },
        {
          slow: { fn: (i) => step(i, 0.5) },
          fast: { fn: (i) => step(i, 1) },
          reset: {
            fn: (i) => ({ 'state:q': tf.mul(i['state:q']!, 0), 'state:m.p': tf.zerosLike(i['state:m.p']!) }),
          },
        },
      );
      await program.set({ p: vector(5, 6), q: { shape: [2, 1], data: Float32Array.of(7, 8) } });
      // With these powers the first step of Adam on a gradient of one is the learning rate.
      await program.run('slow', {});
      const column = (...data: number[]): NdArray => ({ shape: [2, 1], data: Float32Array.from(data) });
      assertClose(await program.get(['p', 'q', 'm.q']), { p: vector(4.5, 5.5), q: column(6.5, 7.5), 'm.q': column(0.1, 0.1) }, 1e-5, 'slow'); // prettier-ignore
      await program.run('reset', {});
      assertClose(await program.get(['p', 'q', 'm.p', 'm.q']), { p: vector(4.5, 5.5), q: column(0, 0), 'm.p': vector(0, 0), 'm.q': column(0.1, 0.1) }, 1e-5, 'reset'); // prettier-ignore
      await program.set({ 'm.q': column(0, 0), 'v.p': vector(0, 0), 'v.q': column(0, 0) });
      await program.run('fast', {});
      assertClose(await program.get(['p', 'q']), { p: vector(3.5, 4.5), q: column(-1, -1) }, 1e-5, 'fast');
      await program.dispose();
    });

    it('says what is wrong with a call', async () => {
      const program = await compile(
        { a: [2] },
        { f: { inputs: { x: [2] }, fn: (i) => ({ y: tf.add(i['state:a']!, i.x!) }) } },
      );
      await assert.rejects(program.set({ b: vector(1, 2) }), /There is no state named "b"/);
      await assert.rejects(program.set({ a: vector(1, 2, 3) }), /shape \[3\].*shape \[2\] is expected/);
      await assert.rejects(program.run('g', {}), /no function named "g"/);
      await assert.rejects(program.run('f', {}), /"x" was not given/);
      await assert.rejects(program.run('f', { x: vector(1) }), /"x" has shape \[1\].*\[2\] is expected/);
      await program.dispose();
    });

    it('says which state a function lacks', async () => {
      const backend = await create({ threads: 1, reason: 'test' });
      const f = trace((i) => ({ y: tf.neg(i['state:a']!) }), [{ name: 'state:a', shape: [2] }]);
      const compileWith = (name: string, shape: number[]): Promise<StatefulProgram> =>
        backend.compileStateful!({ state: [{ name, shape }], functions: { f } });
      await assert.rejects(compileWith('b', [2]), /no state named "a", which the function "f" uses/);
      await assert.rejects(compileWith('a', [3]), /"state:a" has shape \[2\].*the state has \[3\]/);
      await backend.dispose();
    });

    it('writes state that others read before, in whatever shape they read it', async () => {
      const program = await compile(
        { a: [4], b: [2, 2] },
        {
          f: {
            fn: (i) => {
              const square = tf.reshape(i['state:a']!, [2, 2]);
              const next = tf.add(i['state:a']!, 1);
              return {
                'state:a': next,
                'state:b': tf.add(tf.matMul(square, tf.reshape(next, [2, 2])), i['state:b']!),
                product: tf.matMul(square, square),
                old: tf.transpose(square),
              };
            },
          },
        },
      );
      let a = [1, 2, 3, 4];
      let b = [0, 0, 0, 0];
      const times = (x: number[], y: number[]): number[] => [
        x[0]! * y[0]! + x[1]! * y[2]!,
        x[0]! * y[1]! + x[1]! * y[3]!,
        x[2]! * y[0]! + x[3]! * y[2]!,
        x[2]! * y[1]! + x[3]! * y[3]!,
      ];
      const square = (data: number[]): NdArray => ({ shape: [2, 2], data: Float32Array.from(data) });
      await program.set({ a: vector(...a) });
      for (let step = 0; step < 5; step++) {
        const results = await program.run('f', {});
        const old = [a[0]!, a[2]!, a[1]!, a[3]!];
        assertClose(results, { product: square(times(a, a)), old: square(old) }, 1e-6, `results ${step}`);
        const next = a.map((x) => x + 1);
        b = times(a, next).map((x, i) => x + b[i]!);
        a = next;
        assertClose(await program.get(), { a: vector(...a), b: square(b) }, 1e-6, `state after ${step}`);
      }
      await program.dispose();
    });

    it('hands out copies of the state', async () => {
      const program = await compile(
        { a: [2] },
        { f: { fn: (i) => ({ 'state:a': tf.add(i['state:a']!, 1) }) } },
      );
      const first = (await program.get(['a'])).a!;
      await program.run('f', {});
      await program.run('f', {});
      assert.deepEqual([...first.data], [0, 0]);
      first.data.fill(9);
      assert.deepEqual([...(await program.get(['a'])).a!.data], [2, 2]);
      await program.dispose();
    });

    it('does not grow over thousands of runs', async () => {
      const program = await compile(
        { a: [64, 256] },
        {
          f: {
            inputs: { x: [64, 256] },
            fn: (i) => ({ y: tf.add(i['state:a']!, i.x!), 'state:a': tf.mul(i['state:a']!, 0.99) }),
          },
        },
      );
      const x = { shape: [64, 256], data: new Float32Array(64 * 256).fill(1) };
      await program.set({ a: x });
      const run = async (times: number): Promise<number> => {
        for (let i = 0; i < times; i++) await program.run('f', { x });
        collectGarbage();
        return process.memoryUsage().rss;
      };
      const start = await run(500);
      const end = await run(2000);
      // One run moves 64 KiB in and out: keeping them would cost 125 MiB or more.
      assert.ok(end - start < 40 * 2 ** 20, `grew by ${((end - start) / 2 ** 20).toFixed(0)} MiB`);
      await program.dispose();
    });
  });
