/** Inputs and outputs of an ONNX file as questions: guesses are filled in, and answers go to a sidecar. */
import { choice as choiceOf } from '../../checkpoint/import/questions';
import { readOnnxPorts, sidecarPath, writeSidecar, type OnnxPorts } from '../../checkpoint/sidecar';
import { UserError } from '../../base/user-error';
import type { ImportAnswers, ImportForm, ImportQuestion } from '../../protocol/import';
import { readMetadata } from '../onnx-file/metadata';
import { readOnnx } from '../onnx-file/read';
import { identifyPorts, type FlowPorts } from './ports';

const none = '';

/** Undefined for our own files, which say all of it themselves. Nothing is asked unless the user wants to change it. */
export async function onnxForm(file: string): Promise<ImportForm | undefined> {
  return (await describe(file))?.form;
}

/**
 * Writes the answers to the sidecar and leaves everything else in it as it is.
 * @throws UserError when they do not fit the file, which is tried before anything is written
 */
export async function answerOnnx(file: string, answers: ImportAnswers): Promise<void> {
  const described = await describe(file);
  if (!described) throw new UserError(`${file}: says itself what its inputs and outputs are.`);
  const { check, sidecar, form } = described;
  const text = (key: string): string => String(answers[key] ?? form.answers[key]);
  const questionKeys = new Set(form.questions.map(({ key }) => key));
  // The latent is one of the two that are asked.
  const { latent, ...kept } = sidecar;
  const ports: OnnxPorts = {
    ...kept,
    direction: text('direction') as 'forward' | 'inverse',
    input: text('input'),
    output: text('output'),
    logDet: text('logDet') === none ? null : text('logDet'),
    ...(questionKeys.has('layout') ? { layout: text('layout') as 'nchw' | 'nhwc' } : {}),
    ...(questionKeys.has('preprocessing')
      ? { preprocessing: text('preprocessing') as 'logit' | 'none' }
      : {}),
    ...(questionKeys.has('levels')
      ? { levels: Number(text('levels')), dataRange: Number(text('dataRange')) }
      : {}),
  };
  check(ports);
  await writeSidecar(file, { onnx: ports });
}

async function describe(file: string) {
  const { summary } = await readOnnx(file);
  if (readMetadata(file, summary.metadata)) return undefined;
  const sidecar = await readOnnxPorts(file);
  /** @throws UserError when the file has no such ports */
  const check = (ports: OnnxPorts): FlowPorts => identifyPorts(file, summary, ports, undefined);
  const guess = guessed(() => check(sidecar));
  const inputs = summary.inputs.map(({ name }) => name);
  const outputs = summary.outputs.map(({ name }) => name);
  const shapes = new Map(
    [...summary.inputs, ...summary.outputs].reverse().map(({ name, shape }) => [name, shape.join('×')]),
  );
  const named = (names: readonly string[]) =>
    names.map((name) => [name, [name, shapes.get(name)].filter(Boolean).join(', ')] as const);
  const questions = [
    choice(
      'direction',
      'Which way the file runs',
      'As its names say. The other way round, data and latents are mistaken for each other.',
      [
        ['forward', 'forward, from data x to latents z'],
        ['inverse', 'inverse, from latents z to data x'],
      ],
      guess?.direction,
    ),
    choice(
      'input',
      'Input that the flow starts from',
      'By name, or the only one.',
      named(inputs),
      guess?.input,
    ),
    choice(
      'output',
      'Output that the flow ends in',
      'By name, or as large as the input.',
      named(outputs),
      guess?.output,
    ),
    choice(
      'logDet',
      'Output with the log-determinant of each example',
      'By name, or one value for each example.',
      [...named(outputs), [none, 'none']],
      guess ? (guess.logDet ?? none) : undefined,
    ),
    ...(guess?.shape.length === 3 ? imageQuestions(guess) : []),
  ];
  const answers: Record<string, string | number> = Object.fromEntries(
    questions.map(({ key, answer }) => [key, answer.default]),
  );
  for (const key of ['preprocessing', 'levels', 'dataRange'] as const) {
    const value = sidecar[key];
    if (key in answers && value !== undefined) answers[key] = value;
  }
  const form = {
    title: 'ONNX',
    questions,
    answers,
    // A guess is shown above the views, so the views need not wait for an answer.
    answered: true,
    sidecar: sidecarPath(file),
  };
  return { form, check, sidecar };
}

/** Without a guess, the first option is the default. */
function choice(
  key: string,
  title: string,
  detail: string,
  options: readonly (readonly [value: string, label: string])[],
  guess: string | undefined,
): ImportQuestion {
  const listed = options.map(([value, label]) => ({ value, label }));
  return choiceOf(key, title, detail, listed, guess);
}

function imageQuestions({ layout }: FlowPorts): ImportQuestion[] {
  return [
    choice(
      'layout',
      'Order of the axes',
      'Channels are few and come first in PyTorch.',
      [
        ['nchw', 'channels first, as in PyTorch'],
        ['nhwc', 'channels last, as in TensorFlow'],
      ],
      layout,
    ),
    choice(
      'preprocessing',
      'From pixels to the input',
      'What the file leaves to others. A wrong answer shows in samples: they are not pixels.',
      [
        ['logit', 'logit of pixels that were squeezed into (0, 1)'],
        ['none', 'none: the input is shown as it is'],
      ],
      'logit',
    ),
    {
      key: 'levels',
      title: 'Levels of a pixel',
      detail: 'Used with the logit.',
      answer: { kind: 'number', default: 256, integer: true, minimum: 2, maximum: 65536 },
    },
    {
      key: 'dataRange',
      title: 'Share of (0, 1) that pixels are squeezed to',
      detail: 'Used with the logit.',
      answer: { kind: 'number', default: 0.9, minimum: 0.001, maximum: 0.999999 },
    },
  ];
}

/** Nothing where they cannot be identified, which is when the questions matter most. */
function guessed(identify: () => FlowPorts): FlowPorts | undefined {
  try {
    return identify();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
