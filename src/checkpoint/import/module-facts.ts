/**
 * What a file answers by itself. A model that was saved as a whole has the arguments of its modules, which a state dict
 * lacks; other files have hyper-parameters next to the tensors, whose names may match.
 */
import type { ImportQuestion } from '../../protocol/import';
import { numbersIn, torchActivations } from './questions';
import { lastName, PythonObject, type PythonModule } from '../pickle/python-object';
import type { ModuleFact, ModuleReader, TensorFile } from './types';

/** Everything that the modules of a file say, where they agree. */
export function factsOf({ modules }: TensorFile, reader: ModuleReader | undefined) {
  const answers: Record<string, string | number> = {};
  /** In words, after "It lacks: ". */
  const misfits: string[] = [];
  for (const fact of (modules && reader?.(modules)) ?? []) {
    if (typeof fact === 'string') misfits.push(fact);
    else if (answers[fact.key] === undefined) answers[fact.key] = fact.value;
    // An importer parts its layers by such facts, and says what they are.
    else if (answers[fact.key] !== fact.value && fact.at === undefined) {
      misfits.push(`one ${fact.key} for all layers (the file has ${answers[fact.key]} and ${fact.value})`);
    }
  }
  return { answers, misfits };
}

/** The same facts, each about the layer that the module is in. */
export const located = ({ name }: PythonModule, facts: readonly ModuleFact[]): ModuleFact[] =>
  facts.map((fact) => (typeof fact === 'string' ? fact : { ...fact, at: name }));

/** What is wrong with an answer of the file, in words; undefined where it is one of those possible. */
export function misfitOf({ key, answer }: ImportQuestion, value: string | number): string | undefined {
  if (answer.kind === 'choice') {
    if (answer.options.some((option) => option.value === value)) return undefined;
    return `${key} among ${answer.options.map((option) => option.value).join(', ')} (the file has ${value})`;
  }
  const { minimum = -Infinity, maximum = Infinity } = answer;
  if (numbersIn(value).every((number) => number >= minimum && number <= maximum)) return undefined;
  return `a ${key} that is possible (the file has ${value})`;
}

/** Under which scripts save what a model was made with. */
const hyperParameters: ReadonlySet<string> = new Set([
  ...['hyper_parameters', 'hparams', 'model_kwargs', 'flow_kwargs', 'kwargs', 'config', 'cfg', 'args'],
]);

/** The last word of a path that leads through one of these. */
function hyperParameter(path: string): string | undefined {
  const words = path.split('.');
  const last = words.pop();
  return words.some((word) => hyperParameters.has(word)) ? last : undefined;
}

/**
 * The questions with what the file has under the name of the argument as their default. They are asked all the same: the
 * file does not say that the script gave that argument to the library.
 */
export function withHyperParameters(
  questions: readonly ImportQuestion[],
  { extras }: TensorFile,
): ImportQuestion[] {
  const settings = new Map<string, { path: string; value: string | number | boolean }>();
  for (const [path, value] of Object.entries(extras)) {
    const name = hyperParameter(path);
    if (name !== undefined && !settings.has(plainName(name))) settings.set(plainName(name), { path, value });
  }
  if (settings.size === 0) return [...questions];
  return questions.map((question) => {
    const entry = settings.get(plainName(question.key));
    const value = entry && valueFor(question, entry.value);
    if (entry === undefined || value === undefined) return question;
    const detail = `${question.detail} In the file, ${entry.path} is ${entry.value}.`;
    return {
      ...question,
      detail,
      answer: { ...question.answer, default: value } as ImportQuestion['answer'],
    };
  });
}

/** What a script saved as one of these arguments. */
export function savedArgument(
  extras: TensorFile['extras'],
  names: readonly string[],
): string | number | boolean | undefined {
  return Object.entries(extras).find(([path]) => names.includes(hyperParameter(path) ?? ''))?.[1];
}

/** `tail_bound` and `tailBound` are the same argument. */
const plainName = (name: string): string => name.replaceAll('_', '').toLowerCase();

function valueFor({ answer }: ImportQuestion, value: string | number | boolean): string | number | undefined {
  if (answer.kind === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = answer;
    return typeof value === 'number' && value >= minimum && value <= maximum ? value : undefined;
  }
  const text = plainName(String(value)).replaceAll('-', '');
  return answer.options.find((option) => option.value.replaceAll('-', '') === text)?.value;
}

/** Our names of torch's functions and modules; what is not here is given as it is, and refused as an answer. */
const activations: ReadonlyMap<string, string> = new Map(
  Object.entries(torchActivations).flatMap(([activation, names]) => names.map((name) => [name, activation])),
);
/** Arguments of those that have some, as ours have them. */
const activationArguments: Readonly<Record<string, readonly [argument: string, value: number | string]>> = {
  GELU: ['approximate', 'none'],
  Softplus: ['beta', 1],
  ELU: ['alpha', 1],
};

/** Fact from a function, or from a module of `torch.nn.modules.activation`. */
export function activationFact(value: unknown, key = 'activation'): ModuleFact[] {
  const name = lastName(value);
  if (name === undefined) return [];
  const slope = value instanceof PythonObject && name === 'LeakyReLU' && value.get('negative_slope');
  if (typeof slope === 'number' && slope !== 0.01) return [{ key, value: `leaky-relu:${slope}` }];
  const [argument, expected] = activationArguments[name] ?? [];
  if (argument !== undefined && value instanceof PythonObject && value.get(argument) !== undefined) {
    if (value.get(argument) !== expected)
      return [`${name} with ${argument} ${expected} (the file has another one)`];
  }
  return [{ key, value: activations.get(name) ?? name }];
}

/** An argument that our flow has no other value for. */
export function fixedArgument(
  { name, object }: PythonModule,
  argument: string,
  expected: number | string | boolean | null,
): ModuleFact[] {
  const value = object.get(argument);
  if (value === undefined || value === expected) return [];
  return [`${name} with ${argument} ${expected} (the file has another one)`];
}

/** Settings of nflows' splines, which normflows has too; our config has one value for the least sizes. */
export function splineFacts(module: PythonModule): ModuleFact[] {
  const least = ['min_bin_width', 'min_bin_height', 'min_derivative'];
  return [
    ...argumentFact(module, 'tail_bound', 'tailBound'),
    ...fixedArgument(module, 'tails', 'linear'),
    ...least.flatMap((argument) => fixedArgument(module, argument, 1e-3)),
  ];
}

/** An argument that answers a question. */
export function argumentFact({ object }: PythonModule, argument: string, key: string): ModuleFact[] {
  const value = object.get(argument);
  return typeof value === 'number' || typeof value === 'string' ? [{ key, value }] : [];
}
