import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStoredConfig } from '../../../src/config/parse';

function complaint(fields: Record<string, unknown>): string {
  const model = 'kind' in fields ? fields : { kind: 'vector', dim: 3, ...fields };
  try {
    parseStoredConfig({ model }, 'a.json');
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

test('what a config makes a flow allocate is bounded', () => {
  const image = (fields: Record<string, unknown>): string =>
    complaint({ kind: 'image', height: 8, width: 8, scales: 1, ...fields });
  assert.equal(image({ pad: 512 }), 'accepted');
  assert.match(image({ pad: 15000 }), /model\.pad: expected an integer ≥ 0 and ≤ 512, got 15000/);
  assert.match(
    image({ height: 1024, width: 1024, channels: 16, pad: 512 }),
    /model\.pad: expected at most 16777216 values .* got 67108864/,
  );
  assert.match(image({ base: 2 ** 40 }), /model\.base: expected an integer ≥ 1 and ≤ 65536/);
  const many = Array.from({ length: 100_000 }, () => 1);
  assert.match(
    complaint({ hidden: many }),
    /^a\.json: model\.hidden: expected a list, .* at most 64, .{1,200}$/,
  );
  assert.match(complaint({ hidden: [70_000] }), /model\.hidden\.0: expected an integer ≥ 1 and ≤ 65536/);
});

const coupling = { kind: 'coupling', mask: [1, 0, 1] };

test('a written-out chain that fits its dimension is accepted', () => {
  const layers = [
    { kind: 'actNorm' },
    coupling,
    { kind: 'batchNorm' },
    { kind: 'permute', order: [2, 0, 1] },
    { kind: 'coupling', mask: [0, 1, 1] },
  ];
  assert.equal(complaint({ layers }), 'accepted');
});

test('what a network sees is a setting of autoregressive layers that are not written out', () => {
  assert.equal(complaint({ sees: 'output', layer: 'autoregressive' }), 'accepted');
  assert.match(complaint({ sees: 'output' }), /model\.sees: expected "input", or `layer` "autoregressive"/);
  assert.match(
    complaint({
      ...{ sees: 'output', layer: 'autoregressive', dim: 2 },
      layers: [{ kind: 'autoregressive', order: [1, 0] }],
    }),
    /model\.sees: expected "input": where `layers` are given, each/,
  );
});

test('an activation of shifts alone needs a network that gives them alone', () => {
  assert.equal(complaint({ nets: 'separate', shiftActivation: 'relu' }), 'accepted');
  assert.match(
    complaint({ shiftActivation: 'relu' }),
    /model\.shiftActivation: expected none, or `nets` "separate"/,
  );
  assert.match(
    complaint({ nets: 'separate', shiftActivation: 'relu', transform: 'rationalQuadratic' }),
    /model\.shiftActivation: expected none/,
  );
});

test('what is wrong in a written-out chain is named by place', () => {
  const faults: [unknown[], string][] = [
    [
      [{ kind: 'coupling', mask: [1, 0] }],
      'model.layers.0.mask: expected 3 entries, one for each feature, got 2',
    ],
    [[coupling, { kind: 'coupling', mask: [1, 1, 1] }], 'model.layers.1.mask: expected at least one 0'],
    [[{ kind: 'coupling', mask: [0, 0, 0] }], 'model.layers.0.mask: expected at least one 1'],
    [[{ kind: 'coupling', mask: [0, 2, 1] }], 'model.layers.0.mask.1: expected one of 0, 1, got 2'],
    [[coupling, { kind: 'permute', order: [0, 1] }], 'model.layers.1.order: expected 3 entries'],
    [
      [coupling, { kind: 'permute', order: [0, 1, 3] }],
      'model.layers.1.order: expected features 0 to 2, got 3',
    ],
    [[coupling, { kind: 'permute', order: [0, 1, 1] }], 'expected each feature once, got 1 twice'],
    [[{ kind: 'batchNorm' }], 'model.layers: expected at least one coupling'],
  ];
  for (const [layers, expected] of faults) {
    assert.ok(complaint({ layers }).includes(expected), `${expected} in ${complaint({ layers })}`);
  }
});

test('a coupling needs two features', () => {
  assert.match(complaint({ dim: 1 }), /model\.dim: expected at least 2 features, .* got 1/);
});

test('settings of conditioners that do not go together', () => {
  assert.equal(complaint({ net: 'residual' }), 'accepted');
  assert.equal(complaint({ net: 'residual', hidden: [8], netNorm: true }), 'accepted');
  assert.match(
    complaint({ net: 'residual', hidden: [8, 9] }),
    /model\.hidden: expected equal widths, .* got 8, 9/,
  );
  assert.match(complaint({ netNorm: true }), /model\.netNorm: expected false, or net "residual"/);
});

test('scale maps that need ε say why', () => {
  assert.equal(complaint({ scaleMap: 'sigmoid', scaleEpsilon: 0 }), 'accepted');
  assert.match(
    complaint({ scaleMap: 'soft-clip', scaleEpsilon: 0 }),
    /model\.scaleEpsilon: expected .* logarithm/,
  );
  assert.match(complaint({ scaleMap: 'softplus-clamp', scaleEpsilon: 0 }), /the flow has no inverse/);
});
