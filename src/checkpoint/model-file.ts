/** The file that a user names as a model, found, opened and told apart once, for all that is asked about it. */
import { exists } from '../base/exists';
import path from 'node:path';
import { UserError } from '../base/user-error';
import { isFolder, refuseSpecial } from '../files/read';
import { isCheckpoint, readHeader, type CheckpointHeader } from './checkpoint';
import { foreignFolder, foreignFormat } from './foreign-formats';
import type { TensorFile } from './import/types';
import { isRunFolder, readStatus, runPaths } from './run-folder';
import { isFlowscopeFile, openTensorFile } from './tensor-file';
import { dcpOf } from './torch/dcp';
import type { SafetensorsFile } from './tensors/safetensors';

interface Named {
  /** Absolute path. */
  file: string;
  /** Absolute path of the run folder that the file lies in. */
  run?: string;
  close(): Promise<void>;
}

export type ModelFile =
  | (Named & { kind: 'checkpoint'; header: CheckpointHeader; stored: SafetensorsFile; tensors: TensorFile })
  | (Named & { kind: 'recording'; stored: SafetensorsFile; tensors: TensorFile })
  /** Tensors that another program wrote. */
  | (Named & { kind: 'tensors'; tensors: TensorFile })
  /** Opened by those who read its graph. */
  | (Named & { kind: 'onnx' });

/**
 * Opens the file that a user means: a run folder stands for its best checkpoint, or its last one. The file stays open, so
 * that what is read belongs together even when another version replaces it meanwhile: `close` it.
 * @param ownFilesOnly opens nothing that other software wrote, whatever it is called
 * @throws UserError when there is no model at the path, or it is damaged
 */
export async function openModelFile(input: string, { ownFilesOnly = false } = {}): Promise<ModelFile> {
  const target = await withExported(path.resolve(input));
  await refuseSpecial(target);
  const refuseForeign = (): void => {
    if (!ownFilesOnly) return;
    throw new UserError(
      `${target}: is named like a file of Flowscope, but was not written by it. Take ".flow" or ".flowrec" out of its name to open it.`,
    );
  };
  const isRun = await isFolder(target);
  if (!isRun && target.toLowerCase().endsWith('.onnx')) {
    refuseForeign();
    return { kind: 'onnx', file: target, close: () => Promise.resolve() };
  }
  const file = isRun ? await bestOf(target) : target;
  const tensors = await openTensorFile(file, (container, start) => {
    const foreign = foreignFormat(file, start);
    if (foreign !== undefined) throw new UserError(`${file}: is ${foreign}`);
    if (container !== 'safetensors') {
      refuseForeign();
      return;
    }
    // The header's JSON starts right after its length.
    if (file.toLowerCase().endsWith('.safetensors') || start[8] === '{'.charCodeAt(0)) return;
    throw new UserError(
      `${file}: is not a model; expected a .flow.safetensors checkpoint, another .safetensors file, ` +
        `an .onnx file, a PyTorch checkpoint (.pt, .pth), a Keras file, another library's file or a run folder.`,
    );
  });
  try {
    const named = { file, tensors, close: () => tensors.close() };
    const stored = tensors.safetensors;
    if (!stored || !isFlowscopeFile(stored)) {
      refuseForeign();
      return { kind: 'tensors', ...named };
    }
    const parent = path.dirname(path.dirname(file));
    const inRun =
      isRun || (path.basename(path.dirname(file)) === 'checkpoints' && (await isRunFolder(parent)));
    const common = { ...named, ...(inRun ? { run: parent } : {}), stored };
    return isCheckpoint(stored.metadata)
      ? { kind: 'checkpoint', ...common, header: readHeader(stored) }
      : { kind: 'recording', ...common };
  } catch (error) {
    await tensors.close();
    throw error;
  }
}

/** Closes the file at the end of the work, also one that was open already. @throws UserError as `openModelFile` */
export async function withModelFile<T>(
  input: string | ModelFile,
  work: (opened: ModelFile) => T | Promise<T>,
): Promise<T> {
  const opened = typeof input === 'string' ? await openModelFile(input) : input;
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/** The checkpoint or recording that a run stands for. */
async function bestOf(folder: string): Promise<string> {
  const { best, last, bestRecording, lastRecording } = runPaths(folder);
  for (const file of [best, last, bestRecording, lastRecording]) if (await exists(file)) return file;
  const list = await dcpOf(folder, true);
  if (list !== undefined) return list;
  const foreign = await foreignFolder(folder);
  throw new UserError(
    (await isRunFolder(folder))
      ? `${folder}: this run has no checkpoint${await whyNone(folder)}`
      : foreign !== undefined
        ? `${folder}: is ${foreign}`
        : `${folder}: is a folder but not a run; expected a checkpoint, an ONNX file, a PyTorch file or a run folder.`,
  );
}

async function whyNone(run: string): Promise<string> {
  const { status, message, notFinite } = (await readStatus(runPaths(run))) ?? {};
  if (status !== 'failed' || !message) return ' yet. Train it for some steps first.';
  return `, because its training failed. ${message}${notFinite ? ' Train again with a lower learning rate.' : ''}`;
}

/** Accepts the name that an export was given for the files that it wrote. */
async function withExported(target: string): Promise<string> {
  if (!target.toLowerCase().endsWith('.onnx') || (await exists(target))) return target;
  const forward = target.replace(/\.onnx$/i, '.forward.onnx');
  return (await exists(forward)) ? forward : target;
}
