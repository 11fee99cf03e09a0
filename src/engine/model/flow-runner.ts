/** Runs one of our flows: traced, its parameters bound, compiled for a backend when first needed. */
import { entryOf } from '../../base/kept';
import { isSolved, solvedIn } from '../../config/field-layer';
import type { ImageModelConfig, ModelConfig, VectorModelConfig } from '../../config/schema';
import { integersOf } from '../../config/standardization';
import type { Preprocess } from '../../flow/nets/context';
import { latentScales } from '../../flow/latent-scales';
import type { Flow } from '../../flow/built-flow';
import { buildFlow } from '../../flow/flow';
import type { Graph } from '../../graph/ir';
import { bindUsed } from '../../graph/passes/bind-constants';
import { hasConditioner } from '../../protocol/model';
import type { NdArray } from '../../protocol/tensors';
import type { CompileOptions, Program } from '../backends/backend';
import { contextFeeds } from './context';
import { forwardGraph, inverseGraph } from './flow-graphs';
import { parameterCount } from './layer-list';
import { type FlowRunner, type Space, toChannelsLast } from './runner';
import { type BaseSource, runningBase, standardLogProb } from './running-base';
import { sizeOf } from '../../base/shape';
import { imageLayers } from '../../flow/expand/image-layers';

export interface FlowSource extends BaseSource {
  config: ModelConfig;
}

/** What a layer adds to the log-det, of a coupling and of its batch norm. */
export const logDetTaps = /\/logDet\.(coupling|norm)$/;

/** Values for each example, from [N] or from a scalar that holds for all. */
function perExample(value: NdArray | undefined, count: number): Float32Array {
  if (!value) return new Float32Array(count);
  const data = value.data as Float32Array;
  return data.length === count ? data : new Float32Array(count).fill(data[0]!);
}

export function createFlowRunner(source: FlowSource): FlowRunner & { dispose(): Promise<void> } {
  const { config, flow, preprocess, tensors, backend, context: info } = source;
  const programs = new Map<string, Promise<Program>>();
  const couplings = flow.layers.filter(hasConditioner);
  const base = runningBase({ flow, preprocess, tensors, backend, context: info });

  const program = (key: string, graph: () => Graph, options: CompileOptions): Promise<Program> =>
    entryOf(programs, key, () =>
      Promise.resolve().then(() =>
        backend.compile(bindUsed(graph(), tensors), { optimize: true, ...options }),
      ),
    );
  const step = (space: Space): Preprocess | undefined => (space === 'data' ? preprocess : undefined);

  const runner: FlowRunner & { dispose(): Promise<void> } = {
    config,
    inputShape: flow.inputShape,
    outputShape: flow.outputShape,
    parameterCount: parameterCount(Object.values(tensors)),
    latentScales: latentScales(flow),
    base,
    couplings: couplings.map(({ name }) => name),
    preprocesses: preprocess !== undefined,
    integers: integersOf(preprocess ?? {}),
    ...(config.kind === 'vector' && isSolved(config) ? { inSteps: inSteps(source, config) } : {}),
    ...(info ? { context: info } : {}),
    async forward(x, count, space, { total = count, context } = {}) {
      // Whole splits are scored with it; the user mostly waits for the inverse.
      const compiled = await program(
        `forward/${space}`,
        () => forwardGraph(flow, { preprocess: step(space), tapFilter: (tap) => logDetTaps.test(tap) }),
        { bulk: true, examples: total },
      );
      const out = await compiled.run({
        x: { shape: [count, ...flow.inputShape], data: x },
        ...contextFeeds(info, context, count),
      });
      return {
        z: out.z!.data as Float32Array,
        logDet: perExample(out.logDet, count),
        preprocessing: perExample(out.preprocessing, count),
        prior: perExample(out.prior, count),
        couplings: couplings.map(({ name }) => perExample(out[`tap:${name}/logDet.coupling`], count)),
        norms: couplings.map(({ name }) => perExample(out[`tap:${name}/logDet.norm`], count)),
      };
    },
    async inverse(z, count, space, { total = count, context } = {}) {
      const compiled = await program(`inverse/${space}`, () => inverseGraph(flow, step(space)), {
        examples: total,
      });
      const out = await compiled.run({
        z: { shape: [count, ...flow.outputShape], data: z },
        ...contextFeeds(info, context, count),
      });
      return { x: out.x!.data as Float32Array, logDet: perExample(out.logDet, count) };
    },
    async dispose() {
      for (const made of programs.values()) await (await made).dispose();
      programs.clear();
      await base.dispose();
    },
  };
  return config.kind === 'image' && config.latents !== 'in-place'
    ? withLibraryLatents(runner, source, config)
    : runner;
}

