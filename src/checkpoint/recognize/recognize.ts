/** Whose file it is: each library's recognizer is asked; for a file that none of them knows, which comes closest. */
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import { nearest } from '../../config/nearest';
import { shortened, UserError } from '../../base/user-error';
import { entries, libraries, type Library } from '../libraries';
import { factsOf, misfitOf, withHyperParameters } from '../import/module-facts';
import {
  isRecognized,
  type Closeness,
  type Recognized,
  type Recognizer,
  type TensorFile,
} from '../import/types';
import { leastShare, rankOf } from '../import/first-of';
import { flowQuestion, flowsIn, isAveraged, restNote } from '../import/flows-in-file';
import { apartMark, choice, chosen } from '../import/questions';
import { adviceFor, fileLooksLike } from '../import/signatures';
import { unwrapped } from '../import/wrapped-names';
import { withWeightNormNames } from '../import/weight-norm';
import { shortFloats } from '../tensors/dtypes';

/** The repository or package of a library, for people. */
export function libraryName(library: string): string {
  return libraries.includes(library as Library) ? entries[library as Library].importer.name : library;
}

/** @throws UserError for a word that names no library */
export function parseLibrary(word: string): Library {
  const match = libraries.find((library) => library === word);
  if (match) return match;
  const near = nearest(word, libraries);
  throw new UserError(
    `"${shortened(word)}" is no library whose files are known; expected one of ${libraries.join(', ')}.` +
      (near ? ` Did you mean ${near}?` : ''),
  );
}

/**
 * @param only asks the recognizer of this library alone
 * @param userAnswers says which flow is meant, where the file has several
 */
export function recognize(
  file: TensorFile,
  only?: Library,
  userAnswers: ImportAnswers = {},
): (Recognized & { library: Library; notes: string[] }) | undefined {
  const candidates = only === undefined ? libraries : [only];
  const { file: plain, prefix } = unwrapped(file);
  const flows = flowsIn(plain, (part) => firstKnown(candidates, withWeightNormNames(unwrapped(part).file)));
  const question = flowQuestion(flows);
  const meant = userAnswers['flow'] ?? question[0]?.answer.default;
  const flow = flows.find(({ key }) => key === meant) ?? flows[0];
  const flowFile = (part: TensorFile): TensorFile =>
    withWeightNormNames(flow ? unwrapped(flow.of(part)).file : part);
  const read = flowFile(plain);
  for (const library of candidates) {
    const { importer } = entries[library];
    const recognized = importer.read(read);
    if (!isRecognized(recognized)) continue;
    const { answers, misfits } = readFacts(importer, read, recognized);
    if (misfits.length > 0) return undefined;
    const open = recognized.questions.filter(({ key }) => answers[key] === undefined);
    const copies = copiesQuestion(plain);
    const rest = [
      ...(flow ? [...plain.tensors.keys()].filter((name) => !read.tensors.has(name)) : []),
      ...(recognized.rest ?? []),
    ];
    return {
      ...recognized,
      questions: [...question, ...copies, ...withHyperParameters(open, file)],
      rest,
      convert(formAnswers) {
        const copy = plain.copies?.find(({ key }) => copies[0] && key === chosen(formAnswers, copies[0]));
        const from = copy ? importer.read(flowFile({ ...plain, ...copy })) : recognized;
        return (isRecognized(from) ? from : recognized).convert({ ...formAnswers, ...answers });
      },
      library,
      notes: notesOf(file, prefix, rest, read),
    };
  }
  return undefined;
}

function firstKnown(candidates: readonly Library[], file: TensorFile): Recognized | undefined {
  for (const library of candidates) {
    const reading = entries[library].importer.read(file);
    if (isRecognized(reading)) return reading;
  }
  return undefined;
}

/** Which of several copies of the weights is meant. */
function copiesQuestion({ key = '', copies = [] }: TensorFile): ImportQuestion[] {
  if (copies.length === 0) return [];
  const keys = [key, ...copies.map((copy) => copy.key)];
  const question = choice(
    'weights',
    'Weights',
    'The file has the same tensors several times, such as those that were trained and their moving average.',
    keys.map((value) => ({ value, label: value })),
    // Whoever keeps an average evaluates and samples with it.
    keys.find(isAveraged) ?? key,
  );
  // Other flows may have the same names and shapes.
  const isKnown = keys.slice(1).every((other) => isAveraged(other) || versions.test(other));
  return [isKnown ? question : { ...question, required: true }];
}

/** What scripts call weights of the same flow at another time. */
const versions =
  /(^|[._-])(best|last|latest|final|current|trained|initial|init|old|previous|prev|backup|target|online|teacher|student)([._-]|$)/i;

