/** What is asked of a person before a file of another library is opened, and what they answered. */
import { UserError } from '../../base/user-error';
import type { ImportAnswers, ImportForm } from '../../protocol/import';
import { type ModelFile, withModelFile } from '../model-file';
import { isFor, readSidecar, sidecarPath, writeSidecar } from '../sidecar';
import { completeAnswers } from './answers';
import { recognize } from './recognize';

/**
 * Undefined when there is nothing to ask: our own files, ONNX, files of no known library, complete ones.
 * @throws UserError when the file, or the one that remembers the answers, cannot be read
 */
export async function importForm(given: string | ModelFile): Promise<ImportForm | undefined> {
  return withRecognized(
    given,
    undefined,
    (recognized, file, remembered) => recognized && formOf(recognized, file, remembered),
  );
}

type Recognition = NonNullable<ReturnType<typeof recognize>>;
type Remembered = Awaited<ReturnType<typeof readSidecar>>;

/** The same of a file that is recognized. */
export function formOf(
  { title, library, questions }: Pick<Recognition, 'title' | 'library' | 'questions'>,
  file: string,
  remembered: Remembered,
): ImportForm | undefined {
  if (questions.length === 0) return undefined;
  const current = remembered && isFor(remembered, library) ? remembered : undefined;
  return {
    title,
    questions,
    answers: completeAnswers(questions, current?.answers ?? {}, sidecarPath(file)),
    answered: current !== undefined,
    sidecar: sidecarPath(file),
  };
}

/**
 * Remembers the answers in a file next to the checkpoint.
 * @throws UserError when they do not fit the file, which is tried before anything is written
 */
export async function answerImport(given: string | ModelFile, answers: ImportAnswers): Promise<void> {
  await withRecognized(given, answers, async (recognized, file) => {
    if (!recognized) throw new UserError(`${file}: nothing is asked of this file.`);
    const complete = completeAnswers(recognized.questions, answers, file);
    await recognized.convert(complete);
    await writeSidecar(file, { library: recognized.library, answers: complete });
  });
}

/**
 * Names the data of a flow in the file next to the checkpoint. Resolves to the path of that file.
 * @throws UserError for files that say themselves what their data are, or cannot
 */
export async function nameData(given: string | ModelFile, source: string): Promise<string> {
  return withModelFile(given, async ({ kind, file }) => {
    if (kind !== 'tensors')
      throw new UserError(`${file}: data are added to checkpoints of other libraries only.`);
    await writeSidecar(file, { data: { source } });
    return sidecarPath(file);
  });
}

/**
 * Remembers which flow of a file is meant, and what was answered of it before.
 * @throws UserError when the file does not hold that flow and others
 */
export async function chooseFlow(given: string, flow: string): Promise<void> {
  await withRecognized(given, { flow }, async (recognized, file, remembered) => {
    const asked = recognized?.questions ?? [];
    const question = asked.find(({ key }) => key === 'flow');
    if (!recognized || !question)
      throw new UserError(
        `${file}: does not hold several flows, so that --flow has nothing to choose. Leave it out.`,
      );
    completeAnswers([question], { flow }, file);
    const kept = Object.entries(remembered?.answers ?? {}).filter(([key]) =>
      asked.some((one) => one.key === key),
    );
    const answers = { ...Object.fromEntries(kept), flow };
    if (remembered?.answers['flow'] !== flow)
      await writeSidecar(file, { library: recognized.library, answers });
  });
}

/** @param answers those that are remembered where undefined */
async function withRecognized<T>(
  given: string | ModelFile,
  answers: ImportAnswers | undefined,
  use: (recognized: Recognition | undefined, file: string, remembered?: Remembered) => T | Promise<T>,
): Promise<T> {
  return withModelFile(given, async (opened) => {
    const { kind, file } = opened;
    if (kind === 'checkpoint' || kind === 'onnx') return use(undefined, file);
    const remembered = await readSidecar(file);
    return use(recognize(opened.tensors, undefined, answers ?? remembered?.answers), file, remembered);
  });
}