const inSteps =
  (source: FlowSource, config: VectorModelConfig) =>
  (times: number): ReturnType<typeof createFlowRunner> => {
    const other = { ...config, layers: config.layers && solvedIn(config.layers, times) };
    return createFlowRunner({ ...source, config: other, flow: buildFlow(other) });
  };

/**
 * A chain over images with its latents as the library of its file gives them. Ours are standard normal and are at their
 * places in the image; libraries give the parts one after the other, channels first, and before the learned priors, which
 * they count in addition to the log-det; or only the part that leaves last.
 */
function withLibraryLatents(
  whole: ReturnType<typeof createFlowRunner>,
  source: FlowSource,
  config: ImageModelConfig,
): ReturnType<typeof createFlowRunner> {
  const { flow } = source;
  const hasPriors = flow.layers.some(({ kind }) => kind === 'prior');
  const bareConfig = barePriors(config);
  const bare = hasPriors
    ? createFlowRunner({ ...source, config: bareConfig, flow: buildFlow(bareConfig) })
    : whole;
  return {
    ...whole,
    asLibrary: libraryRunner(config, flow, whole, bare),
    async dispose() {
      await whole.dispose();
      if (bare !== whole) await bare.dispose();
    },
  };
}

/**
 * The chain whose latents are the library's where it gives them: without learned priors, which change no other layer. A
 * library that gives the last part alone scores the others under their priors, which stay.
 */
function barePriors(config: ImageModelConfig): ImageModelConfig {
  const layers = [...imageLayers(config)!];
  const from = config.latents === 'last' ? layers.findLastIndex(({ kind }) => kind === 'factorOut') : -1;
  return {
    ...config,
    latents: 'in-place',
    layers: layers.filter(({ kind }, i) => kind !== 'prior' || i < from),
  };
}

/** The shape of the library's z, channels last, and our element at each place of it. */
function libraryLatents({ latents }: ImageModelConfig, { latentParts = [], layers }: Flow) {
  const last = layers.at(-1)!.outputShape;
  const alone = latents === 'last' ? latentParts.slice(-1) : latentParts;
  if (alone.length === 1 && last[0]! * last[1]! > 1)
    return { shape: last, order: toChannelsLast(Float32Array.from(alone[0]!), last, 'nchw') };
  const parts = latents === 'last-out-first' ? alone.toReversed() : alone;
  const order = parts.flatMap((part) => [...part]);
  return { shape: [order.length], order };
}

/**
 * @param bare of the chain of `barePriors` @param whole of the chain itself
 * @returns a runner that shares the programs of the two; its z is [D], or [H, W, C] where all that it gives leaves at once.
 *   Latents that it does not give are scored with the log-det, and are at their mean in the inverse
 */
function libraryRunner(
  config: ImageModelConfig,
  flow: Flow,
  whole: FlowRunner,
  bare: FlowRunner,
): FlowRunner {
  const { shape, order } = libraryLatents(config, flow);
  const [latentCount, size] = [order.length, sizeOf(flow.outputShape)];
  const toLibrary = (latents: Float32Array, count: number): Float32Array => {
    const out = new Float32Array(count * latentCount);
    for (let i = 0; i < out.length; i++)
      out[i] = latents[Math.floor(i / latentCount) * size + order[i % latentCount]!]!;
    return out;
  };
  const fromLibrary = (z: Float32Array, count: number): Float32Array => {
    const out = new Float32Array(count * size);
    for (let i = 0; i < z.length; i++)
      out[Math.floor(i / latentCount) * size + order[i % latentCount]!] = z[i]!;
    return out;
  };
  /** ln p of the latents that are not given, of each example. */
  const others = (latents: Float32Array, z: Float32Array): Float32Array => {
    const all = standardLogProb(latents, size);
    const known = standardLogProb(z, latentCount);
    return all.map((value, i) => value - known[i]!);
  };
  return {
    ...bare,
    outputShape: shape,
    async forward(x, count, space, total) {
      const batch = await bare.forward(x, count, space, total);
      const { logDet, prior } = bare === whole ? batch : await whole.forward(x, count, space, total);
      const z = toLibrary(batch.z, count);
      const beside = others(batch.z, z);
      const libraryLogDet = batch.logDet.map((value, i) => value + beside[i]!);
      return {
        ...batch,
        z,
        logDet: libraryLogDet,
        prior: prior.map((value, i) => value + (logDet[i]! - libraryLogDet[i]!)),
      };
    },
    async inverse(z, count, space, total) {
      const latents = fromLibrary(z, count);
      const beside = others(latents, z);
      const out = await bare.inverse(latents, count, space, total);
      return { ...out, logDet: out.logDet.map((value, i) => value - beside[i]!) };
    },
  };
}
