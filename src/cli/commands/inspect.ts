import path from 'node:path';
import { exportHtml } from '../../engine/export/html';
import { createInspector } from '../../engine/inspect/inspector';
import { type Outcome, defineCommand, textOption } from '../command';
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
    'Writes the inspector and what it shows first as one page for any browser: activations, masks, log-dets, samples and diagnostics. The page needs no network and no other files.\n\n' +
    'In VS Code the same views compute everything on demand: open the .flow.safetensors file there.',
  options: {
    compare: textOption('MODEL', 'A second model to compare with; the page opens with the two side by side.'),
    output: textOption(
      'FILE.html',
      'The page to write; by default it is named after the run or file, in the current folder.',
    ),
  },
  examples: {
    'A run, as digits.html:': 'flowscope inspect runs/digits',
    'A single checkpoint:':
      'flowscope inspect runs/digits/checkpoints/last.flow.safetensors --output last.html',
  },
  async run(session, file, options): Promise<Outcome> {
    const output = options.output ?? `${modelName(path.resolve(file)) || 'model'}.html`;
    await checkOutput(output, ['.html', '.htm']);
    const model = await openForSession(session, file);
    const inspector = createInspector('1', model);
    session.onEnd(() => inspector.dispose());
    const compared =
      options.compare === undefined ? undefined : await openForSession(session, options.compare);
    const other = compared && createInspector('2', compared, () => model);
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
        holdsBatch: page.holdsBatch,
      },
      text: pairs([
        ['Model', shownPath(model.file)],
        ['Compared with', compared && shownPath(compared.file)],
        ['Written', `${shownPath(page.path)}, ${bytes(page.bytes)}. Open it in a browser.`],
        ['Holds', page.holdsBatch ? 'examples of the recorded batch, for whoever gets the page' : undefined],
      ]),
    };
  },
});
