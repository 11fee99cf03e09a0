/** Any layer's input, output, s, t, log-det and conditioner features can be had by name. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as v from 'valibot';
import { modelSchema } from '../../src/config/schema';
import { buildFlow } from '../../src/flow/flow';
import { contextOf, inputOf, maxAbsDifference, movedValues, onCpu, toTensors } from './eager';

const models = [
  { kind: 'vector', dim: 3, couplings: 3, hidden: [5, 6], permutation: 'reverse', flowNorm: true },
  { kind: 'image', height: 4, width: 4, channels: 2, scales: 2, base: 4, blocks: 2 },
];

before(onCpu);

describe('taps', () => {
  for (const model of models) {
    it(`of a ${model.kind} flow have the shapes and sums that they claim`, () => {
      const flow = buildFlow(v.parse(modelSchema, model));
      const taps: Record<string, Tensor> = {};
      const { logDet } = flow.forward(
        contextOf(toTensors(movedValues(flow, 3)), false, taps),
        inputOf(flow.inputShape, 2, 3),
      );
      let total: Tensor = tf.scalar(0);
      for (const layer of flow.layers) {
        const x = taps[`${layer.name}/x`];
        assert.deepEqual(x?.shape, [2, ...layer.inputShape], `${layer.name}/x`);
        if (layer.coupling === undefined) continue;
        const quantities = layer.bijection!.quantities!;
        assert.deepEqual(
          quantities.map(({ role }) => role),
          ['logScale', 'shift'],
        );
        for (const name of ['y', ...quantities.map((quantity) => quantity.name)])
          assert.deepEqual(taps[`${layer.name}/${name}`]?.shape, [2, ...layer.outputShape]);
        const features = Object.keys(taps).filter(
          (name) => name.startsWith(`${layer.name}.net`) && name.endsWith('/features'),
        );
        assert.equal(features.length, model.kind === 'vector' ? 2 : 3);
        const coupling = taps[`${layer.name}/logDet.coupling`]!;
        const elements = taps[`${layer.name}/logDet.elements`]!;
        const summed = tf.sum(tf.reshape(elements, [2, -1]), 1);
        assert.ok(
          maxAbsDifference(summed.dataSync(), coupling.dataSync()) < 1e-5,
          'the log-det is the sum of its map',
        );
        const own = tf.add(coupling, taps[`${layer.name}/logDet.norm`]!);
        assert.ok(
          maxAbsDifference(own.dataSync(), taps[`${layer.name}/logDet`]!.dataSync()) < 1e-5,
          'the log-det of a layer is that of its map and its norm',
        );
        total = tf.add(total, own);
      }
      assert.ok(
        maxAbsDifference(total.dataSync(), logDet.dataSync()) < 1e-4,
        'the layers add up to the flow',
      );
    });
  }
});
