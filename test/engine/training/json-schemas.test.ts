/** Files that Flowscope and its Python package write fit the JSON schemas that other programs are given. */
import Ajv from 'ajv';
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { controlFile, requestControl } from '../../../src/checkpoint/control';
import { jsonSchemas } from '../../../scripts/reference/json-schemas';
import { runPaths } from '../../../src/checkpoint/run-folder';
import { openSafetensors } from '../../../src/checkpoint/tensors/safetensors';
import { lockName } from '../../../src/config/train-lock';
import type { Backend } from '../../../src/engine/backends/backend';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { train } from '../../../src/engine/training/train';
import type { TrainProgress } from '../../../src/protocol/engine';
import { fixture } from '../../inspector/models';
import { temporaryFolder } from '../../unit/support/temporary';

interface Metadata {
  properties: Record<string, { contentSchema?: { $ref?: string } }>;
}

const schemas = jsonSchemas();
// Formats are for people, and what a text holds as JSON is parsed below.
const ajv = new Ajv({ strict: false, validateFormats: false });
for (const [name, schema] of Object.entries(schemas)) ajv.addSchema(schema, name);

/** Empty for a value that fits. */
function problems(schema: string | object, value: unknown): string {
  return ajv.validate(schema, value) ? '' : ajv.errorsText();
}

async function read(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}

async function metadataOf(file: string): Promise<Record<string, string>> {
  const opened = await openSafetensors(file);
  await opened.close();
  return { ...opened.metadata };
}

async function assertCheckpoint(file: string): Promise<void> {
  const metadata = await metadataOf(file);
  assert.equal(problems('checkpoint.schema.json', metadata), '', file);
  const { properties } = schemas['checkpoint.schema.json'] as Metadata;
  for (const [key, text] of Object.entries(metadata)) {
    const inside = properties[key]?.contentSchema;
    if (inside) assert.equal(problems(inside.$ref ?? inside, JSON.parse(text)), '', `${file}, ${key}`);
  }
}

const folder = temporaryFolder();

describe('JSON schemas', () => {
  let backend: Backend;
  before(async () => void (backend = await createTensorFlowBackend({ threads: 1, reason: 'test' })));
  after(() => backend.dispose());

  it('fit all that a run leaves behind, and what it is asked while it lasts', async () => {
    const config = path.join(folder, 'moons.flow.json');
    const request = {
      data: { source: 'moons', count: 500, validation: 100 },
      model: { kind: 'vector', couplings: 2, hidden: [8] },
      training: { steps: 1_000_000, batch: 16, validateEvery: 10, checkpointEvery: 10 },
    };
    await writeFile(config, JSON.stringify(request));
    assert.equal(problems('flow.schema.json', request), '');
    const output = path.join(folder, 'run');
    const enough = new AbortController();
    let during: Promise<unknown[]> | undefined;
    const onProgress = ({ step }: TrainProgress): void => {
      if (step < 30) return;
      during ??= Promise.all([
        read(path.join(output, lockName)),
        requestControl(output, { learningRate: 1e-3 }).then(() => read(controlFile(output))),
      ]).finally(() => enough.abort());
    };
    await train({ config, output }, { backend, onProgress, signal: enough.signal });
    const [lock, control] = (await during)!;
    assert.equal(problems('lock.schema.json', lock), '');
    assert.equal(problems('control.schema.json', control), '');
    const paths = runPaths(output);
    assert.equal(problems('flow.schema.json', await read(paths.config)), '');
    assert.equal(problems('run.schema.json', await read(paths.status)), '');
    const lines = (await readFile(paths.metrics, 'utf8')).trimEnd().split('\n');
    assert.ok(lines.length >= 3);
    for (const line of lines) assert.equal(problems('metrics.schema.json', JSON.parse(line)), '', line);
    const checkpoints = (await readdir(paths.checkpoints)).filter((name) =>
      name.endsWith('.flow.safetensors'),
    );
    assert.ok(checkpoints.length >= 3);
    for (const name of checkpoints) await assertCheckpoint(path.join(paths.checkpoints, name));
  });

  it('fit recordings of every library, and answers beside checkpoints', async () => {
    const names = await readdir(fixture('recordings'));
    const recordings = names.filter((name) => name.endsWith('.flowrec.safetensors'));
    const sidecars = names.filter((name) => name.endsWith('.flowscope.json'));
    assert.ok(recordings.length >= 5 && sidecars.length >= 3);
    for (const name of recordings) {
      const { recording } = await metadataOf(fixture('recordings', name));
      assert.equal(problems('recording.schema.json', JSON.parse(recording!)), '', name);
    }
    for (const name of sidecars)
      assert.equal(problems('sidecar.schema.json', await read(fixture('recordings', name))), '', name);
  });

  it('say what is wrong in others', () => {
    const wrong: [string, unknown, RegExp][] = [
      ['flow.schema.json', { training: { steps: -1 } }, /training\/steps/],
      ['checkpoint.schema.json', { format: 'flowscope', format_version: '2' }, /format_version|required/],
      ['run.schema.json', { status: 'gone' }, /status/],
      ['metrics.schema.json', { step: 1 }, /seconds/],
      ['control.schema.json', { id: 'a', action: 'pause', learningRate: 0 }, /learningRate/],
      ['lock.schema.json', { id: 'a', pid: 0, host: 'here', since: 'now' }, /pid/],
      ['sidecar.schema.json', { onnx: { direction: 'backward' } }, /direction/],
      ['recording.schema.json', {}, /required/],
    ];
    assert.deepEqual(wrong.map(([name]) => name).sort(), Object.keys(schemas).sort());
    for (const [name, value, problem] of wrong) assert.match(problems(name, value), problem, name);
  });
});
