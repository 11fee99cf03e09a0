/** Asks for what a file of another library does not hold. The library's defaults are filled in: Enter takes them. */
import { l10n, type QuickPickItem } from 'vscode';
import type { ImportAnswers, ImportForm, ImportQuestion } from '../../protocol/import';
import { inputStep, pickStep, type StepAnswer, type StepPlace } from '../multi-step';

let last: Promise<unknown> = Promise.resolve();

/**
 * All answers, the name of another flow of the file alone, or undefined when the user left (or `signal` took the questions back). Files that are opened together are
 * asked about one after the other.
 */
export function askImport(
  fileName: string,
  form: ImportForm,
  signal?: AbortSignal,
): Promise<ImportAnswers | undefined> {
  const result = last.then(() => askAll(fileName, form, signal));
  last = result.catch(() => undefined);
  return result;
}

async function askAll(
  fileName: string,
  { title: what, questions, answers }: ImportForm,
  signal?: AbortSignal,
): Promise<ImportAnswers | undefined> {
  const chosen: Record<string, string | number> = { ...answers };
  let at = 0;
  while (at < questions.length) {
    const question = questions[at]!;
    const place = {
      title: l10n.t('How to read {0} ({1})', fileName, what),
      step: at + 1,
      totalSteps: questions.length,
    };
    const answer = await askOne(place, question, chosen[question.key], signal);
    if (answer === undefined) return undefined;
    if (answer === 'back') at = Math.max(0, at - 1);
    else {
      chosen[question.key] = answer.value;
      at++;
      // Each flow of a file has questions of its own.
      if (question.key === 'flow' && answer.value !== answers['flow']) return { flow: answer.value };
    }
  }
  return chosen;
}

async function askOne(
  place: StepPlace,
  { title, detail, answer }: ImportQuestion,
  current: string | number | undefined,
  signal?: AbortSignal,
): Promise<StepAnswer<string | number>> {
  if (answer.kind === 'choice') {
    const items = answer.options.map((option): QuickPickItem & { value: string } => ({
      label: option.label,
      value: option.value,
      ...(option.value === answer.default ? { description: l10n.t('the default'), detail } : {}),
    }));
    const chosen = await pickStep(place, {
      placeholder: title,
      items,
      active: items.find(({ value }) => value === current) ?? items[0],
      signal,
    });
    return chosen === undefined || chosen === 'back' ? chosen : { value: chosen.value.value };
  }
  const typed = await inputStep(place, {
    prompt: `${title}. ${detail}`,
    value: String(current ?? answer.default),
    validate: async (text) => {
      const parsed = parseNumbers(text, answer);
      return 'problem' in parsed ? describeProblem(parsed.problem, answer) : undefined;
    },
    signal,
  });
  if (typed === undefined || typed === 'back') return typed;
  const parsed = parseNumbers(typed.value, answer);
  return 'value' in parsed ? parsed : undefined;
}

function describeProblem(
  problem: 'number' | 'integer' | 'range' | 'count',
  { minimum, maximum, interval, all }: Extract<ImportQuestion['answer'], { kind: 'number' }>,
): string {
  if (problem === 'number') return l10n.t('Enter a number.');
  if (problem === 'count')
    return l10n.t('Enter one number, or {0} with commas between them.', String(interval ? 2 : all?.count));
  if (problem === 'integer') return l10n.t('Enter a whole number.');
  if (minimum === undefined) return l10n.t('At most {0}.', String(maximum));
  if (maximum === undefined) return l10n.t('At least {0}.', String(minimum));
  return l10n.t('From {0} to {1}.', String(minimum), String(maximum));
}

type NumberAnswer = Extract<ImportQuestion['answer'], { kind: 'number' }>;

type Problem = 'number' | 'integer' | 'range' | 'count';

/** What a user typed, or what is wrong with it: a number, or several with commas where the question takes them. */
function parseNumbers(text: string, answer: NumberAnswer): { value: number | string } | { problem: Problem } {
  const count = answer.interval ? 2 : answer.all?.apart ? answer.all.count : 1;
  const words = text.split(',');
  if (count === 1 || words.length === 1) return parseNumber(text, answer);
  if (words.length !== count) return { problem: 'count' };
  // The ends of an interval may be anywhere.
  const parsed = words.map((word) =>
    parseNumber(word, answer.interval ? { ...answer, minimum: -Infinity } : answer),
  );
  return parsed.find((one) => 'problem' in one) ?? { value: words.map((word) => word.trim()).join(', ') };
}

/** A number. Empty text and "1e999" are not numbers. */
function parseNumber(
  text: string,
  { integer, minimum, maximum }: NumberAnswer,
): { value: number } | { problem: Problem } {
  const value = Number(text.trim());
  if (text.trim() === '' || !Number.isFinite(value)) return { problem: 'number' };
  if (integer && !Number.isSafeInteger(value)) return { problem: 'integer' };
  if (value < (minimum ?? -Infinity) || value > (maximum ?? Infinity)) return { problem: 'range' };
  return { value };
}
