/** A model of ours compared with files of other software, which are opened where nothing else is. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { InspectionEngines } from '../../src/extension/engine/inspection-engines';
import { ModelDocument } from '../../src/extension/editor/model-document';
import { endlessModel } from '../engine/onnx/endless';
import { until } from '../inspector/until';
import { inspectionEngines } from './engines';
import { workspaceFolder } from './ours';

const fixture = (...names: string[]) =>
  path.join(process.env['FLOWSCOPE_TEST_ROOT']!, 'test', 'fixtures', ...names);

describe('a model that is compared with a file of other software', function () {
  this.timeout(120_000);
  const folder = () => path.join(workspaceFolder().fsPath, 'compared');
  const file = (name: string) => path.join(folder(), name);
  const memory = {
    keys: () => [],
    get: (_: string, otherwise?: unknown) => otherwise,
    update: () => undefined,
  };
  let engines: InspectionEngines;
  let document: ModelDocument;

  before(() => {
    mkdirSync(folder());
    copyFileSync(fixture('trained', 'moons.flow.safetensors'), file('moons.flow.safetensors'));
    copyFileSync(fixture('trained', 'moons.flow.safetensors'), file('again.flow.safetensors'));
    copyFileSync(fixture('peers', 'nflows-2d', 'state_dict.pt'), file('stranger.pt'));
    writeFileSync(file('endless.onnx'), endlessModel());
  });

  beforeEach(() => {
    engines = inspectionEngines();
    const context = { workspaceState: memory } as unknown as vscode.ExtensionContext;
    document = new ModelDocument(context, engines, vscode.Uri.file(file('moons.flow.safetensors')));
    for (const name of ['stranger.pt', 'endless.onnx', 'again.flow.safetensors']) document.grant(file(name));
  });

  afterEach(async () => {
    document.dispose();
    await engines.dispose();
  });

  after(() => rmSync(folder(), { recursive: true, force: true }));

  it('shares its engine only with our own files', async () => {
    const own = await document.ask('summary', undefined, 'a');
    const again = await document.ask('summary', undefined, 'b', file('again.flow.safetensors'));
    assert.equal(again.parameterCount, own.parameterCount);
    assert.deepEqual(engines.alonePids, []);
    const stranger = await document.ask('summary', undefined, 'c', file('stranger.pt'));
    assert.equal(stranger.path, file('stranger.pt'));
    assert.equal(engines.alonePids.length, 1);
    const query = { first: own.id, count: 16 };
    const same = await document.ask('layerDifferences', query, 'd', file('again.flow.safetensors'));
    assert.ok(same.layers.length > 0);
    assert.ok(same.layers.every(({ output }) => output === 0));
    const other = await document.ask('layerDifferences', query, 'e', file('stranger.pt'));
    assert.equal(other.examples, 16);
    const saved = await document.exportHtml(file('both.html'), 'f', file('stranger.pt'));
    assert.match(readFileSync(saved.path, 'utf8'), /stranger\.pt/);
    document.dispose();
    await until('its engine is gone', () => engines.alonePids.length === 0);
  });

  it('goes on while that file never ends, and its engine goes with the editor', async () => {
    await document.ask('summary', undefined, 'a');
    const endless = assert.rejects(
      document.ask('summary', undefined, 'b', file('endless.onnx')),
      /was stopped/,
    );
    const [pid] = await until(
      'the engine of the other',
      () => engines.alonePids.length > 0 && engines.alonePids,
    );
    await new Promise((resolve) => setTimeout(resolve, 4000));
    assert.deepEqual(engines.alonePids, [pid]);
    const began = performance.now();
    await document.ask('summary', undefined, 'c');
    assert.ok(performance.now() - began < 1000);
    document.dispose();
    await endless;
    assert.throws(() => process.kill(pid!, 0), { code: 'ESRCH' });
  });
});
