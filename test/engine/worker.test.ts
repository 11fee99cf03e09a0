/** The built engine process, driven as the extension drives it. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { UserError } from '../../src/config/user-error';
import { EngineProcess } from '../../src/extension/engine/engine-process';
import { defaultSelection, recordPlan } from '../../src/protocol/questions';
import { decodeRecorded } from '../../src/protocol/recorded';
import { recordKey } from '../../src/protocol/webview';
import { CancelledError } from '../../src/protocol/wire';
import { digitsModel, moonsModel, smallModel, type SmallModel } from './inspect/model';

const log: string[] = [];
const start = (env: Record<string, string> = {}): EngineProcess =>
  new EngineProcess({
    script: path.resolve('dist', 'engine.js'),
    env: { FLOWSCOPE_BACKEND: 'onnxruntime', FLOWSCOPE_THREADS: '1', ...env },
    name: 'test',
    events: { log: (line) => void log.push(line) },
    log: (line) => log.push(line),
  });

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

describe('the engine process', () => {
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
      const json = /<script type="application\/json" id="flowscope-recorded">(.*?)<\/script>/s.exec(
        html,
      )![1]!;
      const page = decodeRecorded(json);
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

  it('leaves when its channel closes', async () => {
    const own = start();
    await own.api.open(moons.file);
    await own.stop();
    const { expected, description } = await own.ended;
    assert.equal(expected, true);
    assert.equal(description, 'ended with code 0');
  });
});
