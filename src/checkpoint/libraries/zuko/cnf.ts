/**
 * zuko's CNF: a vector field whose network sees the cosines and sines of the time, then x and a context, solved from times[0],
 * where the data are, to times[1].
 */
import { range } from '../../../base/order';
import { rowsAt } from '../../../base/rows';
import type { FieldLayer } from '../../../config/field-layer';
import { chainFlow, fixedNormal } from '../../import/chain-importer';
import { fieldOf, fieldQuestions, tooManyForField } from '../../import/fields';
import { hiddenWords, lengthOf, linearStack, stackNames, wholeFile } from '../../import/modules';
import { activationChoice, activationOf } from '../../import/questions';
import type { Recognizer, TensorFile } from '../../import/types';
import { readOrWhy, refuse } from '../../import/unread';

const activationQuestion = activationChoice('elu');

const at = 'transform.ode.';
const buffers = ['transform.times', 'transform.freqs', 'base.loc', 'base.scale'];

/** What is in the file, or what is in the way. */
function read(file: TensorFile) {
  const names = [...file.tensors.keys()];
  const [times, frequencies, features = 0, scales] = buffers.map((name) => lengthOf(file, name));
  if (times !== 2 || !frequencies) refuse('transform.times and transform.freqs');
  if (features !== scales) refuse('base.loc and base.scale of all features');
  const stack = linearStack(wholeFile(file).within(at));
  const context = stack.widths[0]! - features - 2 * frequencies;
  if (stack.widths.at(-1) !== features || context < 0)
    refuse(`a network ${at} of ${features} features and ${frequencies} frequencies`);
  const other = names.find((name) => !name.startsWith(at) && !buffers.includes(name));
  return other ?? tooManyForField(features) ?? { features, frequencies, context, stack };
}

export const zukoCnf: Recognizer = {
  name: 'zuko',
  read(file) {
    const plan = readOrWhy(() => read(file));
    // A CNF that does not fit is described by its names.
    if (typeof plan === 'string') return { share: 0, missing: [] };
    const { features, context, stack } = plan;
    const { hidden } = stack;
    return {
      title: `continuous flow (CNF), a network ${hiddenWords(hidden)}`,
      questions: [activationQuestion, ...fieldQuestions()],
      async convert(answers) {
        const [times, freqs, loc, scale] = await Promise.all(
          buffers.map(async (name) => (await file.read(name)).data),
        );
        const layer: FieldLayer = {
          ...fieldOf(answers, { data: times![0]!, noise: times![1]! }),
          frequencies: [...freqs!],
          net: { kind: 'mlp', hidden, activation: activationOf(answers, activationQuestion), slope: 0.01 },
        };
        const fieldLayer = {
          at: 'transform',
          layer,
          table: stackNames(stack, 'net.'),
          adapt(tensors: Record<string, { shape: readonly number[]; data: Float32Array }>, name: string) {
            const { shape, data } = tensors[`${name}.net.0.weight`]!;
            // Ours sees the time last.
            const [rows, ofTime] = [range(shape[0]!), 2 * freqs!.length];
            const order = [...rows.slice(ofTime), ...rows.slice(0, ofTime)];
            tensors[`${name}.net.0.weight`] = { shape, data: rowsAt(data, shape[1]!, order) };
          },
        };
        const base = fixedNormal(loc!, scale!);
        return chainFlow(file, { features, layers: [fieldLayer], fields: { context }, base });
      },
    };
  },
};
