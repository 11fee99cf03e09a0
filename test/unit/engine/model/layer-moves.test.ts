import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowLayer } from '../../../../src/flow/layers';
import { describeLayer, movesOf } from '../../../../src/engine/model/layer-list';
import type { LayerInfo } from '../../../../src/protocol/model';
import { german } from '../../../../webview/base/words';

function coupling(kind: FlowLayer['kind'], shape: number[], read: (i: number) => boolean): FlowLayer {
  const size = shape.reduce((a, b) => a * b, 1);
  const mask = { shape, data: Float32Array.from({ length: size }, (_, i) => Number(read(i))) };
  const hasNorm = kind === 'channelwise';
  const positions = new Int32Array(0);
  return { name: '', kind, scale: 0, inputShape: shape, outputShape: shape, mask, hasNorm, positions };
}

/** What is said of a mask in English and in German. */
function words(layer: FlowLayer): [string, string] {
  const { kind, hasNorm, inputShape, outputShape } = layer;
  const description = describeLayer(layer);
  const info = { kind, hasNorm, inputShape, outputShape, description, moves: movesOf(layer) };
  return [description, german.layerDescription(info as LayerInfo)];
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
    '12, features 5–11 change',
    '12, Merkmale 5–11 bewegen sich',
  ]);
  assert.deepEqual(words(coupling('vector', [12], (i) => i % 2 === 0)), [
    '12, features 1, 3, 5, 7, … change',
    '12, Merkmale 1, 3, 5, 7, … bewegen sich',
  ]);
  assert.deepEqual(words(coupling('vector', [2], (i) => i === 0)), [
    '2, feature 1 changes',
    '2, Merkmal 1 bewegt sich',
  ]);
});
