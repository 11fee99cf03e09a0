import path from 'node:path';
import { exportOnnx } from '../../engine/export/onnx';
import { defineCommand, type Outcome } from '../command';
import { bytes, scientific, shownPath, table } from '../format';
import { modelHelp, openForSession } from '../model';
import { stepReport } from '../progress';

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write a model as ONNX files, checked against the model',
  argument: modelHelp,
  about:
    'Writes three ONNX files: forward (x to z, logdet and logdet_layers), inverse (z to x and logdet) and sample (noise and temperature to data). Vectors are raw coordinates; images are logits, except in sample, which gives pixels. Opset 17, core operators only, any batch size; batch and weight normalization are folded into the weights. metadata_props describe the architecture and the preprocessing.\n\n' +
    'The files are then run in ONNX Runtime on real inputs and compared with the model. If they differ by more than the tolerance, they are deleted and the exit code is 1.',
  options: {
    output: {
      type: 'text',
      value: 'PATH',
      required: true,
      help: 'A folder, created if needed; the files are named after the run. Or a path that ends in .onnx: NAME.onnx writes NAME.forward.onnx, NAME.inverse.onnx and NAME.sample.onnx.',
    },
  },
  examples: [
    { command: 'flowscope export runs/digits --output digits.onnx', says: 'The best checkpoint of a run:' },
    {
      command: 'flowscope apply digits.forward.onnx --direction forward --input x.npy --output z.npz',
      says: 'The exported files are models too:',
    },
  ],
  async run(session, given, { output }): Promise<Outcome> {
    const model = await openForSession(session, given);
    const report = await exportOnnx(model, path.resolve(output), {
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
  },
});
