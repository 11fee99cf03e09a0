/** Every kind of layer has the gradients of the processor on the GPU. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, before, describe, it } from 'node:test';
import { sizeOf } from '../../src/base/shape';
import { stream } from '../../src/data/random';
import type { Backend, Feeds } from '../../src/engine/backends/backend';
import { backends } from '../../src/engine/backends/registry';
import type { Flow } from '../../src/flow/built-flow';
import type { Graph } from '../../src/graph/ir';
import { trace } from '../../src/graph/trace/trace';
import { cases, type Case } from '../contract/cases';
import { conventionCases } from '../contract/convention-cases';
import { contextOf, movedValues, withContexts } from '../contract/eager';
import { assertClose, runOnce } from '../engine/graph/compare';
import { oneIn, thorough, tried } from '../tried';

const batch = 4;
/** GPUs may compute exp, tanh and their like to a few units in the last place, and sum in another order. */
const tolerance = 1e-4;

/** The loss of a batch in training, and its slopes by the examples and by each parameter. */
function slopes({ bijection, domain }: Case): { graph: Graph; feeds: Feeds } {
  const shape = [batch, ...bijection.inputShape];
  const data = Float32Array.from(stream(5, 'input').normal(sizeOf(shape)), (value) =>
    domain === 'pixels' ? 16.9 / (1 + Math.exp(-value)) : value,
  );
  const feeds: Feeds = { ...movedValues(bijection, 4), x: { shape, data } };
  const names = ['x', ...bijection.parameters.map(({ name }) => name)];
  const base = 'base' in bijection ? (bijection as Flow).base : undefined;
  const graph = trace(
    (inputs) => {
      const loss = (...values: Tensor[]): Tensor => {
        const all = { ...inputs, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
        const ctx = contextOf(all, true);
        const { value, logDet } = withContexts(bijection).forward(ctx, all['x']!);
        const likelihood = base ? base.logProb(ctx, value) : tf.neg(tf.mean(tf.square(value)));
        return tf.neg(tf.mean(tf.add(likelihood, logDet)));
      };
      const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => inputs[name]!));
      return { loss: value, ...Object.fromEntries(names.map((name, i) => [`slope:${name}`, grads[i]!])) };
    },
    Object.entries(feeds).map(([name, { shape: of }]) => ({ name, shape: of })),
  );
  return { graph, feeds };
}

describe('gradients on the GPU', () => {
  let gpu: Backend;
  let processor: Backend;
  before(async () => {
    gpu = await backends.webgpu.create({ threads: 2, reason: 'test' });
    processor = await backends.onnxruntime.create({ threads: 2, reason: 'test' });
  });
  after(() => Promise.all([gpu.dispose(), processor.dispose()]));

  const all = [...cases, ...conventionCases];
  // Each takes a second or three where a program is the GPU.
  const chosen = all.filter((entry, index) => thorough || oneIn(8)(entry, index));
  for (const entry of tried('gpu/layers', chosen, oneIn(4)))
    it(`are those of the processor: ${entry.label}`, async () => {
      const { graph, feeds } = slopes(entry);
      const run = (backend: Backend) => runOnce(backend, graph, feeds, { optimize: true });
      assertClose(await run(gpu), await run(processor), tolerance, 'GPU against processor');
    });
});
