import path from 'node:path';
import { defined } from '../../base/defined';
import { listCheckpoints, readStatus, runPaths } from '../../checkpoint/run-folder';
import type { ModelFile } from '../../checkpoint/model-file';
import type { CheckpointReport, ReportedRun } from '../../protocol/assistant';
import { CancelledError } from '../../protocol/wire';
import { describeModel } from '../open/describe-model';
import type { ModelDescription } from '../open/description';

/** Layers that a report names; a model reads no further. */
const mostLayers = 60;

/**
 * What a file or run is, as `flowscope info` says it, and the state of its run.
 * @throws UserError when there is no model at the path, CancelledError
 */
export async function summarizeCheckpoint(
  given: string | ModelFile,
  signal: AbortSignal,
): Promise<CheckpointReport> {
  const model = await describeModel(given);
  if (signal.aborted) throw new CancelledError();
  const { run } = model;
  return { ...reportOf(model), ...(run ? { run: await reportedRun(run) } : {}) };
}

function reportOf(model: ModelDescription): CheckpointReport {
  const { file, format, bytes, architecture, layers, preprocessing, step, validation, data, origin, onnx } =
    model;
  return {
    file,
    format,
    bytes,
    ...(architecture ? { architecture: architecture.summary, inputShape: architecture.inputShape } : {}),
    parameters: model.parameterCount,
    tensors: model.tensorCount,
    layerCount: layers.length,
    layers: layers.slice(0, mostLayers).map(({ index, name, kind, shape, parameterCount, description }) => ({
      index,
      name,
      kind,
      shape,
      parameters: parameterCount,
      description,
    })),
    ...defined({
      preprocessing: preprocessing?.summary,
      step,
      validation,
      data: data?.summary,
      origin: origin && {
        title: origin.title,
        assumptions: origin.assumptions,
        ...defined({ guesses: origin.guesses }),
      },
      onnx: onnx && {
        opset: onnx.opset,
        producer: onnx.producer,
        inputs: onnx.inputs.map(portOf),
        outputs: onnx.outputs.map(portOf),
      },
      note: model.note,
    }),
  };
}

function portOf({ name, dtype, shape }: { name: string; dtype: string; shape: (number | string)[] }): string {
  return `${name} ${dtype} [${shape.join(', ')}]`;
}

/** Undefined fields are those that the run's status does not say; a run trained elsewhere may have none at all. */
export async function reportedRun(folder: string): Promise<ReportedRun> {
  const paths = runPaths(path.resolve(folder));
  const status = await readStatus(paths);
  const checkpoints = await listCheckpoints(paths);
  return {
    folder: paths.folder,
    status: status?.status ?? 'unknown',
    ...defined({ message: status?.message || undefined, step: status?.step, best: status?.best }),
    checkpointSteps: checkpoints.map(({ step }) => step),
  };
}
