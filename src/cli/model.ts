/** Opens what a user names as MODEL. */
import type { Origin } from '../checkpoint/checkpoint';
import { type ModelFile, openModelFile } from '../checkpoint/model-file';
import { threadsToUse } from '../engine/backends/threads';
import { openModel } from '../engine/open/open-model';
import type { Model } from '../engine/model/model';
import { openRunner as openRunnable } from '../engine/open/open-runner';
import type { OpenedRunner } from '../engine/model/opened-runner';
import { openInferenceBackend } from './backend';
import type { Session } from './session';

export const modelHelp = {
  name: 'MODEL',
  help: 'A run folder (its best checkpoint), a .flow.safetensors checkpoint, a checkpoint of another library (.pt, .pth, .ckpt, .safetensors, .keras, .h5, .eqx, .npz, .pkl), or an .onnx file.',
};

/**
 * Opens a model until the command ends, and says on standard error what had to be assumed of it.
 * @throws UserError when there is no model
 */
export async function openForSession(session: Session, file: string | ModelFile): Promise<Model> {
  const model = await openModel(file, await openInferenceBackend(session));
  session.onEnd(() => model.dispose());
  const origin = model.flow?.header.origin;
  if (origin) noteOrigin(session, origin);
  return model;
}

/** What a file of another library does not say, so that users know which numbers depend on a default. */
export function noteOrigin(session: Session, origin: Origin): void {
  if (origin.assumptions.length === 0) return;
  const assumed = origin.assumptions.join('; ');
  const guessed = origin.guesses
    ? ` GUESSED, and every number depends on it: ${origin.guesses.join(', ')}.`
    : '';
  session.progress.note(`${origin.title ?? origin.fileName}. Not in the file: ${assumed}.${guessed}`);
}

/**
 * The same for a model that is run.
 * @param direction what the caller is going to run: an ONNX file holds one direction
 * @throws UserError when there is no model, or it cannot be run
 */
export async function openRunner(
  session: Session,
  model: string,
  direction: 'forward' | 'inverse',
): Promise<OpenedRunner> {
  return openRunnable(
    {
      open: (file) => openForSession(session, file),
      threads: () => threadsToUse(session.threads),
      note: (text) => session.progress.note(text),
      onEnd: (release) => session.onEnd(release),
    },
    await openModelFile(model),
    direction,
  );
}
