import { blockOfThisMachine } from '../../engine/backends/onnxruntime-blocks';
import {
  describeGraph,
  tracedText,
  type DescribedGraph,
  type GraphSize,
} from '../../engine/use/describe-graph';
import { openSubject, subjectPresets, type GraphSubject } from '../../engine/use/graph-subject';
import { graphFunctions, namedGraph, type GraphFunction } from '../../engine/use/named-graphs';
import { UserError } from '../../config/user-error';
import { defineCommand, type Outcome } from '../command';
import { count, table } from '../format';
import { modelHelp } from '../model';
import type { Session } from '../session';

const functionNames = Object.keys(graphFunctions) as GraphFunction[];

export const graphCommand = defineCommand({
  name: 'graph',
  summary: 'Print the compiled graph of a flow, or what each pass saves',
  argument: {
    name: 'MODEL|PRESET',
    help: `${modelHelp.help.replace(', or an .onnx file', '')} Or a config (.json), or a preset: ${subjectPresets.join(', ')}.`,
  },
  about:
    'Flows are not run op by op: each function over one is traced into a graph, which passes simplify and a backend runs. This shows it.\n\n' +
    `Functions:\n${functionNames.map((name) => `  ${name.padEnd(9)} ${graphFunctions[name]}`).join('\n')}\n\n` +
    'Without --print it lists the passes, what each saved and what is left: kernel calls, and numbers that they write, for --batch examples. ' +
    '--backend runs the passes of that backend as well; it need not be installed. Nothing is computed but what follows from the parameters.',
  options: {
    function: {
      type: 'choice',
      choices: functionNames,
      default: 'forward',
      help: 'Which function of the flow.',
    },
    print: {
      type: 'flag',
      help: 'Print the graph: one line a value with its type, op, attributes and inputs. Parameters go by name; N is the batch size.',
    },
    passes: { type: 'flag', help: 'List the passes, beside --print too.' },
    traced: { type: 'flag', help: 'Print the graph as it was traced, before any pass.' },
    batch: { type: 'integer', value: 'N', min: 1, help: 'Examples; by default those of a training step.' },
    shape: {
      type: 'text',
      value: 'D|H,W,C',
      help: 'How large an example is, for a preset that is for any data.',
    },
  },
  examples: [
    { command: 'flowscope graph digits --function step', says: 'What each pass saves of a training step:' },
    {
      command: 'flowscope graph runs/moons --function forward --print --backend onnxruntime | less',
      says: 'The graph that ONNX Runtime is given for a trained flow:',
    },
    {
      command: 'flowscope graph paper-cifar10 --shape 32,32,3 --function step --print --traced > cifar.txt',
      says: 'A training step of the paper’s CIFAR-10 model as it was traced:',
    },
  ],
  async run(session, given, options): Promise<Outcome> {
    const { function: name, traced, print, passes } = options;
    if (traced && passes) {
      throw new UserError('--traced shows the graph before any pass; leave out --passes.');
    }
    const subject = await openSubject(
      given,
      options.shape === undefined ? undefined : shapeOf(options.shape),
    );
    const batch = options.batch ?? subject.training.batch;
    const named = namedGraph(name, subject, batch);
    const shown = backendOf(session);
    const block = shown === 'onnxruntime' ? await blockOfThisMachine() : undefined;
    const described = traced ? undefined : describeGraph(named, { backend: shown, batch, block });
    const text = described ? (print ? described.text() : undefined) : tracedText(named);
    const head = headline(name, subject, shown, batch, traced);
    const list = described && (passes || !print) ? passTable(described) : undefined;
    return {
      json: {
        model: given,
        function: name,
        batch,
        ...(shown && !traced ? { backend: shown } : {}),
        ...(described ? { traced: described.traced, left: described.left, passes: described.passes } : {}),
        ...(text === undefined ? {} : { graph: text }),
      },
      text: [`# ${head}`, ...(list ? [list] : []), ...(text ? [text] : [])].join('\n\n'),
    };
  },
});

function shapeOf(text: string): number[] {
  const dims = text.split(/[,x×]/).map(Number);
  if (dims.every((dim) => Number.isSafeInteger(dim) && dim > 0)) return dims;
  throw new UserError(`--shape is D for vectors or H,W,C for images, whole numbers; "${text}" was given.`);
}

/** Passes are those of a backend that was asked for by name: none has to be there. */
function backendOf({ backend }: Session): 'tensorflow' | 'onnxruntime' | undefined {
  return backend === 'auto' ? undefined : backend;
}

function headline(
  name: string,
  { title }: GraphSubject,
  backend: string | undefined,
  batch: number,
  traced: boolean,
): string {
  const stage = traced
    ? 'as traced'
    : backend
      ? `as ${backend === 'tensorflow' ? 'TensorFlow' : 'ONNX Runtime'} gets it`
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
