/** How long the engine keeps a model: while somebody uses it, and a while longer for whoever opens it again. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { controlFile } from '../../src/checkpoint/control';
import { createRun, writeStatus } from '../../src/checkpoint/run-folder';
import { parseRunConfig } from '../../src/config/parse';
import { createService, type EngineService } from '../../src/engine/service';
import { temporaryFolder } from '../unit/support/temporary';

const folder = temporaryFolder();
const trained = path.resolve('test', 'fixtures', 'trained', 'moons.flow.safetensors');

describe('an opened model', () => {
  let engine: EngineService;
  before(() => {
    engine = createService({ backend: 'onnxruntime', threads: 1 });
  });
  after(() => engine.shutDown());

  const copy = (name: string): string => {
    const file = path.join(folder, name);
    copyFileSync(trained, file);
    return file;
  };
  const ask = (id: string) => engine.ask(id, 'summary', undefined, 'a');

  it('is the same for all who use its file, and answers nobody once all have closed it', async () => {
    const file = copy('shared.flow.safetensors');
    const [{ id }, other] = [await engine.open(file), await engine.open(file)];
    assert.equal(other.id, id);
    await engine.close(id);
    assert.equal((await ask(id)).id, id);
    await engine.close(id);
    await assert.rejects(ask(id), /no longer open/);
    // Closed once too often, by an editor that is gone.
    await engine.close(id);
  });

  it('is at hand when it is opened again, three at most', async () => {
    const files = ['a', 'b', 'c', 'd'].map((name) => copy(`${name}.flow.safetensors`));
    const ids: string[] = [];
    for (const file of files) {
      const { id } = await engine.open(file);
      ids.push(id);
      await engine.close(id);
    }
    const again: string[] = [];
    for (const file of [...files].reverse()) again.unshift((await engine.open(file)).id);
    assert.deepEqual(
      again.map((id, index) => id === ids[index]),
      [false, true, true, true],
    );
  });

  it('is read again when its file was replaced meanwhile', async () => {
    const file = copy('replaced.flow.safetensors');
    const { id } = await engine.open(file);
    await engine.close(id);
    renameSync(copy('newer.flow.safetensors'), file);
    assert.notEqual((await engine.open(file)).id, id);
  });
});

test('requests to a training that come at once are all meant', async () => {
  const engine = createService({ backend: 'onnxruntime', threads: 1 });
  const config = parseRunConfig({ data: { source: 'moons' }, model: { kind: 'vector', dim: 2 } }, 'test');
  const { paths, lock } = await createRun(path.join(folder, 'told'), config);
  try {
    await writeStatus(paths, { status: 'paused', step: 2, seconds: 1 });
    // A field that is left by a click on a button asks together with it.
    const requests = [{ learningRate: 1e-3 }, { learningRate: 2e-3 }, { action: 'resume' as const }];
    await Promise.all(requests.map((request) => engine.control(paths.folder, request)));
    const { action, learningRate } = JSON.parse(readFileSync(controlFile(paths.folder), 'utf8')) as {
      action?: string;
      learningRate?: number;
    };
    assert.deepEqual({ action, learningRate }, { action: 'resume', learningRate: 2e-3 });
  } finally {
    await lock.release();
    await engine.shutDown();
  }
});
