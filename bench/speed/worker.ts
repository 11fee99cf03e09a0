/**
 * Times one task of one configuration on one backend, and prints the peer's line of JSON: what it calls train-step,
 * log-prob and sample, with the same things inside the timed run (noise, optimizer, reading the loss back).
 */
import * as tf from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../../src/base/user-error';
import { splitContext } from '../../src/data/context';
import type { Dataset } from '../../src/data/dataset';
import { stream } from '../../src/data/random';
import { memoryExamples } from '../../src/data/records';
import { limited } from '../../src/data/split';
import { sizeOf } from '../../src/base/shape';
import { buildFlow, buildPreprocess } from '../../src/flow/flow';
import { bindUsed } from '../../src/graph/passes/bind-constants';
import { anyBatch, trace } from '../../src/graph/trace/trace';
import type { Backend, Feeds } from '../../src/engine/backends/backend';
import { chooseBackend, chooseInferenceBackend } from '../../src/engine/backends/choose';
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { forwardGraph, inverseGraph } from '../../src/engine/model/flow-graphs';
import { dequantize } from '../../src/engine/model/inputs';
import { initialTensors } from '../../src/engine/training/initialize';
import { createTrainer } from '../../src/engine/training/trainer';
import type { RunConfig } from '../../src/config/schema';
import type { BackendPreference } from '../../src/protocol/backends';
import type { NdArray } from '../../src/protocol/tensors';
import { ourConfig, type PeerConfig } from './models';

interface Task {
  run(): Promise<unknown>;
  /** Steps in a run, as many as a training sends at once; times are of one. By default 1. */
  steps?: number;
  params: number;
  /** The same call of a graph that computes next to nothing. */
  call?: () => Promise<unknown>;
}

const { values: options } = parseArgs({
  options: {
    config: { type: 'string' },
    task: { type: 'string' },
    backend: { type: 'string', default: 'tensorflow' },
    repeats: { type: 'string', default: '20' },
    warmup: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    batch: { type: 'string' },
    change: { type: 'string' },
    'memory-every': { type: 'string' },
  },
});

/** One batch of random examples, seen again and again; those of vectors have their context behind the features. */
function randomData({ model, training }: RunConfig): Dataset {
  const shape = model.kind === 'vector' ? [model.dim] : [model.height, model.width, model.channels];
  const contextSize = model.kind === 'vector' ? model.context : 0;
  const valueCount = sizeOf(shape) + contextSize;
  const count = training.batch * valueCount;
  const random = stream(0, 'bench');
  const values =
    model.kind === 'vector'
      ? random.normal(count)
      : random.uniform(count).map((u) => Math.floor(u * model.levels));
  const train = limited(memoryExamples(values, valueCount), undefined, 0);
  return {
    kind: model.kind,
    name: 'random',
    shape,
    ...(contextSize > 0 ? { contextSize } : {}),
    ...(model.kind === 'image' ? { levels: model.levels } : {}),
    train,
    validation: limited(memoryExamples(new Float32Array(0), valueCount), undefined, 0),
    provenance: { source: 'random', rows: training.batch, note: '' },
    close: () => Promise.resolve(),
  };
}

async function trainStep(config: RunConfig, backend: Backend): Promise<Task> {
  const trainer = await createTrainer({ config, dataset: randomData(config), backend });
  const { stepsAhead: steps } = trainer;
  let done = 0;
  return {
    params: trainer.flow.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    steps,
    async run() {
      const results = await trainer.steps(done + 1, steps);
      done += results.length;
      const { finite, nats } = results.at(-1)!;
      if (!finite) throw new Error(`step ${done}: the loss is ${nats}`);
    },
  };
}

/** Doubles what a flow would be given: what a call costs beside what the flow costs. */
async function emptyCall(feeds: Feeds, backend: Backend): Promise<() => Promise<unknown>> {
  const [[name, { shape }]] = Object.entries(feeds) as [[string, NdArray]];
  const inputs = [{ name, shape: [anyBatch, ...shape.slice(1)] }];
  const graph = trace((given) => ({ y: tf.mul(given[name]!, 2) }), inputs, { dynamicBatch: anyBatch });
  const program = await backend.compile(graph, { optimize: true, examples: Infinity });
  return () => program.run({ [name]: feeds[name]! });
}

