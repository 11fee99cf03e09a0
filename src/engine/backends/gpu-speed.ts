/** Tells a GPU from a driver that computes on the processor (lavapipe, SwiftShader), which is found as a GPU as well. */
import * as tf from '@tensorflow/tfjs-core';
import { shortTime } from '../../base/short-time';
import { trace } from '../../graph/trace/trace';
import { loadRuntime } from './onnx-session';
import { compileProgram } from './onnxruntime';

/** Rows and columns: a driver without a GPU takes a second, one with a GPU milliseconds. */
const size = 256;
/** A GPU that takes this many times as long for what it is best at is slower at every flow. */
const lost = 10;
/** Runs after one that compiles; the least counts. */
const runs = 3;
/** Seconds that no GPU needs; a run that takes them is not repeated. */
const long = 0.1;

/** Why no step or batch is tried on the GPU, with both times; undefined where it may be faster. */
export async function slowAtProducts(threads: number): Promise<string | undefined> {
  const [here, there] = [
    await productTime({ threads, onGpu: false }),
    await productTime({ threads, onGpu: true }),
  ];
  if (there < Math.max(long, lost * here)) return undefined;
  return `products of matrices take ${shortTime(here)} on the processor, ${shortTime(there)} on WebGPU`;
}

/** Seconds for four products of square matrices. */
async function productTime(options: { threads: number; onGpu: boolean }): Promise<number> {
  const graph = trace(
    ({ x }) => {
      const square = tf.matMul(x!, x!);
      return { y: tf.max(tf.matMul(tf.matMul(tf.matMul(square, x!), square), x!)) };
    },
    [{ name: 'x', shape: [size, size] }],
  );
  const program = await compileProgram(loadRuntime(), graph, { ...options, spin: true });
  const feeds = { x: { shape: [size, size], data: new Float32Array(size ** 2).fill(1 / size) } };
  try {
    await program.run(feeds);
    const times: number[] = [];
    while (times.length < runs && !(times[0]! > long)) {
      const began = performance.now();
      await program.run(feeds);
      times.push((performance.now() - began) / 1000);
    }
    return Math.min(...times);
  } finally {
    await program.dispose();
  }
}
