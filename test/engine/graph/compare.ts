import assert from 'node:assert/strict';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { storedTensors } from '../../../src/engine/model/flow-graphs';
import type { Backend, CompileOptions, Feeds } from '../../../src/engine/backends/backend';
import type { Flow } from '../../../src/flow/built-flow';
import type { Graph } from '../../../src/graph/ir';
import type { InputSpec } from '../../../src/graph/trace/trace';
import type { NdArray } from '../../../src/protocol/tensors';

/** Standard normal inputs, the same for the same seed. */
export function normalFeeds(
  inputs: readonly InputSpec[],
  seed: number,
  domain: (x: number) => number = (x) => x,
): Record<string, NdArray> {
  const random = xoroshiro128plus(seed);
  const uniform = (): number => (random.next() >>> 0) / 2 ** 32 + 2 ** -33;
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const length = shape.reduce((product, dim) => product * dim, 1);
      return [name, { shape: [...shape], data: Float32Array.from({ length }, () => domain(normal())) }];
    }),
  );
}

/** Compiles a graph for one run. */
export async function runOnce(
  backend: Backend,
  graph: Graph,
  feeds: Feeds,
  options?: CompileOptions,
): Promise<Feeds> {
  const program = await backend.compile(graph, options);
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

/** Relative above 1, absolute below; NaN equals NaN. */
export function assertClose(
  actual: Readonly<Record<string, NdArray>>,
  expected: Readonly<Record<string, NdArray>>,
  tolerance: number,
  what: string,
): void {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort(), `${what}: names of the results`);
  for (const [name, { shape, data }] of Object.entries(expected)) {
    const other = actual[name]!;
    assert.deepEqual(other.shape, shape, `${what}: shape of ${name}`);
    data.forEach((value, i) => {
      const difference = Math.abs(value - other.data[i]!) / Math.max(1, Math.abs(value));
      const same = Object.is(value, other.data[i]) || difference <= tolerance;
      assert.ok(same, `${what}: ${name}[${i}] is ${other.data[i]}, expected ${value}`);
    });
  }
}

/** Random, but such that a flow of a few layers stays near 1. */
export function parametersOf(flow: Flow): Record<string, NdArray> {
  const tensors = normalFeeds(storedTensors(flow), 5);
  for (const [name, { data }] of Object.entries(tensors)) {
    const positive = /variance|gain|scale$/.test(name);
    const factor = name.endsWith('.v') ? 1 : 0.3;
    data.forEach((value, i) => (data[i] = positive ? 0.5 + Math.abs(value) * 0.3 : value * factor));
  }
  return tensors;
}
