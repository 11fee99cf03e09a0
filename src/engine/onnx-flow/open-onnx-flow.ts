/** Opens an ONNX file as a flow that can be looked into, run and sampled from. */
import { several, UserError } from '../../base/user-error';
import path from 'node:path';
import { defined } from '../../base/defined';
import type { ModelConfig } from '../../config/schema';
import { stream } from '../../data/random';
import { buildFlow, buildPreprocess, quantizationNats } from '../../flow/flow';
import type { NdArray } from '../../protocol/tensors';
import { contextFeed } from '../model/context';
import type { InspectedFlow } from '../model/inspected-flow';
import { runnerWithContext } from '../model/runner-with-context';
import { modelLayers } from '../model/layer-list';
import { createModelData, type ModelData } from '../model/model-data';
import { createUserFiles } from '../model/user-files';
import { fromChannelsLast, type FlowRunner } from '../model/runner';
import { createOnnxRunner, type OnnxRunner } from './onnx-runner';
import { sizeOf } from '../../base/shape';
import { createAloneLayers } from './alone';
import { analyze, probeContexts, type AnalyzedFlow } from './analyze';
import { contextRange } from './context-range';
import { directionsBy } from './directions';
import { floatsIn, readGraph } from './graph';
import { loadOnnxModel } from './load-model';
import { findPair, type FilePair, type FlowFile } from './pair';
import { lacksLogDet } from './log-det';
import { mostNumbers, type ProbeInputs } from './probe';
import { onnxPrograms } from './programs';
import { createReverse } from './reverse';
import { rowSources, tensorsOf } from './row-values';
import { flowRows, turnedOf, type FlowRows } from './rows';
import { createLayerValues } from './values';

export interface OnnxFlow extends InspectedFlow {
  pair: FilePair;
  /** What was taken to be so, or is known of the file's limits, in words. */
  notes: string[];
  /** Largest |log-det of the file − sum over the rows| over the probes, nats; absent where the file computes none. */
  unexplained?: number;
  /** What the file is searched for, since it runs the other way only. */
  searched?: 'x' | 'z';
  dispose(): Promise<void>;
}

/** How pixels become x in published RealNVPs for images, unless the owner says otherwise. */
const usualPixels = { levels: 256, dataRange: 0.9 };
/** |x − inverse(forward(x))| above which two files are not of one flow. */
const pairTolerance = 0.05;

/** @throws UserError for a file that cannot be read or run, or whose inputs and outputs cannot be identified */
export async function openOnnxFlow(file: string, threads: number): Promise<OnnxFlow> {
  const found = await findPair(file);
  const opened: { dispose(): Promise<void> }[] = [];
  try {
    return await open(found, threads, opened);
  } catch (error) {
    for (const one of opened) await one.dispose();
    throw error;
  }
}

