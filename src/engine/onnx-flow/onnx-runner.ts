/**
 * Runs an ONNX file as one direction of a flow: our own file, or one of other software. x and z are float32 with the
 * batch as first axis; a log-det is [N]. Images of other software have their channels first as a rule.
 */
import { baseTensors, runningBase, standardBase, type RunningBase } from '../model/running-base';
import { openFileSession } from '../backends/onnx-session';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelConfig } from '../../config/schema';
import { integersOf } from '../../config/standardization';
import { several, ignoreUserError, UserError } from '../../base/user-error';
import { readOnnxPorts, sidecarPath, type OnnxPorts } from '../../checkpoint/sidecar';
import type { Bijection } from '../../flow/core/bijection';
import { latentScales } from '../../flow/latent-scales';
import { logit } from '../../flow/preprocess';
import { buildFlow, buildPreprocess } from '../../flow/flow';
import { anyBatch, trace } from '../../graph/trace/trace';
import type { ContextInfo } from '../../protocol/model';
import type { Program } from '../backends/backend';
import { createOnnxRuntimeBackend } from '../backends/onnxruntime';
import { contextFeed, contextInfo, plainContextInfo } from '../model/context';
import { plainContext } from '../model/flow-graphs';
import type { OnnxMetadata } from '../onnx-file/metadata';
import type { UsualContext } from './context-range';
import { directionsBy, type OutsideStep } from './directions';
import { pageShape } from './layers';
import { identifyPorts, type DescribedPort, type FlowPorts } from './ports';
import { feedsFor, filled } from './probe';
import { fromChannelsLast, toChannelsLast, type Layout, type FlowRunner, type Space } from '../model/runner';
import { sizeOf } from '../../base/shape';

export interface OnnxRunnerOptions {
  /** Absolute path. */
  file: string;
  threads: number;
  direction: 'forward' | 'inverse';
  /** What our own files say of themselves. */
  metadata?: OnnxMetadata;
  /** What its owner says; by default the sidecar next to it. */
  sidecar?: OnnxPorts;
  /** Usual context of a conditional flow, where it is known. */
  contextRange?: UsualContext | undefined;
  /** Images of other software: how pixels become x, where the sidecar does not say. */
  pixels?: { levels: number; dataRange: number };
}

/** Names of the outputs of our own forward file. */
const layersName = 'logdet_layers';

export interface OnnxRunner extends FlowRunner {
  /** Order of the axes in the file. */
  layout: Layout;
  /** The number of examples that the file takes, where it takes no other. */
  fixedBatch?: number;
  /** The space of the file's own x. */
  space: Space;
  /** From pixels to that x, where the file leaves it to its callers; and what runs it. */
  outside?: { bijection: Bijection; step: OutsideStep };
  dispose(): Promise<void>;
}

