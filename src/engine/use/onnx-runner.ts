/**
 * Runs an ONNX file as one direction of a flow: ours, or one that other software exported. x and z are float32 with the
 * batch as first axis; a log-det is [N]. Images of other software have their channels first as a rule.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelConfig } from '../../config/schema';
import { UserError } from '../../config/user-error';
import { latentScales } from '../../flow/latent-scales';
import { buildFlow, buildPreprocess } from '../../flow/real-nvp';
import { anyBatch, trace } from '../../graph/trace';
import type { Program } from '../backends/backend';
import { createOnnxRuntimeBackend } from '../backends/onnxruntime';
import { graphContext } from '../model/flow-graphs';
import type { OnnxMetadata } from '../onnx-file/metadata';
import { fromChannelsLast, toChannelsLast, type Layout } from './layout';
import { sizeOf, type FlowRunner, type Space } from './runner';

export interface OnnxRunnerOptions {
  /** Absolute path. */
  file: string;
  threads: number;
  direction: 'forward' | 'inverse';
  /** What the file says of itself, where it is ours. */
  own?: OnnxMetadata;
}

/** Names of the outputs of our own forward file. */
const layersName = 'logdet_layers';

export interface OnnxRunner extends FlowRunner {
  /** Order of the axes in the file. */
  layout: Layout;
  dispose(): Promise<void>;
}

interface Port {
  name: string;
  /** Without the batch axis. */
  shape: number[];
}

const logDetName = /^(sum_?)?(log_?(abs)?_?det(_?j(acobian)?)?|ladj|logabsdet)$/i;
const names = {
  forward: { from: /^(x|data|input)$/i, to: /^(z|latent|output)$/i },
  inverse: { from: /^(z|latent|noise)$/i, to: /^(x|data|sample|output)$/i },
};

