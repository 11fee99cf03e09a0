import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { runConfigSchema } from '../../../../src/config/schema';
import { buildFlow } from '../../../../src/flow/flow';
import type { LayerRow } from '../../../../src/flow/built-flow';
import { describeLayer, modelLayers, movesOf } from '../../../../src/engine/model/layer-list';
import type { LayerInfo } from '../../../../src/protocol/model';
import { germanDescription } from '../../../../webview/base/words';

function coupling(kind: LayerRow['kind'], shape: number[], read: (i: number) => boolean): LayerRow {
  const size = shape.reduce((a, b) => a * b, 1);
  const mask = { shape, data: Float32Array.from({ length: size }, (_, i) => Number(read(i))) };
  const hasNorm = kind === 'channelwise';
  const positions = new Int32Array(0);
  return { name: '', kind, scale: 0, inputShape: shape, outputShape: shape, mask, hasNorm, positions };
}

/** What is said of a mask in English and in German. */
function words(layer: LayerRow, names?: readonly string[]): [string, string] {
  const { kind, hasNorm, inputShape, outputShape } = layer;
  const description = describeLayer(layer, names);
  const info = {
    kind,
    hasNorm,
    inputShape,
    outputShape,
    description,
    order: layer.order,
    moves: movesOf(layer, names),
  };
  return [description, germanDescription(info as LayerInfo)];
}

test('what moves is said in words, in both languages', () => {
  const board = (odd: number) =>
    words(coupling('checkerboard', [4, 4, 1], (i) => (Math.floor(i / 4) + (i % 4)) % 2 === odd));
  assert.deepEqual(board(0), [
    '4×4×1, odd pixels change',
    '4×4×1, Pixel mit ungerader Summe aus Zeile und Spalte bewegen sich',
  ]);
  assert.match(board(1)[1], /mit gerader Summe/);
  assert.deepEqual(words(coupling('checkerboard', [2, 2, 1], (i) => i === 3)), [
    '2×2×1, 3 of 4 values change',
    '2×2×1, 3 von 4 Werten bewegen sich',
  ]);
  assert.deepEqual(words(coupling('channelwise', [2, 2, 4], (i) => i % 4 < 2)), [
    '2×2×4, channels 2, 3 change, then batch norm',
    '2×2×4, Kanäle 2, 3 bewegen sich, dann Batch-Norm',
  ]);
  assert.deepEqual(words(coupling('vector', [12], (i) => i < 5)), [
    'features 6–12 change',
    'Merkmale 6–12 bewegen sich',
  ]);
  assert.deepEqual(words(coupling('vector', [12], (i) => i % 2 === 0)), [
    'features 2, 4, 6, 8, … change',
    'Merkmale 2, 4, 6, 8, … bewegen sich',
  ]);
  assert.deepEqual(words(coupling('vector', [2], (i) => i === 0)), [
    'feature 2 changes',
    'Merkmal 2 bewegt sich',
  ]);
});

test('what moves has the names of the data, where it is few and they are short', () => {
  const second = coupling('vector', [2], (i) => i === 0);
  const halves = coupling('vector', [4], (i) => i < 2);
  assert.deepEqual(words(second, ['mass', 'length']), ['length changes', 'length bewegt sich']);
  const four = ['mass', 'length', 'Price, net', 'age'];
  assert.deepEqual(words(halves, four), ['Price, net, age change', 'Price, net, age bewegen sich']);
  assert.equal(
    words(
      halves,
      four.map((name) => name.repeat(9)),
    )[0],
    'features 3, 4 change',
  );
  assert.equal(
    words(
      coupling('vector', [12], (i) => i < 5),
      Array(12).fill('a'),
    )[0],
    'features 6–12 change',
  );
  // The built-in planes say no more by their names.
  assert.equal(words(second, ['x', 'y'])[0], 'feature 2 changes');
});

test('features that were mixed lose their names in what moves', () => {
  const model = { kind: 'vector', dim: 2, couplings: 2, hidden: [4], between: 'lu' };
  const flow = buildFlow(v.parse(runConfigSchema, { data: { source: 'a.csv' }, model }).model);
  const descriptions = modelLayers(flow, undefined, ['mass', 'length']).map(({ info }) => info.description);
  assert.equal(descriptions[0], 'length changes');
  assert.equal(descriptions[2], 'feature 1 changes');
});

test('an order of features counts from 1, in both languages', () => {
  const layer = { ...coupling('vector', [3], () => true), kind: 'autoregressive' as const, order: [1, 0, 2] };
  const [english, german] = words(layer);
  assert.match(english, /before it: 2, 1, 3/);
  assert.match(german, /vor ihm: 2, 1, 3/);
});
