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

test('a transform may be an object, for all layers of a model', () => {
  const transform = { kind: 'rationalQuadratic', bins: 4, bound: 3 };
  assert.equal(complaint({ transform }), 'accepted');
  assert.match(
    complaint({ transform: { ...transform, bond: 3 } }),
    /model\.transform\.bond: unknown setting; did you mean "bound"/,
  );
  assert.match(
    complaint({ transform: { ...transform, bound: -3 } }),
    /model\.transform\.bound: expected a number > 0, got -3/,
  );
  assert.match(
    complaint({ transform: { kind: 'cubic' } }),
    /model\.transform\.kind: expected one of "affine", .*, got "cubic"/,
  );
  assert.match(complaint({ transform: 'cubic' }), /model\.transform: expected one of .*, got "cubic"/);
  // The name of a kind is not the object that has it.
  assert.match(
    complaint({ base: 'uniform' }),
    /model\.base: expected an object whose "kind" is one of "normal", .*, got "uniform"/,
  );
  assert.match(
    complaint({ transform: { ...transform, floor: 0.3 } }),
    /model\.transform\.floor: expected less than 1\/4/,
  );
  const removed = { kind: 'affine', scaleMean: 'removed' };
  assert.equal(complaint({ transform: removed }), 'accepted');
  assert.match(
    complaint({ transform: removed, layer: 'autoregressive' }),
    /model\.transform\.scaleMean: expected "kept"/,
  );
  const separate = { nets: 'separate', shiftActivation: 'relu' };
  assert.equal(complaint({ ...separate, transform: { kind: 'affine' } }), 'accepted');
  assert.match(complaint({ ...separate, transform }), /model\.shiftActivation: expected none/);
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
  assert.equal(complaint({ hidden: [] }), 'accepted');
  assert.match(
    complaint({ net: 'residual', hidden: [] }),
    /hidden: expected a width or more for net "residual"/,
  );
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

test('a chain over images is followed from shape to shape', () => {
  const net = { kind: 'convolutions', kernels: [3, 1], widths: [4] };
  const chain = (layers: unknown[], fields: Record<string, unknown> = {}): string =>
    complaint({ kind: 'image', height: 8, width: 8, layers, ...fields });
  const halves = { kind: 'coupling', mask: [1, 1, 0, 0], net };
  assert.equal(
    chain([{ kind: 'squeeze' }, halves, { kind: 'prior', given: 'first' }, { kind: 'factorOut' }]),
    'accepted',
  );
  const faults: [unknown[], RegExp][] = [
    [[halves], /model\.layers\.0\.mask: expected 1 entries, one for each channel, got 4/],
    [
      [{ kind: 'squeeze' }, { kind: 'squeeze' }, { kind: 'squeeze' }, { kind: 'squeeze' }],
      /model\.layers\.3: expected an even height and width to squeeze, got 1×1×64/,
    ],
    [[{ kind: 'squeeze' }, { kind: 'actNorm' }], /model\.layers: expected at least one coupling/],
    [
      [{ kind: 'squeeze' }, { ...halves, mask: [1, 1, 1, 1] }],
      /model\.layers\.1\.mask: expected at least one 0: with only 1 no channel is transformed/,
    ],
    [
      [{ kind: 'squeeze' }, { ...halves, net: { ...net, widths: [4, 4] } }],
      /model\.layers\.1\.net\.widths: expected 1, one for each convolution but the last, got 2/,
    ],
    [[{ kind: 'haar' }], /model\.layers\.0: expected a number of channels divisible by 4, got 8×8×1/],
    [[{ kind: 'factorOut' }], /model\.layers\.0: expected an even number of channels to halve/],
    [
      [{ kind: 'squeeze' }, { kind: 'conv1x1', order: [0, 1, 2, 3], signs: [1] }],
      /model\.layers\.1\.signs: expected 4 entries, one for each channel, got 1/,
    ],
    [
      [{ kind: 'squeeze' }, { kind: 'permute', order: [0, 1, 2, 2] }],
      /model\.layers\.1\.order: expected each channel once, got 2 twice/,
    ],
    [
      [{ kind: 'squeeze' }, halves, { kind: 'prior', kernel: 3 }],
      /model\.layers\.2: expected no kernel, or a kernel of at least 3 with `padding` "ones"/,
    ],
    [
      [{ kind: 'squeeze' }, halves, { kind: 'prior', scaled: true }],
      /model\.layers\.2: expected a kernel, since only a convolution has `padding` and `scaled`/,
    ],
  ];
  for (const [layers, words] of faults) assert.match(chain(layers), words);
  assert.match(
    chain([{ kind: 'flatten' }], { height: 128, width: 128 }),
    /model\.layers\.0: expected at most 4096 channels after it, got 16384/,
  );
});

test('Glow needs sides that each of its scales can halve', () => {
  const glow = (fields: Record<string, unknown>): string =>
    complaint({ kind: 'image', architecture: 'glow', height: 8, width: 8, ...fields });
  assert.equal(glow({ scales: 3 }), 'accepted');
  assert.match(
    glow({ scales: 4 }),
    /divisible by 16, and the padded image is 8×8; expected pad 4, or scales ≤ 3/,
  );
  assert.match(
    complaint({ kind: 'image', height: 8, width: 8, latents: 'first-out-first' }),
    /model\.latents: expected "in-place", or a flow that is a chain/,
  );
});
