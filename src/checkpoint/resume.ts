import type * as v from 'valibot';
import { UserError } from '../base/user-error';
import type { NdArray } from '../protocol/tensors';
import { parseMetadata, progressSchema } from './metadata';
import { readSafetensors, writeSafetensors } from './tensors/safetensors';

export type RunProgress = v.InferOutput<typeof progressSchema>;

/**
 * Everything that an exact continuation needs, in one file: raw weights, running statistics, optimizer moments, moving
 * averages. One file, since two could be from different steps after a crash between their writes. Random numbers need
 * no state: they are derived from seed and step.
 */
export interface ResumeState {
  step: number;
  seconds: number;
  /** What the training loop wants back. */
  progress: RunProgress;
  tensors: Record<string, NdArray>;
}

export async function saveResume(file: string, state: ResumeState): Promise<void> {
  await writeSafetensors(file, state.tensors, {
    format: 'flowscope-resume',
    format_version: '1',
    step: String(state.step),
    seconds: String(state.seconds),
    progress: JSON.stringify(state.progress),
  });
}

/** @throws UserError when the file is absent, damaged or of another kind */
export async function loadResume(file: string): Promise<ResumeState> {
  const { metadata, tensors } = await readSafetensors(file);
  if (metadata.format !== 'flowscope-resume' || metadata.format_version !== '1') {
    throw new UserError(
      `${file}: is not a training state that this version of Flowscope can resume from ` +
        `(format ${metadata.format ?? 'missing'}, version ${metadata.format_version ?? 'missing'}).`,
    );
  }
  const step = Number(metadata.step ?? NaN);
  const seconds = Number(metadata.seconds ?? NaN);
  if (!Number.isSafeInteger(step) || step < 0 || !Number.isFinite(seconds))
    throw new UserError(`${file}: is damaged: its step or seconds cannot be read. Start a new run.`);
  const progress = parseMetadata(progressSchema, metadata.progress ?? '', { file, key: 'progress' });
  return { step, seconds, progress, tensors };
}
