/** A file of splines that goes one way only says what is searched for, and less is asked of it. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { openModel } from '../../../src/engine/open/open-model';
import type { ModelSummary } from '../../../src/protocol/model';
import { defaultSelection, planeQuery } from '../../../src/protocol/questions';
import { temporaryFolder } from '../../unit/support/temporary';

const folder = temporaryFolder();

/** Of the fixture's files of these names. */
async function summaryOf(fixture: string, ...names: string[]): Promise<ModelSummary> {
  const place = path.join(folder, `${fixture}-${names.length}`);
  mkdirSync(place);
  for (const name of names)
    copyFileSync(path.resolve('test', 'fixtures', 'onnx', fixture, name), path.join(place, name));
  const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  const model = await openModel(path.join(place, names[0]!), backend);
  try {
    return { ...(await model.summary()), id: 'a' };
  } finally {
    await model.dispose();
  }
}

const gridOf = (summary: ModelSummary): number => {
  const { batch } = defaultSelection(summary);
  return planeQuery(summary, batch, { seed: 1, temperature: 1 }).grid;
};

test('splines without a file of the other direction are searched', async () => {
  const alone = await summaryOf('zuko-spline-context', 'forward.onnx');
  assert.equal(alone.origin?.searched, 'x');
  const both = await summaryOf('zuko-spline-context', 'forward.onnx', 'inverse.onnx');
  assert.equal(both.origin?.searched, undefined);
  assert.ok(gridOf(alone) < gridOf(both));
});

test('what is undone by a formula is not', async () => {
  const { origin } = await summaryOf('zuko-autoregressive', 'forward.onnx');
  assert.ok(origin);
  assert.equal(origin.searched, undefined);
});
