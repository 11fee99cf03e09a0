/** Opens a recording as a model whose answers are those that were recorded. */
import { defined } from '../../base/defined';
import { range } from '../../base/order';
import { columnsAt } from '../../base/rows';
import { sizeOf } from '../../base/shape';
import { several, shortened, UserError } from '../../base/user-error';
import { readRecording, type Recording } from '../../checkpoint/recording/read';
import type { RecordingAbout } from '../../checkpoint/recording/schema';
import { listCheckpoints, runPaths } from '../../checkpoint/run-folder';
import type { SafetensorsFile } from '../../checkpoint/tensors/safetensors';
import { inspectorMethods, questionOf, type RecordedPart } from '../../protocol/inspector-questions';
import type { AskFlow } from '../../protocol/live';
import type {
  BackendInfo,
  ContextInfo,
  ModelOutline,
  RecordingInfo,
  SolvedField,
  TensorEntry,
} from '../../protocol/model';
import type { InspectedFlow, RecordedAnswers } from '../model/inspected-flow';
import type { Model } from '../model/model';
import { plainContextInfo } from '../model/context';
import { describeFile, shortCount } from '../model/summary';
import { recordedLayers } from './layers';
import { finderOf, rowSize, gathered, exampleFinder, rowAt } from './rows';
import { recordedPrograms, notRecorded, recordedConfig, recordedRunner } from './programs';
import { runningFlow, type RunningFlow } from './running-flow';
import { interleave } from '../../data/context';
import { checkIndices, indexRange, type Dataset, type Split } from '../../data/dataset';
import type { ModelData } from '../model/model-data';

/**
 * @param running answers what was not recorded, where the flow still runs
 * @throws UserError for a file that is not a recording, or a damaged one
 */
export async function openRecording(
  stored: SafetensorsFile,
  backend: BackendInfo,
  { run, running }: { run?: string | undefined; running?: AskFlow | undefined } = {},
): Promise<Model> {
  const recording = await readRecording(stored);
  const inspected = recordedFlow(recording, running);
  const outline = outlineOf(recording, inspected, backend, running !== undefined);
  return {
    file: stored.file,
    ...(run ? { run } : {}),
    inspected,
    recording: outline.recording,
    summary: async () =>
      run ? { ...outline, runFolder: run, checkpoints: await listCheckpoints(runPaths(run)) } : outline,
    dispose: () => inspected.data.close(),
  };
}

/** @param chosen context that all examples have, where the user chose one */
function recordedFlow(recording: Recording, ask?: AskFlow, chosen?: readonly number[]): InspectedFlow {
  const { shape, z } = recording;
  const info = ask && runningContext(recording);
  const running = ask && runningFlow(recording, ask, info, chosen);
  const find = running ?? finderOf(recording);
  return {
    config: recordedConfig(recording),
    flow: { inputShape: shape, outputShape: z.shape.slice(1) },
    tensors: {},
    layers: recordedLayers(recording),
    data: recordedData(recording),
    runner: recordedRunner(recording, find, running, info),
    dimensions: sizeOf(shape),
    quantization: 0,
    trainingBatch: recording.count,
    programs: recordedPrograms(recording, find, running),
    recorded: recordedAnswers(recording, running),
    rawPixels: true,
    ...(chosen ? { chosenContext: chosen } : {}),
    ...(info ? { withContext: (context) => recordedFlow(recording, ask, context) } : {}),
  };
}

/** What is usual of each number of the context, by the batch. */
function runningContext({ context, about }: Recording): ContextInfo | undefined {
  if (!context) return undefined;
  const size = rowSize(context);
  const columns = range(size).map((k) => columnsAt(context.data, size, [k]));
  const mean = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length);
  const std = columns.map((column, k) =>
    Math.sqrt(column.reduce((sum, value) => sum + (value - mean[k]!) ** 2, 0) / column.length),
  );
  return { names: about.contextNames ?? plainContextInfo(size).names, mean, std };
}

