/**
 * Central differences of graphs that have no gradients, against automatic differentiation of the flow that they were
 * exported from: every layer that changes values, from files of either direction.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { copyFile } from 'node:fs/promises';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { inverseOf, logAbsDeterminant } from '../../../src/base/determinant';
import { createInspector, type Inspector } from '../../../src/engine/inspect/inspector';
import { openModel } from '../../../src/engine/open/open-model';
import type { Model } from '../../../src/engine/model/model';
import type { JacobianView } from '../../../src/protocol/jacobian';
import { CancelledError } from '../../../src/protocol/wire';
import { digitsModel, moonsModel, smallModel, type SmallModel } from '../inspect/model';

const signal = (): AbortSignal => new AbortController().signal;
const root = process.cwd();

for (const kind of ['images', 'vectors'] as const) {
  describe(`the Jacobian of ONNX ${kind}`, () => {
    let trained: SmallModel;
    let backend: Backend;
    const opened: { model: Model; inspector: Inspector }[] = [];
    const values = kind === 'images' ? Array.from({ length: 64 }, (_, i) => (i * 7) % 17) : [0.7, -0.4];
    const selection = {
      example: { kind: 'values', values },
      batch: { split: 'sample', count: 4 },
      mode: 'eval',
    } as const;

    before(async () => {
      trained =
        kind === 'images' ? await smallModel(digitsModel, 'digits') : await smallModel(moonsModel, 'moons');
      backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
      await exportOnnx(trained.opened, path.join(trained.folder, 'flow.onnx'));
    });
    after(async () => {
      for (const { model, inspector } of opened) {
        inspector.dispose();
        await model.dispose();
      }
      await backend.dispose();
      await trained.dispose();
    });

    for (const part of ['forward', 'inverse']) {
      it(`agrees with automatic differentiation, from the ${part} file alone`, async () => {
        const alone = path.join(trained.folder, part === 'forward' ? 'a.onnx' : 'b.onnx');
        await copyFile(path.join(trained.folder, `flow.${part}.onnx`), alone);
        const model = await openModel(alone, backend);
        const inspector = createInspector('onnx', model);
        opened.push({ model, inspector });
        const { layers } = await inspector.ask('summary', undefined, signal());
        let compared = 0;
        for (const { index, kind: layerKind, name } of layers) {
          const query = { ...selection, layer: index, around: -1, count: 10 };
          if (layerKind === 'squeeze' || layerKind === 'factorOut') {
            await assert.rejects(inspector.ask('jacobian', query, signal()), /only moves values/);
            continue;
          }
          const expected = await trained.inspector.ask('jacobian', query, signal());
          const found = await inspector.ask('jacobian', query, signal());
          assert.deepEqual(found.elements, expected.elements, name);
          assert.equal(expected.differences, undefined);
          const { step, error } = found.differences!;
          assert.ok(error < 0.02 * Math.max(1, ...expected.matrix.data.map(Math.abs)), `${name}: ${error}`);
          assert.ok(step >= 2 ** -8 && Number.isInteger(Math.log2(step)), `${step}`);
          const away = largestDifference(found, expected);
          const largest = Math.max(1, ...expected.matrix.data.map(Math.abs));
          // Nearly exact, and the estimate says about how far.
          assert.ok(away < 0.02 * largest, `${name}: ${away} of ${largest}`);
          assert.ok(away <= error + 1e-5, `${name}: off by ${away}, said to be ${error}`);
          assert.ok(Math.abs(found.logDet - expected.logDet) < 0.02, `${name}: ${found.logDet}`);
          if (found.claimed !== undefined)
            assert.ok(Math.abs(found.logDet - found.claimed) < 0.02, `${name}: ${found.claimed} claimed`);
          compared++;
        }
        assert.equal(compared, layers.filter(({ kind: k }) => k !== 'squeeze' && k !== 'factorOut').length);
      });
    }

    it('ends when it is cancelled', async () => {
      const controller = new AbortController();
      const query = { ...selection, layer: 1, around: -1, count: 10 };
      const answer = opened[0]!.inspector.ask('jacobian', query, controller.signal);
      controller.abort();
      await assert.rejects(answer, CancelledError);
    });
  });
}

it('is there for a flow of another library too: Σ s of its couplings is ln |det|', async () => {
  const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  const folder = path.join(root, 'test', 'fixtures', 'onnx', 'nflows-6d');
  const { readdirSync } = await import('node:fs');
  const file = path.join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.onnx'))!,
  );
  const model = await openModel(file, backend);
  const inspector = createInspector('onnx', model);
  try {
    const { layers, shape } = await inspector.ask('summary', undefined, signal());
    const example = {
      kind: 'values',
      values: shape.concat(Array(5).fill(0)).map((_, i) => 0.3 * i - 0.7),
    } as const;
    const batch = { split: 'sample', count: 4 } as const;
    for (const { index, coupling } of layers) {
      if (coupling === undefined) continue;
      const query = { example, batch, mode: 'eval', layer: index, around: -1, count: 8 } as const;
      const view = await inspector.ask('jacobian', query, signal());
      assert.ok(view.whole);
      assert.ok(Math.abs(view.logDet - view.claimed!) < 0.01, `${view.logDet} and ${view.claimed}`);
    }
  } finally {
    inspector.dispose();
    await model.dispose();
    await backend.dispose();
  }
});

it('inverts matrices', () => {
  const matrix = [0, 2, 1, 1, -1, 3, 4, 0.5, -2];
  const inverse = inverseOf(matrix, 3);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      let sum = 0;
      for (let k = 0; k < 3; k++) sum += matrix[i * 3 + k]! * inverse[k * 3 + j]!;
      assert.ok(Math.abs(sum - Number(i === j)) < 1e-12);
    }
  }
  assert.ok(Math.abs(logAbsDeterminant(matrix, 3) + logAbsDeterminant(inverse, 3)) < 1e-12);
});

function largestDifference(a: JacobianView, b: JacobianView): number {
  return a.matrix.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.matrix.data[i]!)), 0);
}
