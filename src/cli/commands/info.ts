import { type Outcome, defineCommand, flagOption } from '../command';
import { shortened } from '../../base/user-error';
import { bytes, count, counted, fixed, pairs, shownPath, table, weighedText } from '../format';
import { describeModel } from '../../engine/open/describe-model';
import { explainModel, type ExplainedTensor } from '../../engine/open/explain-model';
import type { ModelDescription, DescribedTensor, NonFiniteTensor } from '../../protocol/description';
import type { ImportForm } from '../../protocol/import';
import type { SolvedField } from '../../protocol/model';
import { modelHelp } from '../model';

export const infoCommand = defineCommand({
  name: 'info',
  summary: 'Describe a model file: architecture, layers, preprocessing, step',
  argument: modelHelp,
  about:
    'Describes a model without running it: format, architecture, number of parameters, layers in forward order (data to latent), preprocessing and training step.\n\n' +
    'For a checkpoint of another library it lists the settings that the file does not contain, the values assumed for them, and where to change them. Any other file is described by its tensors, or for ONNX by its inputs, outputs and operators.\n\n' +
    'With --explain it says of each tensor of a checkpoint what it was taken for: which part of which layer, how the flow is built, or why it is not used.',
  options: { explain: flagOption('Say of each tensor of the file what it was taken for.') },
  examples: {
    'The best checkpoint of a run:': 'flowscope info runs/digits',
    'What each tensor of a file of another library was taken for:': 'flowscope info flow.pt --explain',
    'Names and kinds of the layers, as JSON:':
      "flowscope info runs/digits --json | jq '.layers[] | [.name, .kind]'",
  },
  async run(_session, model, { explain }): Promise<Outcome> {
    const description = await describeModel(model);
    if (!explain) return { json: description, text: asText(description) };
    const explained = await explainModel(model);
    return {
      json: { ...description, explained },
      text: `${asText(description)}\n${explainedTable(explained, description)}\n`,
    };
  },
});

/** Rows for people; --json has all. */
const mostTensors = 200;

