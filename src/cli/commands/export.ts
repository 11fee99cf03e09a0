import path from 'node:path';
import { exportOnnx } from '../../engine/export/onnx';
import { exportTorch } from '../../engine/export/torch';
import type { Model } from '../../engine/model/model';
import { UserError } from '../../base/user-error';
import { type Outcome, choiceOption, defineCommand, textOption } from '../command';
import { bytes, scientific, shownPath, table } from '../format';
import { modelHelp, openForSession } from '../model';
import { stepReport } from '../progress';
import type { Session } from '../session';

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write a model as ONNX files, checked against the model, or as a PyTorch module',
  argument: modelHelp,
  about:
    'Writes three ONNX files: forward (x to z, logdet and logdet_layers), inverse (z to x and logdet) and sample (noise and temperature to data). Vectors are raw coordinates; images are logits, except in sample, which gives pixels. Opset 17, core operators only, any batch size; batch and weight normalization are folded into the weights. metadata_props describe the architecture and the preprocessing.\n\n' +
    'The files are then run in ONNX Runtime on real inputs and compared with the model. If they differ by more than the tolerance, they are deleted and the exit code is 1.\n\n' +
    'With --format torch it writes flow.py, a module to read and keep that needs PyTorch and nothing else, and weights.safetensors. Its class has forward and inverse, which take and give what those of the ONNX files do, log_prob, sample, and load, which reads the weights.',
  options: {
    format: choiceOption(['onnx', 'torch'], 'What to write.', { default: 'onnx' }),
    output: textOption(
      'PATH',
      'A folder, created if needed; the files are named after the run. Or a path that ends in .onnx: NAME.onnx writes NAME.forward.onnx, NAME.inverse.onnx and NAME.sample.onnx. With --format torch, a folder.',
      { required: true },
    ),
  },
  examples: {
    'The best checkpoint of a run:': 'flowscope export runs/digits --output digits.onnx',
    'The exported files are models too:':
      'flowscope apply digits.forward.onnx --direction forward --input x.npy --output z.npz',
    'A PyTorch module: flow/flow.py and flow/weights.safetensors:':
      'flowscope export runs/digits --format torch --output flow',
  },
  async run(session, file, { format, output }): Promise<Outcome> {
    const model = await openForSession(session, file);
    const place = path.resolve(output);
    return format === 'torch' ? asTorch(model, place) : asOnnx(session, model, place);
  },
});

async function asTorch(model: Model, output: string): Promise<Outcome> {
  if (output.toLowerCase().endsWith('.onnx'))
    throw new UserError(`--output: expected a folder for --format torch, got "${path.basename(output)}".`);
  const { files, example, context } = await exportTorch(model, output);
  return {
    json: { model: model.file, files, example, ...(context === undefined ? {} : { context }) },
    text: `${table(
      files.map((file) => [bytes(file.bytes), shownPath(file.path)]),
      [0],
    )}

In Python, in that folder:  ${example}
${context === undefined ? '' : `${context}\n`}`,
  };
}

async function asOnnx(session: Session, model: Model, output: string): Promise<Outcome> {
  const report = await exportOnnx(model, output, {
    signal: session.signal,
    onProgress: stepReport(session.progress),
  });
  const files = report.files.map((file) => [file.kind, bytes(file.bytes), shownPath(file.path)]);
  const differences = report.differences.map(({ kind, output: name, maxAbs }) => [
    kind,
    name,
    scientific(maxAbs),
  ]);
  return {
    json: { model: model.file, ...report },
    text: `${table(files, [1])}

Run by ONNX Runtime (opset ${report.opset}), largest differences to the model
${table(differences, [2])}
${scientific(report.maxAbs)} at most; ${scientific(report.tolerance)} is allowed.
`,
  };
}
