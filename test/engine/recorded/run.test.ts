/** A run of another program's loop, as the Python package writes it: its recordings are the steps. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import type { Backend } from '../../../src/engine/backends/backend';
import { openAsked, recordingFile, type OpenedFile } from './support';

let backend: Backend;
let folder: string;
let opened: OpenedFile;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-loop-'));
  const checkpoints = path.join(folder, 'checkpoints');
  await mkdir(checkpoints);
  await writeFile(path.join(folder, 'config.json'), '{ "writer": "flowscope.Run" }\n');
  const row = (step: number): string =>
    JSON.stringify({ step, seconds: step / 10, trainNats: 300 / step, mine: 1 });
  await writeFile(path.join(folder, 'metrics.jsonl'), `${row(100)}\n${row(200)}\n`);
  await writeFile(
    path.join(folder, 'run.json'),
    JSON.stringify({ status: 'running', step: 200, seconds: 20, updated: new Date().toISOString() }),
  );
  const copy = (name: string, as: string): Promise<void> =>
    copyFile(recordingFile(name), path.join(checkpoints, `${as}.flowrec.safetensors`));
  await copy('nflows', 'step-00000100');
  await copy('nflows-later', 'step-00000200');
  await copy('nflows-later', 'last');
  opened = await openAsked(folder, backend);
});
after(async () => {
  await opened.dispose();
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

it('opens at its last recording, and lists the steps', async () => {
  const { step, runFolder, checkpoints } = await opened.ask('summary', undefined);
  assert.equal(step, 200);
  assert.equal(runFolder, folder);
  assert.deepEqual(
    checkpoints.map((one) => [one.step, path.basename(one.path), one.best]),
    [
      [100, 'step-00000100.flowrec.safetensors', false],
      [200, 'step-00000200.flowrec.safetensors', false],
    ],
  );
});

it('is followed by its curves', async () => {
  const curves = await opened.ask('curves', {});
  assert.equal(curves!.status, 'running');
  assert.deepEqual([...curves!.steps], [100, 200]);
  assert.deepEqual([...curves!.columns.trainNats!], [3, 1.5]);
});
