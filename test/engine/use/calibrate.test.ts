/**
 * Calibration on a problem whose posterior is known: θ ~ N(0, I) of two numbers, y = Aθ + 0.5·N(0, I) of two. The posterior is
 * N(ΣAᵀy/0.25, Σ) with Σ = (I + AᵀA/0.25)⁻¹; a conditional normal and an LU layer, set by hand, are exactly that.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inverseSoftplus } from '../../../src/base/softplus';
import { stream } from '../../../src/data/random';
import { buildFlow } from '../../../src/flow/flow';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { plainContextInfo } from '../../../src/engine/model/context';
import { createFlowRunner } from '../../../src/engine/model/flow-runner';
import { initialTensors } from '../../../src/engine/training/initialize';
import { calibrate, checkCalibratable, type Pairs } from '../../../src/engine/use/calibrate';
import type { Calibration } from '../../../src/protocol/calibration';
import { CancelledError } from '../../../src/protocol/wire';
import { model } from './flows';

const mixing = [
  [1, 0.8],
  [-0.4, 1.2],
] as const;
const noise = 0.5;

/** Of the posterior: Σ, and what a context is multiplied by for the mean. */
function posterior() {
  const [[a, b], [c, d]] = mixing;
  const precision = 1 / noise ** 2;
  const p = [
    1 + precision * (a * a + c * c),
    precision * (a * b + c * d),
    1 + precision * (b * b + d * d),
  ] as const;
  const determinant = p[0] * p[2] - p[1] ** 2;
  const [s00, s01, s11] = [p[2] / determinant, -p[1] / determinant, p[0] / determinant];
  const gain = [
    [precision * (s00 * a + s01 * b), precision * (s00 * c + s01 * d)],
    [precision * (s01 * a + s11 * b), precision * (s01 * c + s11 * d)],
  ] as const;
  return { s00, s01, s11, gain };
}

let backend: Backend;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
});
after(() => backend.dispose());

/**
 * @param width of its samples over that of the posterior
 * @param shift of them along the first latent
 * @param ignores its context: samples are of N(0, I), the distribution of all θ together
 */
function flowOf({ width = 1, shift = 0, ignores = false } = {}) {
  const config = model({
    ...{ kind: 'vector', dim: 2, context: 2, contextNorm: false },
    // A flow has one coupling at least; zeros make it the identity.
    layers: [{ kind: 'coupling', mask: [1, 0] }, { kind: 'lu' }],
    base: { kind: 'conditionalNormal' },
  });
  const flow = buildFlow(config);
  const tensors = initialTensors(flow, 1);
  const set = (name: string, values: number[]): void => {
    assert.equal(tensors[name]?.data.length, values.length, `${name} of ${Object.keys(tensors).join()}`);
    tensors[name].data.set(values);
  };
  for (const [name, { data }] of Object.entries(tensors)) if (name.startsWith('couplings.')) data.fill(0);
  // z = R⁻¹θ with Σ = RRᵀ has unit deviations: R⁻¹ = L·U with U diagonal.
  const { s00, s01, s11, gain } = posterior();
  const [r00, r10] = [Math.sqrt(s00), s01 / Math.sqrt(s00)];
  const r11 = Math.sqrt(s11 - r10 ** 2);
  const diagonal = [1 / r00, 1 / r11];
  const offset = inverseSoftplus(1 - 1e-3);
  set(
    'linears.0.diagonal',
    diagonal.map((value) => inverseSoftplus(value - 1e-3) - offset),
  );
  set('linears.0.upper', [0, 0, 0, 0]);
  set('linears.0.lower', [0, 0, -r10 / r11, 0]);
  set('linears.0.bias', [0, 0]);
  const toLatent = [
    [1 / r00, 0],
    [-r10 / (r00 * r11), 1 / r11],
  ];
  const means = toLatent.map((row) => [0, 1].map((k) => row[0]! * gain[0][k]! + row[1]! * gain[1][k]!));
  // [inputs, outputs]: the context to means and logarithms of deviations.
  set(
    'base.net.0.weight',
    [0, 1].flatMap((k) => [...means.map((row) => row[k]!), 0, 0]),
  );
  set('base.net.0.bias', [shift, 0, Math.log(width), Math.log(width)]);
  if (ignores) {
    set('linears.0.diagonal', [0, 0]);
    set('linears.0.lower', [0, 0, 0, 0]);
    tensors['base.net.0.weight']!.data.fill(0);
  }
  return createFlowRunner({ config, flow, tensors, backend, context: plainContextInfo(2) });
}

/** Drawn from the joint distribution, not from the posterior. */
function pairsOf(seed: number, count: number): Pairs {
  const draw = stream(seed, 'calibrate-test').normal(4 * count);
  const x = new Float32Array(2 * count);
  const context = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [first, second, ...rest] = draw.subarray(4 * i, 4 * i + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    x.set([first, second], 2 * i);
    context.set(
      mixing.map(([a, b], k) => a * first + b * second + noise * rest[k]!),
      2 * i,
    );
  }
  return { count, x, context };
}