async function open(
  found: FilePair,
  threads: number,
  opened: { dispose(): Promise<void> }[],
): Promise<OnnxFlow> {
  const notes: string[] = [];
  const metadata = found.forward?.metadata ?? found.opened.metadata;
  const isImage = found.opened.ports.shape.length === 3;
  const { sidecar } = found.opened;
  const asIs = sidecar.preprocessing === 'none';
  const assumed = isImage && !metadata && !asIs && sidecar.levels === undefined ? usualPixels : undefined;
  const pixels =
    sidecar.levels && !asIs ? { levels: sidecar.levels, dataRange: sidecar.dataRange ?? 0.9 } : assumed;
  const source = found.forward ?? found.opened;
  const graphOf = async ({ file }: FlowFile) => readGraph(file, await loadOnnxModel(file));
  const sourceGraph = await graphOf(source);
  const { context: port } = source.ports;
  const range = port && contextRange(sourceGraph, port.name, port.size);
  const runnerOf = async (part: FlowFile | undefined): Promise<OnnxRunner | undefined> => {
    if (!part) return undefined;
    const runner = await createOnnxRunner({
      file: part.file,
      threads,
      direction: part.ports.direction,
      sidecar: part.sidecar,
      metadata: part.metadata,
      contextRange: range,
      pixels,
    });
    opened.push(runner);
    return runner;
  };
  let forward = await runnerOf(found.forward);
  let inverse = await runnerOf(found.inverse);
  if (forward && inverse) {
    const other = path.basename((found.opened === found.forward ? found.inverse! : found.forward!).file);
    const wrong =
      found.forward!.metadata?.set === found.inverse!.metadata?.set
        ? await whyNoPair(forward, inverse, other)
        : `${other} beside it is of another export and is left out`;
    if (wrong) {
      notes.push(wrong);
      if (found.opened === found.forward) inverse = undefined;
      else forward = undefined;
    }
  }
  const pair: FilePair = {
    opened: found.opened,
    ...defined({ forward: forward && found.forward, inverse: inverse && found.inverse }),
  };
  const main = pair.forward ?? pair.inverse!;
  const mainRunner = forward ?? inverse!;
  const config: ModelConfig = metadata ? metadata.config.model : mainRunner.config;
  const graph = main === source ? sourceGraph : await graphOf(main);
  const { context, fixedBatch, inputShape, space } = mainRunner;
  const { bijection: outside, step } = mainRunner.outside ?? {};
  const likely = await likelyInputs(main, forward ? inverse : undefined, probeContexts(context));
  const ports = { ...main.ports, ...(fixedBatch === undefined ? {} : { fixedBatch }) };
  const analyzed = await analyze({ graph, ports, threads }, likely, context);

  const flow = metadata && buildFlow(metadata.config.model);
  const preprocess =
    metadata && flow ? buildPreprocess(metadata.config.model, flow, metadata.standardize) : undefined;
  const native =
    flow && main.metadata?.part !== 'sample'
      ? modelLayers(flow, preprocess, metadata.standardize?.names)
      : undefined;
  if (assumed) {
    notes.push(
      `x is the logit of pixels of ${assumed.levels} levels squeezed to ${assumed.dataRange} of (0, 1) (assumed; say otherwise with ` +
        `"levels", "dataRange" and "preprocessing" in ${path.basename(main.file)}.flowscope.json)`,
    );
  }
  const rows = flowRows(analyzed, native, outside);
  const sources = rowSources(rows, analyzed.probe.variables);
  const values = createLayerValues(analyzed, tensorsOf(sources));
  opened.push(values);
  const reverse =
    forward && inverse
      ? undefined
      : createReverse(analyzed, context, async (input, count, exampleContext) => {
          const { logDet } = await values.run(input, count, exampleContext);
          return logDet ?? new Float32Array(count).fill(NaN);
        });
  if (reverse) opened.push(reverse);
  const alone = createAloneLayers(analyzed, rows, step);
  opened.push(alone);
  const standardizing = config.kind === 'vector' ? metadata?.standardize : undefined;
  const reversed =
    reverse &&
    directionsBy(
      async (output, count, exampleContext) => {
        // Against the direction of the file: its input comes out.
        const { input, logDet } = await reverse.run(output, count, exampleContext);
        return { values: input, logDet: logDet.map((value) => -value), layers: [] };
      },
      { space, outside: step, standardizing, base: mainRunner.base },
    );
  const runner: FlowRunner = {
    ...combined(config, { forward, inverse, reversed }, rows, main.file),
    parameterCount: [...graph.initializers.values()].reduce(
      (sum, { dims }) => sum + sizeOf((dims ?? []).map(Number)),
      0,
    ),
  };
  const dimensions = sizeOf(inputShape);
  const first = rows.rows[0];
  const standardizes = first?.info.kind === 'standardize' && first.found !== undefined;
  const data = dataOf(metadata, path.dirname(main.file));
  opened.push({ dispose: () => data.close() });
  const { latentPositions } = rows;
  const inOrder = latentPositions.every((position, i) => position === i);
  const { unexplained } = analyzed;
  notes.push(...remarks(analyzed, rows));
  const inspected = (chosenContext: readonly number[] | undefined): InspectedFlow => ({
    ...base,
    runner: chosenContext ? runnerWithContext(runner, chosenContext) : runner,
    ...defined({ chosenContext, withContext: context && inspected }),
    programs: {
      ...onnxPrograms({
        file: main.file,
        inputShape,
        rows,
        sources,
        values: async (x, count, exampleContext) =>
          values.run(
            rows.backward ? (await runner.forward(x, count, space, { context: exampleContext })).z : x,
            count,
            exampleContext,
          ),
        outside: step,
        runner,
        chosenContext,
        goesBack: reverse !== undefined || (forward !== undefined && inverse !== undefined),
        standardizes,
      }),
      alone: (layer, records, exampleContext) =>
        alone.open(layer, records, context && contextFeed(context, exampleContext ?? chosenContext, 1).data),
    },
  });
  const turned = dimensions === 2 ? turnedOf(rows.rows) : undefined;
  const base = {
    config,
    flow: { inputShape, outputShape: inputShape },
    ...(outside || standardizes ? { preprocess: outside ?? {} } : {}),
    tensors: storedTensors(analyzed, rows),
    layers: rows.rows,
    data,
    dimensions,
    quantization: config.kind === 'image' && (outside || metadata) ? quantizationNats(config, dimensions) : 0,
    trainingBatch: metadata?.config.training.batch ?? 64,
    ...(inOrder ? {} : { latentPositions }),
    ...(turned ? { turned } : {}),
  };
  return {
    ...inspected(undefined),
    pair,
    notes,
    ...(unexplained === undefined ? {} : { unexplained }),
    ...(reverse && analyzed.layers.some((layer) => layer.curved) ? { searched: forward ? 'x' : 'z' } : {}),
    async dispose() {
      for (const one of opened.toReversed()) await one.dispose();
    },
  };
}

