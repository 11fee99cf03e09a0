/** Turns a file of any library into one of our checkpoints. */
import path from 'node:path';
import { parseStoredConfig } from '../../config/parse';
import { shortened, UserError } from '../../base/user-error';
import type { ImportAnswers, ImportForm, ImportQuestion } from '../../protocol/import';
import type { ModelOrigin } from '../../protocol/model';
import type { Checkpoint } from '../checkpoint';
import { isRecording } from '../recording/read';
import { notRunAgain } from '../recording/schema';
import { type ModelFile, withModelFile } from '../model-file';
import { isFor, readSidecar, sidecarPath, writeSidecar } from '../sidecar';
import { readTensors } from '../tensors/safetensors';
import { answerTo, assumptionsOf, completeAnswers, guessesOf } from './answers';
import { libraryName, recognize, whyUndecided, whyUnknown } from './recognize';
import type { Library } from '../libraries';
import type { TensorFile } from '../import/types';

export interface ImportOptions {
  /** Reads the file as this library's, and no other's. */
  library?: Library;
  /** These come before the ones that the file next to the checkpoint remembers. */
  answers?: (questions: readonly ImportQuestion[]) => ImportAnswers;
}

/** A file of tensors that is not a known flow. */
export interface Unrecognized {
  /** The closest match and what is missing, in words. */
  reason: string;
}

const unrecognized = (reason: string): Unrecognized => ({ reason });

/**
 * Loads our own checkpoints and other libraries' alike.
 * @throws UserError when there is no checkpoint at the path, it is damaged, or its library is not known
 */
export async function loadAnyCheckpoint(
  input: string | ModelFile,
  options: ImportOptions = {},
): Promise<Checkpoint> {
  return withModelFile(input, async (opened) => {
    const { kind, file } = opened;
    if (kind === 'onnx') {
      throw new UserError(
        `${file}: is an ONNX graph; expected a checkpoint, which holds the weights by name.`,
      );
    }
    if (kind === 'checkpoint') {
      if (options.library !== undefined || options.answers) {
        throw new UserError(
          `${file}: is a checkpoint of Flowscope, which says everything about its flow; leave out what says how to read it (--as, --set).`,
        );
      }
      return { ...opened.header, tensors: await readTensors(opened.stored) };
    }
    const imported = await importTensors(opened.tensors, options);
    if ('reason' in imported) throw new UserError(`${file}: ${imported.reason}`);
    return imported.checkpoint;
  });
}

/**
 * Whose file it is, and what is answered of its questions.
 * @throws UserError when answers do not fit the file
 */
export async function interpret(tensorFile: TensorFile, options: ImportOptions) {
  const { file } = tensorFile;
  const remembered = await readSidecar(file);
  let recognized = recognize(tensorFile, options.library, remembered?.answers);
  if (isRecording(tensorFile.extras)) return unrecognized(notRunAgain);
  if (!recognized) return unrecognized(whyUnknown(tensorFile, options.library));
  const { library } = recognized;
  if (remembered && !isFor(remembered, library)) {
    throw new UserError(
      `${sidecarPath(file)}: its answers are for a file of "${remembered.library}", and this one is of "${library}". ` +
        `Delete it to be asked again.`,
    );
  }
  const { flow } = options.answers?.(recognized.questions) ?? {};
  // Each flow of a file has questions of its own.
  if (flow !== undefined) recognized = recognize(tensorFile, options.library, { flow }) ?? recognized;
  const { questions } = recognized;
  const stored = completeAnswers(questions, remembered?.answers ?? {}, sidecarPath(file));
  const now = options.answers?.(questions) ?? {};
  const userAnswers: ImportAnswers = { ...remembered?.answers, ...now };
  const undecided = whyUndecided(questions, userAnswers, path.basename(sidecarPath(file)));
  if (undecided !== undefined) return unrecognized(undecided);
  const complete = completeAnswers(questions, now, file);
  const answered = questions.filter((question) => answerTo(question, now) !== undefined);
  const answers: ImportAnswers = {
    ...stored,
    ...Object.fromEntries(answered.map(({ key }) => [key, complete[key]!])),
  };
  return { recognized, answers, userAnswers, remembered };
}

