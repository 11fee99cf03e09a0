/** Opens what a user names: a checkpoint, a run folder, a file of another program, an ONNX file. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { defined } from '../../base/defined';
import { type Checkpoint, type CheckpointHeader, featureNamesOf } from '../../checkpoint/checkpoint';
import type { TensorFile } from '../../checkpoint/import/types';
import { type ModelFile, openModelFile } from '../../checkpoint/model-file';
import { importTensors, shownOrigin } from '../../checkpoint/recognize/load';
import { readTensors } from '../../checkpoint/tensors/safetensors';
import { listCheckpoints, runPaths } from '../../checkpoint/run-folder';
import { sidecarPath } from '../../checkpoint/sidecar';
import { buildPreprocess } from '../../flow/flow';
import type { Flow } from '../../flow/built-flow';
import type { TensorContainer } from '../../protocol/import';
import { type BackendInfo, type ModelOutline, layerCounts } from '../../protocol/model';
import type { Backend } from '../backends/backend';
import { inspectedModel } from '../inspect/programs';
import { flowOf } from '../model/check-tensors';
import { contextInfo } from '../model/context';
import { createFlowModel } from '../model/flow-model';
import { modelLayers, parameterCount, type ModelLayer } from '../model/layer-list';
import { createModelData, type ModelData } from '../model/model-data';
import { openRecording } from '../recorded-flow/open-recording';
import { describeFile, describeFlow, shortCount } from '../model/summary';
import type { Model } from '../model/model';
import { several, UserError } from '../../base/user-error';
import { countWords } from '../model/architecture';
import { summarizeOnnx } from '../onnx-file/summary';
import { openOnnxFlow, type OnnxFlow } from '../onnx-flow/open-onnx-flow';

/**
 * @param source is closed when nothing more is read from it
 * @param onOutline told what `summary` will say of one of our checkpoints, before its tensors are read, which may be many
 *   megabytes
 * @throws UserError when there is no model at the path, or it is damaged
 */
export async function openModel(
  source: string | ModelFile,
  backend: Backend,
  onOutline?: (outline: ModelOutline) => void,
): Promise<Model> {
  const opened = typeof source === 'string' ? await openModelFile(source) : source;
  let model: Model | undefined;
  try {
    model = await openedModel(opened, backend, onOutline);
    return model;
  } finally {
    if (!model?.tensorFile) await opened.close();
  }
}

async function openedModel(
  opened: ModelFile,
  backend: Backend,
  onOutline?: (outline: ModelOutline) => void,
): Promise<Model> {
  const { kind, file, run } = opened;
  switch (kind) {
    case 'checkpoint': {
      const { header, stored } = opened;
      const entries = Object.fromEntries(stored.tensors);
      const tensors = () => readTensors(stored);
      return openFlow({ file, run, backend, header, entries, tensors, onOutline });
    }
    case 'onnx':
      return openOnnxModel(file, backend.info);
    case 'recording':
      return openRecording(opened.stored, backend.info, { run });
    case 'tensors':
      return openOther(opened.tensors, backend);
  }
}

/** A flow where the file's library is known, else its table of tensors. */
async function openOther(file: TensorFile, backend: Backend): Promise<Model> {
  const imported = await importTensors(file);
  if ('reason' in imported) return openTensorTable(file, backend.info, imported.reason);
  const { checkpoint, layerNames } = imported;
  const { tensors, ...header } = checkpoint;
  return openFlow({
    header,
    entries: tensors,
    tensors: () => Promise.resolve(tensors),
    file: file.file,
    backend,
    foreign: { format: file.container, layerNames },
  });
}

/** Milliseconds after which a file is not taken for one that a training writes again and again. */
const settledAfter = 60_000;

interface Opening {
  file: string;
  run?: string;
  backend: Backend;
  header: CheckpointHeader;
  /** The tensors before they are read. */
  entries: Parameters<typeof flowOf>[2];
  tensors(): Promise<Checkpoint['tensors']>;
  onOutline?: (outline: ModelOutline) => void;
  /** Set for a file that another library wrote. */
  foreign?: { format: TensorContainer; layerNames: Record<string, string> };
}

async function openFlow(opening: Opening): Promise<Model> {
  const { file, run, backend, header, entries, foreign, onOutline } = opening;
  const { config, standardize } = header;
  const flow = flowOf(file, config.model, entries, foreign?.layerNames);
  const preprocess = buildPreprocess(config.model, flow, standardize);
  const layers = modelLayers(flow, preprocess, featureNamesOf(header));
  const data = createModelData(header, run ?? path.dirname(file));
  const splits: typeof data.splits = async () =>
    foreign && !config.data
      ? {
          splits: [],
          reason:
            'The file does not say which data its flow was trained on. Examples are shown once a "data" section in ' +
            `${path.basename(sidecarPath(file))} names them.`,
        }
      : data.splits();
  let held = entries;
  const summary = () => summaryOf({ ...opening, flow, layers, splits }, held);
  if (onOutline) void summary().then(onOutline, () => undefined);
  try {
    const tensors = await opening.tensors();
    held = tensors;
    const settled = Date.now() - (await stat(file)).mtimeMs > settledAfter;
    const model = createFlowModel({ header, flow, preprocess, layers, tensors, backend, data, settled });
    return {
      file,
      run,
      inspected: inspectedModel(model),
      flow: model,
      summary,
      dispose: () => model.dispose(),
    };
  } catch (error) {
    await data.close();
    throw error;
  }
}

