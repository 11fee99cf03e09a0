/** The contract over randomly drawn masks, shapes and configs. */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Bijection } from '../../src/flow/core/bijection';
import { squeezePositions, squeeze, type ImageShape } from '../../src/flow/layers/squeeze';
import { vectorCoupling } from './cases';
import { contextOf, inputOf, maxAbsDifference, movedValues, onCpu, perExample, toTensors } from './eager';
import { flowOf } from './flow-of';

function roundTrip(bijection: Bijection, seed: number): { value: number; logDet: number } {
  return tf.tidy(() => {
    const ctx = contextOf(toTensors(movedValues(bijection, seed)), false);
    const x = inputOf(bijection.inputShape, 2, seed);
    const forward = bijection.forward(ctx, x);
    const inverse = bijection.inverse(ctx, forward.value);
    const there = perExample(forward.logDet, 2);
    const back = perExample(inverse.logDet, 2);
    return {
      value: maxAbsDifference(x.dataSync(), inverse.value.dataSync()),
      logDet: Math.max(...there.map((d, i) => Math.abs(d + back[i]!))),
    };
  });
}

function holds(bijection: Bijection, seed: number): void {
  const { value, logDet } = roundTrip(bijection, seed);
  assert.ok(value <= 1e-4, `round trip ${value}`);
  assert.ok(logDet <= 1e-3, `log-dets cancel to ${logDet}`);
}

before(onCpu);

const seeds = fc.integer({ min: 0, max: 10_000 });

describe('any flow', () => {
  it('comes back through couplings with any mask, even one where all or nothing moves', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        seeds,
        (bits, norm, seed) => {
          const mask = { shape: [bits.length], data: Float32Array.from(bits, Number) };
          holds(vectorCoupling(bits.length, mask, 'scale-then-shift', norm), seed);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('comes back for vectors of any dimension', () => {
    fc.assert(
      fc.property(
        fc.record({
          kind: fc.constant('vector'),
          dim: fc.integer({ min: 1, max: 12 }),
          couplings: fc.integer({ min: 1, max: 6 }),
          hidden: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
          mask: fc.constantFrom('alternate', 'halves', 'random'),
          maskSeed: seeds,
          polarity: fc.constantFrom('first-conditions', 'first-moves'),
          permutation: fc.constantFrom('none', 'reverse', 'random'),
          flowNorm: fc.boolean(),
          affine: fc.constantFrom('scale-then-shift', 'shift-then-scale'),
        }),
        seeds,
        (config, seed) => holds(flowOf(config), seed),
      ),
      { numRuns: 40 },
    );
  });

  it('comes back for images of any size that the scales divide', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 3 })
          .chain((scales) =>
            fc.record({
              kind: fc.constant('image'),
              scales: fc.constant(scales),
              height: fc.integer({ min: 1, max: 3 }).map((n) => n << (scales - 1)),
              width: fc.integer({ min: 1, max: 3 }).map((n) => n << (scales - 1)),
              channels: fc.integer({ min: 1, max: 3 }),
              base: fc.integer({ min: 1, max: 4 }),
              blocks: fc.integer({ min: 0, max: 1 }),
              squeeze: fc.constantFrom('channel-major', 'subpixel-major'),
              polarity: fc.constantFrom('first-conditions', 'first-moves'),
              flowNorm: fc.boolean(),
              netNorm: fc.boolean(),
              maskChannel: fc.boolean(),
            }),
          ),
        seeds,
        (config, seed) => holds(flowOf(config), seed),
      ),
      { numRuns: 25 },
    );
  });

  it('squeezes element numbers as it squeezes values', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom('channel-major' as const, 'subpixel-major' as const),
        (h, w, channels, order) => {
          const shape: ImageShape = [2 * h, 2 * w, channels];
          const numbers = Float32Array.from({ length: 4 * h * w * channels }, (_, i) => i);
          const { value } = squeeze('q', shape, order).forward(
            contextOf({}, false),
            tf.tensor(numbers, [1, ...shape]),
          );
          assert.deepEqual([...value.dataSync()], [...squeezePositions(shape, order)]);
        },
      ),
    );
  });
});