/** @throws UserError when the file is damaged, or answers do not fit it */
export async function importTensors(tensorFile: TensorFile, options: ImportOptions = {}) {
  const { file } = tensorFile;
  const interpreted = await interpret(tensorFile, options);
  if ('reason' in interpreted) return interpreted;
  const { recognized, answers, userAnswers, remembered } = interpreted;
  const { library, title, questions } = recognized;
  const guesses = guessesOf(questions, answers, userAnswers);
  const { model, tensors, layerNames, featureNames, contextNames, contextIsClass } =
    await recognized.convert(answers);
  const checkpoint: Checkpoint = {
    config: parseStoredConfig({ model, ...(remembered?.data ? { data: remembered.data } : {}) }, file),
    step: 0,
    seconds: 0,
    origin: {
      library,
      title,
      fileName: path.basename(file),
      assumptions: [...recognized.notes, ...assumptionsOf(questions, answers, userAnswers)],
      ...(guesses.length > 0 ? { guesses } : {}),
      ...(featureNames ? { featureNames: featureNames.map(shownName) } : {}),
      ...(contextNames?.length ? { contextNames: contextNames.map(shownName) } : {}),
      ...(contextIsClass ? { contextIsClass } : {}),
    },
    tensors,
  };
  return {
    checkpoint,
    /** For each of our layers, the prefix that its tensors have in the file. */
    layerNames,
    /** What the file does not hold, with the answers in force; undefined where that is nothing. */
    form: formOf(recognized, file, remembered),
  };
}

const shownName = (name: string): string => shortened(name, 100);

/** As the page and the command line show it. */
export function shownOrigin({
  library,
  title,
  assumptions,
  guesses,
}: NonNullable<Checkpoint['origin']>): ModelOrigin {
  const name = libraryName(library);
  return { library: name, title: title ?? name, assumptions, ...(guesses ? { guesses } : {}) };
}

/**
 * Undefined when there is nothing to ask: our own files, ONNX, files of no known library, complete ones.
 * @throws UserError when the file, or the one that remembers the answers, cannot be read
 */
export async function importForm(input: string | ModelFile): Promise<ImportForm | undefined> {
  return withRecognized(
    input,
    undefined,
    (recognized, file, remembered) => recognized && formOf(recognized, file, remembered),
  );
}

type Recognition = NonNullable<ReturnType<typeof recognize>>;
type Remembered = Awaited<ReturnType<typeof readSidecar>>;

/** The same of a file that is recognized. */
function formOf(
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
export async function answerImport(input: string | ModelFile, answers: ImportAnswers): Promise<void> {
  await withRecognized(input, answers, async (recognized, file) => {
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
export async function nameData(input: string | ModelFile, source: string): Promise<string> {
  return withModelFile(input, async ({ kind, file }) => {
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
export async function chooseFlow(input: string, flow: string): Promise<void> {
  await withRecognized(input, { flow }, async (recognized, file, remembered) => {
    const questions = recognized?.questions ?? [];
    const question = questions.find(({ key }) => key === 'flow');
    if (!recognized || !question)
      throw new UserError(
        `${file}: does not hold several flows, so that --flow has nothing to choose. Leave it out.`,
      );
    completeAnswers([question], { flow }, file);
    const kept = Object.entries(remembered?.answers ?? {}).filter(([key]) =>
      questions.some((one) => one.key === key),
    );
    const answers = { ...Object.fromEntries(kept), flow };
    if (remembered?.answers['flow'] !== flow)
      await writeSidecar(file, { library: recognized.library, answers });
  });
}

/** @param answers those that are remembered where undefined */
async function withRecognized<T>(
  input: string | ModelFile,
  answers: ImportAnswers | undefined,
  use: (recognized: Recognition | undefined, file: string, remembered?: Remembered) => T | Promise<T>,
): Promise<T> {
  return withModelFile(input, async (opened) => {
    const { kind, file } = opened;
    if (kind === 'checkpoint' || kind === 'onnx') return use(undefined, file);
    const remembered = await readSidecar(file);
    return use(recognize(opened.tensors, undefined, answers ?? remembered?.answers), file, remembered);
  });
}
