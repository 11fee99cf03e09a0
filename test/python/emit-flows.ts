/**
 * Writes flows of every convention as PyTorch modules, and what ONNX Runtime computes for each, for python/tests/test_emitted.py.
 *
 *     node out/test/python/emit-flows.js FOLDER
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sizeOf } from '../../src/base/shape';
import { writeSafetensors } from '../../src/checkpoint/tensors/safetensors';
import { stream } from '../../src/data/random';
import type { Backend, Feeds } from '../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { printFlow, type TorchSubject } from '../../src/engine/export/torch-graphs';
import { contextInputs, graphContext, inverseGraph, storedTensors } from '../../src/engine/model/flow-graphs';
import { buildPreprocess, logLikelihood, quantizationNats } from '../../src/flow/flow';
import { trace } from '../../src/graph/trace/trace';
import type { NdArray } from '../../src/protocol/tensors';
import { conventionCases, type ConventionCase } from '../contract/convention-cases';
import { movedValues, type Values } from '../contract/eager';
import { oneIn, tried } from '../tried';

const batch = 4;

/** What test_emitted.py names. */
const named = [
  ...['vector, realnvp', 'vector, nsf', 'vector, nsf-autoregressive', 'vector, splines'],
  ...['vector, (x − t)·e⁻ˢ, exp, separate nets', 'vector, dense nets, batch norm'],
  'vector, sums of squares, autoregressive and a coupling, backwards',
  'vector, Gaussianization, autoregressive and a coupling, backwards',
  ...['image, realnvp', 'image, glow', 'image, couplings given numbers'],
];

function subjectOf({ bijection: flow, model: config, label }: ConventionCase): TorchSubject {
  const features = config.kind === 'vector' ? config.dim + config.context : 0;
  const fitted = {
    mean: Array.from({ length: features }, (_, i) => 0.1 * i - 0.2),
    std: Array.from({ length: features }, (_, i) => 0.8 + 0.1 * i),
    ...(label === 'vector, realnvp' ? { transforms: ['log:-8', 'logit:-9:8'] } : {}),
  };
  const preprocess = buildPreprocess(config, flow, config.kind === 'vector' ? fitted : undefined);
  return { flow, config, title: label, ...(preprocess ? { preprocess } : {}) };
}

/** ln p of data, and the gradients of its mean for every parameter. */
async function likelihood(backend: Backend, subject: TorchSubject, feeds: Feeds): Promise<Feeds> {
  const { flow, preprocess, config } = subject;
  const nats = quantizationNats(config, sizeOf(flow.inputShape));
  const names = flow.parameters.map(({ name }) => name);
  const graph = trace(
    (inputs) => {
      const of = (given: Tensor[]): Tensor => {
        const all = { ...inputs, ...Object.fromEntries(names.map((name, i) => [name, given[i]!])) };
        const ctx = graphContext(subject, all);
        const parts = logLikelihood(flow, preprocess, ctx, inputs.data!);
        return tf.sub(tf.add(tf.add(parts.prior, parts.logDet), parts.preprocessing), nats);
      };
      const parameters = names.map((name) => inputs[name]!);
      const gradients =
        names.length > 0 ? tf.grads((...given: Tensor[]) => tf.mean(of(given)))(parameters) : [];
      return {
        log_prob: of(parameters),
        ...Object.fromEntries(gradients.map((gradient, i) => [`grad:${names[i]!}`, gradient])),
      };
    },
    [
      ...storedTensors(flow),
      { name: 'data', shape: [batch, ...flow.inputShape] },
      ...contextInputs(flow, batch),
    ],
  );
  return once(backend, graph, feeds);
}

async function once(
  backend: Backend,
  graph: Parameters<Backend['compile']>[0],
  feeds: Feeds,
): Promise<Feeds> {
  const program = await backend.compile(graph, { optimize: true });
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

function normal(shape: readonly number[], name: string): NdArray<Float32Array> {
  return { shape: [batch, ...shape], data: stream(11, name).normal(batch * sizeOf(shape)) };
}

function dataOf({ flow, config }: TorchSubject): NdArray<Float32Array> {
  if (config.kind === 'vector') return normal(flow.inputShape, 'data');
  const data = stream(11, 'data').uniform(batch * sizeOf(flow.inputShape));
  return { shape: [batch, ...flow.inputShape], data: data.map((u) => u * config.levels) };
}

async function expectedOf(backend: Backend, subject: TorchSubject, values: Values): Promise<Feeds> {
  const { flow, config, preprocess } = subject;
  const given: Feeds = flow.context ? { context: normal([flow.context.size], 'context') } : {};
  const data = dataOf(subject);
  const inside = config.kind === 'vector' ? preprocess : undefined;
  const x = config.kind === 'vector' ? data : normal(flow.inputShape, 'x');
  const forward = trace(
    (inputs) => {
      const ctx = graphContext(subject, inputs);
      const before = inside?.forward(ctx, inputs.x!);
      const { value, logDet } = flow.forward(ctx, before?.value ?? inputs.x!);
      return { z: value, log_det: before ? tf.add(logDet, before.logDet) : logDet };
    },
    [
      ...storedTensors(flow),
      { name: 'x', shape: [batch, ...flow.inputShape] },
      ...contextInputs(flow, batch),
    ],
  );
  const there = await once(backend, forward, { ...values, ...given, x });
  const withContext = { ...values, ...given };
  const back = await once(backend, inverseGraph(flow, inside), { ...withContext, z: there.z! });
  return {
    ...given,
    data,
    x,
    ...there,
    back: back.x!,
    back_log_det: back.logDet!,
    ...(await likelihood(backend, subject, { ...withContext, data })),
  };
}

async function main(folder: string): Promise<void> {
  const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  const labels: string[] = [];
  const cases = tried(
    'python/emitted',
    conventionCases,
    (one, index) => named.includes(one.label) || oneIn(10)(one, index),
  );
  for (const one of cases) {
    const subject = subjectOf(one);
    const values = movedValues(one.bijection, 8);
    const place = path.join(folder, String(labels.length));
    mkdirSync(place, { recursive: true });
    const { text, constants } = printFlow(subject);
    const hash = createHash('sha256');
    await writeSafetensors(path.join(place, 'weights.safetensors'), { ...values, ...constants }, {}, hash);
    writeFileSync(path.join(place, 'flow.py'), text(hash.digest('hex')));
    await writeSafetensors(
      path.join(place, 'expected.safetensors'),
      await expectedOf(backend, subject, values),
    );
    labels.push(one.label);
  }
  writeFileSync(path.join(folder, 'labels.json'), JSON.stringify(labels));
  await backend.dispose();
}

void main(process.argv[2]!);
