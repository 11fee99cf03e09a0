/** The lines that a step of flow matching learns the velocity of: which noise goes with which example, and where on the way to look. */
import { invertOrder } from '../../base/order';
import { rowsAt } from '../../base/rows';
import { stream } from '../../data/random';
import type { StoredConfig } from '../../config/schema';
import { sizeOf } from '../../base/shape';
import { bindUsed } from '../../graph/passes/bind-constants';
import { anyBatch, trace } from '../../graph/trace/trace';
import type { Backend, Feeds, Program } from '../backends/backend';
import { graphContext, inverseGraph, type FlowParts } from '../model/flow-graphs';
import type { TensorTable } from './initialize';

export interface Lines {
  /** The examples of a step with `noise` and `share`, as `velocityErrors` takes them: a function of seed and step. With reflow, the examples are drawn. */
  at(step: number, examples: Feeds): Promise<Feeds>;
  /** What a resume needs of them. */
  readonly kept: TensorTable;
  dispose(): Promise<void>;
}

interface LinesOptions {
  parts: FlowParts;
  config: StoredConfig;
  backend: Backend;
  /** Examples of a step. */
  size: number;
  state?: TensorTable;
  weights?: TensorTable;
}

const prefix = 'teacher.';

export async function createLines(options: LinesOptions): Promise<Lines> {
  const { parts, config, size, weights = {}, state = {} } = options;
  const { seed, pairs } = config.training;
  const { flow, preprocess } = parts;
  const shape = [size, ...flow.inputShape];
  const ofTeacher = Object.entries(state).filter(([name]) => name.startsWith(prefix));
  const teacher =
    ofTeacher.length > 0
      ? Object.fromEntries(ofTeacher.map(([name, value]) => [name.slice(prefix.length), value]))
      : weights;
  const program = await programOf(options, teacher);
  return {
    kept:
      pairs === 'reflow'
        ? Object.fromEntries(Object.entries(teacher).map(([name, value]) => [prefix + name, value]))
        : {},
    async at(step, examples) {
      const { x: dataX, ...rest } = examples;
      const noise = { shape, data: stream(seed, 'latents', step).normal(sizeOf(shape)) };
      // Spread evenly, places make the gradient less noisy than when they are drawn one by one.
      const places = stream(seed, 'places', step).uniform(size);
      const share = { shape: [size, 1], data: places.map((u, i) => (i + u) / size) };
      if (pairs === 'random') return { ...examples, noise, share };
      if (pairs === 'reflow')
        return { ...(await program!.run({ z: noise, ...rest })), ...rest, noise, share };
      const x = preprocess ? (await program!.run({ x: dataX! })).data! : dataX!;
      const data = nearestNoise(x.data as Float32Array, noise.data, size);
      return { ...examples, noise: { shape, data }, share };
    },
    dispose: async () => program?.dispose(),
  };
}

/** What the pairs need computed: samples of the teacher, or examples as the flow takes them. */
async function programOf(
  { parts, config, backend }: LinesOptions,
  teacher: TensorTable,
): Promise<Program | undefined> {
  const { flow, preprocess } = parts;
  const { pairs } = config.training;
  if (pairs === 'reflow') {
    const both = inverseGraph(flow, preprocess);
    const graph = { ...both, outputs: both.outputs.filter(({ name }) => name === 'x') };
    return backend.compile(bindUsed(graph, teacher), { optimize: true });
  }
  if (pairs === 'random' || !preprocess) return undefined;
  const graph = trace(
    (inputs) => ({ data: preprocess.forward(graphContext(parts, inputs), inputs.x!).value }),
    [{ name: 'x', shape: [anyBatch, ...flow.inputShape] }],
    { dynamicBatch: anyBatch },
  );
  return backend.compile(graph, { optimize: true });
}

/**
 * The same noise in an order in which the squared distances from the examples are least in all.
 * @param data, noise [size, D]
 */
export function nearestNoise(data: Float32Array, noise: Float32Array, size: number): Float32Array {
  const dim = data.length / size;
  const costs = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < dim; k++) sum += (data[i * dim + k]! - noise[j * dim + k]!) ** 2;
      costs[i * size + j] = sum;
    }
  }
  return rowsAt(noise, dim, [...cheapestMatching(costs, size)]);
}

/**
 * The column that each row is matched with, one row each, so that the sum of the costs is least: by shortest augmenting paths
 * (Kuhn 1955; Jonker and Volgenant 1987). Takes up to n³ steps.
 * @param costs [n, n], row by row
 */
export function cheapestMatching(costs: Float64Array, n: number): Int32Array {
  const none = -1;
  // Prices keep every cost minus those of its row and its column at 0 or above, and matched ones at 0.
  const ofRow = new Float64Array(n);
  const ofColumn = new Float64Array(n);
  const matched = new Int32Array(n).fill(none);
  for (let start = 0; start < n; start++) {
    const distance = new Float64Array(n).fill(Infinity);
    const before = new Int32Array(n).fill(none);
    const reached: number[] = [];
    const isReached = new Uint8Array(n);
    let row = start;
    let length = 0;
    let column = none;
    for (;;) {
      let next = none;
      for (let j = 0; j < n; j++) {
        if (isReached[j]) continue;
        const through = length + costs[row * n + j]! - ofRow[row]! - ofColumn[j]!;
        if (through < distance[j]!) [distance[j], before[j]] = [through, column];
        if (next === none || distance[j]! < distance[next]!) next = j;
      }
      column = next;
      length = distance[column]!;
      if (matched[column] === none) break;
      isReached[column] = 1;
      reached.push(column);
      row = matched[column]!;
    }
    ofRow[start]! += length;
    for (const j of reached) {
      ofRow[matched[j]!]! += length - distance[j]!;
      ofColumn[j]! -= length - distance[j]!;
    }
    // The path is turned over: each row on it takes the column after it.
    for (let j = column; j !== none; j = before[j]!) {
      matched[j] = before[j] === none ? start : matched[before[j]!]!;
    }
  }
  return Int32Array.from(invertOrder([...matched]));
}