export function recordingInfo(
  { about, count, context, samples, layers }: Recording,
  running = false,
): RecordingInfo {
  const parts: Readonly<Record<RecordedPart, boolean>> = {
    pass: true,
    samples: samples !== undefined,
    jacobian: layers.some(({ jacobian }) => jacobian !== undefined),
    order: layers.some(({ about: { order } }) => order !== undefined),
    activations: layers.some(({ activations }) => activations.length > 0),
    slices: layers.some(({ about: { kind } }) => kind === 'slice'),
  };
  return {
    recordedAt: about.recordedAt,
    writer: about.writer,
    ...(about.library ? { library: about.library } : {}),
    examples: count,
    examplesGiven: about.examplesGiven,
    samples: samples?.count ?? 0,
    ...(context ? { contextNames: about.contextNames ?? plainContextInfo(rowSize(context)).names } : {}),
    notes: about.notes,
    answers: inspectorMethods.filter((method) => {
      const { recorded, running: byRunning } = questionOf(method);
      return (recorded !== undefined && parts[recorded]) || (running && byRunning);
    }),
    ...(running ? { running } : {}),
    ...(about.field ? { field: solvedField(about.field) } : {}),
  };
}

function solvedField(field: NonNullable<RecordingAbout['field']>): SolvedField {
  const { solver, steps, rtol, runs = 0, spread, log_prob_error: errors } = field;
  const how = steps ? several(steps, 'step') : rtol ? `rtol ${rtol}` : '';
  return {
    dataTime: field.data_time,
    noiseTime: field.noise_time,
    solver: [shortened(solver), how].filter(Boolean).join(', '),
    runs,
    ...defined({ error: errors?.[0], spread }),
  };
}

/** Pixels are usually from 0 to 1, from −1 to 1, or from 0 to 255; noise leads a little out of that. */
function pixelsOf({ x: { data } }: Recording): [black: number, white: number] {
  const low = data.reduce((a, b) => Math.min(a, b), Infinity);
  const high = data.reduce((a, b) => Math.max(a, b), -Infinity);
  const usual = [
    [0, 1],
    [-1, 1],
    [0, 255],
  ] as const;
  const fits = usual.find(([black, white]) => {
    const slack = (white - black) / 4;
    return low >= black - slack && high <= white + slack;
  });
  return fits ? [...fits] : high > low ? [low, high] : [0, 1];
}

function outlineOf(
  recording: Recording,
  { layers, runner: { context } }: InspectedFlow,
  backend: BackendInfo,
  running: boolean,
): ModelOutline & { recording: RecordingInfo } {
  const { file, bytes, about, shape, count } = recording;
  const kind = shape.length === 1 ? 'vector' : 'image';
  const tensors: TensorEntry[] = about.layers.flatMap(({ parameters = [] }) =>
    parameters.map(({ name, shape: size }) => ({ name, shape: size, dtype: 'F32' })),
  );
  const parameters = about.parameterCount ?? layers.reduce((sum, { info }) => sum + info.parameterCount, 0);
  const size = kind === 'vector' ? several(sizeOf(shape), 'feature') : shape.join('×');
  return {
    ...describeFile(file, { format: 'recording', bytes, backend, tensors }),
    kind,
    shape,
    ...(kind === 'image' ? { pixels: pixelsOf(recording) } : {}),
    title: `${about.title}, ${size}`,
    architecture: about.title,
    subtitle: `${several(layers.length, 'layer')}, ${shortCount(parameters)} parameters, recorded with ${several(count, 'example')}`,
    parameterCount: parameters,
    runnable: true,
    ...defined({ step: about.step, featureNames: about.featureNames }),
    recording: recordingInfo(recording, running),
    ...(context ? { context } : {}),
    layers: layers.map(({ info }) => info),
    splits: [{ name: 'validation', count }],
  };
}