async function calibrated(options: Parameters<typeof flowOf>[0], seed: number, count = 300, draws = 100) {
  const runner = flowOf(options);
  const result = await calibrate({ forward: runner, inverse: runner }, pairsOf(seed, count), { draws, seed });
  await runner.dispose();
  return result;
}

const tests = ({ features, coverage, tarp }: Calibration) => [...features, coverage, tarp];

describe('calibration of a flow that is the posterior', () => {
  it('finds nothing over ten seeds, with p-values that are spread out', async () => {
    const pValues: number[] = [];
    let [outside, bins] = [0, 0];
    for (let seed = 0; seed < 10; seed++) {
      const result = await calibrated({}, seed);
      for (const test of tests(result)) {
        assert.equal(test.off, undefined, `seed ${seed}: p = ${test.pValue}`);
        pValues.push(test.pValue);
        const { counts, low, high } = test.histogram;
        bins += counts.length;
        outside += counts.filter((value) => value < low || value > high).length;
      }
      assert.equal(result.nonFinite, 0);
    }
    const mean = pValues.reduce((sum, p) => sum + p, 0) / pValues.length;
    assert.ok(Math.abs(mean - 0.5) < 0.2, `mean p ${mean}`);
    // The bands hold 99 % or more of the bins.
    assert.ok(outside / bins < 0.02, `${outside} of ${bins} bins`);
  });

  it('covers what it should', async () => {
    const { coverage } = await calibrated({}, 3, 500, 200);
    for (const { found, low, high, level } of coverage.levels) {
      assert.ok(low < level && level < high && found >= low && found <= high, `${level}: ${found}`);
    }
  });
});

describe('a flow that is off', () => {
  it('is rejected when its scales are too small, in every test', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const result = await calibrated({ width: 0.5 }, seed);
      for (const { off } of [...result.features, result.coverage]) assert.equal(off, 'too narrow');
      assert.ok(result.tarp.off);
      for (const { distance } of tests(result)) assert.ok(distance > 0.08, `${distance}`);
      // The square of the radius that holds 95 % is −2·ln 0.05 of deviations that are half of the true ones.
      const at95 = result.coverage.levels.find(({ level }) => level === 0.95)!;
      const expected = 1 - 0.05 ** 0.25;
      assert.ok(Math.abs(at95.found - expected) < 0.1, `${at95.found} instead of ${expected}`);
      assert.ok(at95.found < at95.low);
    }
  });

  it('is rejected when its scales are too large, or its means shifted, and says which', async () => {
    const wide = await calibrated({ width: 2 }, 1);
    assert.deepEqual(
      wide.features.map(({ off }) => off),
      ['too wide', 'too wide'],
    );
    assert.equal(wide.coverage.off, 'too wide');
    const shifted = await calibrated({ shift: 0.5 }, 1);
    assert.equal(shifted.features[0]!.off, 'too high');
    // Φ(0.5/√(1 + 1)) of a shift by half a deviation, from above.
    assert.ok(Math.abs(shifted.features[0]!.mean - 0.362) < 0.06, `${shifted.features[0]!.mean}`);
  });
});

describe('a flow that ignores its condition', () => {
  it('is found by TARP alone, since the examples lie nearer to those with a similar condition', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { features, coverage, tarp } = await calibrated({ ignores: true }, seed);
      for (const test of [...features, coverage]) assert.equal(test.off, undefined);
      assert.ok(tarp.off && tarp.mean < 0.4, `p = ${tarp.pValue}, mean ${tarp.mean}`);
    }
  });
});

describe('how calibration runs', () => {
  it('gives the same ranks again, whatever the number of pairs', async () => {
    const some = await calibrated({}, 1, 40, 50);
    const runner = flowOf();
    const more = await calibrate({ forward: runner, inverse: runner }, pairsOf(1, 80), {
      draws: 50,
      seed: 1,
    });
    await runner.dispose();
    assert.deepEqual([...more.features[0]!.ranks].slice(0, 40), [...some.features[0]!.ranks]);
    assert.ok(some.features[0]!.ranks.every((rank) => rank >= 0 && rank <= 50));
  });

  it('can be canceled', async () => {
    const runner = flowOf();
    const controller = new AbortController();
    const running = calibrate({ forward: runner, inverse: runner }, pairsOf(1, 300), {
      ...{ draws: 100, seed: 1, signal: controller.signal },
      onProgress: () => controller.abort(),
    });
    await assert.rejects(running, CancelledError);
    await runner.dispose();
  });

  it('refuses a flow without a condition in words', async () => {
    const config = model({ kind: 'vector', dim: 2 });
    const flow = buildFlow(config);
    const runner = createFlowRunner({ config, flow, tensors: initialTensors(flow, 1), backend });
    assert.throws(() => checkCalibratable({ runner, file: 'moons' }), /moons: this flow takes no condition/);
    await runner.dispose();
  });
});
