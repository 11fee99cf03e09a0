/**
 * Flows of every convention, traced and run by TensorFlow and by ONNX Runtime, are the flows that TensorFlow.js computes
 * op by op: values, log-dets, gradients and running statistics. Tolerance: float32 sums in another order.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as v from 'valibot';
import { trainingSchema } from '../../../src/config/schema';
import type { Backend, Feeds } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { forwardGraph, inverseGraph } from '../../../src/engine/model/flow-graphs';
import type { TensorTable } from '../../../src/engine/training/initialize';
import { packTensors, unpackTensors } from '../../../src/engine/training/packed';
import { stepGraph, trainingVectors } from '../../../src/engine/training/step-graph';
import type { Flow } from '../../../src/flow/built-flow';
import { isMatched, velocityErrors } from '../../../src/flow/matching';
import { sizeOf } from '../../../src/base/shape';
import type { NdArray } from '../../../src/protocol/tensors';
import { conventionCases } from '../../contract/convention-cases';
import {
  contextsOf,
  withContexts,
  contextOf,
  inputOf,
  movedValues,
  onCpu,
  toTensors,
} from '../../contract/eager';
import { assertClose, runOnce } from '../graph/compare';
import { oneIn, thorough } from '../../tried';

const tolerance = 1e-4;
/** An inverse divides by scales and slopes, which may be small: rounding comes out larger. */
const inverseTolerance = 5e-4;
const batch = 3;
const training = v.parse(trainingSchema, { clipNorm: 1e6, weightDecay: 0 });

const arrayOf = (tensor: Tensor): NdArray => ({ shape: [...tensor.shape], data: tensor.dataSync() });

/** What a step of flow matching takes besides the examples. */
const lines = () => ({ noise: inputOf([3], batch, 10), share: tf.tensor2d([0.1, 0.5, 0.9], [batch, 1]) });

/** Loss, gradient norm and new running statistics of one step, op by op. */
function eagerStep(flow: Flow, tensors: Record<string, Tensor>, x: Tensor): Feeds {
  const names = flow.parameters.map(({ name }) => name);
  const updates: Record<string, Tensor> = {};
  const loss = (...values: Tensor[]): tf.Scalar => {
    const all = { ...tensors, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
    const ctx = contextOf(all, true, undefined, updates);
    if (isMatched(flow)) return tf.mean(velocityErrors(flow, undefined, ctx, { x, ...lines() }));
    const { value, logDet } = withContexts(flow).forward(ctx, x);
    Object.values(updates).forEach((update) => tf.keep(update));
    return tf.neg(tf.mean(tf.add(flow.base.logProb(ctx, value), logDet)));
  };
  const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => tensors[name]!));
  const squares = grads.reduce((sum, g) => sum + tf.sum(tf.square(g)).dataSync()[0]!, 0);
  return {
    loss: arrayOf(value),
    gradientNorm: { shape: [], data: Float32Array.of(Math.sqrt(squares)) },
    ...Object.fromEntries(
      Object.entries(updates).map(([name, update]) => [`state:${name}`, arrayOf(update)]),
    ),
  };
}

describe('a flow of any convention', () => {
  let tensorflow: Backend;
  let onnx: Backend;
  before(async () => {
    await onCpu();
    tensorflow = await createTensorFlowBackend({ threads: 1, reason: 'test' });
    onnx = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  });
  after(() => Promise.all([tensorflow.dispose(), onnx.dispose()]));

  // Else one in four: python/tests/test_emitted holds all of them, run by ONNX Runtime, to what PyTorch computes.
  for (const { label, bijection } of thorough ? conventionCases : conventionCases.filter(oneIn(4))) {
    const flow = bijection;
    it(`is the same traced: ${label}`, async () => {
      const values = movedValues(flow, 8);
      const tensors = toTensors(values);
      const x = inputOf(flow.inputShape, batch, 8);
      const ctx = contextOf(tensors, false);
      const forward = withContexts(flow).forward(ctx, x);
      const inverse = withContexts(flow).inverse(ctx, forward.value);
      const contexts = contextsOf(flow, batch);
      const fed: Feeds = contexts.context ? { context: arrayOf(contexts.context) } : {};
      const there = { z: arrayOf(forward.value), logDet: arrayOf(forward.logDet) };
      const back = { x: arrayOf(inverse.value), logDet: arrayOf(inverse.logDet) };
      for (const backend of [tensorflow, onnx]) {
        const { z, logDet } = await runOnce(backend, forwardGraph(flow), {
          ...values,
          ...fed,
          x: arrayOf(x),
        });
        assertClose({ z: z!, logDet: logDet! }, there, tolerance, `${backend.info.name}, forward`);
        const returned = await runOnce(backend, inverseGraph(flow), { ...values, ...fed, z: there.z });
        assertClose(returned, back, inverseTolerance, `${backend.info.name}, inverse`);
      }
    });

    it(`trains the same traced: ${label}`, async () => {
      const values = movedValues(flow, 9);
      const x = inputOf(flow.inputShape, batch, 9);
      const expected = eagerStep(flow, toTensors(values), x);
      const kept = flow.state.filter(({ name }) => /^context\.|\.mask$/.test(name)).length;
      assert.equal(Object.keys(expected).length, 2 + flow.state.length - kept);
      const contexts = contextsOf(flow, batch);
      const vectors = trainingVectors(flow, training);
      const zero = (shape: readonly number[]): NdArray<Float32Array> => ({
        shape: [...shape],
        data: new Float32Array(sizeOf(shape)),
      });
      const named = vectors.flatMap(({ members }) =>
        members.map(({ name, shape }) => [name, values[name] ?? zero(shape)]),
      );
      const program = await tensorflow.compileStateful!({
        state: vectors.map(({ name, size }) => ({ name, shape: [size] })),
        functions: { step: stepGraph({ flow }, training, batch) },
      });
      await program.set(packTensors(vectors, Object.fromEntries(named) as TensorTable));
      const scalar = (value: number): NdArray => ({ shape: [], data: Float32Array.of(value) });
      const step = await program.run('step', {
        x: arrayOf(x),
        ...(isMatched(flow) ? { noise: arrayOf(lines().noise), share: arrayOf(lines().share) } : {}),
        ...(contexts.context ? { context: arrayOf(contexts.context) } : {}),
        learningRate: scalar(1e-3),
        beta1Power: scalar(0.9),
        beta2Power: scalar(0.999),
      });
      const unpacked = unpackTensors(vectors, (await program.get()) as TensorTable);
      await program.dispose();
      const compared = Object.fromEntries(
        Object.keys(expected).map((name) => [
          name,
          name.startsWith('state:') ? unpacked[name.slice(6)]! : step[name]!,
        ]),
      );
      assertClose(compared, expected, tolerance, 'one step');
    });
  }
});
