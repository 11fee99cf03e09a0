/** Opens what a user names: a checkpoint, a run folder, a file of another program, an ONNX file. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import {
  loadCheckpoint,
  readCheckpointHeader,
  type Checkpoint,
  type CheckpointHeader,
  featureNamesOf,
} from '../../checkpoint/checkpoint';
import { importCheckpoint, shownOrigin } from '../../checkpoint/recognize/load';
import { resolveModelPath } from '../../checkpoint/resolve-model';
import { listCheckpoints, runPaths } from '../../checkpoint/run-folder';
import { sidecarPath } from '../../checkpoint/sidecar';
import { buildPreprocess } from '../../flow/flow';
import type { Flow } from '../../flow/built-flow';
import type { TensorContainer } from '../../protocol/import';
import type { BackendInfo, ModelOutline, TensorEntry } from '../../protocol/model';
import type { Backend } from '../backends/backend';
import { inspectedModel } from '../inspect/programs';
import { openOnnxModel } from './open-onnx-model';
import { flowOf } from '../model/check-tensors';
import { contextInfo } from '../model/context';
import { createFlowModel } from '../model/flow-model';
import { modelLayers, parameterCount, type ModelLayer } from '../model/layer-list';
import { createModelData, type ModelData } from '../model/model-data';
import { openRecording } from '../recorded-flow/open-recording';
import { openTensorTable } from './tensor-table';
import { describeFile, describeFlow } from '../model/summary';
import type { Model } from '../model/model';

/** @throws UserError when there is no model at the path, or it is damaged */
export async function openModel(given: string, backend: Backend): Promise<Model> {
  const { kind, file, run } = await resolveModelPath(given);
  switch (kind) {
    case 'checkpoint':
      return openFlow(await loadCheckpoint(file), { file, run, backend });
    case 'onnx':
      return openOnnxModel(file, backend.info);
    case 'recording':
      return openRecording(file, backend.info, run);
    default:
      return openOther(file, kind, backend);
  }
}

/** A flow where the file's library is known, else its table of tensors. */
async function openOther(file: string, format: TensorContainer, backend: Backend): Promise<Model> {
  const imported = await importCheckpoint(file);
  if ('reason' in imported) return openTensorTable(file, backend.info, imported.reason);
  const { checkpoint, layerNames } = imported;
  return openFlow(checkpoint, { file, backend, foreign: { format, layerNames } });
}

/**
 * What `openModel` will say of our own checkpoints, from the header alone: its tensors, which may be many megabytes, are not
 * read. Undefined for other files.
 *
 * @throws UserError as `openModel` does, but for what only the tensors' bytes show
 */
export async function outlineModel(given: string, backend: BackendInfo): Promise<ModelOutline | undefined> {
  const { kind, file, run } = await resolveModelPath(given);
  if (kind !== 'checkpoint') return undefined;
  const { entries, ...header } = await readCheckpointHeader(file);
  const tensors = Object.fromEntries(entries);
  const flow = flowOf(file, header.config.model, tensors);
  const preprocess = buildPreprocess(header.config.model, flow, header.standardize);
  const data = createModelData(header, run ?? path.dirname(file));
  try {
    return await summaryOf({
      file,
      run,
      backend,
      header,
      flow,
      layers: modelLayers(flow, preprocess, featureNamesOf(header)),
      tensors,
      splits: () => data.splits(),
    });
  } finally {
    await data.close();
  }
}

/** Milliseconds after which a file is not taken for one that a training writes again and again. */
const settledAfter = 60_000;

interface Opening {
  file: string;
  run?: string;
  backend: Backend;
  /** Set for a file that another library wrote. */
  foreign?: { format: TensorContainer; layerNames: Record<string, string> };
}

async function openFlow(checkpoint: Checkpoint, { file, run, backend, foreign }: Opening): Promise<Model> {
  const { tensors, ...header } = checkpoint;
  const { config, standardize } = header;
  const flow = flowOf(file, config.model, tensors, foreign?.layerNames);
  const preprocess = buildPreprocess(config.model, flow, standardize);
  const data = createModelData(header, run ?? path.dirname(file));
  const model = createFlowModel({
    header,
    flow,
    preprocess,
    tensors,
    backend,
    data,
    settled: Date.now() - (await stat(file)).mtimeMs > settledAfter,
  });
  const splits: typeof data.splits = async () =>
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
    run,
    inspected: inspectedModel(model),
    flow: model,
    summary: () =>
      summaryOf({
        file,
        run,
        backend: backend.info,
        header,
        flow,
        layers: model.layers,
        tensors,
        splits,
        foreign: foreign?.format,
      }),
    dispose: () => model.dispose(),
  };
}

interface Summarized {
  file: string;
  run?: string;
  backend: BackendInfo;
  header: CheckpointHeader;
  flow: Flow;
  layers: readonly ModelLayer[];
  tensors: Readonly<Record<string, { shape: number[] }>>;
  splits: ModelData['splits'];
  /** Format of a file that another library wrote. */
  foreign?: TensorContainer;
}

async function summaryOf(model: Summarized): Promise<ModelOutline> {
  const { file, run, backend, header, flow, layers, foreign } = model;
  const { config, origin } = header;
  const { splits, reason } = await model.splits();
  const tensors: TensorEntry[] = Object.entries(model.tensors).map(([name, { shape }]) => ({
    name,
    shape,
    dtype: 'F32',
  }));
  const featureNames = featureNamesOf(header);
  const context = contextInfo(header, flow, model.tensors);
  return {
    ...describeFile(file, {
      format: foreign ?? 'flowscope',
      bytes: 4 * parameterCount(tensors),
      backend,
      tensors,
    }),
    ...describeFlow(config.model, flow, context),
    runnable: true,
    ...(foreign ? {} : { step: header.step }),
    ...(origin ? { origin: shownOrigin(origin) } : {}),
    ...dataNameOf(header),
    ...(featureNames ? { featureNames } : {}),
    ...(context ? { context } : {}),
    layers: layers.map(({ info }) => info),
    splits,
    ...(reason ? { splitsReason: reason } : {}),
    ...(run ? { runFolder: run } : {}),
    checkpoints: run ? await listCheckpoints(runPaths(run)) : [],
  };
}

function dataNameOf({ data, config }: CheckpointHeader): { dataName?: string } {
  const name = data?.name ?? (config.data && path.basename(config.data.source));
  return name === undefined ? {} : { dataName: name };
}