async function summaryOf(
  opened: Opening & { flow: Flow; layers: readonly ModelLayer[]; splits: ModelData['splits'] },
  held: Opening['entries'],
): Promise<ModelOutline> {
  const { file, run, backend, header, flow, layers, foreign } = opened;
  const { config, origin } = header;
  const { splits, reason } = await opened.splits();
  const tensors = Object.entries(held).map(([name, { shape }]) => ({
    name,
    shape: [...shape],
    dtype: 'F32',
  }));
  const featureNames = featureNamesOf(header);
  const context = contextInfo(header, flow, held);
  const format = foreign?.format ?? 'flowscope';
  const bytes = 4 * parameterCount(tensors);
  return {
    ...describeFile(file, { format, bytes, backend: backend.info, tensors }),
    ...describeFlow(config.model, flow, context),
    runnable: true,
    ...(foreign ? {} : { step: header.step }),
    ...(origin ? { origin: shownOrigin(origin) } : {}),
    ...dataNameOf(header),
    ...defined({ featureNames, context }),
    layers: layers.map(({ info }) => info),
    splits,
    ...defined({ splitsReason: reason, runFolder: run }),
    checkpoints: run ? await listCheckpoints(runPaths(run)) : [],
  };
}

function dataNameOf({ data, config }: CheckpointHeader): { dataName?: string; target?: string } {
  const { target } = config.training;
  const name = data?.name ?? (config.data ? path.basename(config.data.source) : target);
  return defined({ dataName: name, target: config.data ? undefined : target });
}

/** The flow in an ONNX file where there is one, else what the file is made of. @throws UserError for other files */
async function openOnnxModel(file: string, backend: BackendInfo): Promise<Model> {
  const base = await summarizeOnnx(file, backend);
  let flow: OnnxFlow;
  try {
    flow = await openOnnxFlow(file, backend.threads);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const summary: ModelOutline = { ...base, reason: error.message };
    return { file, summary: () => Promise.resolve(summary), dispose: () => Promise.resolve() };
  }
  return {
    file,
    inspected: flow,
    async summary() {
      const { splits, reason } = await flow.data.splits();
      return { ...onnxSummary(base, flow), splits, ...(reason ? { splitsReason: reason } : {}) };
    },
    dispose: () => flow.dispose(),
  };
}

function onnxSummary(base: ModelOutline, flow: OnnxFlow): ModelOutline {
  const { config, layers, flow: shapes, pair, notes, searched, quantization } = flow;
  const { reason, ...rest } = base;
  const { opened } = pair;
  const infos = layers.map(({ info }) => info);
  const unknown = infos.filter(({ kind }) => kind === 'unknown').length;
  const other = opened === pair.forward ? pair.inverse : pair.forward;
  const shape = [...shapes.inputShape];
  const foreign: Partial<ModelOutline> = {
    kind: config.kind,
    shape,
    title: `ONNX flow, ${config.kind === 'vector' ? `${shape.join('×')} features` : shape.join('×')}`,
    subtitle: [
      `${countWords(layerCounts(infos), ' and ')} found`,
      ...(unknown > 0 ? [`${several(unknown, 'span')} not understood`] : []),
      `${shortCount(rest.parameterCount)} stored values`,
      `opset ${rest.onnx?.opset ?? '?'}`,
    ].join(', '),
    ...(config.kind === 'image' && quantization > 0 ? { levels: config.levels, pad: 0 } : {}),
  };
  return {
    ...rest,
    ...(opened.metadata ? {} : foreign),
    runnable: true,
    layers: infos,
    origin: {
      library: rest.onnx?.producer ? `ONNX, ${rest.onnx.producer}` : 'ONNX',
      title: `${opened.ports.direction}: ${opened.ports.input} to ${opened.ports.output}${
        other ? `; ${other.ports.direction} in ${path.basename(other.file)}` : ''
      }`,
      assumptions: notes,
      ...(searched ? { searched } : {}),
    },
  };
}

/**
 * @param opened is closed with the model
 * @param reason why it cannot be run, and what to do
 */
export function openTensorTable(opened: TensorFile, backend: BackendInfo, reason: string): Model {
  const { file } = opened;
  const tensors = [...opened.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape: [...shape] }));
  const base = describeFile(file, { format: opened.container, bytes: opened.bytes, backend, tensors });
  const leftOut = opened.leftOut ? `\nNot shown: ${opened.leftOut.join(', ')}.` : '';
  const summary: ModelOutline = {
    ...base,
    subtitle: `${several(tensors.length, 'tensor')}, ${shortCount(base.parameterCount)} values`,
    reason: reason + leftOut,
  };
  return { file, tensorFile: opened, summary: () => Promise.resolve(summary), dispose: () => opened.close() };
}
