/** What a German page calls a model, of the values that the engine's English is made of. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { ModelSummary } from '../../../src/protocol/model';
import type { subtitleOf, titleOf } from '../../../webview/base/model-title';

let pages: { titleOf: typeof titleOf; subtitleOf: typeof subtitleOf };
before(async () => {
  // The language is the document's, read once.
  Object.assign(globalThis, { document: { documentElement: { lang: 'de' } } });
  pages = await import('../../../webview/base/model-title');
});

const layer = (kind: string, coupling?: number) => ({
  kind,
  ...(coupling === undefined ? {} : { coupling }),
});
const called = (given: object): [string, string] => {
  const model = {
    format: 'flowscope',
    runnable: true,
    fileName: 'a.flow.safetensors',
    kind: 'vector',
    shape: [2],
    layers: [layer('vector', 0)],
    parameterCount: 9312,
    tensorCount: 4,
    ...given,
  } as unknown as ModelSummary;
  return [pages.titleOf(model), pages.subtitleOf(model)];
};

test('of a flow', () => {
  const image = {
    architecture: 'RealNVP',
    kind: 'image',
    shape: [8, 8, 1],
    levels: 17,
    layers: [layer('checkerboard', 0), layer('factorOut'), layer('checkerboard', 1)],
    parameterCount: 1_271_031,
  };
  assert.deepEqual(called(image), ['RealNVP, 8×8×1, 17 Stufen', '2 Skalen, 2 Kopplungen, 1,27 M Parameter']);
  const both = {
    architecture: 'Flow of couplings and autoregressive layers',
    layers: [layer('vector', 0), layer('autoregressive')],
    base: 'uniform',
  };
  assert.deepEqual(called(both), [
    'Flow aus Kopplungen und autoregressiven Schichten, 2 Merkmale',
    '1 Kopplung, 1 autoregressive Schicht, Gleichverteilung als Basis, 9\u202f312 Parameter',
  ]);
});

test('of one that is given a condition', () => {
  const [shape, named] = [[8, 8, 1], { names: ['mass', 'Bonn', 'Oslo'], mean: [0, 0, 0] }];
  const title = (context: object): string => called({ architecture: 'NICE', context })[0];
  assert.equal(
    title({ names: [], mean: Array(64).fill(0), shape }),
    'NICE, 2 Merkmale gegeben ein Bild von 8×8×1',
  );
  assert.equal(
    title({ ...named, classes: { start: 1, count: 2, name: 'City' } }),
    'NICE, 2 Merkmale gegeben mass, City (2 Klassen)',
  );
  assert.equal(title({ names: ['context 0'], mean: [0] }), 'NICE, 2 Merkmale gegeben 1 Zahl');
});

test('of ONNX files, recordings and tables of tensors', () => {
  const onnx = { opset: 17, operators: [{ op: 'Add', count: 3 }] };
  assert.deepEqual(called({ format: 'onnx', onnx, layers: [layer('vector', 0), layer('unknown')] }), [
    'ONNX-Flow, 2 Merkmale',
    '1 Kopplung gefunden, 1 Abschnitt nicht verstanden, 9\u202f312 gespeicherte Werte, Opset 17',
  ]);
  assert.deepEqual(called({ format: 'onnx', onnx, architecture: 'RealNVP', part: 'inverse' }), [
    'RealNVP, 2 Merkmale',
    '1 Kopplung, 9\u202f312 Werte; inverse: z zu x, Opset 17',
  ]);
  assert.deepEqual(called({ format: 'onnx', onnx, runnable: false, fileName: 'b.onnx' }), [
    'b.onnx',
    'ONNX-Opset 17, 3 Knoten, 9\u202f312 Werte in 4 Tensoren',
  ]);
  assert.deepEqual(called({ format: 'torch', runnable: false, fileName: 'c.pt' }), [
    'c.pt',
    '4 Tensoren, 9\u202f312 Werte',
  ]);
  assert.deepEqual(called({ format: 'recording', architecture: 'Meiner', recording: { examples: 5 } }), [
    'Meiner, 2 Merkmale',
    '1 Schicht, 9\u202f312 Parameter, aufgezeichnet mit 5 Beispielen',
  ]);
});
