/** Opens what a user names: a checkpoint, a run folder, a file of another program, an ONNX file. */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { loadCheckpoint, type CheckpointHeader } from '../../checkpoint/checkpoint';
import { resolveModelPath } from '../../checkpoint/resolve-model';
import { listCheckpoints, runPaths } from '../../checkpoint/run-folder';
import { openTensorFile } from '../../checkpoint/tensor-file';
import { UserError } from '../../config/user-error';
import { buildFlow, buildPreprocess } from '../../flow/real-nvp';
import type { TensorEntry } from '../../protocol/model';
import type { NdArray } from '../../protocol/tensors';
import type { Backend } from '../backends/backend';
import { summarizeOnnx } from '../onnx-file/summary';
import { createFlowModel, type FlowModel } from './flow-model';
import { createModelData } from './model-data';
import { storedTensors } from './flow-graphs';
import { describeFile, describeFlow, shortCount, type Described } from './summary';

export interface OpenModel {
  /** Absolute path of the file. */
  file: string;
  /** Absolute path of the run folder that it lies in. */
  run?: string;
  /** Absent for a file that can only be described; the summary says why. */
  flow?: FlowModel;
  /** Read anew each time: data and checkpoints beside the file come and go. */
  summary(): Promise<Described>;
  dispose(): Promise<void>;
}

/** @throws UserError when there is no model at the path, or it is damaged */
export async function openModel(given: string, backend: Backend): Promise<OpenModel> {
  const { kind, file, run } = await resolveModelPath(given);
  switch (kind) {
    case 'checkpoint':
      return openCheckpoint(file, run, backend);
    case 'onnx':
      return described(file, await summarizeOnnx(file, backend.info));
    default:
      return described(file, await describeTensors(file, backend));
  }
}

function described(file: string, summary: Described): OpenModel {
  return { file, summary: () => Promise.resolve(summary), dispose: () => Promise.resolve() };
}

async function describeTensors(file: string, backend: Backend): Promise<Described> {
  const opened = await openTensorFile(file);
  await opened.close();
  const tensors = [...opened.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape: [...shape] }));
  const base = describeFile(file, {
    format: opened.container,
    bytes: opened.bytes,
    backend: backend.info,
    tensors,
  });
  return {
    ...base,
    subtitle: `${tensors.length} tensors, ${shortCount(base.parameterCount)} values`,
    reason:
      'This file was not written by Flowscope: it has tensors but says nothing of the flow that they belong to, so it ' +
      'cannot be run. Its table of tensors is shown.',
  };
}

async function openCheckpoint(file: string, run: string | undefined, backend: Backend): Promise<OpenModel> {
  const { tensors, ...header } = await loadCheckpoint(file);
  const { config, standardize } = header;
  const flow = buildFlow(config.model);
  checkTensors(file, storedTensors(flow), tensors);
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
  return {
    file,
    ...(run ? { run } : {}),
    flow: model,
    async summary() {
      const { splits, reason } = await data.splits();
      return {
        ...describeFile(file, { format: 'flowscope', bytes, backend: backend.info, tensors: entries }),
        ...describeFlow(config.model, flow),
        runnable: true,
        step: header.step,
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

/** @throws UserError when the file lacks tensors of the flow that its config describes, or has them in other shapes */
function checkTensors(
  file: string,
  expected: readonly { name: string; shape: readonly number[] }[],
  tensors: Readonly<Record<string, NdArray>>,
): void {
  for (const { name, shape } of expected) {
    const found = tensors[name];
    if (!found) {
      throw new UserError(
        `${file}: is damaged: it lacks the tensor "${name}", which its config calls for. Open another checkpoint.`,
      );
    }
    if (!isDeepStrictEqual(found.shape, [...shape]) || !(found.data instanceof Float32Array)) {
      throw new UserError(
        `${file}: is damaged: the tensor "${name}" has the shape [${found.shape.join(', ')}]; its config calls for ` +
          `[${shape.join(', ')}]. Open another checkpoint.`,
      );
    }
  }
}
