/** Independent normals whose means and log-deviations, one after the other, a network of the context gives. */
import { UserError } from '../../base/user-error';
import type { NdArray } from '../../protocol/tensors';
import { activationFact } from './module-facts';
import type { BaseReader } from './chain-importer';
import { permuteAxes } from './names';
import { choice, chosen } from './questions';
import type { ModuleFact } from './types';
import type { PythonModule } from '../pickle/python-object';

const activationQuestion = choice(
  'baseActivation',
  'Activation of the base’s network',
  'What stands between the linear layers of the network that gives means and deviations. With another one all densities are wrong.',
  { relu: 'relu', other: 'another one, which Flowscope does not compute' },
);

/** A linear layer, or several with an activation between each two. @param encoder its name: "context_encoder." */
export function conditionalNormalOf(kind: string, encoder: string): BaseReader {
  return {
    kind: `${kind} of linear layers`,
    names: (fileNames) => layersIn(encoder, fileNames),
    shapes: (features, count) =>
      Array.from({ length: count / 2 }, (_, i) => {
        const outputs = i === count / 2 - 1 ? 2 * features : -1;
        return [[outputs, -1], [outputs]];
      }).flat(),
    questions: (count) => (count > 2 ? [activationQuestion] : []),
    read(values, answers, shapes) {
      if (values.length > 2 && chosen(answers, activationQuestion) !== 'relu')
        throw new UserError(
          `Flowscope computes the network of a ${kind} with ReLUs alone, and baseActivation is another one. It cannot be opened.`,
        );
      const tensors: Record<string, NdArray<Float32Array>> = {};
      for (let i = 0; i < values.length / 2; i++) {
        const [weight, bias] = [shapes[2 * i]!, shapes[2 * i + 1]!];
        if (weight[0] !== bias[0] || (i > 0 && weight[1] !== shapes[2 * i - 1]![0]))
          throw new UserError(
            `${kind} has linear layers that do not fit each other. Save the whole state_dict() again.`,
          );
        tensors[`base.net.${i}.weight`] = permuteAxes({ shape: [...weight], data: values[2 * i]! }, [1, 0]);
        tensors[`base.net.${i}.bias`] = { shape: [...bias], data: values[2 * i + 1]! };
      }
      const hidden = shapes.filter((_, i) => i % 2 === 1).map(([width]) => width!);
      return { base: { kind: 'conditionalNormal', hidden: hidden.slice(0, -1) }, tensors };
    },
  };
}

/** The names of weights and biases from first to last: of one layer, or of a Sequential; normflows' MLP has it as `net`. */
function layersIn(encoder: string, fileNames: readonly string[]): string[] | undefined {
  const numbers = new Map<number, string>();
  for (const name of fileNames) {
    if (!name.startsWith(encoder)) return undefined;
    const match = /^((?:net\.)?(?:(\d{1,3})\.)?)(?:weight|bias)$/.exec(name.slice(encoder.length));
    if (!match) return undefined;
    numbers.set(Number(match[2] ?? 0), encoder + match[1]!);
  }
  const sorted = [...numbers].sort(([a], [b]) => a - b);
  if (sorted.some(([number], i) => number !== 2 * i)) return undefined;
  return sorted.flatMap(([, at]) => [`${at}weight`, `${at}bias`]);
}

/** What such a network of a model that was saved as a whole says. */
export function conditionalBaseFacts({ name, object }: PythonModule): ModuleFact[] | undefined {
  if (!/(^|\.)_?context_encoder\./.test(name) || !object.className.startsWith('torch.nn.modules.activation.'))
    return undefined;
  // What normflows' MLP has by default.
  if (object.get('negative_slope') === 0) return [{ key: activationQuestion.key, value: 'relu' }];
  return activationFact(object, activationQuestion.key);
}
