/**
 * FMPE of sbi against what sbi computes with zuko's solver in float64 at tolerances of 1e-10.
 *
 * 1e-5 is allowed for log p, log-dets and latents of up to about 5. More steps change nothing: what is left, 3e-6, is what
 * float32 rounds of velocities and divergences. The error of these steps is another 2e-6 to 4e-6.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { openModel } from '../../../src/engine/open/open-model';
import { temporaryFolder } from '../../unit/support/temporary';
import { answer, differences, tooFar, type LibraryCase } from './library-numbers';

const tolerance = { z: 1e-5, logdet: 1e-5, log_prob: 1e-5, x: 1e-5 };
const fixture = (...names: string[]): string => path.resolve('test', 'fixtures', 'fields', ...names);

describe('FMPE of sbi', () => {
  const folder = temporaryFolder();
  let backend: Backend;
  before(async () => void (backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' })));
  after(() => backend.dispose());

  const copied = (name: string, checkpoint: string): string => {
    mkdirSync(path.join(folder, name), { recursive: true });
    const file = path.join(folder, name, checkpoint);
    copyFileSync(fixture(name, checkpoint), file);
    return file;
  };

  for (const [name, layers, steps] of [
    ['sbi-fmpe', 10, 6],
    ['sbi-fmpe-composed', 11, 4],
    ['sbi-fmpe-baseline', 10, 5],
  ] as const) {
    it(`${name} computes what sbi computes, both ways`, async () => {
      const written = JSON.parse(readFileSync(fixture(name, 'case.json'), 'utf8')) as LibraryCase;
      const file = copied(name, written.checkpoint);
      await answer(file, { ...written, answers: { ...written.answers, steps } });
      const model = await openModel(file, backend);
      try {
        const { layers: rows, reason } = await model.summary();
        assert.ok(model.flow, reason);
        assert.equal(rows.length, layers);
        const found = await differences(model.flow, fixture(name, 'io.npz'), tolerance);
        assert.deepEqual(tooFar(found, tolerance), []);
      } finally {
        await model.dispose();
      }
    });
  }

  it('is asked for where a state dict does not say it, and what was answered counts', async () => {
    const written = JSON.parse(
      readFileSync(fixture('sbi-fmpe-composed', 'case.json'), 'utf8'),
    ) as LibraryCase;
    const file = copied('sbi-fmpe-composed', written.checkpoint);
    const opened = async (answers: LibraryCase['answers']) => {
      await answer(file, { ...written, answers });
      const model = await openModel(file, backend);
      const { reason } = await model.summary();
      await model.dispose();
      return reason;
    };
    assert.match((await opened({ steps: 1 }))!, /FMPE and NPSE leave the same tensors.*estimator=FMPE/);
    await assert.rejects(
      opened({ estimator: 'NPSE' }),
      /NPSE, a diffusion.*flowscope\.record\(posterior, theta, x/,
    );
  });

  it('is told from NPSE by the class in a pickle', async () => {
    const model = await openModel(copied('sbi-npse', 'density_estimator.pkl'), backend);
    const { reason } = await model.summary();
    await model.dispose();
    assert.match(
      reason!,
      /posterior of sbi by its score \(NPSE.*VEScoreEstimator.*flowscope\.record\(posterior/,
    );
  });
});
