/** Tells a GPU from a driver that computes on the processor (lavapipe, SwiftShader), which is found as a GPU as well. */
import * as tf from '@tensorflow/tfjs-core';
import { shortTime } from '../../base/short-time';
import { trace } from '../../graph/trace/trace';
import { loadRuntime } from './onnx-session';
import { compileProgram } from './onnxruntime';

/** Rows and columns: a driver without a GPU takes a second, one with a GPU milliseconds. */
const size = 256;
/** Runs after one that compiles; the least counts. */
const runs = 3;
/** Seconds that no GPU needs, however busy its processor is; a run that takes them is not repeated. */
const long = 0.1;

/** Why no step or batch is tried on the GPU; undefined where it may be faster. */
export async function slowAtProducts(threads: number): Promise<string | undefined> {
  const seconds = await productTime(threads);
  if (seconds < long) return undefined;
  return `four products of ${size} × ${size} matrices take ${shortTime(seconds)} on WebGPU, longer than on any GPU`;
}

/** Seconds for four products of square matrices through WebGPU. */
async function productTime(threads: number): Promise<number> {
  const graph = trace(
    ({ x }) => {
      const square = tf.matMul(x!, x!);
      return { y: tf.max(tf.matMul(tf.matMul(tf.matMul(square, x!), square), x!)) };
    },
    [{ name: 'x', shape: [size, size] }],
  );
  const program = await compileProgram(loadRuntime(), graph, { threads, onGpu: true, spin: true });
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
