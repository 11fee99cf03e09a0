/** A base distribution that can be asked: what draws latents and says how likely they are. Values are [count, …] row-major. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { entryOf } from '../../base/kept';
import { sizeOf } from '../../base/shape';
import type { Base } from '../../flow/bases/types';
import type { FlowContext } from '../../flow/core/bijection';
import type { Flow } from '../../flow/built-flow';
import { bindUsed } from '../../graph/passes/bind-constants';
import { anyBatch, type InputSpec } from '../../graph/trace/trace';
import type { NdArray } from '../../protocol/tensors';
import type { ContextInfo } from '../../protocol/model';
import type { Backend, Feeds, Program } from '../backends/backend';
import { contextFeeds } from './context';
import { contextInputs, storedTensors, traceFlow, type FlowParts } from './flow-graphs';

/** `context`, of a base that depends on one: of each example, or one for all. */
export interface RunningBase {
  /** As `Base` has it. */
  shape: Base['shape'];
  /** Standard normal values that one draw is made of. */
  noise: number;
  /** @param seed of the noise, for what draws by a generator of its own */
  draw(
    noise: Float32Array,
    count: number,
    temperature: number,
    context?: ArrayLike<number>,
    seed?: number,
  ): Promise<Float32Array>;
  /** [count], nats. */
  logProb(z: Float32Array, count: number, context?: ArrayLike<number>): Promise<Float32Array>;
  /** Its terms by element; absent where latents are not independent. */
  logProbByElement?(z: Float32Array, count: number, context?: ArrayLike<number>): Promise<Float32Array>;
  /** As standard normal values, as `Base` has it. */
  scores(z: Float32Array, count: number, context?: ArrayLike<number>): Promise<Float32Array>;
}

const halfLogTau = 0.5 * Math.log(2 * Math.PI);

/** N(0, 1) in each of `size` latents, without a program. */
export function standardBase(size: number): RunningBase {
  return {
    shape: 'standard',
    noise: size,
    draw: (noise, _, temperature) =>
      Promise.resolve(temperature === 1 ? noise : noise.map((value) => value * temperature)),
    logProb: (z) => Promise.resolve(standardLogProb(z, size)),
    logProbByElement: (z) => Promise.resolve(z.map((value) => -0.5 * value ** 2 - halfLogTau)),
    scores: (z) => Promise.resolve(z),
  };
}

/** ln N(z; 0, 1) in nats of each example. @param z [N, …] @param size values of an example */
export function standardLogProb(z: Float32Array, size: number): Float32Array {
  return Float32Array.from({ length: z.length / size }, (_, i) => {
    let squares = 0;
    for (let k = i * size; k < (i + 1) * size; k++) squares += z[k]! * z[k]!;
    return -0.5 * squares - size * halfLogTau;
  });
}

export interface BaseSource extends FlowParts {
  context?: ContextInfo | undefined;
  /** Parameters and running statistics under their names; those of the base are among them. */
  tensors: Readonly<Record<string, NdArray>>;
  backend: Backend;
}

/** What the base is computed from: its own parameters, and the parameters of the context that it may see. */
export function baseTensors({ base, context }: Flow): InputSpec[] {
  return [
    ...storedTensors({ parameters: base.parameters, state: [] }),
    ...(context && base.shape !== 'standard' ? storedTensors(context) : []),
  ];
}

/** Compiles each program when it is first needed. */
export function runningBase(source: BaseSource): RunningBase & { dispose(): Promise<void> } {
  const { flow, tensors, backend, context: info } = source;
  const { base, outputShape: shape } = flow;
  const size = sizeOf(shape);
  if (base.shape === 'standard') return { ...standardBase(size), dispose: () => Promise.resolve() };
  const programs = new Map<string, Promise<Program>>();
  const answer = async (
    name: string,
    compute: (ctx: FlowContext, inputs: Record<string, Tensor>) => Tensor,
    feeds: Feeds,
  ): Promise<Float32Array> => {
    const program = await entryOf(programs, name, () => {
      const ports =
        name === 'draw'
          ? [
              { name: 'noise', shape: [anyBatch, ...base.noiseShape] },
              { name: 'temperature', shape: [] },
            ]
          : [{ name: 'z', shape: [anyBatch, ...shape] }];
      const all = [...baseTensors(flow), ...contextInputs(flow), ...ports];
      const graph = traceFlow(source, all, (ctx, inputs) => ({ out: compute(ctx, inputs) }));
      return Promise.resolve().then(() => backend.compile(bindUsed(graph, tensors), { optimize: true }));
    });
    return (await program.run(feeds)).out!.data as Float32Array;
  };
  const ofLatents =
    (name: string, compute: (ctx: FlowContext, z: Tensor) => Tensor): RunningBase['logProb'] =>
    (z, count, context) =>
      answer(name, (ctx, inputs) => compute(ctx, inputs['z']!), {
        z: { shape: [count, ...shape], data: z },
        ...contextFeeds(info, context, count),
      });
  const { logProbByElement } = base;
  return {
    shape: base.shape,
    noise: sizeOf(base.noiseShape),
    draw: (data, count, temperature, context) =>
      answer('draw', (ctx, inputs) => base.draw(ctx, inputs['noise']!, inputs['temperature']!), {
        noise: { shape: [count, ...base.noiseShape], data },
        temperature: { shape: [], data: Float32Array.of(temperature) },
        ...contextFeeds(info, context, count),
      }),
    logProb: ofLatents('logProb', (ctx, z) => base.logProb(ctx, z)),
    ...(logProbByElement && {
      logProbByElement: ofLatents('logProbByElement', (ctx, z) => logProbByElement(ctx, z)),
    }),
    scores: ofLatents('scores', (ctx, z) => base.scores(ctx, z)),
    async dispose() {
      for (const made of programs.values()) await (await made).dispose();
      programs.clear();
    },
  };
}
