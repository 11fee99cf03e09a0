/** Every set of conventions trains, through the preset that suits the data. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { readMetrics, runPaths } from '../../../src/checkpoint/run-folder';
import { conventionsFor } from '../../../src/config/conventions';
import type { Backend } from '../../../src/engine/backends/backend';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { train } from '../../../src/engine/training/train';
import { temporaryFolder } from '../../unit/support/temporary';
import { oneIn, tried } from '../../tried';

const folder = temporaryFolder();
let backend: Backend;
before(async () => void (backend = await createTensorFlowBackend({ threads: 1, reason: 'test' })));
after(() => backend.dispose());

const steps = { steps: 3, batch: 16, warmupSteps: 0, validateEvery: 3, sampleEvery: 3 };
const small = {
  image: { data: { source: 'digits', limit: 100 }, model: { base: 3, blocks: 0 }, training: steps },
  vector: { data: { source: 'moons', count: 200 }, model: { couplings: 4, hidden: [8] }, training: steps },
};

describe('a preset of conventions', () => {
  for (const kind of ['vector', 'image'] as const) {
    for (const { name } of tried('engine/training/presets: conventions', conventionsFor(kind), oneIn(6))) {
      it(`trains: ${name}`, async () => {
        const config = path.join(folder, `${kind}-${name}.json`);
        await writeFile(config, JSON.stringify(small[kind]));
        const output = path.join(folder, `${kind}-${name}`);
        const result = await train({ preset: name, config, output }, { backend });
        assert.equal(result.status, 'finished');
        const metrics = await readMetrics(runPaths(output));
        assert.ok(Number.isFinite(metrics.at(-1)!.validationNats));
        const { tensors } = await loadAnyCheckpoint(result.bestCheckpoint!);
        assert.ok(Object.values(tensors).every(({ data }) => data.every(Number.isFinite)));
      });
    }
  }
});
