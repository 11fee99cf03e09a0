/** Vector fields of other libraries: what these computed with their own solvers at small tolerances, in float64. */
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { openModel } from '../../../src/engine/open/open-model';
import { score, solverError } from '../../../src/engine/use/score';
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

  it('says how far ln p depends on its steps', async () => {
    const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    const x = Float32Array.from({ length: 20 }, (_, i) => 1.5 * Math.sin(i));
    const solved = async (steps: number) => {
      const file = path.join(folder, `cnf-${steps}.safetensors`);
      copyFileSync(fixture('state_dict.safetensors'), file);
      writeFileSync(
        sidecarPath(file),
        JSON.stringify({ library: 'zuko', answers: { activation: 'tanh', steps } }),
      );
      const model = await openModel(file, backend);
      const { runner } = model.flow!;
      const { signal } = new AbortController();
      const examples = {
        count: 10,
        space: 'flow' as const,
        inputs: (_: number, start: number, n: number) => x.subarray(2 * start, 2 * (start + n)),
      };
      const { nats } = await score(runner, examples, { signal, draws: 1 });
      const error = await solverError(runner, examples, { signal });
      await model.dispose();
      return { nats, error: error! };
    };
    try {
      const [one, two, ten] = [await solved(1), await solved(2), await solved(10)];
      const apart = Math.max(...one.nats.map((value, i) => Math.abs(value - two.nats[i]!)));
      assert.ok(Math.abs(one.error - apart) < 1e-7, `${one.error} is said; it changes by ${apart}`);
      assert.ok(
        one.error > 2 * ten.error && ten.error < 1e-5,
        `${one.error} with 10 steps, ${ten.error} with 100`,
      );
    } finally {
      await backend.dispose();
    }
  });
});