/** Their own space, whatever that is: pixels, logits or coordinates. */
const spaceOf = ({ config }: FlowRunner): 'data' | 'flow' => (config.kind === 'vector' ? 'data' : 'flow');

/** In words; undefined for two files that belong together. */
async function whyNoPair(
  forward: OnnxRunner,
  inverse: OnnxRunner,
  other: string,
): Promise<string | undefined> {
  try {
    return (await isInverse(forward, inverse))
      ? undefined
      : `${other} beside it is not its inverse and is left out`;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `the two directions cannot be run together and ${other} is left out: ${error.message}`;
  }
}

async function isInverse(forward: OnnxRunner, inverse: OnnxRunner): Promise<boolean> {
  const size = sizeOf(forward.inputShape);
  const count = 4;
  const z = stream(1, 'onnx-pair').normal(count * size);
  const { x } = await inverse.inverse(z, count, spaceOf(inverse));
  if (!x.every(Number.isFinite)) return true;
  const { z: again } = await forward.forward(x, count, spaceOf(forward));
  return again.every((value, i) => !(Math.abs(value - z[i]!) > pairTolerance));
}

/** Inputs like those that the flow was made for: what its other direction gives for latents. */
async function likelyInputs(
  main: FlowFile,
  inverse: OnnxRunner | undefined,
  contexts: Float32Array[] | undefined,
): Promise<ProbeInputs | undefined> {
  if (!inverse) return undefined;
  const size = sizeOf(inverse.inputShape);
  const count = 3;
  const { x } = await inverse.inverse(stream(1, 'onnx-probe').normal(count * size), count, spaceOf(inverse), {
    context: contexts?.flatMap((one) => [...one]),
  });
  if (!x.every(Number.isFinite)) return undefined;
  const laid = fromChannelsLast(x, inverse.inputShape, main.ports.layout);
  return {
    examples: Array.from({ length: count }, (_, i) => laid.slice(i * size, (i + 1) * size)),
    ...(contexts ? { contexts } : {}),
  };
}

interface Ways {
  forward: OnnxRunner | undefined;
  inverse: OnnxRunner | undefined;
  /** By the layers, where one of the two is missing. */
  reversed: Pick<FlowRunner, 'forward' | 'inverse'> | undefined;
}

