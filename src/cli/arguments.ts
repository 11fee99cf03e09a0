/** From the words of a command line to typed options, or an error that says what to write instead. */
import { parseArgs } from 'node:util';
import { UserError } from '../base/user-error';
import { isNumber } from '../data/labels';
import { commonOptions, type Command, type OptionSpec, type OptionSpecs, type OptionValues } from './command';
import { didYouMean } from './nearest';

export interface ParsedCommand {
  argument: string;
  options: Record<string, string | number | boolean | undefined>;
  common: OptionValues<typeof commonOptions>;
}

/** Letters of options. */
export const short: Record<string, string> = { help: 'h', output: 'o', quiet: 'q', version: 'V' };

/**
 * @param args the words after the command's name
 * @throws UserError for an unknown option, a missing or impossible value, a missing or superfluous argument
 */
export function parseCommand(command: Command, args: readonly string[]): ParsedCommand {
  const specs: OptionSpecs = { ...commonOptions, ...command.options };
  const see = `See flowscope ${command.name} --help.`;
  // Not strict: its messages speak to programmers and know no nearest name.
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(specs).map(([name, spec]) => [
        name,
        {
          type: spec.type === 'flag' ? ('boolean' as const) : ('string' as const),
          ...(short[name] ? { short: short[name] } : {}),
        },
      ]),
    ),
  });

  const values: ParsedCommand['options'] = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
    if (!spec) {
      const guess = didYouMean(token.name, Object.keys(specs), '--');
      throw new UserError(`${command.name} has no option ${token.rawName}.${guess} ${see}`);
    }
    const before = Object.hasOwn(values, token.name) ? values[token.name] : undefined;
    const repeats = spec.type === 'text' && spec.repeats === true;
    if (before !== undefined && spec.type !== 'flag' && !repeats)
      throw new UserError(`--${token.name} is given twice; give it once.`);
    const value = valueOf(token.name, spec, token.value, specs);
    values[token.name] = repeats && before !== undefined ? `${before},${value}` : value;
  }

  const [argument = '', ...rest] = positionals;
  const unexpected = command.argument ? rest[0] : positionals[0];
  const isSet = (name: string): boolean => values[name] === true;
  if (!isSet('help') && !isSet('version')) {
    if (unexpected !== undefined) {
      const one = command.argument ? `takes one ${command.argument.name}` : 'takes options only';
      throw new UserError(`${command.name} ${one}; "${unexpected}" is one too many. ${see}`);
    }
    if (command.argument && argument === '')
      throw new UserError(`${command.name} needs ${command.argument.name}: ${command.argument.help} ${see}`);
    for (const [name, spec] of Object.entries(specs)) {
      if ('required' in spec && spec.required && values[name] === undefined)
        throw new UserError(`${command.name} needs --${name} ${placeholder(spec)}. ${see}`);
    }
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.type === 'flag') values[name] ??= false;
    else if (spec.default !== undefined) values[name] ??= spec.default;
  }
  return { argument, options: values, common: values as ParsedCommand['common'] };
}

/** Placeholder for the value in help and errors. */
export function placeholder(spec: OptionSpec): string {
  if (spec.type === 'flag') return '';
  return spec.type === 'choice' ? spec.choices.join('|') : spec.value;
}

function valueOf(
  name: string,
  spec: OptionSpec,
  raw: string | undefined,
  specs: OptionSpecs,
): string | number | boolean {
  if (spec.type === 'flag') {
    if (raw !== undefined) throw new UserError(`--${name} takes no value; "${raw}" was given.`);
    return true;
  }
  const swallowed = raw?.startsWith('--') && Object.hasOwn(specs, raw.slice(2).split('=')[0]!);
  if (raw === undefined || raw === '' || swallowed)
    throw new UserError(`--${name} needs a value: --${name} ${placeholder(spec)}.`);
  switch (spec.type) {
    case 'text':
      return raw;
    case 'choice':
      if (spec.choices.includes(raw)) return raw;
      throw new UserError(
        `--${name}: expected one of ${spec.choices.join(', ')}, got "${raw}".${didYouMean(raw, spec.choices)}`,
      );
    default:
      return numberOf(name, spec, raw);
  }
}

function numberOf(name: string, spec: OptionSpec & { type: 'integer' | 'number' }, raw: string): number {
  const value = isNumber(raw) ? Number(raw) : NaN;
  const whole = spec.type === 'integer';
  const { min, above, max }: { min?: number; above?: number; max?: number } = spec;
  const bounds = [
    ...(min === undefined ? [] : [{ text: `at least ${min}`, fits: value >= min }]),
    ...(above === undefined ? [] : [{ text: `above ${above}`, fits: value > above }]),
    ...(max === undefined ? [] : [{ text: `at most ${max}`, fits: value <= max }]),
  ];
  const counts = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (counts && bounds.every(({ fits }) => fits)) return value;
  const within = bounds.map(({ text }) => text).join(' and ');
  const expected = `${whole ? 'a whole number' : 'a number'}${within && `, ${within}`}`;
  throw new UserError(`--${name}: expected ${expected}, got "${raw}".`);
}
