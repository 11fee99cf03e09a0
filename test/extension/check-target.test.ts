/** A target is somebody's code: it runs once its user allowed the file, and never in a workspace that is not trusted. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { InspectionEngines } from '../../src/extension/engine/inspection-engines';
import { ModelDocument } from '../../src/extension/editor/model-document';
import { inspectionEngines } from './engines';
import { workspaceFolder } from './ours';

describe('the target of a check', function () {
  this.timeout(60_000);
  const folder = () => path.join(workspaceFolder().fsPath, 'checked');
  const file = (name: string) => path.join(folder(), name);
  const query = () => ({ target: `${file('target.py')}:log_prob`, draws: 500, seed: 0, start: 0 });
  const allowed: string[] = [];
  const memory = { keys: () => [], get: () => allowed, update: () => undefined };
  const trusted = Object.getOwnPropertyDescriptor(vscode.workspace, 'isTrusted')!;
  let engines: InspectionEngines;
  let document: ModelDocument;

  before(() => {
    mkdirSync(folder());
    const moons = path.join(
      process.env['FLOWSCOPE_TEST_ROOT']!,
      'test/fixtures/trained/moons.flow.safetensors',
    );
    copyFileSync(moons, file('moons.flow.safetensors'));
    writeFileSync(
      file('target.py'),
      `open(${JSON.stringify(file('RAN'))}, "w")\nraise SystemExit("stop here")\n`,
    );
    engines = inspectionEngines({ FLOWSCOPE_PYTHON: '/no/such/python' });
    const context = { workspaceState: memory } as unknown as vscode.ExtensionContext;
    document = new ModelDocument(context, engines, vscode.Uri.file(file('moons.flow.safetensors')));
  });

  afterEach(() => Object.defineProperty(vscode.workspace, 'isTrusted', trusted));

  after(async () => {
    document.dispose();
    await engines.dispose();
    rmSync(folder(), { recursive: true, force: true });
  });

  it('does not run before its file was chosen', async () => {
    await assert.rejects(document.ask('check', query(), 'a'), /was not chosen here/);
    const { target, ...rest } = query();
    await assert.rejects(document.ask('check', { ...rest, prior: target }, 'p'), /was not chosen here/);
    assert.ok(!existsSync(file('RAN')));
  });

  it('does not run in a workspace that is not trusted, though its file was chosen before', async () => {
    allowed.push(file('target.py'));
    Object.defineProperty(vscode.workspace, 'isTrusted', { ...trusted, get: () => false });
    await assert.rejects(document.ask('check', query(), 'b'), /needs a trusted workspace/);
    assert.ok(!existsSync(file('RAN')));
  });

  it('is handed to Python once both hold', async () => {
    await assert.rejects(
      document.ask('check', query(), 'c'),
      /A target needs Python, and \/no\/such\/python/,
    );
  });
});
