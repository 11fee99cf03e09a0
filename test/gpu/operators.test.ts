/** What graphs compute on the GPU is what they compute on the processor, and which of their nodes stay on the processor. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Backend } from '../../src/engine/backends/backend';
import { backends } from '../../src/engine/backends/registry';
import * as tf from '@tensorflow/tfjs-core';
import { namedGraph } from '../../src/engine/use/named-graphs';
import { openSubject } from '../../src/engine/open/graph-subject';
import type { Graph } from '../../src/graph/ir';
import { writeOnnx } from '../../src/graph/onnx/to-onnx';
import { nodesOffGpu } from '../../src/graph/passes/few-buffers';
import { runPasses } from '../../src/graph/passes/pass';
import { onnxPasses } from '../../src/graph/pipelines/pipelines';
import { trace } from '../../src/graph/trace/trace';
import { assertClose, normalFeeds, runOnce } from '../engine/graph/compare';
import { cases } from '../engine/graph/functions';
import { oneIn, tried } from '../tried';

/** GPUs may compute exp, tanh and their like to a few units in the last place, and sum in another order. */
const tolerance = 1e-4;

/** A session says on standard error where its nodes are, if it is asked to; only a process of its own can be listened to. */
const loader = `
require(process.argv[1]).InferenceSession.create(process.argv[2], {
  executionProviders: ['webgpu', 'cpu'], logSeverityLevel: 0, logVerbosityLevel: 1,
}).then(() => process.exit(0), (error) => { console.error('failed: ' + error.message); process.exit(1); });
`;

function nodesOnProcessor(graph: Graph, file: string): string[] {
  writeFileSync(file, writeOnnx(graph, { name: 'program', gpu: true }));
  const { stderr, status } = spawnSync(
    process.execPath,
    ['-e', loader, require.resolve('onnxruntime-node'), file],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  assert.equal(status, 0, stderr.slice(-2000));
  const placed =
    /Node\(s\) placed on \[CPUExecutionProvider\][^\n]*\n([^]*?)(?=\n[^\n]*(?:placed on|SaveMLValue))/.exec(
      stderr,
    );
  assert.ok(placed ?? stderr.includes('All nodes placed on [WebGpu'), 'the log says where nodes are');
  return [...(placed?.[1]!.matchAll(/\]\s+(\w+) \(/g) ?? [])].map(([, op]) => op!);
}

describe('on the GPU', () => {
  let gpu: Backend;
  let processor: Backend;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'flowscope-gpu-'));
    gpu = await backends.webgpu.create({ threads: 1, reason: 'test' });
    processor = await backends.onnxruntime.create({ threads: 1, reason: 'test' });
  });
  after(async () => {
    await Promise.all([gpu.dispose(), processor.dispose()]);
    rmSync(folder, { recursive: true, force: true });
  });

  for (const { name, fn, inputs, domain } of tried('gpu/operators', cases, oneIn(6))) {
    it(`${name} is what it is on the processor`, async () => {
      const graph = trace(fn, inputs);
      const feeds = normalFeeds(inputs, 11, domain);
      const expected = await runOnce(processor, graph, feeds);
      assertClose(await runOnce(gpu, graph, feeds), expected, tolerance, 'GPU against processor');
    });
  }

  it('convolutions of any numbers of channels are those of the processor', async () => {
    const all = [3, 4, 8].flatMap((filters) => [...Array(9).keys()].map((i) => [i + 1, filters] as const));
    for (const [channels, filters] of all) {
      const inputs = [
        { name: 'x', shape: [2, 4, 5, channels] },
        { name: 'filter', shape: [3, 3, channels, filters] },
      ];
      const graph = trace(({ x, filter }) => {
        const conv = (value: tf.Tensor) => tf.conv2d(value as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same');
        return { y: conv(x!), slope: tf.grad((value) => tf.sum(tf.square(conv(value))))(x!) };
      }, inputs);
      const feeds = normalFeeds(inputs, 3);
      const title = `${channels} to ${filters} channels`;
      assertClose(await runOnce(gpu, graph, feeds), await runOnce(processor, graph, feeds), tolerance, title);
    }
  });

  it('numbers that are not finite are found', async () => {
    const graph = trace(({ x }) => ({ finite: tf.isFinite(x!) }), [{ name: 'x', shape: [5] }]);
    const x = { shape: [5], data: Float32Array.of(1, NaN, Infinity, -Infinity, 3.4e38) };
    const { finite } = await runOnce(gpu, graph, { x });
    assert.deepEqual([...finite!.data], [1, 0, 0, 0, 1]);
  });

  const steps = ['moons', 'nsf', 'maf', 'glow', 'digits'];
  for (const preset of tried('gpu/operators: presets', steps, oneIn(4)))
    it(`a training step of ${preset} has no node on the processor`, async () => {
      const shape = { glow: [8, 8, 1], nsf: [6], maf: [6] }[preset];
      const subject = await openSubject(preset, shape);
      const { graph } = namedGraph('step', subject, 32);
      const outputs = graph.outputs.map((port) => ({ ...port, name: port.name.replace('state:', 'next:') }));
      const prepared = runPasses({ ...graph, outputs }, onnxPasses({ gpu: true }));
      assert.deepEqual(nodesOffGpu(prepared), []);
      assert.deepEqual(nodesOnProcessor(prepared, path.join(folder, 'step.onnx')), []);
    });

  it('what stays on the processor is what flowscope graph lists', () => {
    const { fn, inputs } = cases.find(({ name }) => name === 'pow')!;
    const listed = nodesOffGpu(runPasses(trace(fn, inputs), onnxPasses({ gpu: true })));
    assert.deepEqual(
      listed.map((line) => line.split(':')[0]),
      ['Pow'],
    );
  });

  it('a node reads and writes eight tensors at most', async () => {
    const prepared = runPasses(
      namedGraph('step', await openSubject('moons'), 32).graph,
      onnxPasses({ gpu: true }),
    );
    for (const { op, inputs, outputs } of prepared.nodes)
      assert.ok(
        op === 'FusedAdam' || inputs.length + outputs.length <= 8,
        `${op}: ${inputs.length} + ${outputs.length}`,
      );
  });
});
