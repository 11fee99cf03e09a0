/** Each pass, where it really runs, leaves what a graph computes as it was: for every function of two small flows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRunConfig } from '../../../src/config/parse';
import { stream } from '../../../src/data/random';
import { buildFlow, buildPreprocess } from '../../../src/flow/flow';
import {
  type GraphSubject,
  graphFunctions,
  namedGraph,
  type GraphFunction,
} from '../../../src/engine/use/named-graphs';
import { initialTensors, type TensorTable } from '../../../src/engine/training/initialize';
import type { Graph } from '../../../src/graph/ir';
import { kernelRules } from '../../../src/graph/kernels/rules';
import { runPasses, type PassRun } from '../../../src/graph/passes/pass';
import { onnxPasses, tensorFlowProgram, tensorFlowStateful } from '../../../src/graph/pipelines/pipelines';
import type { NdArray } from '../../../src/protocol/tensors';
import { runReference, unknownKernel, withBatch } from './reference';

const batch = 3;

/** Random values everywhere, so that nothing is zero, one or equal by accident. */
function subjectOf(model: object): GraphSubject {
  const config = parseRunConfig(
    { data: { source: 'moons' }, model, training: { batch, ema: 0.9, weightDecay: 1e-2 } },
    'test',
  );
  const flow = buildFlow(config.model);
  const preprocess = buildPreprocess(config.model, flow);
  const random = stream(1, 'weights');
  const tensors: TensorTable = Object.fromEntries(
    Object.entries(initialTensors(flow, 1)).map(([name, { shape, data }]) => {
      const noise = random.normal(data.length);
      // Lengths and variances have to stay positive.
      return [
        name,
        { shape, data: data.map((value, i) => (value === 1 ? 1 + noise[i]! ** 2 : value + 0.1 * noise[i]!)) },
      ];
    }),
  );
  return {
    title: 'test',
    flow,
    ...(preprocess ? { preprocess } : {}),
    config: config.model,
    training: config.training,
    tensors,
  };
}

const subjects: [string, GraphSubject][] = [
  ['a vector flow', subjectOf({ kind: 'vector', dim: 3, couplings: 3, hidden: [5], flowNorm: true })],
  [
    'an image flow',
    subjectOf({ kind: 'image', height: 4, width: 4, channels: 1, levels: 8, scales: 2, base: 2, blocks: 1 }),
  ],
];

function feedsOf(graph: Graph): Record<string, NdArray> {
  const random = stream(2, 'feeds');
  return Object.fromEntries(
    graph.inputs.map(({ name, value }) => {
      const { shape } = graph.values.get(value)!;
      const normal = random.normal(shape.reduce((a, b) => a * b, 1));
      // Second moments and running variances are positive; powers of beta and decay lie between 0 and 1; so do pixels here.
      const data = /adam\.v|statistics/.test(name)
        ? normal.map((v) => 0.1 + v * v)
        : shape.length === 0
          ? normal.map((v) => 0.5 + 0.4 * Math.tanh(v))
          : name === 'x'
            ? normal.map((v) => 4 + 3 * Math.tanh(v))
            : normal.map((v) => 0.3 * v);
      return [name, { shape: [...shape], data }];
    }),
  );
}

/**
 * Every change of order rounds anew, in single precision: relative to the largest value of an output, since sums over a
 * batch lose what cancels. Gradients of the image flow go through some hundred operations.
 */
const tolerance = 2e-4;

function compare(before: Record<string, NdArray>, after: Record<string, NdArray>, what: string): void {
  assert.deepEqual(Object.keys(after), Object.keys(before), what);
  for (const [name, { data, shape }] of Object.entries(before)) {
    assert.deepEqual(after[name]!.shape, shape, `${what}: ${name}`);
    const scale = Math.max(1e-3, ...Array.from(data, Math.abs));
    data.forEach((value, i) => {
      const difference = Math.abs(value - after[name]!.data[i]!);
      assert.ok(
        difference <= tolerance * scale,
        `${what}: ${name}[${i}] was ${value}, is ${after[name]!.data[i]}`,
      );
    });
  }
}

const known = new Set(Object.keys(kernelRules));
known.add('ReluGrad');
const compared = new Set<string>();

describe('each pass keeps results', () => {
  for (const [what, subject] of subjects) {
    for (const name of Object.keys(graphFunctions) as GraphFunction[]) {
      it(`${name} of ${what}`, () => {
        const { graph, state } = namedGraph(name, subject, batch);
        const feeds = feedsOf(withBatch(graph, batch));
        const runs: PassRun[] = [];
        for (const pipeline of [
          onnxPasses({}),
          onnxPasses({ rearrange: true }),
          onnxPasses({ rearrange: true, block: 2 }),
          state ? tensorFlowStateful : tensorFlowProgram,
        ])
          runPasses(graph, pipeline, (run) => runs.push(run));
        const results = new Map<Graph, Record<string, NdArray>>();
        const resultsOf = (of: Graph): Record<string, NdArray> => {
          const found = results.get(of) ?? runReference(withBatch(of, batch), feeds);
          results.set(of, found);
          return found;
        };
        const traced = resultsOf(graph);
        assert.ok(Object.values(traced).every(({ data }) => data.every((value) => Number.isFinite(value))));
        for (const run of runs) {
          // Operators that are not kernels are those of one backend, and compared on it in test/engine.
          if ([run.before, run.after].some((of) => unknownKernel(of, known))) continue;
          compare(resultsOf(run.before), resultsOf(run.after), run.name);
          compare(traced, resultsOf(run.after), `everything up to ${run.name}`);
          compared.add(run.name);
        }
      });
    }
  }

  it('was asked of every pass that suits all backends', () => {
    for (const name of [
      'dead code',
      'simplify',
      'constant folding',
      'selections',
      'common subexpressions',
      'affine folding',
    ])
      assert.ok(compared.has(name), name);
  });
});