/** @throws UserError when the file cannot be loaded, or does not run in that direction */
export async function createOnnxRunner(options: OnnxRunnerOptions): Promise<OnnxRunner> {
  const { file, threads, direction, metadata } = options;
  const sidecar = options.sidecar ?? (await readOnnxPorts(file));
  const {
    session,
    tensor,
    run: runSession,
  } = await openFileSession(file, file, { intraOpNumThreads: threads });
  const ports = identifyPorts(
    file,
    { inputs: described(session.inputMetadata), outputs: described(session.outputMetadata) },
    sidecar,
    metadata,
  );
  if (ports.direction !== direction) {
    const arrow = direction === 'forward' ? 'x to z' : 'z to x';
    throw new UserError(
      `${file}: takes "${ports.input}", so it runs the other way; to go from ${arrow}, give the ${direction} file or the checkpoint.`,
    );
  }
  const { layout, logDet } = ports;
  const inputShape = pageShape(ports.shape, layout);
  const outputShape = inputShape;
  const asIs = sidecar.preprocessing === 'none';
  const knownPixels = sidecar.levels
    ? { levels: sidecar.levels, dataRange: sidecar.dataRange ?? 0.9 }
    : options.pixels;
  const pixels = asIs ? undefined : knownPixels;
  const config = metadata ? configOfPart(metadata) : guessConfig(inputShape, pixels);
  // Our files standardize vectors, and what samples does all of the preprocessing; the others take and give logits.
  const space: Space = config.kind === 'vector' || metadata?.part === 'sample' ? 'data' : 'flow';
  const couplings = session.outputNames.includes(layersName) ? (metadata?.couplings ?? []) : [];
  const standardizing = config.kind === 'vector' ? metadata?.standardize : undefined;
  const bijection =
    space === 'data'
      ? undefined
      : metadata
        ? buildPreprocess(config, buildFlow(config))
        : pixels && logit({ name: 'logit', shape: inputShape, constraint: 'symmetric', ...pixels });
  const preprocessing = bijection && (await createPreprocessing(bijection, inputShape, threads));
  const context = ports.context && contextInfoOf(ports.context, metadata, { ...options, sidecar });
  const base = await baseOf(file, outputShape, metadata, threads);

  const runOnce: RunOnce = (values, count, contexts) => {
    const feeds = Object.entries(feedsFor(ports, values, count, contexts));
    const tensors = feeds.map(([name, { data, shape }]) => [
      name,
      tensor(data, shape, ports.doubles.has(name)),
    ]);
    return runSession(Object.fromEntries(tensors) as Record<string, Tensor>);
  };
  const size = sizeOf(inputShape);
  const fixedBatch = ports.fixedBatch ?? (metadata ? undefined : await unsaidBatch(ports, runOnce));
  const run = async (values: Float32Array, count: number, contexts: ArrayLike<number> | undefined) => {
    const all = context && contextFeed(context, contexts, count).data;
    const laid = fromChannelsLast(values, inputShape, layout);
    const outputNames = [
      ports.output,
      ...(logDet ? [logDet] : []),
      ...(couplings.length > 0 ? [layersName] : []),
    ];
    const joined = new Map<string, Float32Array>();
    const part = fixedBatch ?? count;
    for (let start = 0; start < count; start += part) {
      const n = Math.min(part, count - start);
      // The file may insist on its number of examples.
      const contextRows = all && filled(all, start, part, count);
      const results = await runOnce(filled(laid, start, part, count), part, contextRows);
      for (const name of outputNames) {
        const { data } = results[name] as Tensor;
        const floats = data instanceof Float32Array ? data : Float32Array.from(data as Float64Array);
        const width = floats.length >= part ? floats.length / part : 0;
        if (width === 0) joined.set(name, floats);
        else {
          const whole = joined.get(name) ?? new Float32Array(count * width);
          whole.set(floats.subarray(0, n * width), start * width);
          joined.set(name, whole);
        }
      }
    }
    const output = joined.get(ports.output)!;
    if (output.length !== count * size) {
      throw new UserError(
        `${file}: its output "${ports.output}" has ${output.length / count} values for each example of ${size}; the two ` +
          'ends of a flow have equally many.',
      );
    }
    const layers = joined.get(layersName) ?? new Float32Array(0);
    return {
      values: toChannelsLast(output, outputShape, layout),
      logDet: perExample(logDet ? joined.get(logDet)! : Float32Array.of(NaN), count),
      layers: couplings.map((_, k) =>
        Float32Array.from({ length: count }, (_unused, i) => layers[i * couplings.length + k]!),
      ),
    };
  };
  const check = (xSpace: Space): void => {
    if (xSpace === space || preprocessing || asIs) return;
    throw new UserError(
      space === 'flow'
        ? `${file}: its x is the flow's own input, and it does not say how to get there from data; only apply and score with --space flow can use it.`
        : `${file}: its x is in data units; use --space data, or the checkpoint.`,
    );
  };

  return {
    config,
    inputShape,
    outputShape,
    ...(metadata ? { latentScales: latentScales(buildFlow(metadata.config.model)) } : {}),
    base,
    layout,
    ...(fixedBatch === undefined ? {} : { fixedBatch }),
    space,
    ...(bijection && preprocessing ? { outside: { bijection, step: preprocessing } } : {}),
    couplings,
    preprocesses: preprocessing !== undefined || standardizing !== undefined,
    integers: standardizing && integersOf(standardizing),
    lacksLogDet: logDet === undefined,
    ...(context ? { context } : {}),
    ...directionsBy(run, { space, outside: preprocessing, standardizing, base, check }),
    async dispose() {
      await preprocessing?.dispose();
      await base.dispose();
      await session.release();
    },
  };
}

type RunOnce = (
  values: Float32Array,
  count: number,
  context: Float32Array | undefined,
) => Promise<InferenceSession.OnnxValueMapType>;

/**
 * Exporters that trace may fix sizes inside of a graph that says it takes any number of examples: its log-det of one example
 * then has as many values as there were examples. Undefined where it has one.
 */
async function unsaidBatch({ shape, logDet, context }: FlowPorts, run: RunOnce): Promise<number | undefined> {
  if (!logDet) return undefined;
  const zeros = context && new Float32Array(context.size);
  // The reason for an error is reported when examples are given.
  const results = await run(new Float32Array(sizeOf(shape)), 1, zeros).catch(ignoreUserError);
  const { length } = results?.[logDet]?.data ?? { length: 1 };
  return length > 1 ? length : undefined;
}

/**
 * Our files know the names and the usual range; of others it is what their owner says, or what the graph suggests.
 * @throws UserError when the owner says it of another number of values
 */