/** The batch of a recording as the data of its model: held out, in its order. */
function recordedData(recording: Recording): ModelData {
  const { file, x, count, shape, about, context } = recording;
  const contextSize = context ? rowSize(context) : 0;
  const size = rowSize(x) + contextSize;
  const read: Split['read'] = async (rowNumbers) => {
    const indices = Array.from(rowNumbers);
    checkIndices(indices, count);
    const rows = gathered(x, indices);
    return context ? interleave(rows, rowSize(x), gathered(context, indices), contextSize) : rows;
  };
  const split = (held: number): Split => ({
    count: held,
    size,
    read,
    async *scan() {
      if (held > 0) yield await read(indexRange(0, held));
    },
  });
  const dataset: Dataset = {
    kind: shape.length === 1 ? 'vector' : 'image',
    name: 'recorded batch',
    shape,
    train: split(0),
    validation: split(count),
    ...(about.featureNames ? { featureNames: about.featureNames } : {}),
    ...(context ? { contextSize } : {}),
    provenance: { source: file, rows: count, note: 'the batch of the recording' },
    close: () => Promise.resolve(),
  };
  return {
    splits: () => Promise.resolve({ splits: [{ name: 'validation', count }] }),
    open: () => Promise.resolve(dataset),
    close: () => Promise.resolve(),
    openFile: () =>
      Promise.reject(
        new UserError(
          `${file}: is a recording; its flow cannot be run on other data. Record it with these data.`,
        ),
      ),
    closeFiles: () => Promise.resolve(),
  };
}

/** What a recording knows of single layers besides a pass. */
function recordedAnswers(recording: Recording, running: RunningFlow | undefined): RecordedAnswers {
  const { file, layers } = recording;
  /** A layer with the number of the example that has this input of it, under its context. */
  const exampleOf = (index: number, values: Float32Array, context: Float32Array | undefined) => {
    const contextRow = context && { shape: [1, context.length], data: context };
    for (const { layers: known, context: contexts } of [recording, ...(running?.recent() ?? [])]) {
      const layer = known[index]!;
      const found = exampleFinder(layer.input, contexts)(values, 1, contextRow);
      if (found) return { layer, example: found[0]! };
    }
    throw notRecorded(file, 'this example');
  };
  return {
    network(index) {
      const { about, activations } = layers[index]!;
      return {
        layer: index,
        parameters: (about.parameters ?? []).map(({ name, shape, stats, edges, counts }) => ({
          name,
          shape,
          stats,
          histogram: { edges, counts },
        })),
        state: [],
        stages: activations.map(({ name, values }) => ({ name, shape: values.shape.slice(1) })),
        norms: [],
      };
    },
    maps(index, stage, input, context) {
      const { layer, example } = exampleOf(index, input, context);
      const { values } = layer.activations.find(({ name }) => name === stage)!;
      return { shape: [1, ...values.shape.slice(1)], data: rowAt(values, example).slice() };
    },
    async jacobian(index, input, context) {
      const { layer, example } = exampleOf(index, input, context);
      const { jacobian, about } = layer;
      if (!jacobian) throw notRecorded(file, `the Jacobian of ${about.name}`);
      const kept = jacobian.shape[0]!;
      if (example < kept) return rowAt(jacobian, example);
      const again = await running?.inside(example);
      if (again) return rowAt(again.layers[index]!.jacobian!, 0);
      throw notRecorded(
        file,
        `the Jacobian of ${about.name} at example ${example} (of the first ${kept} it is)`,
      );
    },
    dependence(index) {
      const { jacobian, about, input } = layers[index]!;
      if (!jacobian) throw notRecorded(file, `the Jacobian of ${about.name}`);
      const count = jacobian.shape[0]!;
      const mean = new Float32Array(sizeOf(input.shape.slice(1)) ** 2);
      for (let example = 0; example < count; example++) {
        rowAt(jacobian, example).forEach((value, i) => (mean[i]! += Math.abs(value) / count));
      }
      return { count, mean };
    },
  };
}
