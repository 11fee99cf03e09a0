import { exists } from '../base/exists';
import path from 'node:path';
import { UserError } from '../base/user-error';
import { firstBytes, isFolder, refuseSpecial } from '../files/read';
import type { TensorContainer } from '../protocol/import';
import { isOurs } from './checkpoint';
import { containerOf } from './container';
import { foreignFolder, foreignFormat } from './foreign-formats';
import { isRunFolder, runPaths } from './run-folder';
import { isRecording } from './recording/read';
import { openSafetensors } from './tensors/safetensors';
import { isIndex, shardsOf } from './shards';

export interface ResolvedModel {
  /** A container: tensors of another program. Whether such a file can be read shows when it is opened. */
  kind: 'checkpoint' | 'onnx' | 'recording' | TensorContainer;
  /** Absolute path of the file to open. */
  file: string;
  /** Absolute path of the run folder that the file lies in. */
  run?: string;
}

/**
 * Finds the file that a user means: a run folder stands for its best checkpoint, or its last one.
 * @throws UserError when there is no model at the path
 */
export async function resolveModelPath(given: string): Promise<ResolvedModel> {
  const target = await withExported(path.resolve(given));
  await refuseSpecial(target);
  if (await isFolder(target)) {
    const paths = runPaths(target);
    for (const file of [paths.best, paths.last]) {
      if (await exists(file)) return { kind: 'checkpoint', file, run: target };
    }
    for (const file of [paths.bestRecording, paths.lastRecording]) {
      if (await exists(file)) return { kind: 'recording', file, run: target };
    }
    const foreign = await foreignFolder(target);
    throw new UserError(
      (await isRunFolder(target))
        ? `${target}: this run has no checkpoint yet. Train it for some steps first.`
        : foreign !== undefined
          ? `${target}: is ${foreign}`
          : `${target}: is a folder but not a run; expected a checkpoint, an ONNX file, a PyTorch file or a run folder.`,
    );
  }
  if (target.toLowerCase().endsWith('.onnx')) return { kind: 'onnx', file: target };
  if (isIndex(target)) {
    const shards = await shardsOf(target);
    return { kind: (await containerOf(shards!.files[0]!)) ?? 'safetensors', file: target };
  }
  const foreign = foreignFormat(target, await firstBytes(target, 8));
  if (foreign !== undefined) throw new UserError(`${target}: is ${foreign}`);
  // By content, since checkpoints have all sorts of names.
  const container = await containerOf(target);
  if (container !== undefined) return { kind: container, file: target };
  if (!target.toLowerCase().endsWith('.safetensors') && !(await looksLikeSafetensors(target))) {
    throw new UserError(
      `${target}: is not a model; expected a .flow.safetensors checkpoint, another .safetensors file, ` +
        `an .onnx file, a PyTorch checkpoint (.pt, .pth), a Keras file, another library's file or a run folder.`,
    );
  }
  const opened = await openSafetensors(target);
  const kind = isOurs(opened.metadata)
    ? 'checkpoint'
    : isRecording(opened.metadata)
      ? 'recording'
      : 'safetensors';
  await opened.close();
  const parent = path.dirname(path.dirname(target));
  const inRun = kind !== 'safetensors' && path.basename(path.dirname(target)) === 'checkpoints';
  return { kind, file: target, run: inRun && (await isRunFolder(parent)) ? parent : undefined };
}

/** Accepts the name that an export was given for the files that it wrote. */
async function withExported(target: string): Promise<string> {
  if (!target.toLowerCase().endsWith('.onnx') || (await exists(target))) return target;
  const forward = target.replace(/\.onnx$/i, '.forward.onnx');
  return (await exists(forward)) ? forward : target;
}

/** The header's JSON starts right after its length. */
async function looksLikeSafetensors(file: string): Promise<boolean> {
  return (await firstBytes(file, 9))[8] === '{'.charCodeAt(0);
}