function asText(model: ModelDescription): string {
  const { architecture, validation, preprocessing } = model;
  const { bitsPerDim } = validation ?? {};
  const bits = bitsPerDim === undefined ? '' : `, ${fixed(bitsPerDim)} bits/dim`;
  const described = pairs([
    ['File', shownPath(model.file)],
    ['Format', `${model.format}, ${bytes(model.bytes)}`],
    ['Architecture', architecture?.summary],
    ['Parameters', `${count(model.parameterCount)} in ${counted(model.tensorCount, 'tensor')}`],
    ['Preprocessing', preprocessing?.summary],
    ['Step', model.step === undefined ? undefined : count(model.step)],
    ['Validation', validation && `${fixed(validation.nats)} nats${bits}`],
    ['Target', model.target && `${model.target.name}, ${weighedText(model.target)}`],
    ['Data', model.data?.summary],
    ['From', model.origin?.title],
    ['GUESSED', model.origin?.guesses && guessText(model.origin.guesses)],
    ['Beside', model.extras && extrasText(model.extras)],
    ['Recording', model.recording && recordingText(model.recording)],
    ['Vector field', model.recording?.field && fieldText(model.recording.field)],
    ['Note', model.note],
    ['Not finite', model.nonFinite && nonFiniteText(model.nonFinite)],
    ...notesOf(model).map((note) => ['Note', note] as const),
  ]);
  const parts = [described];
  if (model.asked) parts.push(questionsText(model.asked));
  else if (model.origin && model.origin.assumptions.length > 0) {
    parts.push(
      `Not in the file it was read from:\n${model.origin.assumptions.map((line) => `  ${line}`).join('\n')}`,
    );
  }
  if (model.layers.length > 0) {
    parts.push(
      table(
        [
          ['#', 'layer', 'kind', 'shape', 'parameters', ''],
          ...model.layers.map((layer) => [
            String(layer.index),
            shortened(layer.name),
            layer.kind,
            layer.shape.join('×'),
            layer.parameterCount > 0 ? count(layer.parameterCount) : '',
            layer.description,
          ]),
        ],
        [0, 4],
      ),
    );
  }
  if (model.onnx) {
    const { inputs, outputs, operators, opset, producer } = model.onnx;
    const port = (p: { name: string; dtype: string; shape: (number | string)[] }, role: string): string[] => [
      role,
      shortened(p.name),
      p.dtype,
      p.shape.join('×'),
    ];
    parts.push(
      `ONNX opset ${opset}${producer ? `, written by ${shortened(producer)}` : ''}`,
      table([...inputs.map((p) => port(p, 'input')), ...outputs.map((p) => port(p, 'output'))]),
      `Operators: ${operators.map(({ op, count: n }) => `${op} ${n}`).join(', ')}`,
    );
  } else if (model.layers.length === 0 && model.tensors) {
    const shown = model.tensors.slice(0, mostTensors);
    parts.push(
      tensorTable(shown) +
        (shown.length < model.tensors.length ? `\n… ${model.tensors.length - shown.length} more` : ''),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

/** One row a tensor, in the order of the file. */
function explainedTable(tensors: readonly ExplainedTensor[], { layers }: ModelDescription): string {
  const numbers = new Map(layers.map(({ name, index }) => [name, index]));
  const layerText = (layer: string | undefined): string => {
    if (layer === undefined) return '';
    return numbers.has(layer) ? `${numbers.get(layer)} ${layer}` : layer;
  };
  return table([
    ['tensor', 'shape', 'layer', 'was taken for'],
    ...tensors.map(({ name, shape, layer, says }) => [
      shortened(name),
      shape.join('×'),
      layerText(layer),
      says,
    ]),
  ]);
}

/** What was left out of another library's file, and the like: all except answers to questions, which have a table. */
function notesOf({ asked, origin }: ModelDescription): string[] {
  if (!asked || !origin) return [];
  return origin.assumptions.filter(
    (line) => !asked.questions.some(({ title }) => line.startsWith(`${title}: `)),
  );
}

const guessText = (guesses: readonly string[]): string =>
  `${guesses.join(', ')}. The file does not say it, and every number depends on it: confirm or correct it.`;

/** What the file does not hold, with the answers that count now, and where to give others. */
function questionsText({ questions, answers, answered, sidecar }: ImportForm): string {
  const rows = questions.map(({ key, title, answer }) => [
    key,
    String(answers[key]),
    title,
    answer.kind === 'choice' ? answer.options.map(({ value }) => value).join(', ') : '',
  ]);
  return `Not in the file; ${answered ? 'answered' : 'defaults of the library, to be answered'} in ${shownPath(sidecar)}

${table([['key', answered ? 'answer' : 'default', 'is', 'possible'], ...rows])}`;
}

function recordingText(recording: NonNullable<ModelDescription['recording']>): string {
  const { title, library, recordedAt, writer, examples, examplesGiven, samples } = recording;
  const batch =
    examples < examplesGiven
      ? `${count(examples)} of ${counted(examplesGiven, 'example')}`
      : counted(examples, 'example');
  const drawn = samples > 0 ? `, ${counted(samples, 'sample')}` : '';
  return `${shortened(title)}${library ? ` of ${shortened(library)}` : ''}, ${batch}${drawn}, ${recordedAt} by ${shortened(writer)}`;
}

function fieldText({ dataTime, noiseTime, solver, runs, error, spread }: SolvedField): string {
  const small = (nats: number): string => `${Number(nats.toPrecision(2))} nats`;
  const off = error === undefined ? '' : `, log p off by ${small(error)}`;
  const estimated = spread === undefined ? '' : `, estimated within ±${small(spread)}`;
  return `${solver}, ${counted(runs, 'run')}${off}${estimated}; t = ${dataTime} at the data, ${noiseTime} at the noise`;
}

/** The first of them on one line: --json has all. */
function extrasText(extras: NonNullable<ModelDescription['extras']>): string {
  const all = Object.entries(extras).map(
    ([name, value]) => `${shortened(name, 40)} ${String(value).slice(0, 40)}`,
  );
  return all.slice(0, 8).join(', ') + (all.length > 8 ? `, … ${all.length - 8} more` : '');
}

/** "couplings.0.weight (1 NaN, 2 infinite in float32)". */
function nonFiniteText(tensors: readonly NonFiniteTensor[]): string {
  const first = tensors
    .slice(0, 5)
    .map(({ name, ...rest }) => `${shortened(name)} (${nonFiniteCounts(rest)})`);
  return (
    first.join(', ') + (tensors.length > first.length ? `, … ${tensors.length - first.length} more` : '')
  );
}

/** A float64 is read as float32, where it may be infinite although it is not in the file. */
function nonFiniteCounts({ dtype, nan, inf }: Omit<NonFiniteTensor, 'name'>): string {
  return [
    nan > 0 ? `${count(nan)} NaN` : '',
    inf > 0 ? `${count(inf)} infinite${dtype === 'F64' ? ' in float32' : ''}` : '',
  ]
    .filter(Boolean)
    .join(', ');
}

/** Moments are over finite values; NaN and infinite ones are counted separately. */
function tensorTable(tensors: readonly DescribedTensor[]): string {
  const number = (value: number | undefined): string => {
    if (value === undefined || Number.isNaN(value)) return '';
    return Math.abs(value) >= 1e6 ? value.toExponential(3) : String(Number(value.toPrecision(4)));
  };
  return table(
    [
      ['tensor', 'type', 'shape', 'min', 'mean', 'max', 'std', ''],
      ...tensors.map(({ name, dtype, shape, stats, problem }) => [
        shortened(name),
        dtype,
        shape.join('×'),
        ...[stats?.min, stats?.mean, stats?.max, stats?.std].map(number),
        problem ? 'not read' : stats ? nonFiniteCounts({ dtype, nan: stats.nan, inf: stats.inf }) : '',
      ]),
    ],
    [3, 4, 5, 6],
  );
}
