/** The lines that a step of flow matching learns the velocity of: which noise goes with which example, and where on the way to look. */
import { stream } from '../../data/random';
import type { RunConfig } from '../../config/schema';
import { sizeOf } from '../../base/shape';
import { bindUsed } from '../../graph/passes/bind-constants';
import { anyBatch, trace } from '../../graph/trace/trace';
import type { Backend, Feeds, Program } from '../backends/backend';
import { graphContext, inverseGraph, type FlowParts } from '../model/flow-graphs';
import type { TensorTable } from './initialize';
import { nearestNoise } from './nearest-pairs';

export interface Lines {
  /** The examples of a step with `noise` and `share` (`Ends`), a function of seed and step. With reflow, the examples are drawn. */
  at(step: number, examples: Feeds): Promise<Feeds>;
  /** What a resume needs of them. */
  readonly kept: TensorTable;
  dispose(): Promise<void>;
}

interface LinesOptions {
  parts: FlowParts;
  config: RunConfig;
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
      const noise = stream(seed, 'latents', step).normal(sizeOf(shape));
      // Spread evenly, places make the gradient less noisy than when they are drawn one by one.
      const places = stream(seed, 'places', step).uniform(size);
      const share = { shape: [size, 1], data: places.map((u, i) => (i + u) / size) };
      if (pairs === 'reflow') {
        const { x: _, ...rest } = examples;
        const { x } = await program!.run({ z: { shape, data: noise }, ...rest });
        return { ...rest, x: x!, noise: { shape, data: noise }, share };
      }
      if (pairs === 'random') return { ...examples, noise: { shape, data: noise }, share };
      const x = preprocess ? (await program!.run({ x: examples.x! })).data! : examples.x!;
      const data = nearestNoise(x.data as Float32Array, noise, size);
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