/** @throws UserError when the file cannot be loaded, or does not run in that direction */
export async function createOnnxRunner(options: OnnxRunnerOptions): Promise<OnnxRunner> {
  const { file, threads, direction, own } = options;
  const runtime = await import('onnxruntime-node');
  let session: InferenceSession;
  try {
    session = await runtime.InferenceSession.create(file, {
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new UserError(`${file}: ONNX Runtime cannot load it: ${(error as Error).message.split('\n')[0]}`);
  }
  const input = inputOf(session, file, direction);
  const output = outputOf(session, file, direction, input);
  const logDet = session.outputNames.find((name) => logDetName.test(name));
  const temperature = session.inputNames.find((name) => name === 'temperature');

  const layout = own ? 'nhwc' : usualLayout(input.shape);
  const config = own ? ownConfig(own) : guessConfig(input, layout);
  const shapes = [input, output].map(({ shape }) => channelsLast(shape, layout));
  const [inputShape, outputShape] = (direction === 'forward' ? shapes : shapes.toReversed()) as [
    number[],
    number[],
  ];
  // Our files standardize vectors, and what samples does all of the preprocessing; the others take and give logits.
  const space: Space = config.kind === 'vector' || own?.part === 'sample' ? 'data' : 'flow';
  const couplings = session.outputNames.includes(layersName) ? (own?.couplings ?? []) : [];
  const standardizing =
    config.kind === 'vector' && own?.standardize
      ? -own.standardize.std.reduce((sum, deviation) => sum + Math.log(deviation), 0)
      : 0;
  const preprocessing =
    own && config.kind === 'image' && space === 'flow'
      ? await createPreprocessing(config, inputShape, threads)
      : undefined;

  const run = async (values: Float32Array, count: number) => {
    const from = direction === 'forward' ? inputShape : outputShape;
    const to = direction === 'forward' ? outputShape : inputShape;
    const feeds: Record<string, Tensor> = {
      [input.name]: new runtime.Tensor('float32', fromChannelsLast(values, from, layout), [
        count,
        ...input.shape,
      ]),
    };
    if (temperature) feeds[temperature] = new runtime.Tensor('float32', Float32Array.of(1), []);
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await session.run(feeds);
    } catch (error) {
      throw new UserError(`${file}: ONNX Runtime cannot run it: ${(error as Error).message.split('\n')[0]}`);
    }
    const floats = (name: string): Float32Array => (results[name] as Tensor).data as Float32Array;
    const layers = couplings.length > 0 ? floats(layersName) : new Float32Array(0);
    return {
      values: toChannelsLast(floats(output.name), to, layout),
      logDet: perExample(logDet ? floats(logDet) : Float32Array.of(NaN), count),
      layers: couplings.map((_, k) =>
        Float32Array.from({ length: count }, (_unused, i) => layers[i * couplings.length + k]!),
      ),
    };
  };
  const cannot = (): UserError =>
    new UserError(
      space === 'flow'
        ? `${file}: its x is the flow's own input, and it does not say how to get there from data; only apply and score with --space flow can use it.`
        : `${file}: its x is in data units; use --space data, or the checkpoint.`,
    );

  return {
    config,
    inputShape,
    outputShape,
    ...(own ? { latentScales: latentScales(buildFlow(own.config.model)) } : {}),
    layout,
    couplings,
    preprocesses: preprocessing !== undefined || standardizing !== 0,
    lacksLogDet: logDet === undefined,
    async forward(x, count, asked) {
      if (asked !== space && !preprocessing) throw cannot();
      const before = asked === space ? undefined : await preprocessing!.forward(x, count);
      const { values: z, logDet: total, layers } = await run(before?.value ?? x, count);
      const size = sizeOf(outputShape);
      return {
        z,
        logDet: total.map((value) => value - standardizing),
        preprocessing: before?.logDet ?? new Float32Array(count).fill(standardizing),
        prior: Float32Array.from({ length: count }, (_, i) => standardNormal(z, i * size, size)),
        couplings: layers,
        // Folded into the couplings' share.
        norms: layers.map(({ length }) => new Float32Array(length)),
      };
    },
    async inverse(z, count, asked) {
      if (asked !== space && !preprocessing) throw cannot();
      const { values: x, logDet: total } = await run(z, count);
      if (asked === space) return { x, logDet: total };
      const { value, logDet: outer } = await preprocessing!.inverse(x, count);
      return { x: value, logDet: total.map((inner, i) => inner + outer[i]!) };
    },
    async dispose() {
      await preprocessing?.dispose();
      await session.release();
    },
  };
}

interface Preprocessing {
  forward(x: Float32Array, count: number): Promise<{ value: Float32Array; logDet: Float32Array }>;
  inverse(y: Float32Array, count: number): Promise<{ value: Float32Array; logDet: Float32Array }>;
  dispose(): Promise<void>;
}

/** From pixels to logits and back, which our files leave to whoever calls them: noise is no part of a graph. */
async function createPreprocessing(
  config: ModelConfig,
  shape: number[],
  threads: number,
): Promise<Preprocessing> {
  const backend = await createOnnxRuntimeBackend({ threads, reason: 'the model is an ONNX file' });
  const bijection = buildPreprocess(config, buildFlow(config))!;
  const compile = (direction: 'forward' | 'inverse'): Promise<Program> =>
    backend.compile(
      trace(
        ({ x }) => {
          const { value, logDet } = bijection[direction](graphContext({}), x!);
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

/** ln N(z; 0, 1) of one example. */
function standardNormal(z: Float32Array, start: number, size: number): number {
  let squares = 0;
  for (let i = start; i < start + size; i++) squares += z[i]! * z[i]!;
  return -0.5 * (squares + size * Math.log(2 * Math.PI));
}

function ports(
  metadata: readonly InferenceSession.ValueMetadata[],
): { name: string; type: string; shape: (number | string)[] }[] {
  return metadata.flatMap((port) =>
    port.isTensor ? [{ name: port.name, type: port.type, shape: [...port.shape] }] : [],
  );
}

function inputOf(session: InferenceSession, file: string, direction: 'forward' | 'inverse'): Port {
  const inputs = ports(session.inputMetadata).filter(({ name }) => name !== 'temperature');
  const found = inputs.find(({ name }) => names[direction].from.test(name));
  const other = direction === 'forward' ? 'inverse' : 'forward';
  const turned = inputs.find(({ name }) => names[other].from.test(name));
  const arrow = direction === 'forward' ? 'x to z' : 'z to x';
  if (!found && turned) {
    throw new UserError(
      `${file}: takes "${turned.name}", so it runs the other way; to go from ${arrow}, give the ${direction} file or the checkpoint.`,
    );
  }
  const port = found ?? (inputs.length === 1 ? inputs[0] : undefined);
  if (!port) {
    throw new UserError(
      `${file}: has the inputs ${inputs.map(({ name }) => name).join(', ')}; expected one called ${direction === 'forward' ? 'x' : 'z'}.`,
    );
  }
  if (port.type !== 'float32') {
    throw new UserError(`${file}: its input "${port.name}" is ${port.type}; expected float32.`);
  }
  return { name: port.name, shape: eventShape(port, file) };
}

function outputOf(
  session: InferenceSession,
  file: string,
  direction: 'forward' | 'inverse',
  input: Port,
): Port {
  const outputs = ports(session.outputMetadata).filter(({ name }) => !logDetName.test(name));
  const port =
    outputs.find(({ name }) => names[direction].to.test(name)) ??
    outputs.find(({ shape }) => shape.length > 1);
  if (!port) {
    throw new UserError(
      `${file}: has the outputs ${session.outputNames.join(', ')}; expected ${direction === 'forward' ? 'z and logdet' : 'x'}.`,
    );
  }
  // Exporters often leave the sizes of outputs open; z has as many values as x.
  const known = port.shape.slice(1).every((dim) => typeof dim === 'number' && dim > 0);
  return { name: port.name, shape: known ? (port.shape.slice(1) as number[]) : input.shape };
}

function eventShape({ name, shape }: { name: string; shape: (number | string)[] }, file: string): number[] {
  const event = shape.slice(1);
  if (event.length === 0 || !event.every((dim): dim is number => typeof dim === 'number' && dim > 0)) {
    throw new UserError(
      `${file}: its input "${name}" has the shape (${shape.join(', ')}); expected a batch axis and fixed sizes after it.`,
    );
  }
  return event;
}

/** [C, H, W] unless the last axis looks like channels and the first does not. */
function usualLayout(shape: readonly number[]): Layout {
  const [first = 0, , last = 0] = shape;
  return shape.length === 3 && !(last <= 4 && first > 4) ? 'nchw' : 'nhwc';
}

function channelsLast(shape: readonly number[], layout: Layout): number[] {
  const [channels = 0, height = 0, width = 0] = shape;
  return layout === 'nchw' && shape.length === 3 ? [height, width, channels] : [...shape];
}

/** What samples has cut the padding off. */
function ownConfig({ config: { model }, part }: OnnxMetadata): ModelConfig {
  return model.kind === 'image' && part === 'sample' ? { ...model, pad: 0 } : model;
}

/** As much of a config as running needs. */
function guessConfig({ shape }: Port, layout: Layout): ModelConfig {
  const [height = 0, width = 0, channels = 0] = channelsLast(shape, layout);
  return (
    shape.length === 3
      ? { kind: 'image', height, width, channels, levels: 256, pad: 0 }
      : { kind: 'vector', dim: sizeOf(shape) }
  ) as ModelConfig;
}
