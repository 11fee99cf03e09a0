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

/** Of one engine for all files. */
const leaseOf = (engine: Engine) => () => ({ engine: () => engine, dispose: () => undefined });

const nothing = async (): Promise<void> => undefined;

describe('other models of a document', () => {
  it('stay open while they are among the last used, and are closed after that', async () => {
    const engine = new Engine();
    const others = new OtherModels<Engine>(leaseOf(engine), { models: 2, bytes: 100 });
    for (const name of ['a', 'b', 'a', 'c', 'a']) await others.use(name, nothing);
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
    const others = new OtherModels<Engine>(leaseOf(engine), { models: 6, bytes: 100 });
    await others.use('a', nothing);
    await others.use('b', nothing);
    assert.deepEqual(others.paths, ['b']);
    await others.use('huge', nothing);
    await others.use('huge', nothing);
    assert.deepEqual(engine.opened, ['a', 'b', 'huge']);
  });

  it('are not closed under a call that uses them', async () => {
    const engine = new Engine();
    const others = new OtherModels<Engine>(leaseOf(engine), { models: 2, bytes: 100 });
    let end = (): void => undefined;
    const using = others.use('a', () => new Promise<void>((resolve) => (end = resolve)));
    await tick();
    for (const name of ['b', 'c']) await others.use(name, nothing);
    await tick();
    assert.deepEqual(engine.closed, ['b']);
    end();
    await using;
    await others.use('d', nothing);
    await tick();
    assert.deepEqual(engine.closed, ['b', 'a']);
  });

  it('are opened once by two that ask at the same time, anew after a failure and in another engine', async () => {
    const engine = new Engine();
    let current = engine;
    const others = new OtherModels<Engine>(() => ({ engine: () => current, dispose: () => undefined }));
    await Promise.all([others.use('a', nothing), others.use('a', nothing)]);
    assert.deepEqual(engine.opened, ['a']);
    engine.broken.add('b');
    await assert.rejects(others.use('b', nothing), /damaged/);
    engine.broken.clear();
    await others.use('b', nothing);
    assert.deepEqual(engine.opened, ['a', 'b', 'b']);
    engine.running = false;
    const next = new Engine();
    current = next;
    await others.use('a', nothing);
    assert.deepEqual(next.opened, ['a']);
    assert.deepEqual(engine.closed, []);
  });

  it('give back the lease of the engine that each is open in', async () => {
    const held = new Map<string, Engine>();
    const acquire = (file: string) => {
      const engine = new Engine();
      engine.broken.add('broken');
      held.set(file, engine);
      return { engine: () => engine, dispose: () => assert.ok(held.delete(file)) };
    };
    const others = new OtherModels<Engine>(acquire, { models: 2, bytes: 100 });
    for (const name of ['a', 'b', 'c']) await others.use(name, nothing);
    await tick();
    assert.deepEqual([...held.keys()], ['b', 'c']);
    assert.deepEqual([...others.engines], [...held.values()]);
    await assert.rejects(others.use('broken', nothing), /damaged/);
    assert.deepEqual([...held.keys()], ['b', 'c']);
    others.clear();
    await tick();
    assert.equal(held.size, 0);
  });

  it('are let go of when a training writes over them', async () => {
    const engine = new Engine();
    const others = new OtherModels<Engine>(leaseOf(engine));
    const file = path.join(folder, 'best.flow.safetensors');
    writeFileSync(file, 'one');
    await others.use(file, nothing);
    assert.equal(await others.refresh(), false);
    writeFileSync(file, 'another');
    assert.equal(await others.refresh(), true);
    await tick();
    assert.deepEqual(engine.closed, [file]);
    await others.use(file, nothing);
    assert.equal(engine.opened.length, 2);
  });
});
