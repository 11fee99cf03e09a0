/** Opens what a user names: a checkpoint, a run folder, a file of another program, an ONNX file. */
import path from 'node:path';
import { loadCheckpoint, type Checkpoint, type CheckpointHeader } from '../../checkpoint/checkpoint';
import { importCheckpoint, shownOrigin } from '../../checkpoint/import/load';
import type { TensorFile } from '../../checkpoint/import/types';
import { resolveModelPath } from '../../checkpoint/resolve-model';
import { listCheckpoints, runPaths } from '../../checkpoint/run-folder';
import { sidecarPath } from '../../checkpoint/sidecar';
import { buildFlow, buildPreprocess } from '../../flow/real-nvp';
import type { TensorEntry } from '../../protocol/model';
import type { Backend } from '../backends/backend';
import { openOnnxModel } from '../onnx-flow/open-onnx-model';
import { checkTensors } from './check-tensors';
import { createFlowModel, type FlowModel } from './flow-model';
import type { InspectedFlow } from './inspected-flow';
import { createModelData } from './model-data';
import { openTensorTable } from './tensor-table';
import { describeFile, describeFlow, type Described } from './summary';

export interface OpenModel {
  /** Absolute path of the file. */
  file: string;
  /** Absolute path of the run folder that it lies in. */
  run?: string;
  /** Absent for a file that can only be described; the summary says why. */
  flow?: FlowModel;
  /** The flow that was found in an ONNX file, which can be looked into but is not ours to trace. */
  inspected?: InspectedFlow;
  /** Of a file whose flow is not known; stays open until `dispose`. */
  tensorFile?: TensorFile;
  /** Read anew each time: data and checkpoints beside the file come and go. */
  summary(): Promise<Described>;
  dispose(): Promise<void>;
}

/** @throws UserError when there is no model at the path, or it is damaged */
export async function openModel(given: string, backend: Backend): Promise<OpenModel> {
  const { kind, file, run } = await resolveModelPath(given);
  switch (kind) {
    case 'checkpoint':
      return openFlow(await loadCheckpoint(file), { file, ...(run ? { run } : {}), backend });
    case 'onnx':
      return openOnnxModel(file, backend.info);
    default:
      return openOther(file, kind, backend);
  }
}

/** A flow where the file's library is known, else its table of tensors. */
async function openOther(
  file: string,
  format: 'safetensors' | 'torch',
  backend: Backend,
): Promise<OpenModel> {
  const imported = await importCheckpoint(file);
  if ('reason' in imported) return openTensorTable(file, backend.info, imported.reason);
  const { checkpoint, layerNames } = imported;
  return openFlow(checkpoint, { file, backend, foreign: { format, layerNames } });
}

interface Opening {
  file: string;
  run?: string;
  backend: Backend;
  /** Of a file that another library wrote. */
  foreign?: { format: 'safetensors' | 'torch'; layerNames: Record<string, string> };
}

function openFlow(checkpoint: Checkpoint, { file, run, backend, foreign }: Opening): OpenModel {
  const { tensors, ...header } = checkpoint;
  const { config, standardize, origin } = header;
  const flow = buildFlow(config.model);
  checkTensors(file, flow, tensors, foreign?.layerNames);
  const preprocess = buildPreprocess(config.model, flow, standardize);
  const data = createModelData(header, run ?? path.dirname(file));
  const model = createFlowModel({
    header,
    flow,
    ...(preprocess ? { preprocess } : {}),
    tensors,
    backend,
    data,
  });
  const entries: TensorEntry[] = Object.entries(tensors).map(([name, { shape }]) => ({
    name,
    shape,
    dtype: 'F32',
  }));
  const bytes = Object.values(tensors).reduce((sum, { data: values }) => sum + values.byteLength, 0);
  const featureNames = standardize?.names ?? header.data?.featureNames;
  const splitsOf: typeof data.splits = async () =>
    foreign && !config.data
      ? {
          splits: [],
          reason:
            'The file does not say which data its flow was trained on. Examples are shown once a "data" section in ' +
            `${path.basename(sidecarPath(file))} names them.`,
        }
      : data.splits();
  return {
    file,
    ...(run ? { run } : {}),
    flow: model,
    async summary() {
      const { splits, reason } = await splitsOf();
      return {
        ...describeFile(file, {
          format: foreign?.format ?? 'flowscope',
          bytes,
          backend: backend.info,
          tensors: entries,
        }),
        ...describeFlow(config.model, flow),
        runnable: true,
        ...(foreign ? {} : { step: header.step }),
        ...(origin ? { origin: shownOrigin(origin) } : {}),
        ...dataNameOf(header),
        ...(featureNames ? { featureNames } : {}),
        layers: model.layers.map(({ info }) => info),
        splits,
        ...(reason ? { splitsReason: reason } : {}),
        ...(run ? { runFolder: run } : {}),
        checkpoints: run ? await listCheckpoints(runPaths(run)) : [],
      };
    },
    dispose: () => model.dispose(),
  };
}

function dataNameOf({ data, config }: CheckpointHeader): { dataName?: string } {
  const name = data?.name ?? (config.data && path.basename(config.data.source));
  return name === undefined ? {} : { dataName: name };
}
