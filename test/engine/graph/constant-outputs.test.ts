/** Outputs that follow from constants alone are results like others, whoever changes what they were given. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { bindConstants } from '../../../src/graph/passes/bind-constants';
import { trace, type TensorMap } from '../../../src/graph/trace/trace';

const bound = (fn: (inputs: TensorMap) => TensorMap): ReturnType<typeof trace> =>
  bindConstants(
    trace(fn, [
      { name: 'x', shape: [2] },
      { name: 'w', shape: [3] },
    ]),
    { w: { shape: [3], data: Float32Array.of(1, 2, 3) } },
  );

describe('constant outputs on ONNX Runtime', () => {
  const feeds = { x: { shape: [2], data: Float32Array.of(5, 7) } };

  it('stand beside what is computed, and are handed out as copies', async () => {
    const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    const program = await backend.compile(
      bound(({ x, w }) => ({
        sum: tf.sum(tf.square(w!)),
        twice: tf.mul(x!, 2),
        positive: tf.greater(w!, 1.5),
      })),
    );
    for (let run = 0; run < 2; run++) {
      const { sum, twice, positive } = await program.run(feeds);
      assert.deepEqual([...twice!.data], [10, 14]);
      assert.deepEqual(sum!.shape, []);
      assert.deepEqual([...sum!.data], [14], `run ${run}`);
      assert.deepEqual([...positive!.data], [0, 1, 1]);
      sum!.data[0] = 0;
    }
    await program.dispose();
  });

  it('may be all that there is', async () => {
    const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    const program = await backend.compile(bound(({ w }) => ({ y: tf.mul(w!, 3) })));
    assert.deepEqual([...(await program.run(feeds)).y!.data], [3, 6, 9]);
    await program.dispose();
  });
});
