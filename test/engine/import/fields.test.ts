/** Vector fields of other libraries: what these computed with their own solvers at small tolerances, in float64. */
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { openModel } from '../../../src/engine/open/open-model';
import { maxAbsDifference } from '../../contract/eager';
import { readNpz } from '../../unit/support/npz';
import { temporaryFolder } from '../../unit/support/temporary';

const fixture = (name: string): string => path.resolve('test', 'fixtures', 'fields', 'zuko-cnf', name);

describe('a CNF of zuko', () => {
  const folder = temporaryFolder();

  it('opens as ten slices that compute what the library computes, both ways', async () => {
    const file = path.join(folder, 'cnf.safetensors');
    copyFileSync(fixture('state_dict.safetensors'), file);
    writeFileSync(sidecarPath(file), JSON.stringify({ library: 'zuko', answers: { activation: 'tanh' } }));
    const archive = await readNpz(fixture('io.npz'));
    const values = (name: string) => Float32Array.from(archive.array(name).data as ArrayLike<number>);
    const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    const model = await openModel(file, backend);
    try {
      const summary = await model.summary();
      assert.match(summary.title, /^Continuous flow/);
      assert.match(summary.subtitle, /^10 time slices/);
      assert.deepEqual(summary.layers.at(-1)!.times!.to, 1);
      const { runner } = model.flow!;
      const x = values('x');
      const count = x.length / 2;
      const { z, logDet } = await runner.forward(x, count, 'flow');
      assert.ok(maxAbsDifference(z, values('z')) < 1e-5, `z is off by ${maxAbsDifference(z, values('z'))}`);
      const off = maxAbsDifference(logDet, values('logdet'));
      assert.ok(off < 1e-5, `log-dets are off by ${off}`);
      const back = await runner.inverse(values('z'), count, 'flow');
      assert.ok(maxAbsDifference(back.x, x) < 1e-5);
    } finally {
      await model.dispose();
      await backend.dispose();
    }
  });
});
