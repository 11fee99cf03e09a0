import { defineCommand, type Outcome } from '../command';
import { bytes, count, fixed, pairs, shownPath, table } from '../format';
import { describeModel, type ModelDescription } from '../../engine/use/describe-model';
import { modelHelp } from '../model';

export const infoCommand = defineCommand({
  name: 'info',
  summary: 'Say what a model file is: architecture, layers, preprocessing, step',
  argument: modelHelp,
  about:
    'Prints what is known of a model without running it: format, architecture, number of parameters, its layers in forward order (data to latent), preprocessing and training step.\n\n' +
    'A safetensors file of another program or any ONNX file is described as far as it can be, with its tensors or its inputs, outputs and operators.',
  options: {},
  examples: [
    { command: 'flowscope info runs/digits', says: 'The best checkpoint of a run:' },
    {
      command: "flowscope info runs/digits --json | jq '.layers[] | [.name, .kind]'",
      says: 'Names and kinds of the layers, for a program:',
    },
  ],
  async run(_session, model): Promise<Outcome> {
    const description = await describeModel(model);
    return { json: description, text: asText(description) };
  },
});

function asText(model: ModelDescription): string {
  const { architecture, validation, preprocessing } = model;
  const rows: [string, string][] = [
    ['File', shownPath(model.file)],
    ['Format', `${model.format}, ${bytes(model.bytes)}`],
    ...(architecture ? [['Architecture', architecture.summary] as [string, string]] : []),
    ['Parameters', `${count(model.parameterCount)} in ${count(model.tensorCount)} tensors`],
    ...(preprocessing ? [['Preprocessing', preprocessing.summary] as [string, string]] : []),
    ...(model.step === undefined ? [] : [['Step', count(model.step)] as [string, string]]),
    ...(validation
      ? [
          [
            'Validation',
            `${fixed(validation.nats)} nats${validation.bitsPerDim === undefined ? '' : `, ${fixed(validation.bitsPerDim)} bits/dim`}`,
          ] as [string, string],
        ]
      : []),
    ...(model.data ? [['Data', model.data.summary] as [string, string]] : []),
    ...(model.note ? [['Note', model.note] as [string, string]] : []),
  ];
  const parts = [pairs(rows)];
  if (model.layers.length > 0) {
    parts.push(
      table(
        [
          ['#', 'layer', 'kind', 'shape', 'parameters', ''],
          ...model.layers.map((layer) => [
            String(layer.index),
            layer.name,
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
      p.name,
      p.dtype,
      p.shape.join('×'),
    ];
    parts.push(
      `ONNX opset ${opset}${producer ? `, written by ${producer}` : ''}`,
      table([...inputs.map((p) => port(p, 'input')), ...outputs.map((p) => port(p, 'output'))]),
      `Operators: ${operators.map(({ op, count: n }) => `${op} ${n}`).join(', ')}`,
    );
  } else if (model.layers.length === 0 && model.tensors) {
    const shown = model.tensors.slice(0, 200);
    parts.push(
      table(shown.map(({ name, dtype, shape }) => [name, dtype, shape.join('×')])) +
        (shown.length < model.tensors.length ? `\n… ${model.tensors.length - shown.length} more` : ''),
    );
  }
  return `${parts.join('\n\n')}\n`;
}