/** Why a file needs answers before it is opened; undefined where nothing is in the way. */
export function whyUndecided(
  questions: readonly ImportQuestion[],
  answers: ImportAnswers,
  sidecar: string,
): string | undefined {
  const open = questions.find(({ key, required }) => required && answers[key] === undefined);
  if (open === undefined) return undefined;
  const say = (value: string | number): string =>
    (open.key === 'flow' ? `Choose it with --flow ${value}, which is remembered. Or say` : 'Say') +
    ` it in ${sidecar}: {"answers": {"${open.key}": ${JSON.stringify(value)}}}, or convert it with --set ${open.key}=${value}.`;
  if (open.answer.kind === 'number' || (open.key !== 'flow' && open.key !== 'weights'))
    return `It needs an answer: ${open.title} (${open.key}). ${open.detail} ${say(open.answer.default)}`;
  const values = open.answer.options.map(({ value }) => value);
  const names = values.slice(0, 8).map((value) => shortened(value, 60));
  const more = values.length > names.length ? ` and ${values.length - names.length} more` : '';
  const what = open.key === 'flow' ? 'flows' : 'sets of weights of the same shapes';
  return (
    `It holds ${values.length} ${what}: ${names.join(', ')}${more}. Which one is meant is not in the file, and one member of ` +
    `an ensemble is not the whole. ${say(names[0]!)}`
  );
}

/** What was done to the file before it was read, for people. */
function notesOf(file: TensorFile, prefix: string, rest: readonly string[], read: TensorFile): string[] {
  const also = restNote(rest);
  // What a question names is not left out.
  const named = [...(file.copies ?? []), ...(file.models ?? [])].map(({ key }) => `"${key}"`);
  const leftOut = file.leftOut?.filter((what) => !named.some((name) => what.startsWith(name))) ?? [];
  const types = new Set([...read.tensors.values()].map(({ dtype }) => dtype));
  const short = [...types].flatMap((dtype) => shortFloats[dtype] ?? []);
  return [
    ...(prefix === '' ? [] : [`Prefix of all names, left out: ${prefix}`]),
    ...(also === undefined ? [] : [also]),
    ...(short.length === 0 ? [] : [`Weights stored as ${short.join(' and ')}, computed in float32`]),
    ...(leftOut.length === 0 ? [] : [`Not read: ${leftOut.slice(0, 4).join(', ')}`]),
  ];
}

/** What the file answers of what would be asked. */
function readFacts(importer: Recognizer, file: TensorFile, { questions, known }: Recognized) {
  const facts = factsOf(file, importer.modules);
  const { misfits } = facts;
  const answers = { ...facts.answers, ...known };
  const answered = questions.flatMap((question) => {
    const answer = answers[question.key] ?? answers[question.key.split(apartMark)[0]!];
    return answer === undefined ? [] : [{ question, answer }];
  });
  return {
    answers: Object.fromEntries(answered.map(({ question, answer }) => [question.key, answer])),
    misfits: [...misfits, ...answered.flatMap(({ question, answer }) => misfitOf(question, answer) ?? [])],
  };
}

/** A difference between two layers that the config describes by one value. */
const isUnlike = (what: string): boolean => / (than|of the same kind as) \S+$/.test(what);

/** Why a file was not recognized: the closest match and what it lacks. */
export function whyUnknown(file: TensorFile, only?: Library): string {
  const read = withWeightNormNames(unwrapped(file).file);
  const matches = (only === undefined ? libraries : [only])
    .map((library) => entries[library].importer)
    .map((importer) => {
      const reading = importer.read(read);
      const closeness: Closeness = isRecognized(reading)
        ? { share: reading.share ?? 1, missing: readFacts(importer, read, reading).misfits }
        : reading;
      return { name: importer.name, ...closeness };
    })
    .sort((a, b) => rankOf(b) - rankOf(a));
  const best = matches[0];
  const looks =
    only === undefined && best?.missing.every((what) => !isUnlike(what)) ? fileLooksLike(read) : undefined;
  if (looks !== undefined) return looks;
  const shown = best?.missing.slice(0, 4).map((what) => shortened(what)) ?? [];
  const more = (best?.missing.length ?? 0) - shown.length;
  const missing =
    shown.length > 0 ? ` It lacks: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}.` : '';
  if (best && only !== undefined)
    return `It is not a file of ${best.name} that Flowscope knows.${missing} Leave the library out to try all.`;
  if (!best || rankOf(best) < leastShare) {
    return (
      'The names of its tensors match no library that Flowscope reads ' +
      `(${libraries.map(libraryName).join(', ')}), so it cannot be run. Its table of tensors is shown. ` +
      'Of a flow of your own, flowscope.record(flow, x) in Python writes what each layer does, and that opens.'
    );
  }
  return (
    `It is not a flow that Flowscope knows, so it cannot be run. Closest is ${best.name}, which explains ` +
    `${Math.floor(best.share * 100)}% of its tensors.${missing}` +
    `${best.missing.some(isUnlike) ? ' Layers that differ in this are not read yet.' : ''}${adviceFor[best.name] ?? ''}`
  );
}
