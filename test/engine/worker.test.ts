/** The built engine process, driven as the extension drives it. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { saveCheckpoint } from '../../src/checkpoint/checkpoint';
import { loadAnyCheckpoint } from '../../src/checkpoint/recognize/load';
import { UserError } from '../../src/base/user-error';
import { EngineProcess } from '../../src/extension/engine/engine-process';
import { comparisonPlan } from '../../src/protocol/compare';
import { insidePlan } from '../../src/engine/export/html';
import type { NetworkView, Strip } from '../../src/protocol/inspect';
import type { ModelOutline, ModelSummary } from '../../src/protocol/model';
import { recordPlan } from '../../src/protocol/inspector-questions';
import { defaultSelection } from '../../src/protocol/questions';
import { decodeRecorded } from '../../src/protocol/recorded';
import { recordKey, type RecordedPage } from '../../src/protocol/webview';
import { CancelledError } from '../../src/protocol/wire';
import { digitsModel, moonsModel, smallModel, type SmallModel } from './inspect/model';

const log: string[] = [];
const start = (env: Record<string, string> = {}): EngineProcess =>
  new EngineProcess({
    script: path.resolve('dist', 'cli.js'),
    env: { FLOWSCOPE_BACKEND: 'onnxruntime', FLOWSCOPE_THREADS: '1', ...env },
    name: 'test',
    events: { log: (line) => void log.push(line) },
    log: (line) => log.push(line),
  });

function recordedIn(html: string): RecordedPage {
  return decodeRecorded(
    /<script type="application\/json" id="flowscope-recorded">(.*?)<\/script>/s.exec(html)![1]!,
  );
}

let engine: EngineProcess;
let moons: SmallModel;
let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-worker-'));
  moons = await smallModel(moonsModel, 'moons');
  engine = start();
});
after(async () => {
  await engine.stop();
  await moons.dispose();
  await rm(folder, { recursive: true });
});

/** What is said of a file while it is opened, once one of the two is there. */
async function outlinedOpening(
  file: string,
): Promise<{ outline: ModelOutline | undefined; opened: Promise<ModelSummary> }> {
  const opened = engine.api.open(file);
  const outline = await new Promise<ModelOutline | undefined>((resolve) => {
    engine.outlined.set(file, resolve);
    opened.then(
      () => resolve(undefined),
      () => resolve(undefined),
    );
  });
  engine.outlined.delete(file);
  return { outline, opened };
}

