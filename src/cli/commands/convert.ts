import path from 'node:path';
import { parseAnswers } from '../../checkpoint/import/answers';
import { libraries, parseLibrary } from '../../checkpoint/import/recognize';
import { convertCheckpoint } from '../../engine/model/convert';
import { convertTargets } from '../../protocol/engine';
import { defineCommand, type Outcome } from '../command';
import { bytes, count, pairs, shownPath } from '../format';
import { checkOutput } from '../output-file';

export const convertCommand = defineCommand({
  name: 'convert',
  summary: 'Write a checkpoint of another library as one of ours, or ours for another',
  argument: {
    name: 'MODEL',
    help: 'A checkpoint of another library (.pt, .pth, .safetensors), or one of ours: a file or a run folder.',
  },
  about:
    'Reads a checkpoint of a known library and writes it as a .flow.safetensors file, which says everything about its flow and needs no answers any more. Other commands take files of other libraries as they are.\n\n' +
    'What such a file does not hold, such as the size of the images, comes from --set, else from FILE.flowscope.json beside it, else it is the default of the library; flowscope info shows which that are.\n\n' +
    'With --to, the file that is written is a state dict (safetensors) for another library, and the notes say how to build the model that loads it. The flow has to be one that the library can hold.',
  options: {
    output: { type: 'text', value: 'FILE', required: true, help: 'The file to write, NAME.safetensors.' },
    to: {
      type: 'choice',
      choices: convertTargets,
      default: 'flowscope',
      help: 'Whose checkpoint to write.',
    },
    as: {
      type: 'choice',
      choices: libraries,
      help: 'Read the file as one of this library. By default all are tried.',
    },
    set: {
      type: 'text',
      value: 'KEY=VALUE',
      repeats: true,
      help: 'An answer to what the file does not hold, for example height=32; more of them after commas, or with --set again.',
    },
  },
  examples: [
    {
      command: 'flowscope convert best.pth.tar --output best.flow.safetensors --set height=32 --set width=32',
      says: 'A checkpoint of chrischute/real-nvp, whose images were 32×32:',
    },
    {
      command: 'flowscope convert runs/table --to nflows --output table.safetensors',
      says: 'A run of ours, for nflows:',
    },
  ],
  async run(session, given, { output, to, as, set }): Promise<Outcome> {
    await checkOutput(output, ['.safetensors']);
    const words = set?.split(',').map((word) => word.trim());
    const report = await convertCheckpoint(given, to, output, {
      signal: session.signal,
      ...(as === undefined ? {} : { library: parseLibrary(as) }),
      ...(words ? { answers: (questions) => parseAnswers(questions, words) } : {}),
    });
    for (const note of report.notes) session.progress.note(note);
    return {
      json: { model: path.resolve(given), to, ...report },
      text: pairs([
        ['Read', shownPath(path.resolve(given))],
        [
          'Written',
          `${shownPath(report.path)}, ${bytes(report.bytes)}, ${count(report.tensors)} tensors` +
            (to === 'flowscope' ? '' : ` for ${to}`),
        ],
      ]),
    };
  },
});
