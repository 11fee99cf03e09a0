import path from 'node:path';
import { exportHtml } from '../../engine/export/html';
import { createInspector } from '../../engine/inspect/inspector';
import { defineCommand, type Outcome } from '../command';
import { modelName } from '../../files/model-name';
import { bytes, pairs, shownPath } from '../format';
import { modelHelp, openForSession } from '../model';
import { checkOutput } from '../output-file';
import { stepReport } from '../progress';

export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: 'Write the inspection of a model as one HTML page',
  argument: modelHelp,
  about:
    'Computes what the inspector shows first and writes it with the inspector itself as one page: activations, masks, log-dets, samples and diagnostics, to be opened in any browser. The page needs no network and no other file.\n\n' +
    'In VS Code the same views answer every question live: open the .flow.safetensors file there.',
  options: {
    compare: {
      type: 'text',
      value: 'MODEL',
      help: 'A second model: the page then opens with the two side by side.',
    },
    output: {
      type: 'text',
      value: 'FILE.html',
      help: 'The page; by default the name of the run or file, in the current folder.',
    },
  },
  examples: [
    { command: 'flowscope inspect runs/digits', says: 'A run, as digits.html:' },
    {
      command: 'flowscope inspect runs/digits/checkpoints/last.flow.safetensors --output last.html',
      says: 'A single checkpoint:',
    },
  ],
  async run(session, given, options): Promise<Outcome> {
    const output = options.output ?? `${baseName(given)}.html`;
    await checkOutput(output, ['.html', '.htm']);
    const model = await openForSession(session, given);
    const inspector = createInspector('1', model);
    session.onEnd(() => inspector.dispose());
    const compared =
      options.compare === undefined ? undefined : await openForSession(session, options.compare);
    const other = compared && createInspector('2', compared);
    session.onEnd(() => other?.dispose());
    const page = await exportHtml({ model, inspector }, path.resolve(output), {
      ...(compared && other ? { compared: { model: compared, inspector: other } } : {}),
      signal: session.signal,
      onProgress: stepReport(session.progress),
    });
    return {
      json: {
        model: model.file,
        ...(compared ? { compared: compared.file } : {}),
        output: page.path,
        bytes: page.bytes,
      },
      text: pairs([
        ['Model', shownPath(model.file)],
        ...(compared ? [['Compared with', shownPath(compared.file)] as [string, string]] : []),
        ['Written', `${shownPath(page.path)}, ${bytes(page.bytes)}; open it in a browser`],
      ]),
    };
  },
});

/** What a person calls the model: its run folder, or its file without suffixes. */
function baseName(given: string): string {
  return modelName(path.resolve(given)) || 'model';
}