async function inference(task: 'log-prob' | 'sample', config: RunConfig, backend: Backend): Promise<Task> {
  const { model, training } = config;
  const flow = buildFlow(model);
  const preprocess = buildPreprocess(model, flow);
  const params = flow.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const tensors = initialTensors(flow, 0);
  const count = training.batch;
  const dimensions = sizeOf(flow.inputShape);
  const dataset = randomData(config);
  const rows = await dataset.train.read([...Array(count).keys()]);
  const { features, context } = splitContext(rows, dataset);
  const given: Feeds = context ? { context: { shape: [count, context.length / count], data: context } } : {};
  if (task === 'sample') {
    const full = bindUsed(inverseGraph(flow, preprocess), tensors);
    const graph = { ...full, outputs: full.outputs.filter(({ name }) => name === 'x') };
    const program = await backend.compile(graph, { optimize: true, examples: Infinity });
    let seed = 0;
    const z = (): NdArray => ({
      shape: [count, ...flow.outputShape],
      data: stream(seed++, 'samples').normal(count * dimensions),
    });
    return {
      params,
      run: () => program.run({ z: z(), ...given }),
      call: await emptyCall({ z: z() }, backend),
    };
  }
  const full = bindUsed(forwardGraph(flow, preprocess ? { preprocess } : {}), tensors);
  const graph = { ...full, outputs: full.outputs.filter(({ name }) => name !== 'z') };
  const program = await backend.compile(graph, { optimize: true, examples: Infinity });
  let seed = 0;
  const x = (): NdArray => ({
    shape: [count, ...flow.inputShape],
    data: dequantize(features.slice(), { config: model }, stream(seed++, 'noise')),
  });
  return { params, run: () => program.run({ x: x(), ...given }), call: await emptyCall({ x: x() }, backend) };
}

/** @param after called with the number of each run, from 1, outside of what is timed */
async function timesOf(
  { run, steps = 1 }: Pick<Task, 'run' | 'steps'>,
  count: number,
  after?: (i: number) => void,
): Promise<number[]> {
  const times: number[] = [];
  for (let i = 1; i <= count; i++) {
    const start = performance.now();
    await run();
    times.push((performance.now() - start) / steps);
    after?.(i);
  }
  return times;
}

function medianOf(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const rounded = (value: number): number => Number(value.toFixed(3));

async function main(): Promise<void> {
  const task = options.task as 'train-step' | 'log-prob' | 'sample';
  const threads = Number(options.threads);
  const chosen = options.backend as BackendPreference;
  // As the command line has it: training has all threads for itself, running a flow may take a helper.
  const helper = path.join(__dirname, 'onnx-thread.js');
  const onnx: typeof createOnnxRuntimeBackend = (given) => createOnnxRuntimeBackend({ ...given, helper });
  const backend = await (task === 'train-step'
    ? chooseBackend(chosen, threads)
    : chooseInferenceBackend(chosen, threads, { onnx }));
  const peer = {
    ...(JSON.parse(readFileSync(options.config!, 'utf8')) as PeerConfig),
    ...(options.change ? (JSON.parse(options.change) as Partial<PeerConfig>) : {}),
    ...(options.batch ? { batch: Number(options.batch) } : {}),
  };
  const config = ourConfig(peer);
  const started = performance.now();
  const {
    run,
    steps = 1,
    params,
    call,
  } = await (task === 'train-step' ? trainStep(config, backend) : inference(task, config, backend));
  const compiled = performance.now();
  await run();
  const first = performance.now();
  for (let i = 1; i < Number(options.warmup); i++) await run();
  const memory: [step: number, mb: number][] = [];
  const every = Number(options['memory-every'] ?? Infinity);
  const before = process.cpuUsage();
  const times = await timesOf({ run, steps }, Number(options.repeats), (i) => {
    if (i % every !== 0) return;
    // With --expose-gc: what JavaScript no longer needs does not count.
    globalThis.gc?.();
    memory.push([i, rounded(process.memoryUsage.rss() / 2 ** 20)]);
  });
  const cpu = process.cpuUsage(before);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1]!;
  const calls = call ? await timesOf({ run: call }, times.length) : [];
  console.log(
    JSON.stringify({
      task,
      config: path.parse(options.config!).name,
      median_ms: rounded(medianOf(times)),
      min_ms: rounded(sorted[0]!),
      p90_ms: rounded(at(0.9)),
      cpu_ms: rounded((cpu.user + cpu.system) / 1000 / times.length / steps),
      compile_ms: rounded(compiled - started),
      first_ms: rounded(first - started),
      ...(call ? { call_ms: rounded(medianOf(calls)) } : {}),
      params,
      batch: config.training.batch,
      peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
      library: backend.info.library,
      threads,
      repeats: times.length,
      ...(memory.length > 0 ? { memory_mb: memory } : {}),
    }),
  );
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    // One line, which the results quote where a backend cannot do a task.
    console.error(error instanceof UserError ? error.message : error);
    process.exit(1);
  },
);
