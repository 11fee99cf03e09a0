/** Which scale each latent belongs to, against the values that the flow says it factors out. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as v from 'valibot';
import { modelSchema } from '../../src/config/schema';
import { latentsByScale, latentScales } from '../../src/flow/latent-scales';
import { buildFlow } from '../../src/flow/flow';
import { contextOf, inputOf, movedValues, onCpu, toTensors } from './eager';

before(onCpu);

const image = { kind: 'image', height: 8, width: 8, base: 4, blocks: 1 };

describe('the scale of each latent', () => {
  for (const squeeze of ['channel-major', 'subpixel-major'] as const) {
    for (const channels of [1, 3]) {
      it(`is where its value was factored out: ${squeeze}, ${channels} channels, three scales`, () => {
        const flow = buildFlow(v.parse(modelSchema, { ...image, channels, scales: 3, squeeze }));
        const taps: Record<string, Tensor> = {};
        const ctx = contextOf(toTensors(movedValues(flow, 4)), false, taps);
        const z = flow.forward(ctx, inputOf(flow.inputShape, 1, 4)).value.dataSync();
        const scales = latentScales(flow);
        assert.equal(scales.length, z.length);
        const values = (scale: number): number[] => [...z.filter((_, i) => scales[i] === scale)].sort();
        const tapped = (name: string): number[] => [...taps[name]!.dataSync()].sort();
        // The very same numbers, bit for bit: what leaves is not touched again.
        assert.deepEqual(values(0), tapped('scales.0.factorOut/factored'));
        assert.deepEqual(values(1), tapped('scales.1.factorOut/factored'));
        const last = flow.layers.findLast(({ coupling }) => coupling !== undefined)!;
        assert.deepEqual(values(2), tapped(`${last.name}/y`));
        const size = 64 * channels;
        assert.deepEqual(latentsByScale(scales), [size / 2, size / 4, size / 4]);
      });
    }
  }

  it('is the only one of a flow that factors nothing out', () => {
    const vector = { kind: 'vector', dim: 5, couplings: 3, hidden: [4], permutation: 'reverse' };
    assert.deepEqual([...latentScales(buildFlow(v.parse(modelSchema, vector)))], [0, 0, 0, 0, 0]);
    const single = buildFlow(v.parse(modelSchema, { ...image, channels: 1, scales: 1 }));
    assert.deepEqual(latentsByScale(latentScales(single)), [64]);
  });
});
