/** Opens a recording as a model whose answers are those that were recorded. */
import { sizeOf } from '../../base/shape';
import { several } from '../../base/text';
import { readRecording, type Recording } from '../../checkpoint/recording/read';
import { listCheckpoints, runPaths } from '../../checkpoint/run-folder';
import type { SafetensorsFile } from '../../checkpoint/tensors/safetensors';
import { inspectorMethods, questionOf, type RecordedPart } from '../../protocol/inspector-questions';
import type { BackendInfo, ModelOutline, RecordingInfo, TensorEntry } from '../../protocol/model';
import type { InspectedFlow } from '../model/inspected-flow';
import type { Model } from '../model/model';
import { plainContextInfo } from '../model/context';
import { describeFile, shortCount } from '../model/summary';
import { recordedAnswers } from './answers';
import { recordedData } from './data';
import { recordedLayers } from './layers';
import { recordedFinders, recordedPrograms } from './programs';
import { rowSize } from './rows';
import { recordedConfig, recordedRunner } from './runner';

/** @throws UserError for a file that is not a recording, or a damaged one */
export async function openRecording(
  stored: SafetensorsFile,
  backend: BackendInfo,
  run?: string,
): Promise<Model> {
  const recording = await readRecording(stored);
  const inspected = recordedFlow(recording);
  const outline = outlineOf(recording, inspected, backend);
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

function recordedFlow(recording: Recording): InspectedFlow {
  const find = recordedFinders(recording);
  const { shape, z } = recording;
  return {
    config: recordedConfig(recording),
    flow: { inputShape: shape, outputShape: z.shape.slice(1) },
    tensors: {},
    layers: recordedLayers(recording),
    data: recordedData(recording),
    runner: recordedRunner(recording, find),
    dimensions: sizeOf(shape),
    quantization: 0,
    trainingBatch: recording.count,
    programs: recordedPrograms(recording, find),
    recorded: recordedAnswers(recording),
    asGiven: true,
  };
}

export function recordingInfo({ about, count, context, samples, layers }: Recording): RecordingInfo {
  const parts: Readonly<Record<RecordedPart, boolean>> = {
    pass: true,
    samples: samples !== undefined,
    jacobian: layers.some(({ jacobian }) => jacobian !== undefined),
    order: layers.some(({ about: { order } }) => order !== undefined),
    activations: layers.some(({ activations }) => activations.length > 0),
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
      const { recorded } = questionOf(method);
      return recorded !== undefined && parts[recorded];
    }),
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
  { layers }: InspectedFlow,
  backend: BackendInfo,
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
    ...(about.step === undefined ? {} : { step: about.step }),
    ...(about.featureNames ? { featureNames: about.featureNames } : {}),
    recording: recordingInfo(recording),
    layers: layers.map(({ info }) => info),
    splits: [{ name: 'validation', count }],
  };
}
