/** The texts of `--help`, made from the table of commands. */
import { placeholder, short } from './arguments';
import { commonOptions, type Command, type OptionSpec, type OptionSpecs } from './command';

const width = 100;

/** Breaks paragraphs into lines; lines that begin with a blank are kept as they are. */
export function wrap(text: string, indent = 0, columns = width): string {
  const margin = ' '.repeat(indent);
  return text
    .split('\n')
    .flatMap((line) => {
      if (line === '' || line.startsWith(' ')) return [line === '' ? '' : margin + line];
      const lines: string[] = [];
      let current = '';
      for (const word of line.split(' ')) {
        if (current && indent + current.length + 1 + word.length > columns) {
          lines.push(margin + current);
          current = word;
        } else current = current ? `${current} ${word}` : word;
      }
      return [...lines, margin + current];
    })
    .join('\n');
}

function optionHead(name: string, spec: OptionSpec): string {
  const value = placeholder(spec);
  return `${short[name] ? `-${short[name]}, ` : ''}--${name}${value ? ` ${value}` : ''}`;
}

function optionNotes(spec: OptionSpec): string {
  if (spec.type === 'flag') return '';
  if (spec.required) return ' (required)';
  return spec.default === undefined ? '' : ` (default ${spec.default})`;
}

function optionList(specs: OptionSpecs): string {
  const indent = 26;
  return Object.entries(specs)
    .map(([name, spec]) => {
      const head = `  ${optionHead(name, spec)}`;
      const text = wrap(spec.help + optionNotes(spec), indent);
      return head.length < indent - 1 ? head.padEnd(indent) + text.trimStart() : `${head}\n${text}`;
    })
    .join('\n');
}

export function usageOf(command: Command): string {
  const required = Object.entries(command.options)
    .filter(([, spec]) => 'required' in spec && spec.required)
    .map(([name, spec]) => ` --${name} ${placeholder(spec)}`)
    .join('');
  return `flowscope ${command.name}${command.argument ? ` ${command.argument.name}` : ''}${required} [options]`;
}

export function commandHelp(command: Command): string {
  const examples = Object.entries(command.examples)
    .map(([says, line]) => `${wrap(says, 2)}\n    $ ${line}`)
    .join('\n\n');
  return (
    [
      `Usage: ${usageOf(command)}`,
      wrap(command.about),
      ...(command.argument ? [`${command.argument.name}\n${wrap(command.argument.help, 2)}`] : []),
      ...(Object.keys(command.options).length > 0 ? [`Options\n${optionList(command.options)}`] : []),
      `For every command\n${optionList(commonOptions)}`,
      `Examples\n${examples}`,
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

export function generalHelp(commands: readonly Command[], version: string): string {
  const longest = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(longest + 2)}${summary}`).join('\n');
  return `flowscope ${version}: train, run, inspect and export RealNVP normalizing flows.

Usage: flowscope COMMAND [options]

Commands
${list}

The first minutes
    $ flowscope train --data digits --output runs/digits
    $ flowscope sample runs/digits --count 64 --output samples.png
    $ flowscope inspect runs/digits --output digits.html
    $ flowscope export runs/digits --output digits.onnx

flowscope COMMAND --help explains a command, its options and files, with examples.
Exit code: 0 done; 1 something given was wrong, and the one line on standard error says what;
2 a fault of ours; 130 or 143 training was stopped by a signal, after saving.
`;
}
