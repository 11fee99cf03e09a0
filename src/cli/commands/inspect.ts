import path from 'node:path';
import { UserError } from '../../base/user-error';
import { exportAnimation } from '../../engine/export/animation';
import { exportHtml } from '../../engine/export/html';
import type { Model } from '../../engine/model/model';
import { createInspector } from '../../engine/inspect/inspector';
import { type Outcome, defineCommand, flagOption, textOption } from '../command';
import { modelName } from '../../files/model-name';
import { bytes, pairs, shownPath } from '../format';
import { featurePair } from '../lists';
import { modelHelp, openForSession } from '../model';
import { checkOutput } from '../output-file';
import type { Session } from '../session';
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
    animate: flagOption(
      'Write the way of examples from x to z and back as an animated GIF in place of the page, with the path of one and what each layer adds to its log p(x).',
    ),
    features: textOption(
      'A,B',
      'The two features that the GIF shows, by name or by number from 0; by default the first two.',
    ),
    output: textOption(
      'FILE',
      'The .html page or the .gif to write; by default it is named after the run or file, in the current folder.',
    ),
  },
  examples: {
    'A run, as digits.html:': 'flowscope inspect runs/digits',
    'The way from x to z, as a GIF:': 'flowscope inspect runs/moons --animate --output moons.gif',
    'A single checkpoint:':
      'flowscope inspect runs/digits/checkpoints/last.flow.safetensors --output last.html',
  },
  async run(session, file, options): Promise<Outcome> {
    const { animate, features } = options;
    const output =
      options.output ?? `${modelName(path.resolve(file)) || 'model'}.${animate ? 'gif' : 'html'}`;
    await checkOutput(output, animate ? ['.gif'] : ['.html', '.htm']);
    if (features !== undefined && !animate)
      throw new UserError(`--features ${features}: they are those of a GIF; add --animate.`);
    if (options.compare !== undefined && animate)
      throw new UserError(`--compare ${options.compare}: a GIF shows one model; leave out --animate.`);
    const model = await openForSession(session, file);
    if (animate) return animation(session, model, output, features);
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

async function animation(
  session: Session,
  model: Model,
  output: string,
  features: string | undefined,
): Promise<Outcome> {
  const { featureNames, shape } = await model.summary();
  const gif = await exportAnimation(model, output, {
    ...(features === undefined
      ? {}
      : { features: featurePair('features', features, featureNames, shape[0]!) }),
    signal: session.signal,
    onProgress: stepReport(session.progress),
  });
  return {
    json: { model: model.file, output: gif.path, bytes: gif.bytes },
    text: pairs([
      ['Model', shownPath(model.file)],
      ['Written', `${shownPath(gif.path)}, ${bytes(gif.bytes)}`],
    ]),
  };
}
