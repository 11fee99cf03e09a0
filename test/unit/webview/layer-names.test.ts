/** What features are called at a layer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { featureName, modelAt } from '../../../webview/base/layers/layer-names';

test('features have the names of the data, and then of the hidden, once they are mixed or moved', () => {
  const layer = (index: number, mixes = false): LayerInfo =>
    ({ index, ...(mixes ? { mixes: true } : {}) }) as LayerInfo;
  const layers = [layer(0), layer(1, true), layer(2)];
  const model = { layers, featureNames: ['mass', 'length'] } as unknown as ModelSummary;
  const names = layers.map((at) => featureName(modelAt(model, at), 1));
  // What goes into the mixing still has them.
  assert.deepEqual(names, ['length', 'length', 'h₂']);
});
