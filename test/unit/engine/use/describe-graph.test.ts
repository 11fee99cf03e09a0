/** Graphs as the command line shows them: what passes save adds up, for every function and backend. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../../src/checkpoint/recognize/load';
import { backends } from '../../../../src/engine/backends/registry';
import { describeGraph, tracedText, type GraphSize } from '../../../../src/engine/use/describe-graph';
import type { Pipeline } from '../../../../src/graph/passes/pass';
import { onnxPasses } from '../../../../src/graph/pipelines/pipelines';
import { openSubject } from '../../../../src/engine/open/graph-subject';
import {
  type GraphSubject,
  graphFunctions,
  namedGraph,
  type GraphFunction,
} from '../../../../src/engine/use/named-graphs';

const pipelines: Record<string, (graph: { stateful: boolean }) => Promise<Pipeline | undefined>> = {
  'every backend': async () => undefined,
  tensorflow: backends.tensorflow.passes,
  // Whatever the layout of this machine.
  onnxruntime: async () => onnxPasses({ rearrange: true, block: 8 }),
};

const sizes = ['nodes', 'elements', 'constants'] as const;

describe('graphs of a flow', () => {
  const subjects: Record<string, GraphSubject> = {};
  before(async () => {
    subjects['moons'] = await openSubject('moons');
    // The same kind of flow as digits, of random sizes of its own.
    subjects['image'] = await openSubject('digits', [8, 8, 1]);
  });

  for (const name of Object.keys(graphFunctions) as GraphFunction[]) {
    for (const [backend, passesFor] of Object.entries(pipelines)) {
      it(`${name} for ${backend}: what each pass saves adds up`, async () => {
        for (const subject of Object.values(subjects)) {
          const named = namedGraph(name, subject, 4);
          const pipeline = await passesFor({ stateful: named.state !== undefined });
          const { traced, left, passes } = describeGraph(named, { passes: pipeline, batch: 4 });
          for (const size of sizes) {
            const saved = passes.reduce((sum, pass) => sum + pass[size], 0);
            assert.equal(traced[size] - saved, left[size], size);
          }
          assert.ok(left.nodes > 0);
          assert.ok(
            passes.every(({ runs, saves }) => runs > 0 && saves !== ''),
            'each pass says what it saves',
          );
        }
      });
    }
  }

  it('fold normalization of weights away where they are constants, and keep it where they are trained', () => {
    const saved = (name: GraphFunction): GraphSize =>
      describeGraph(namedGraph(name, subjects['image']!, 4), { batch: 4 }).passes.find(
        (pass) => pass.name === 'constant folding',
      )!;
    assert.ok(saved('forward').nodes > 100);
    assert.ok(saved('step').nodes < 100);
  });

  it('count what a batch writes: a pointwise step costs as many numbers more as there are examples more', () => {
    const written = (batch: number): number =>
      describeGraph(namedGraph('forward', subjects['moons']!, batch), { batch }).left.elements;
    const [four, eight, twelve] = [written(4), written(8), written(12)];
    assert.equal(twelve - eight, eight - four);
    // 8 couplings, each with two hidden layers of 64 written three times: product, bias, ReLU.
    assert.ok(eight - four >= 4 * 8 * 6 * 64);
  });

  it('print the graph before and after', () => {
    const named = namedGraph('score', subjects['moons']!, 4);
    const after = describeGraph(named, { batch: 4 }).text();
    for (const text of [tracedText(named), after]) {
      assert.match(text, /^inputs\n {2}x:f32\[N,2\]\n/);
      assert.match(text, /^ {2}couplings\.0\.net\.0\.weight:f32\[2,64\] = -0\.\d+ to 0\.\d+, mean /m);
      assert.match(text, /^ {2}# couplings\.3$/m);
      assert.match(text, /^outputs\n(?: {2}(prior|logDet|preprocessing) = \S+\n){3}$/m);
    }
  });
});

describe('whose graphs', () => {
  it('a checkpoint’s have its values', async () => {
    const file = 'test/fixtures/trained/moons.flow.safetensors';
    const { tensors } = await loadAnyCheckpoint(file);
    const text = tracedText(namedGraph('forward', await openSubject(file), 4));
    for (const name of ['couplings.0.net.0.weight', 'couplings.1.net.1.bias']) {
      const [, least, most] = new RegExp(`^ {2}${name}:f32\\S+ = (\\S+) to (\\S+),`, 'm').exec(text)!;
      const values = tensors[name]!.data as Float32Array;
      assert.equal(Number(least), Number(Math.min(...values).toPrecision(4)));
      assert.equal(Number(most), Number(Math.max(...values).toPrecision(4)));
    }
    await assert.rejects(openSubject(file, [2]), /a checkpoint says how large its examples are/);
  });

  it('a preset that is for any data wants to know how large an example is', async () => {
    await assert.rejects(openSubject('tabular'), /--shape D for vectors, --shape H,W,C for images/);
    assert.deepEqual((await openSubject('tabular', [5])).flow.inputShape, [5]);
    assert.deepEqual((await openSubject('paper-imagenet32', [32, 32, 3])).flow.inputShape, [32, 32, 3]);
    await assert.rejects(openSubject('mnist', [28, 28]), /--shape 28,28: expected D for vectors, or H,W,C/);
    await assert.rejects(openSubject('mnist', [5]), /preset "mnist" is for image data/);
  });

  it('is refused where nothing is meant by the name', async () => {
    await assert.rejects(openSubject('moon'), /moon: there is no such file, and no such preset; .*moons/);
    await assert.rejects(openSubject('nothing.pt'), /no such file/);
    await assert.rejects(openSubject('nothing.json'), /nothing\.json/);
    await assert.rejects(openSubject('package.json', [2]), /--shape goes with a preset/);
  });
});
