/** An exported flow with a standardized context and a base of its own scores as its library does (pzflow). */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { readNpz } from '../../unit/support/npz';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { readMetadata } from '../../../src/engine/onnx-file/metadata';
import { readOnnx } from '../../../src/engine/onnx-file/read';
import { createOnnxRunner } from '../../../src/engine/onnx-flow/onnx-runner';
import { openModel } from '../../../src/engine/open/open-model';
import { maxAbsDifference } from '../../contract/eager';

it('an exported file knows the statistics of its context', async () => {
  const source = path.resolve('test', 'fixtures', 'wild', 'pzflow-conditional-2d');
  const folder = await mkdtemp(path.join(tmpdir(), 'flowscope-context-base-'));
  const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  const model = await openModel(path.join(source, 'flow.pkl'), backend);
  try {
    const { files } = await exportOnnx(model, folder);
    const forward = files.find(({ path: name }) => name.endsWith('.forward.onnx'))!.path;
    const metadata = readMetadata(forward, (await readOnnx(forward)).summary.metadata);
    const runner = await createOnnxRunner({ file: forward, threads: 1, direction: 'forward', metadata });
    try {
      const archive = await readNpz(path.join(source, 'io.npz'));
      const values = (name: string) => Float32Array.from(archive.array(name).data as ArrayLike<number>);
      const count = archive.array('x').shape[0]!;
      const out = await runner.forward(values('x'), count, 'data', { context: values('context') });
      const logProb = out.logDet.map((value, i) => value + out.prior[i]!);
      assert.ok(maxAbsDifference(logProb, values('log_prob_f64')) < 1.55e-4, 'the tolerance of the case');
    } finally {
      await runner.dispose();
    }
  } finally {
    await model.dispose();
    await backend.dispose();
    await rm(folder, { recursive: true, force: true });
  }
});
