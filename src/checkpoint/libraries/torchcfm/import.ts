/**
 * The MLP of torchcfm (`torchcfm.models.MLP`), a vector field of x and the time, in this order. Its file has no more than linear
 * layers, so that it is asked which end of the time has the data.
 */
import { chainFlow } from '../../import/chain-importer';
import { fieldOf, fieldQuestions, tooManyForField } from '../../import/fields';
import { hiddenWords, linearStack, stackNames, wholeFile } from '../../import/modules';
import { activationChoice, activationOf, choice, chosen } from '../../import/questions';
import type { Recognizer, TensorFile } from '../../import/types';
import { readOrWhy } from '../../import/unread';

const activationQuestion = activationChoice('selu');

const dataQuestion = {
  ...choice(
    'dataTime',
    'Time of the data',
    'No file has it. With the other one, data would be taken for noise.',
    [
      { value: '1', label: 't = 1, as torchcfm trains' },
      { value: '0', label: 't = 0' },
    ],
  ),
  required: true as const,
};

/** It has four layers, whatever their widths. */
const layers = 4;

function read(file: TensorFile) {
  const stack = readOrWhy(() => linearStack(wholeFile(file).within('net.')));
  if (typeof stack === 'string' || stack.numbers.length !== layers || file.tensors.size !== 2 * layers)
    return undefined;
  const features = stack.widths.at(-1)!;
  const fits = stack.widths[0] === features + 1 && tooManyForField(features) === undefined;
  return fits ? { features, stack } : undefined;
}

export const torchcfm: Recognizer = {
  name: 'torchcfm',
  read(file) {
    const plan = read(file);
    // Any network has such names. A file that does not fit is described by its sizes.
    if (!plan) return { share: 0, missing: [] };
    const { features, stack } = plan;
    const { hidden } = stack;
    return {
      title: `vector field (flow matching), a network ${hiddenWords(hidden)}`,
      questions: [dataQuestion, activationQuestion, ...fieldQuestions()],
      convert(answers) {
        const data = Number(chosen<'0' | '1'>(answers, dataQuestion));
        const layer = {
          ...fieldOf(answers, { data, noise: 1 - data }),
          frequencies: [],
          net: {
            kind: 'mlp' as const,
            ...{ hidden, activation: activationOf(answers, activationQuestion), slope: 0.01 },
          },
        };
        const fieldLayer = { at: 'net', layer, table: stackNames(stack, 'net.') };
        return chainFlow(file, { features, layers: [fieldLayer], fields: {} });
      },
    };
  },
};
