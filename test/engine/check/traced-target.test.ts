/** The log densities of built-in targets, by closed forms and by quadrature. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { targetNames, targets, type TargetName } from '../../../src/config/targets';
import { stream } from '../../../src/data/random';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { tracedTarget } from '../../../src/engine/check/traced-target';
import { deviation, means } from '../../../src/flow/targets/gmm40';

let backend: Backend;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
});
after(() => backend.dispose());

const densitiesAt = (name: TargetName, x: Float32Array, n: number): Promise<Float64Array> =>
  tracedTarget(name, { backend }).logDensity(x, n);

const logNormal = (x: number, mean: number, sd: number): number =>
  -(((x - mean) / sd) ** 2) / 2 - Math.log(sd) - Math.log(2 * Math.PI) / 2;

/** What each density is, in double precision and one number after the other. */
const closedForms: Record<string, (x: number[]) => number> = {
  gmm40: ([x, y]) => {
    const parts = Array.from(
      { length: 40 },
      (_, i) => logNormal(x!, means[2 * i]!, deviation) + logNormal(y!, means[2 * i + 1]!, deviation),
    );
    const top = Math.max(...parts);
    return top + Math.log(parts.reduce((sum, part) => sum + Math.exp(part - top), 0) / 40);
  },
  'many-well-32': (x) =>
    x.reduce((sum, v, i) => sum + (i % 2 === 0 ? -(v ** 4) + 6 * v ** 2 + v / 2 : -(v ** 2) / 2), 0),
  funnel: ([v, ...rest]) =>
    rest.reduce((sum, x) => sum + logNormal(x, 0, Math.exp(v! / 2)), logNormal(v!, 0, 3)),
  ...Object.fromEntries([4, 6, 8].map((side) => [`phi4-${side}x${side}`, phi4(side)])),
};

/** As the paper writes it: Σ φ(x) (Σ_μ 2φ(x) − φ(x+μ) − φ(x−μ)) + m²φ² + λφ⁴. */
function phi4(side: number) {
  const lambda = side === 8 ? 6.008 : 6.975;
  return (field: number[]): number => {
    const at = (i: number, j: number): number => field[((i + side) % side) * side + ((j + side) % side)]!;
    let action = 0;
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        const here = at(i, j);
        const around = at(i + 1, j) + at(i - 1, j) + at(i, j + 1) + at(i, j - 1);
        action += here * (4 * here - around) - 4 * here ** 2 + lambda * here ** 4;
      }
    }
    return -action;
  };
}

/** ∫ f over [low, high] by the trapezoidal rule, which is exact to rounding for smooth functions that vanish at both ends. */
function integral(f: (x: number) => number, low: number, high: number, steps: number): number {
  const width = (high - low) / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) sum += f(low + i * width);
  return sum * width;
}

describe('built-in targets', () => {
  for (const name of targetNames) {
    it(`${name}: the density is its closed form`, async () => {
      const { dim, scale } = targets[name];
      const x = stream(1, name)
        .normal(50 * dim)
        .map((value) => 0.7 * scale * value);
      const values = await densitiesAt(name, x, 50);
      values.forEach((value, i) => {
        const expected = closedForms[name]!([...x.subarray(i * dim, (i + 1) * dim)]);
        assert.ok(Math.abs(value - expected) <= 2e-6 * Math.abs(expected) + 1e-4, `${value}, ${expected}`);
      });
    });
  }

  it('the integrals are those that are stored', async () => {
    const well = integral((x) => Math.exp(-(x ** 4) + 6 * x ** 2 + x / 2), -6, 6, 4000);
    const ofWells = 16 * (Math.log(well) + Math.log(2 * Math.PI) / 2);
    assert.ok(Math.abs(ofWells - targets['many-well-32'].logZ!) < 1e-6);
    const side = 560;
    const width = 100 / side;
    const grid = Float32Array.from({ length: 2 * side ** 2 }, (_, i) => {
      const cell = Math.floor(i / 2);
      return -50 + width * (0.5 + (i % 2 ? cell % side : Math.floor(cell / side)));
    });
    const values = await densitiesAt('gmm40', grid, side ** 2);
    const mass = values.reduce((sum, value) => sum + Math.exp(value), 0) * width ** 2;
    assert.ok(Math.abs(mass - 1) < 1e-4, `${mass}`);
  });

  it('other rows and conditions are refused in words', async () => {
    await assert.rejects(
      densitiesAt('funnel', new Float32Array(4), 2),
      /density of 10 numbers; the flow has 2/,
    );
    assert.throws(() => tracedTarget('funnel', { backend, condition: [1] }), /has no condition/);
  });
});
