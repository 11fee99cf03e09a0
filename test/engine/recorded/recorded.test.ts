/** A recording answers as the flow itself does: what other libraries recorded beside what our importers compute of their files. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readSafetensors, writeSafetensors } from '../../../src/checkpoint/tensors/safetensors';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import type { Backend } from '../../../src/engine/backends/backend';
import { exportHtml } from '../../../src/engine/export/html';
import { openModel } from '../../../src/engine/open/open-model';
import type { NdArray } from '../../../src/protocol/tensors';
import type { ModelSummary } from '../../../src/protocol/model';
import { recordPlan } from '../../../src/protocol/inspector-questions';
import { defaultSelection } from '../../../src/protocol/questions';
import { openAsked, recordingFile, recordings, type OpenedFile } from './support';

let backend: Backend;
let folder: string;
const opened: OpenedFile[] = [];
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-recorded-'));
});
after(async () => {
  for (const one of opened) await one.dispose();
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function open(file: string): Promise<OpenedFile & { summary: ModelSummary }> {
  const one = await openAsked(file, backend);
  opened.push(one);
  return { ...one, summary: await one.ask('summary', undefined) };
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe('a recording beside the file of the same flow', () => {
  // Both are float32, in other orders of the same sums.
  const tolerance = 1e-5;
  for (const library of ['nflows', 'zuko', 'normflows', 'freia']) {
    it(`is what our importer of ${library} computes`, async () => {
      const recorded = await open(recordingFile(library));
      const imported = await open(path.join(recordings, `${library}.state.safetensors`));
      assert.ok(imported.summary.runnable, imported.summary.reason);
      const batch = { split: 'validation' as const, count: 24 };
      const values = await recorded.ask('examples', { split: 'validation', offset: 0, count: 24 });
      const size = recorded.summary.shape[0]!;
      for (let index = 0; index < 24; index++) {
        const x = [...values.values.data.subarray(index * size, (index + 1) * size)];
        const first = await recorded.ask('strip', {
          example: { kind: 'data', split: 'validation', index },
          batch,
          mode: 'eval',
        });
        const second = await imported.ask('stripOfExample', { example: { kind: 'values', values: x } });
        assert.ok(
          Math.abs(first.example!.nats - second.example!.nats) <=
            tolerance * (1 + Math.abs(first.example!.nats)),
        );
        assert.ok(
          Math.abs(first.example!.nats - values.nats[index]!) <=
            tolerance * (1 + Math.abs(first.example!.nats)),
        );
        const couplings = (parts: { couplings: number; norm: number }): number =>
          parts.couplings + parts.norm;
        // Where the base is none of a standard normal, our importer counts its scales among the layers.
        if (library !== 'normflows') {
          assert.ok(Math.abs(couplings(first.example!) - couplings(second.example!)) <= tolerance);
          assert.ok(apart(first.latent!.data, second.latent!.data) <= tolerance, `z of example ${index}`);
        }
      }
    });

    it(`has the layers of our importer of ${library}`, async () => {
      const recorded = await open(recordingFile(library));
      const imported = await open(path.join(recordings, `${library}.state.safetensors`));
      const page = await recorded.ask('examples', { split: 'validation', offset: 3, count: 1 });
      const example = { kind: 'values' as const, values: [...page.values.data] };
      const outputs = async (flow: typeof recorded): Promise<Float32Array[]> => {
        const views = [];
        for (const { index } of flow.summary.layers)
          views.push(await flow.ask('layerOfExample', { example, layer: index }));
        return views.map(({ tensors }) => tensors.find(({ name }) => name === 'y')!.data!);
      };
      const expected = await outputs(imported);
      for (const [index, output] of (await outputs(recorded)).entries()) {
        // A layer of a library may be two of ours; one of these ends where it does.
        const nearest = Math.min(...expected.map((values) => apart(values, output)));
        assert.ok(nearest <= tolerance, `layer ${index} is ${nearest} from any of ours`);
      }
    });
  }
});

describe('what can be asked of a recording', () => {
  for (const name of ['nflows', 'mixed', 'own', 'pixels', 'normflows', 'conditional', 'field'])
    it(`is all that a saved page asks (${name})`, async () => {
      const { ask, summary } = await open(recordingFile(name));
      const { questions } = recordPlan(summary);
      assert.ok(questions.length > 10);
      const reasons: string[] = [];
      for (const { method, query } of questions) {
        await ask(method, query as never).catch((error: unknown) =>
          reasons.push(`${method}: ${(error as Error).message}`),
        );
      }
      assert.deepEqual(reasons, []);
    });

  it('are pictures, with what is black and white, and their bits/dim', async () => {
    const { ask, summary } = await open(recordingFile('pixels'));
    assert.deepEqual(summary.pixels, [0, 1]);
    const { scores, indices } = await ask('scores', {
      source: { kind: 'split', split: 'validation' },
      start: 0,
    });
    const size = summary.shape.reduce((a, b) => a * b, 1);
    for (const [i, index] of indices.entries()) {
      const strip = await ask('strip', {
        example: { kind: 'data', split: 'validation', index },
        batch: { split: 'validation', count: 6 },
        mode: 'eval',
      });
      const bits = strip.example!.nats / (size * Math.LN2);
      assert.ok(Math.abs(scores[i]! - bits) < 1e-5, `${index}: ${scores[i]} and ${bits}`);
    }
  });

  it('are diagnostics without an inverse, and why there is none', async () => {
    const { ask, summary } = await open(recordingFile('own'));
    const found = await ask('diagnostics', defaultSelection(summary));
    assert.deepEqual(found.inverseError, []);
    assert.match(found.noInverse!, /does not hold the inverse of every layer/);
    assert.ok(Number.isFinite(found.latentStd));
  });

  it('are the ranges of inputs that findings look at', async () => {
    const model = await openModel(recordingFile('nflows'), backend);
    const { programs } = model.inspected!;
    const { tensors } = await readSafetensors(recordingFile('nflows'));
    const { data, shape } = tensors['x'] as NdArray<Float32Array>;
    const { layers } = await (await programs.health!())({ shape: [...shape], data });
    const rows = Array.from({ length: 24 }, (_, i) => [...data.subarray(4 * i, 4 * i + 4)]);
    assert.deepEqual(
      [...layers[0]!.input.low],
      rows.map((row) => Math.min(...row)),
    );
    assert.deepEqual(
      [...layers[0]!.input.high],
      rows.map((row) => Math.max(...row)),
    );
    await model.dispose();
  });

  it('is said: the rest has no answer, in words', async () => {
    const { ask, summary, file } = await open(recordingFile('own'));
    assert.equal(summary.recording!.samples, 0);
    assert.ok(!summary.recording!.answers.includes('samples'));
    await assert.rejects(
      ask('samples', { count: 4, seed: 1, temperature: 1 }),
      new RegExp(`^UserError: ${file.replace(/\W/g, '.')}: is a recording`),
    );
    await assert.rejects(
      ask('stripOfExample', { example: { kind: 'values', values: [9, 9, 9, 9] } }),
      /is a recording of 24 examples, and this is none of them/,
    );
  });

  it('are the conditions that the examples were recorded with', async () => {
    const { ask, summary } = await open(recordingFile('conditional'));
    assert.deepEqual(summary.recording!.contextNames, ['angle', 'its square']);
    const { tensors } = await readSafetensors(recordingFile('conditional'));
    const stored = tensors['context'] as NdArray<Float32Array>;
    const index = 5;
    const { context } = await ask('stripOfExample', {
      example: { kind: 'data', split: 'validation', index },
    });
    assert.deepEqual([...context!], [...stored.data.subarray(2 * index, 2 * index + 2)]);
    // One page holds examples with features alone.
    const page = await ask('examples', { split: 'validation', offset: 0, count: 4 });
    assert.deepEqual(page.values.shape, [4, 4]);
    assert.equal((await open(recordingFile('nflows'))).summary.recording!.contextNames, undefined);
  });

  it('are Jacobians whose determinants the layers claim', async () => {
    const { ask, summary } = await open(recordingFile('mixed'));
    const selection = defaultSelection(summary);
    for (const { index } of summary.layers) {
      if (summary.layers[index]!.kind === 'permute') continue;
      const { logDet, claimed, whole, differences } = await ask('jacobian', {
        ...selection,
        layer: index,
        around: -1,
        count: 4,
      });
      assert.ok(whole && differences === undefined);
      // Float32 derivatives.
      assert.ok(Math.abs(logDet - claimed!) < 1e-5, `layer ${index}: ${logDet}, ${claimed}`);
    }
  });

  it('are slices of time: when, how often the network ran, and how far they are off', async () => {
    const { summary, ask } = await open(recordingFile('field'));
    const { tensors } = await readSafetensors(recordingFile('field'));
    const meanSize = (name: string): number =>
      Array.from(tensors[name]!.data, Math.abs).reduce((sum, size) => sum + size, 0) / 24;
    assert.deepEqual(
      summary.layers.map(({ called }) => called),
      Array.from(
        { length: 10 },
        (_, i) => `t ${Number((1 - i / 10).toFixed(1))} → ${Number((0.9 - i / 10).toFixed(1))}`,
      ),
    );
    for (const { slice, times, index, description } of summary.layers) {
      const { error, ...rest } = slice!;
      assert.deepEqual(
        [rest.number, rest.runs, Number((times!.from - times!.to).toFixed(6))],
        [String(index + 1), 2, 0.1],
      );
      assert.ok(Math.abs(error! - meanSize(`layers.${index}.log_det_error`)) < 1e-9);
      assert.match(description, /^2 runs of the network, log-det off by 0\.00\d+ nats$/);
    }
    const { error, ...field } = summary.recording!.field!;
    assert.deepEqual(field, { dataTime: 1, noiseTime: 0, solver: 'euler, 20 steps', runs: 20 });
    assert.ok(Math.abs(error! - meanSize('log_prob_error')) < 1e-6);
    const selection = defaultSelection(summary);
    const { findings } = await ask('findings', { batch: selection.batch });
    const found = findings.find(({ check }) => check === 'inverse')!;
    const off = summary.layers.reduce((sum, { index }) => sum + meanSize(`layers.${index}.log_det_error`), 0);
    assert.deepEqual([found.severity, found.kind], ['notice', 'solvedRoughly']);
    assert.ok(Math.abs(Number(found.values['off']) - off) < 1e-8);
    // Its own solver, and a derivative of it: they are apart by the error of Euler's steps.
    const { logDet, claimed } = await ask('jacobian', { ...selection, layer: 0, around: -1, count: 4 });
    assert.ok(Math.abs(logDet - claimed!) < 0.02 && logDet !== claimed);
  });

  it('are masks, orders and activations', async () => {
    const { ask, summary } = await open(recordingFile('mixed'));
    const selection = defaultSelection(summary);
    const mask = await ask('mask', { layer: 0 });
    assert.deepEqual([...mask.mask.data], [0, 1, 0, 1]);
    const order = await ask('order', { layer: 2, batch: selection.batch, from: 0 });
    assert.deepEqual([...order.features], [0, 1, 2, 3]);
    for (let row = 0; row < 4; row++)
      for (let column = row + 1; column < 4; column++) assert.equal(order.measured.data[row * 4 + column], 0);
    const network = await ask('network', { layer: 0 });
    assert.ok(network.parameters.length > 0 && network.stages.length > 0);
    const stage = network.stages[0]!;
    const features = await ask('features', { ...selection, layer: 0, stage: stage.name, offset: 0 });
    const { tensors } = await readSafetensors(recordingFile('mixed'));
    const stored = tensors['layers.0.activations.0'] as NdArray<Float32Array>;
    assert.deepEqual([...features.values.data], [...stored.data.subarray(0, stage.shape.at(-1))]);
  });

  it('becomes a saved page', async () => {
    const model = await openModel(recordingFile('nflows'), backend);
    const source = await open(recordingFile('nflows'));
    const page = await exportHtml({ model, inspector: source.inspector }, path.join(folder, 'page.html'));
    assert.ok(page.bytes > 100_000);
    assert.equal(page.holdsBatch, true);
    await model.dispose();
  });

  it('names no folder in a saved page, where a part of an answer says why it is missing either', async () => {
    const model = await openModel(recordingFile('own'), backend);
    const source = await open(recordingFile('own'));
    const output = path.join(folder, 'own.html');
    await exportHtml({ model, inspector: source.inspector }, output);
    const text = await readFile(output, 'utf8');
    assert.match(text, /own\.flowrec\.safetensors: the recording does not hold/);
    assert.ok(!text.includes(path.dirname(recordingFile('own'))));
    await model.dispose();
  });
});

describe('a damaged recording', () => {
  const broken = async (
    change: (tensors: Record<string, NdArray>, metadata: Record<string, string>) => void,
  ): Promise<string> => {
    const { tensors, metadata } = await readSafetensors(recordingFile('nflows'));
    change(tensors, metadata);
    const file = path.join(folder, 'broken.flowrec.safetensors');
    await writeSafetensors(file, tensors, metadata);
    return file;
  };
  const about = (
    metadata: Record<string, string>,
    change: (value: Record<string, unknown>) => void,
  ): void => {
    const value = JSON.parse(metadata['recording']!) as Record<string, unknown>;
    change(value);
    metadata['recording'] = JSON.stringify(value);
  };
  const cases: [string, Parameters<typeof broken>[0], RegExp][] = [
    [
      'of a newer version',
      (_, metadata) => (metadata['format_version'] = '2'),
      /version 2; .* reads up to 1/,
    ],
    ['without JSON', (_, metadata) => (metadata['recording'] = '{'), /not JSON/],
    ['without a title', (_, metadata) => about(metadata, (value) => delete value['title']), /title/],
    ['without an output', (tensors) => delete tensors['layers.1.output'], /no tensor "layers.1.output"/],
    ['without x', (tensors) => delete tensors['x'], /no tensor "x"/],
    [
      'with log-dets of fewer examples',
      (tensors) => (tensors['layers.0.log_det'] = { shape: [2], data: new Float32Array(2) }),
      /"layers.0.log_det" has the shape \[2\]; expected \[24\]/,
    ],
    [
      'with a Jacobian of another size',
      (tensors) => (tensors['layers.0.jacobian'] = { shape: [1, 3, 3], data: new Float32Array(9) }),
      /expected \[4, 4\]/,
    ],
    [
      'with a layer too many',
      (_, metadata) => about(metadata, (value) => (value['layers'] as unknown[]).push({ name: 'more' })),
      /no tensor "layers.3.output"/,
    ],
    [
      'with more names than numbers in its context',
      (tensors, metadata) => {
        tensors['context'] = { shape: [24, 1], data: new Float32Array(24) };
        about(metadata, (value) => (value['contextNames'] = ['a', 'b']));
      },
      /1 numbers and 2 names/,
    ],
    [
      'of a vector field that does not say where its noise is',
      (_, metadata) =>
        about(metadata, (value) => (value['field'] = { data_time: 1, solver: 'rk4', divergence: 'exact' })),
      /field\.noise_time/,
    ],
    [
      'with errors of fewer examples',
      (tensors) => (tensors['layers.0.log_det_error'] = { shape: [2], data: new Float32Array(2) }),
      /"layers.0.log_det_error" has the shape \[2\]; expected \[24\]/,
    ],
    [
      'with an order of other features',
      (_, metadata) =>
        about(
          metadata,
          (value) => ((value['layers'] as Record<string, unknown>[])[0]!['order'] = [0, 1, 2, 9]),
        ),
      /no order of 4 features/,
    ],
  ];
  for (const [what, change, message] of cases)
    it(`is refused: ${what}`, async () => {
      await assert.rejects(openModel(await broken(change), backend), (error: Error) => {
        assert.equal(error.name, 'UserError');
        assert.match(error.message, message);
        return true;
      });
    });
});
