/** Initial parameters and running statistics from a seed. Each tensor has a stream of its own, named after it. */
import type { Bijection, ParameterSpec } from '../../flow/core/bijection';
import { stream } from '../../data/random';
import { sizeOf } from '../../base/shape';
import type { NdArray } from '../../protocol/tensors';
import { logLikelihood } from '../../flow/flow';
import { bindUsed } from '../../graph/passes/bind-constants';
import { trace, type TensorMap } from '../../graph/trace/trace';
import type { Backend, Feeds } from '../backends/backend';
import { exampleInputs, graphContext, type FlowParts } from '../model/flow-graphs';

export type TensorTable = Record<string, NdArray<Float32Array>>;

function lengths(of: NdArray<Float32Array>): Float32Array {
  const outputs = of.shape[of.shape.length - 1]!;
  const sums = new Float64Array(outputs);
  of.data.forEach((value, i) => (sums[i % outputs]! += value * value));
  return Float32Array.from(sums, Math.sqrt);
}

/** Rows of normal numbers, each made orthogonal to those before it (Gram and Schmidt, twice for exactness). */
function orthogonal(size: number, normal: Float32Array): Float32Array {
  const rows: Float64Array[] = [];
  for (let r = 0; r < size; r++) {
    const row = Float64Array.from(normal.subarray(r * size, (r + 1) * size));
    for (const before of [...rows, ...rows]) {
      const along = row.reduce((sum, value, i) => sum + value * before[i]!, 0);
      row.forEach((value, i) => (row[i] = value - along * before[i]!));
    }
    const length = Math.hypot(...row);
    rows.push(row.map((value) => value / length));
  }
  return Float32Array.from(rows.flatMap((row) => [...row]));
}

function initial(spec: ParameterSpec, seed: number, done: TensorTable): Float32Array {
  const { init } = spec;
  if (init.kind === 'constant') return new Float32Array(sizeOf(spec.shape)).fill(init.value);
  if (init.kind === 'values') return Float32Array.from(init.values);
  if (init.kind === 'uniform') {
    return stream(seed, 'initial', spec.name)
      .uniform(sizeOf(spec.shape))
      .map((u) => (2 * u - 1) * init.bound);
  }
  if (init.kind === 'orthogonal') {
    const size = spec.shape[0]!;
    return orthogonal(size, stream(seed, 'initial', spec.name).normal(size * size));
  }
  const of = done[init.of];
  if (!of) throw new Error(`${spec.name} starts as the lengths of ${init.of}, which comes later`);
  return lengths(of);
}

export function initialTensors(flow: Bijection, seed: number): TensorTable {
  const tensors: TensorTable = {};
  for (const spec of flow.parameters) {
    tensors[spec.name] = { shape: [...spec.shape], data: initial(spec, seed, tensors) };
  }
  for (const { name, shape, value } of flow.state) {
    tensors[name] = {
      shape: [...shape],
      data: typeof value === 'number' ? new Float32Array(sizeOf(shape)).fill(value) : value().slice(),
    };
  }
  return tensors;
}

/** Act norms see what those before them make of the batch once they are set, so one pass sets all. */
function firstBatchGraph({ flow, preprocess }: FlowParts, batch: number) {
  return trace(
    (inputs) => {
      const results: TensorMap = {};
      const ctx = {
        ...graphContext({ flow, preprocess }, inputs, { training: true }),
        initialize: (name: string, value: TensorMap[string]) => void (results[name] = value),
      };
      logLikelihood(flow, preprocess, ctx, inputs.x!);
      return results;
    },
    exampleInputs(flow, 'x', batch),
  );
}

/**
 * @param tensors drawn initial values @param feeds of the first batch: `x` in data units, dequantized, and the context
 * @returns the same with what the batch says; unchanged for flows without act norms
 */
export async function setByFirstBatch(
  { backend, ...parts }: FlowParts & { backend: Backend },
  tensors: TensorTable,
  feeds: () => Promise<Feeds>,
): Promise<TensorTable> {
  if (!parts.flow.layers.some(({ kind }) => kind === 'actNorm')) return tensors;
  const batch = await feeds();
  const graph = firstBatchGraph(parts, batch.x!.shape[0]!);
  const program = await backend.compile(bindUsed(graph, tensors), { optimize: true });
  try {
    return { ...tensors, ...((await program.run(batch)) as TensorTable) };
  } finally {
    await program.dispose();
  }
}