describe('the engine process', () => {
  it('says what a checkpoint is without reading its tensors, as opening it does', async () => {
    const digits = await smallModel(digitsModel, 'digits');
    for (const { file } of [moons, digits]) {
      const { outline, opened } = await outlinedOpening(file);
      const { id, ...summary } = await opened;
      assert.deepEqual(outline, summary);
      await engine.api.close(id);
    }
    await digits.dispose();
    const peers = path.resolve('test', 'fixtures', 'peers');
    const foreign = await outlinedOpening(path.join(peers, 'nflows-2d', 'state_dict.pt'));
    assert.equal(foreign.outline, undefined);
    await engine.api.close((await foreign.opened).id);

    // A damaged one is none: its config calls for other tensors.
    const { tensors, ...header } = await loadAnyCheckpoint(moons.file);
    const [first] = Object.keys(tensors);
    const { [first!]: lost, ...rest } = tensors;
    assert.ok(lost);
    const damaged = path.join(folder, 'damaged.flow.safetensors');
    await saveCheckpoint(damaged, { ...header, tensors: rest });
    const { outline, opened } = await outlinedOpening(damaged);
    await assert.rejects(opened, { name: 'UserError', message: /is damaged: it lacks/ });
    assert.equal(outline, undefined);
  });

  it('opens a model, shares it between those who open it, and answers', async () => {
    const first = await engine.api.open(moons.file);
    const second = await engine.api.open(moons.file);
    assert.equal(second.id, first.id);
    assert.equal(first.backend.name, 'onnxruntime');
    assert.equal(first.backend.threads, 1);
    await engine.api.close(first.id);
    const strip = await engine.api.ask(first.id, 'strip', defaultSelection(first), 'a');
    assert.ok(Number.isFinite(strip.mean.nats));
    assert.ok(strip.latent!.data instanceof Float32Array);
    await engine.api.close(first.id);
    await assert.rejects(engine.api.ask(first.id, 'strip', defaultSelection(first), 'b'), UserError);
  });

  it('opens a file anew when it was replaced', async () => {
    const file = path.join(folder, 'replaced.flow.safetensors');
    await writeFile(file, await readFile(moons.file));
    const first = await engine.api.open(file);
    const other = await smallModel({ ...moonsModel, couplings: 2 }, 'moons');
    await writeFile(file, await readFile(other.file));
    await other.dispose();
    const second = await engine.api.open(file);
    assert.notEqual(second.id, first.id);
    assert.equal(second.layers.length, first.layers.length - 2);
  });

  it('says in words what is wrong with a file', async () => {
    const file = path.join(folder, 'broken.flow.safetensors');
    await writeFile(file, (await readFile(moons.file)).subarray(0, -100));
    await assert.rejects(engine.api.open(file), UserError);
    await assert.rejects(engine.api.open(path.join(folder, 'absent.onnx')), UserError);
  });

  it('ends an answer that is cancelled', async () => {
    const { id } = await engine.api.open(moons.file);
    const answer = engine.api.ask(
      id,
      'diagnostics',
      { batch: { split: 'train', count: 9999 }, mode: 'eval' },
      'c',
    );
    await engine.api.cancel('c');
    await assert.rejects(answer, CancelledError);
  });

  it('writes a page with all that its reader can ask for', async () => {
    const digits = await smallModel(digitsModel, 'digits');
    try {
      const summary = await engine.api.open(digits.file);
      const { path: file, bytes } = await engine.api.exportHtml(
        summary.id,
        path.join(folder, 'page.html'),
        'd',
      );
      assert.ok(bytes < 10e6, `${bytes} bytes`);
      const html = await readFile(file, 'utf8');
      const page = recordedIn(html);
      const { questions, choices } = recordPlan(summary);
      assert.deepEqual(page.choices, choices);
      for (const { method, query } of questions) {
        assert.ok(Object.hasOwn(page.answers, recordKey(method, query)), `${method} was not recorded`);
      }
      assert.ok(!html.includes(folder), 'the page names a folder of this machine');
    } finally {
      await digits.dispose();
    }
  });

  it('writes a page that compares two models, with the inside of layers, and names no folder', async () => {
    const digits = await smallModel(digitsModel, 'digits');
    try {
      const other = path.join(folder, 'other.flow.safetensors');
      await copyFile(digits.file, other);
      const [a, b] = [await engine.api.open(digits.file), await engine.api.open(other)];
      const target = path.join(folder, 'compared.html');
      const { bytes } = await engine.api.exportHtml(a.id, target, 'e', b.id);
      assert.ok(bytes < 10e6, `${bytes} bytes`);
      const html = await readFile(target, 'utf8');
      assert.ok(!html.includes(folder), 'the page names a folder of this machine');
      const page = recordedIn(html);
      const { compared, choices, answers } = page;
      assert.equal(compared?.path, 'other.flow.safetensors');
      const summaryOf = (from: Record<string, unknown>): ModelSummary =>
        from[recordKey('summary', undefined)] as ModelSummary;
      const plan = comparisonPlan(summaryOf(answers), summaryOf(compared.answers), choices, (example) => {
        return answers[recordKey('strip', { example, batch: choices.batches[0], mode: 'eval' })] as Strip;
      });
      assert.ok(plan.length > a.layers.length);
      for (const { method, query } of plan)
        assert.ok(Object.hasOwn(compared.answers, recordKey(method, query)), `${method} was not recorded`);
      // A copy of the file says the same of the same input.
      const selection = { example: choices.examples[0], batch: choices.batches[0], mode: 'eval' };
      const [first, second] = [answers, compared.answers].map(
        (from) => (from[recordKey('strip', selection)] as Strip).example!.nats,
      );
      assert.equal(first, second);
      const inside = insidePlan(
        a,
        choices,
        (layer) => answers[recordKey('network', { layer })] as NetworkView,
      );
      assert.ok(inside.some(({ method }) => method === 'features'));
      for (const { method, query } of inside)
        assert.ok(Object.hasOwn(answers, recordKey(method, query)), `${method} was not recorded`);
    } finally {
      await digits.dispose();
    }
  });

  it('lists the checkpoints of runs, with what validation said', async () => {
    const run = path.join(folder, 'run', 'checkpoints');
    await mkdir(run, { recursive: true });
    const checkpoint = await loadAnyCheckpoint(moons.file);
    const file = path.join(run, 'step-00000007.flow.safetensors');
    const metrics = { step: 7, seconds: 1, validationNats: 2.5, validationBitsPerDim: 1.25 };
    await saveCheckpoint(file, { ...checkpoint, step: 7, metrics });
    const absent = path.join(folder, 'no run');
    assert.deepEqual(await engine.api.runCheckpoints([path.join(folder, 'run'), absent]), [
      {
        folder: path.join(folder, 'run'),
        checkpoints: [{ path: file, step: 7, validationNats: 2.5, validationBitsPerDim: 1.25, best: false }],
      },
      { folder: absent, checkpoints: [] },
    ]);
  });

  it('leaves when its channel closes', async () => {
    const child = start();
    await child.api.open(moons.file);
    await child.stop();
    const { expected, description } = await child.ended;
    assert.equal(expected, true);
    assert.equal(description, 'ended with code 0');
  });
});
