/** A command as data: what it takes, what its help says, and the function behind it. */
import { backendPreferences } from '../protocol/backends';
import type { Session } from './session';

interface Described {
  /** One line or more for `--help`. */
  help: string;
}

export type OptionSpec = Described &
  (
    | { type: 'flag' }
    | {
        type: 'text';
        value: string;
        default?: string;
        required?: true;
        /** May be given more than once; the values are joined by commas. */
        repeats?: true;
      }
    | { type: 'integer'; value: string; min?: number; max?: number; default?: number; required?: true }
    | {
        type: 'number';
        value: string;
        /** Smallest value; with `above` the value itself is left out. */
        min?: number;
        above?: number;
        default?: number;
        required?: true;
      }
    | { type: 'choice'; choices: readonly string[]; default?: string; required?: true }
  );

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type Present<S extends OptionSpec> = S extends { type: 'flag' }
  ? boolean
  : S extends { type: 'choice'; choices: readonly (infer C)[] }
    ? C
    : S extends { type: 'integer' | 'number' }
      ? number
      : string;

/** Options after parsing, by their names as they are written. */
export type OptionValues<O extends OptionSpecs> = {
  [K in keyof O]: O[K] extends { type: 'flag' } | { required: true } | { default: string | number }
    ? Present<O[K]>
    : Present<O[K]> | undefined;
};

/** The rest of what an option says besides its value and help. */
type Rest<T extends OptionSpec['type']> = Omit<
  Extract<OptionSpec, { type: T }>,
  'type' | 'value' | 'choices' | 'help'
>;

/** Makes specs of a type; what they say stays part of their type, which says what values come of it. */
const optionOf =
  <T extends 'text' | 'integer' | 'number'>(type: T) =>
  <const R extends Rest<T>>(value: string, help: string, rest?: R) =>
    ({ type, value, help, ...rest }) as { type: T; value: string; help: string } & R;

export const textOption = optionOf('text');
export const integerOption = optionOf('integer');
export const numberOption = optionOf('number');
export const flagOption = (help: string) => ({ type: 'flag', help }) as const;

export function choiceOption<const C extends readonly string[], const R extends Rest<'choice'> = object>(
  choices: C,
  help: string,
  rest?: R,
) {
  return { type: 'choice', choices, help, ...rest } as { type: 'choice'; choices: C; help: string } & R;
}

/** What a command leaves: one JSON document for `--json`, otherwise text; both go to standard output. */
export interface Outcome {
  json: unknown;
  text: string;
  /** Exit code, 0 when absent. */
  code?: number;
  /** Ended early because of a signal, which then says the exit code. */
  interrupted?: boolean;
}

export interface Command {
  name: string;
  /** Half a line, for the list of commands. */
  summary: string;
  /** The one argument that is not an option, for example MODEL. */
  argument?: { name: string; help: string };
  about: string;
  options: OptionSpecs;
  /** Commands by what they do. */
  examples: Readonly<Record<string, string>>;
  run(session: Session, argument: string, options: Record<string, never>): Promise<Outcome>;
}

/** Types `options` of `run` by the specs. */
export function defineCommand<const O extends OptionSpecs>(
  command: Omit<Command, 'options' | 'run'> & {
    options: O;
    run(session: Session, argument: string, options: OptionValues<O>): Promise<Outcome>;
  },
): Command {
  return command as unknown as Command;
}

/** Options that every command has. */
export const commonOptions = {
  json: flagOption('Print one JSON document on standard output, and nothing else there.'),
  backend: choiceOption(
    backendPreferences,
    'Which library computes. auto uses FLOWSCOPE_BACKEND, or the best library that is installed.',
  ),
  threads: integerOption('N', 'Number of threads. 0, or no value, uses one for each processor.', {
    min: 0,
    max: 1024,
  }),
  flow: textOption(
    'NAME',
    'Which one is meant where a file holds several flows. It is remembered in MODEL.flowscope.json.',
  ),
  quiet: flagOption('Print no progress on standard error.'),
  verbose: flagOption('Also print log lines, and the stack trace of an internal error.'),
  help: flagOption('Show this help.'),
  version: flagOption('Show the version.'),
} as const satisfies OptionSpecs;