/** Both directions as one runner; what is missing comes from the layers, or says so. */
function combined(
  config: ModelConfig,
  { forward, inverse, reversed }: Ways,
  { rows, latentPositions }: FlowRows,
  file: string,
): FlowRunner {
  const main = forward ?? inverse!;
  const [there, back] = [forward ?? reversed, inverse ?? reversed];
  const missing = (what: string) => (): Promise<never> =>
    Promise.reject(
      new UserError(
        `${file}: runs one way only, and not all of its layers are understood; ${what} needs the file of the other direction beside ` +
          'it, named alike with "forward" and "inverse", or named in its .flowscope.json.',
      ),
    );
  const lacksLogDet = forward ? forward.lacksLogDet : !reversed || (inverse?.lacksLogDet && curved(rows));
  return {
    config,
    inputShape: main.inputShape,
    outputShape: main.outputShape,
    latentScales: scalesOfLatents(rows, latentPositions),
    base: main.base,
    couplings: [],
    preprocesses: main.preprocesses,
    integers: main.integers,
    ...(main.context ? { context: main.context } : {}),
    ...(lacksLogDet ? { lacksLogDet: true } : {}),
    forward: there ? (...args) => there.forward(...args) : missing('the way to z'),
    inverse: back ? (...args) => back.inverse(...args) : missing('sampling'),
  };
}

/** Whether the log-det of the rows is in the file alone. */
const curved = (rows: FlowRows['rows']): boolean => rows.some(({ found }) => found && lacksLogDet(found));

/** The scale of the last row that works on each latent. */
function scalesOfLatents(rows: FlowRows['rows'], latentPositions: Int32Array): Int32Array {
  const scaleAt = new Int32Array(latentPositions.length);
  for (const { flow, found, info } of rows)
    if (found) flow?.positions.forEach((p) => (scaleAt[p] = info.scale));
  return latentPositions.map((position) => scaleAt[position]!);
}

function dataOf(metadata: FlowFile['metadata'], folder: string): ModelData {
  if (metadata) {
    const { config, step, standardize } = metadata;
    return createModelData({ config, step, seconds: 0, ...defined({ standardize }) }, folder);
  }
  const reason = 'An ONNX file does not say which data its flow was trained on.';
  const files = createUserFiles(undefined);
  return {
    ...files,
    open: () => Promise.reject(new UserError(reason)),
    splits: () => Promise.resolve({ splits: [], reason }),
    close: () => files.closeFiles(),
  };
}

/** Values of the stored tensors that rows list. */
function storedTensors({ probe: { graph } }: AnalyzedFlow, { rows }: FlowRows): Record<string, NdArray> {
  const names = new Set(
    rows.flatMap(({ bijection }) => (bijection?.parameters ?? []).map(({ name }) => name)),
  );
  return Object.fromEntries(
    [...names].map((name): [string, NdArray] => {
      const tensor = graph.initializers.get(name)!;
      return [name, { shape: (tensor.dims ?? []).map(Number), data: floatsIn(tensor) }];
    }),
  );
}

function remarks({ layers, unexplained, probe }: AnalyzedFlow, { rows }: FlowRows): string[] {
  const notes: string[] = [];
  if (probe.tooMany !== undefined) {
    notes.push(
      `${probe.tooMany.toLocaleString('en')} numbers would have to be compared to find its layers, more than ${mostNumbers.toLocaleString('en')}`,
    );
  } else if (layers.length === 0)
    notes.push('no place was found in the graph where all of the flow goes through');
  const unknown = rows.filter(({ found }) => found?.kind === 'unknown');
  if (unknown.length > 0) {
    notes.push(
      `${several(unknown.length, 'span')} of the graph ${unknown.length === 1 ? 'is' : 'are'} not understood`,
    );
  }
  const lacking = rows.filter(({ found }) => found && lacksLogDet(found) && !found.terms);
  if (lacking.length > 0 && probe.ports.logDet) {
    notes.push(
      "the file's log-det could not be told apart into its layers: what is left of it is shown at the first that has none",
    );
  }
  if (unexplained !== undefined && unexplained > 0.01)
    notes.push(`${unexplained.toPrecision(3)} nats of the file's log-det are in none of its layers`);
  return notes;
}