function contextInfoOf(
  { size, shape }: NonNullable<FlowPorts['context']>,
  metadata: OnnxMetadata | undefined,
  { file, sidecar, contextRange }: Pick<OnnxRunnerOptions, 'file' | 'contextRange'> & { sidecar: OnnxPorts },
): ContextInfo {
  const known = metadata && contextInfo(metadata, buildFlow(metadata.config.model), {});
  if (known?.mean.length === size) return known;
  const sidecarContext = sidecar.context ?? {};
  for (const [key, values] of Object.entries(sidecarContext)) {
    if (values.length !== size) {
      throw new UserError(
        `${sidecarPath(file)}: onnx.context.${key} has ${several(values.length, 'value')}; the context of the file has ${size}.`,
      );
    }
  }
  const [height, width, channels] = shape;
  const plain = plainContextInfo(size, channels === undefined ? undefined : [height!, width!, channels]);
  return { ...plain, ...contextRange, ...sidecarContext };
}

/** The file of samples takes the noise that z is made of; files of other software do not say what z is. */
async function baseOf(
  file: string,
  shape: readonly number[],
  metadata: OnnxMetadata | undefined,
  threads: number,
): Promise<RunningBase & { dispose(): Promise<void> }> {
  const flow = metadata && metadata.part !== 'sample' ? buildFlow(metadata.config.model) : undefined;
  const base = flow?.base;
  if (!metadata || !flow || !base || base.shape === 'standard')
    return { ...standardBase(sizeOf(shape)), dispose: () => Promise.resolve() };
  const tensors = Object.fromEntries(
    baseTensors(flow).map(({ name, shape: expected }) => {
      const values = metadata.base?.[name];
      if (values?.length !== sizeOf(expected)) {
        throw new UserError(
          `${file}: is damaged: its metadata "base" lacks "${name}" of ${sizeOf(expected)} numbers. Export it again.`,
        );
      }
      return [name, { shape: [...expected], data: Float32Array.from(values) }];
    }),
  );
  const backend = await createOnnxRuntimeBackend({ threads, reason: 'the model is an ONNX file' });
  const running = runningBase({
    flow,
    preprocess: buildPreprocess(metadata.config.model, flow, metadata.standardize),
    context: contextInfo(metadata, flow, tensors),
    tensors,
    backend,
  });
  return {
    ...running,
    async dispose() {
      await running.dispose();
      await backend.dispose();
    },
  };
}

interface Preprocessing extends OutsideStep {
  dispose(): Promise<void>;
}

/** From pixels to logits and back, which our files leave to their callers: noise is not part of a graph. */
async function createPreprocessing(
  bijection: Bijection,
  shape: number[],
  threads: number,
): Promise<Preprocessing> {
  const backend = await createOnnxRuntimeBackend({ threads, reason: 'the model is an ONNX file' });
  const compile = (direction: 'forward' | 'inverse'): Promise<Program> =>
    backend.compile(
      trace(
        ({ x }) => {
          const { value, logDet } = bijection[direction](plainContext({}), x!);
          return { value, logDet };
        },
        [{ name: 'x', shape: [anyBatch, ...shape] }],
        { dynamicBatch: anyBatch },
      ),
    );
  const programs = { forward: await compile('forward'), inverse: await compile('inverse') };
  const through =
    (direction: 'forward' | 'inverse'): Preprocessing['forward'] =>
    async (x, count) => {
      const out = await programs[direction].run({ x: { shape: [count, ...shape], data: x } });
      return { value: out['value']!.data as Float32Array, logDet: out['logDet']!.data as Float32Array };
    };
  return {
    forward: through('forward'),
    inverse: through('inverse'),
    async dispose() {
      await programs.forward.dispose();
      await programs.inverse.dispose();
      await backend.dispose();
    },
  };
}

function perExample(values: Float32Array, count: number): Float32Array {
  return values.length === count ? values : new Float32Array(count).fill(values[0]!);
}

function described(metadata: readonly InferenceSession.ValueMetadata[]): DescribedPort[] {
  return metadata.flatMap((port) =>
    port.isTensor ? [{ name: port.name, dtype: port.type, shape: port.shape }] : [],
  );
}

/** What samples has cut the padding off. */
function configOfPart({ config: { model }, part }: OnnxMetadata): ModelConfig {
  return model.kind === 'image' && part === 'sample' ? { ...model, pad: 0 } : model;
}

/** The part of a config that running needs. */
function guessConfig(
  shape: readonly number[],
  { levels, dataRange }: { levels: number; dataRange: number } = { levels: 256, dataRange: 0.9 },
): ModelConfig {
  const [height = 0, width = 0, channels = 0] = shape;
  return (
    shape.length === 3
      ? { kind: 'image', height, width, channels, levels, pad: 0, dataRange, dataConstraint: 'symmetric' }
      : { kind: 'vector', dim: sizeOf(shape) }
  ) as ModelConfig;
}
