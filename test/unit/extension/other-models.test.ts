import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { OtherModels, type ModelOpener } from '../../../src/extension/editor/other-models';
import type { ModelSummary } from '../../../src/protocol/model';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Engine implements ModelOpener {
  running = true;
  opened: string[] = [];
  closed: string[] = [];
  sizes: Record<string, number> = {};
  broken = new Set<string>();
  readonly api = {
    open: async (file: string): Promise<ModelSummary> => {
      this.opened.push(file);
      if (this.broken.has(file)) throw new Error('damaged');
      return { id: file, path: file, bytes: this.sizes[file] ?? 1 } as ModelSummary;
    },
    close: async (id: string): Promise<void> => void this.closed.push(id),
  };
}

const nothing = async (): Promise<void> => undefined;

describe('other models of a document', () => {
  it('stay open while they are among the last used, and are closed after that', async () => {
    const engine = new Engine();
    const others = new OtherModels<Engine>({ models: 2, bytes: 100 });
    for (const name of ['a', 'b', 'a', 'c', 'a']) await others.use(engine, name, nothing);
    await tick();
    assert.deepEqual(engine.opened, ['a', 'b', 'c']);
    assert.deepEqual(engine.closed, ['b']);
    assert.deepEqual(others.paths, ['c', 'a']);
    others.clear();
    await tick();
    assert.deepEqual(engine.closed.sort(), ['a', 'b', 'c']);
  });

  it('are fewer when they are large, but never none', async () => {
    const engine = new Engine();
    engine.sizes = { a: 60, b: 60, huge: 500 };
    const others = new OtherModels<Engine>({ models: 6, bytes: 100 });
    await others.use(engine, 'a', nothing);
    await others.use(engine, 'b', nothing);
    assert.deepEqual(others.paths, ['b']);
    await others.use(engine, 'huge', nothing);
    await others.use(engine, 'huge', nothing);
    assert.deepEqual(engine.opened, ['a', 'b', 'huge']);
  });

  it('are not closed under a call that uses them', async () => {
    const engine = new Engine();
    const others = new OtherModels<Engine>({ models: 2, bytes: 100 });
    let end = (): void => undefined;
    const using = others.use(engine, 'a', () => new Promise<void>((resolve) => (end = resolve)));
    await tick();
    for (const name of ['b', 'c']) await others.use(engine, name, nothing);
    await tick();
    assert.deepEqual(engine.closed, ['b']);
    end();
    await using;
    await others.use(engine, 'd', nothing);
    await tick();
    assert.deepEqual(engine.closed, ['b', 'a']);
  });

  it('are opened once by two that ask at the same time, anew after a failure and in another engine', async () => {
    const engine = new Engine();
    const others = new OtherModels<Engine>();
    await Promise.all([others.use(engine, 'a', nothing), others.use(engine, 'a', nothing)]);
    assert.deepEqual(engine.opened, ['a']);
    engine.broken.add('b');
    await assert.rejects(others.use(engine, 'b', nothing), /damaged/);
    engine.broken.clear();
    await others.use(engine, 'b', nothing);
    assert.deepEqual(engine.opened, ['a', 'b', 'b']);
    engine.running = false;
    const next = new Engine();
    await others.use(next, 'a', nothing);
    assert.deepEqual(next.opened, ['a']);
    assert.deepEqual(engine.closed, []);
  });

  it('are let go of when a training writes over them', async () => {
    const engine = new Engine();
    const others = new OtherModels<Engine>();
    const file = path.join(folder, 'best.flow.safetensors');
    writeFileSync(file, 'one');
    await others.use(engine, file, nothing);
    assert.equal(await others.refresh(), false);
    writeFileSync(file, 'another');
    assert.equal(await others.refresh(), true);
    await tick();
    assert.deepEqual(engine.closed, [file]);
    await others.use(engine, file, nothing);
    assert.equal(engine.opened.length, 2);
  });
});
