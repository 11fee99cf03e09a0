import path from 'node:path';
import { parseAnswers, splitSettings } from '../../checkpoint/recognize/answers';
import { parseLibrary } from '../../checkpoint/recognize/recognize';
import { libraries } from '../../checkpoint/libraries';
import { convertCheckpoint } from '../../engine/model/convert';
import { convertTargets } from '../../protocol/engine';
import { type Outcome, choiceOption, defineCommand, textOption } from '../command';
import { bytes, counted, pairs, shownPath } from '../format';
import { checkOutput } from '../output-file';

export const convertCommand = defineCommand({
  name: 'convert',
  summary: 'Convert a checkpoint of another library to Flowscope, or the other way around',
  argument: {
    name: 'MODEL',
    help: 'A checkpoint of another library (.pt, .pth, .ckpt, .safetensors, .keras, .h5, .eqx, .npz, .pkl), or a Flowscope checkpoint or run folder.',
  },
  about:
    'Reads a checkpoint of a known library and writes it as a .flow.safetensors file, which contains everything about its flow. Other commands also read files of other libraries as they are.\n\n' +
    'Settings that such a file does not contain, such as the size of the images, come from --set, else from FILE.flowscope.json next to it, else from the defaults of the library. flowscope info lists them.\n\n' +
    'With --to, the output is a state dict (safetensors) for another library, and the notes say how to build the model that loads it. The library must support the flow.',
  options: {
    output: textOption('FILE', 'The file to write, NAME.safetensors.', { required: true }),
    to: choiceOption(convertTargets, 'Which library to write a checkpoint for.', { default: 'flowscope' }),
    as: choiceOption(libraries, 'Read the file as one of this library. By default all are tried.'),
    set: textOption(
      'KEY=VALUE',
      'A setting that the file does not contain, for example height=32. Give several with commas, or use --set again.',
      { repeats: true },
    ),
  },
  examples: {
    'A checkpoint of chrischute/real-nvp for images of 32×32:':
      'flowscope convert best.pth.tar --output best.flow.safetensors --set height=32 --set width=32',
    'A Flowscope run, for nflows:': 'flowscope convert runs/table --to nflows --output table.safetensors',
  },
  async run(session, file, { output, to, as, set }): Promise<Outcome> {
    await checkOutput(output, ['.safetensors']);
    const words = set === undefined ? undefined : splitSettings(set);
    const report = await convertCheckpoint(file, to, output, {
      signal: session.signal,
      ...(as === undefined ? {} : { library: parseLibrary(as) }),
      ...(words ? { answers: (questions) => parseAnswers(questions, words) } : {}),
    });
    for (const note of report.notes) session.progress.note(note);
    return {
      json: { model: path.resolve(file), to, ...report },
      text: pairs([
        ['Read', shownPath(path.resolve(file))],
        [
          'Written',
          `${shownPath(report.path)}, ${bytes(report.bytes)}, ${counted(report.tensors, 'tensor')}` +
            (to === 'flowscope' ? '' : ` for ${to}`),
        ],
      ]),
    };
  },
});
