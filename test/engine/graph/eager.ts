/** TensorFlow.js run eagerly on tfjs-node: the reference that graphs are compared with. */
import { createRequire } from 'node:module';
import path from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { loadBinding } from '../../../src/engine/backends/tensorflow';
import { findNative } from '../../../src/native/locate';
import type { TensorMap } from '../../../src/graph/trace/trace';
import type { NdArray } from '../../../src/protocol/tensors';

/** A reason to skip tests that need TensorFlow, or false. */
export const withoutTensorFlow: string | false = findNative() ? false : 'native TensorFlow is not installed';

/** Makes tfjs-node the current backend. Its own files are used, not a bundle: they extend classes of the older kind. */
async function useTensorFlow(): Promise<void> {
  if (!tf.engine().backendNames().includes('tensorflow')) {
    // Node 23 dropped a function that tfjs-node 4.22 calls.
    (util as { isNullOrUndefined?: (x: unknown) => boolean }).isNullOrUndefined ??= (x) =>
      x === null || x === undefined;
    const load = createRequire(path.resolve('package.json'));
    const { NodeJSKernelBackend } = load('@tensorflow/tfjs-node/dist/nodejs_kernel_backend.js') as {
      NodeJSKernelBackend: new (binding: object, name: string) => tf.KernelBackend;
    };
    load('@tensorflow/tfjs-node/dist/register_all_kernels.js');
    const binding = loadBinding(findNative()!.binding, 2);
    tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'));
  }
  await tf.setBackend('tensorflow');
}

/** Runs a function on real tensors and returns its results as arrays. */
export async function runEagerly(
  fn: (inputs: TensorMap) => TensorMap,
  feeds: Readonly<Record<string, NdArray>>,
): Promise<Record<string, NdArray>> {
  await useTensorFlow();
  return tf.tidy(() => {
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]),
    );
    const results = Object.entries(fn(inputs));
    return Object.fromEntries(
      results.map(([name, tensor]) => [
        name,
        { shape: tensor.shape, data: tensor.dataSync() as Float32Array },
      ]),
    );
  });
}
