import { backends } from '../../engine/backends/registry';
import {
  describeGraph,
  tracedText,
  type DescribedGraph,
  type GraphSize,
} from '../../engine/use/describe-graph';
import { openSubject } from '../../engine/open/graph-subject';
import {
  type GraphSubject,
  graphFunctions,
  namedGraph,
  type GraphFunction,
} from '../../engine/use/named-graphs';
import { printFlow } from '../../engine/export/torch-graphs';
import { presetNames } from '../../config/build';
import { UserError } from '../../base/user-error';
import { backendTitles, type BackendName } from '../../protocol/backends';
import {
  type Outcome,
  choiceOption,
  commonOptions,
  defineCommand,
  flagOption,
  integerOption,
  textOption,
} from '../command';
import { bytes, count, table } from '../format';
import { modelHelp } from '../model';

const functionNames = Object.keys(graphFunctions) as GraphFunction[];

export const graphCommand = defineCommand({
  name: 'graph',
  summary: 'Print the compiled graph of a flow, or what each pass saves',
  argument: {
    name: 'MODEL|PRESET',
    help: `${modelHelp.help.replace(', or an .onnx file', '')} Or a config (.json), or a preset: ${presetNames.join(', ')}.`,
  },
  about:
    'Flows are not run op by op. Each function is traced into a graph, which passes simplify and a backend runs. This command shows the graph.\n\n' +
    `Functions:\n${functionNames.map((name) => `  ${name.padEnd(9)} ${graphFunctions[name]}`).join('\n')}\n\n` +
    'Without --print it lists the passes, what each saves and what is left: kernel calls, and the numbers that they write for --batch examples. ' +
    '--backend also runs the passes of that backend, which need not be installed. Only values that depend on parameters alone are computed.\n\n' +
    'With --backend torch it prints the flow as a PyTorch module, all functions of it but those of training.',
  options: {
    function: choiceOption(functionNames, 'Which function of the flow.', { default: 'forward' }),
    print: flagOption(
      'Print the graph: one line for each value, with its type, op, attributes and inputs. Parameters keep their names; N is the batch size.',
    ),
    backend: {
      ...commonOptions.backend,
      choices: [...commonOptions.backend.choices, 'torch'],
      help: 'Whose passes are run too; torch prints a PyTorch module.',
    },
    passes: flagOption('List the passes, also with --print.'),
    traced: flagOption('Print the graph as it was traced, before any pass.'),
    batch: integerOption('N', 'Number of examples; by default the batch size of training.', { min: 1 }),
    shape: textOption('D|H,W,C', 'Shape of an example, for a preset without data of its own.'),
  },
  examples: {
    'What each pass saves in a training step:': 'flowscope graph digits --function step',
    'The graph that ONNX Runtime runs for a trained flow:':
      'flowscope graph runs/moons --function forward --print --backend onnxruntime | less',
    'The same flow in PyTorch, to read:': 'flowscope graph moons --backend torch',
    'A training step of the paper’s CIFAR-10 model, as traced:':
      'flowscope graph paper-cifar10 --shape 32,32,3 --function step --print --traced > cifar.txt',
  },
  async run(_, target, options): Promise<Outcome> {
    const { function: name, backend, traced, print, passes } = options;
    if (backend === 'torch' && (traced || passes))
      throw new UserError('--backend torch prints a module; leave out --traced and --passes.');
    if (traced && passes)
      throw new UserError('--traced shows the graph before any pass; leave out --passes.');
    const subject = await openSubject(
      target,
      options.shape === undefined ? undefined : shapeOf(options.shape),
    );
    if (backend === 'torch') {
      const graph = printFlow(subject).text();
      return { json: { model: target, backend, graph }, text: graph };
    }
    const batch = options.batch ?? subject.training.batch;
    // Passes belong to a backend that was asked for by name: it need not be installed.
    const shown = backend === 'auto' ? undefined : backend;
    const named = namedGraph(name, subject, batch, shown && backends[shown].stepsAhead);
    const pipeline = shown && (await backends[shown].passes({ stateful: named.state !== undefined }));
    const described = traced ? undefined : describeGraph(named, { passes: pipeline, batch });
    const text = described ? (print ? described.text() : undefined) : tracedText(named);
    const head = headline(name, subject, shown, batch, traced);
    const off = (shown && described && backends[shown].onProcessor?.(described.graph)) ?? [];
    const memory = described?.memory;
    const list = described && (passes || !print) ? passTable(described) : undefined;
    return {
      json: {
        model: target,
        function: name,
        batch,
        ...(shown && !traced ? { backend: shown } : {}),
        ...(described ? { traced: described.traced, left: described.left, passes: described.passes } : {}),
        ...(off.length > 0 ? { onProcessor: off } : {}),
        ...(memory ? { memory } : {}),
        ...(text === undefined ? {} : { graph: text }),
      },
      text: [
        `# ${head}`,
        ...(list ? [list] : []),
        ...(list && memory ? [`It takes ${bytes(memory.peak)} at a time at most.`] : []),
        ...(off.length > 0 ? [`On the processor:\n${off.map((line) => `  ${line}`).join('\n')}`] : []),
        ...(text ? [text] : []),
      ].join('\n\n'),
    };
  },
});

function shapeOf(text: string): number[] {
  const dims = text.split(/[,x×]/).map(Number);
  if (dims.every((dim) => Number.isSafeInteger(dim) && dim > 0)) return dims;
  throw new UserError(
    `--shape: expected D for vectors or H,W,C for images, in whole numbers, got "${text}".`,
  );
}

function headline(
  name: string,
  { title }: GraphSubject,
  backend: BackendName | undefined,
  batch: number,
  traced: boolean,
): string {
  const stage = traced
    ? 'as traced'
    : backend
      ? `as ${backendTitles[backend]} gets it`
      : 'after the passes for every backend';
  return `${name} of ${title}, ${stage}; batch of ${count(batch)}`;
}

function passTable({ traced, left, passes }: DescribedGraph): string {
  const cells = ({ nodes, elements, constants }: GraphSize, sign = 1): string[] =>
    [nodes, elements, constants].map((value) => (value === 0 ? '0' : count(sign * value)));
  return table(
    [
      ['pass', 'runs', 'nodes', 'numbers written', 'constants', 'what it saves'],
      ['as traced', '', ...cells(traced), ''],
      ...passes.map((pass) => [pass.name, String(pass.runs), ...cells(pass, -1), pass.saves]),
      ['left', '', ...cells(left), ''],
    ],
    [1, 2, 3, 4],
  );
}
