/**
 * What a library does to a context before its networks see it: sbi standardizes it (Standardize), and `embedding_net` of
 * nflows and sbi may lead it through linear layers with activations between them, such as sbi's FCEmbedding.
 */
import { UserError } from '../../base/user-error';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import type { NdArray } from '../../protocol/tensors';
import { lastName, type PythonModule } from '../pickle/python-object';
import { activationFact } from './module-facts';
import { linearNames, ofFeatures, readTable, under } from './names';
import { activationChoice, activationOf, choice, chosen } from './questions';
import type { ModuleFact, TensorFile } from './types';
import type { VectorFields } from './vector-chain';
import { refuse } from './unread';

const inEmbedding = /(?:^|\.)_embedding_net\../s;
const statistics = /(^|\.)_embedding_net\.0\._(mean|std)$/;

export const isOfContextNet = (name: string): boolean => inEmbedding.test(name);

type ContextNet = NonNullable<ReturnType<typeof readContextNet>['net']>;

/** Whether a file standardizes what the networks see, as sbi does. */
export function standardizesContext(file: TensorFile): boolean {
  return [...file.tensors.keys()].some((name) => statistics.test(name));
}

/** How many tensors it has and what its layers are, if any; others are refused. */
export function readContextNet(file: Pick<TensorFile, 'tensors'>) {
  const names = [...file.tensors.keys()].filter((name) => inEmbedding.test(name));
  /** Names of its linear layers, without the last dot, from first to last. */
  const layers: string[] = [];
  /** Numbers of the context, then of what each layer gives. */
  const widths: number[] = [];
  const numbers: number[] = [];
  let path: string | undefined;
  for (const name of names) {
    if (statistics.test(name) || name.endsWith('.bias')) continue;
    const match = /^(.*?)(?:\.(\d+))?\.weight$/.exec(name);
    const shape = file.tensors.get(name)!.shape;
    const layer = name.slice(0, -'.weight'.length);
    const bias = file.tensors.get(`${layer}.bias`)?.shape;
    const number = Number(match?.[2] ?? 0);
    const follows =
      path === undefined ||
      (path === match?.[1] && number > numbers.at(-1)! + 1 && shape[1] === widths.at(-1));
    if (!match || shape.length !== 2 || bias?.join() !== String(shape[0]) || !follows) {
      refuse(
        `a network of the context that is linear layers with activations between them (this file has ${name})`,
      );
    }
    path = match[1]!;
    if (widths.length === 0) widths.push(shape[1]!);
    widths.push(shape[0]!);
    numbers.push(number);
    layers.push(layer);
  }
  const known = layers.length * 2 + names.filter((name) => statistics.test(name)).length;
  const linear = new Set(layers);
  const strange =
    names.length !== known && names.find((name) => name.endsWith('.bias') && !linear.has(name.slice(0, -5)));
  if (strange) refuse(`a network of the context that is linear layers (this file has ${strange})`);
  if (layers.length === 0) return { count: names.length, net: undefined };
  // FCEmbedding keeps a place for a norm before each activation.
  const isFullyConnected = path!.endsWith('.net');
  return { count: names.length, net: { layers, widths, isFullyConnected } };
}

const activationQuestion = activationChoice(
  'relu',
  'contextActivation',
  'Activation of the context’s network',
);

function outputQuestion({ isFullyConnected }: ContextNet): ImportQuestion {
  return choice(
    'contextOutput',
    'Output of the context’s network',
    'Whether an activation follows its last linear layer, as in FCEmbedding of sbi; it has no tensors.',
    { linear: 'as the last layer gives it', activated: 'through the activation' },
    isFullyConnected ? 'activated' : 'linear',
  );
}

export function contextQuestions(net: ContextNet | undefined): ImportQuestion[] {
  return net ? [activationQuestion, outputQuestion(net)] : [];
}

/** What a model that was saved as a whole says of it. */
export function contextFacts(modules: readonly PythonModule[]): ModuleFact[] {
  const inside = modules.filter(({ name }) => /(^|\.)_embedding_net(\.|$)/.test(name));
  const isActivation = ({ object }: PythonModule): boolean =>
    object.className.startsWith('torch.nn.modules.activation.');
  const isLinear = ({ object }: PythonModule): boolean => lastName(object) === 'Linear';
  const last = inside.findLast((module) => isActivation(module) || isLinear(module));
  if (!last) return [];
  return [
    ...inside.filter(isActivation).flatMap(({ object }) => activationFact(object, 'contextActivation')),
    { key: 'contextOutput', value: isLinear(last) ? 'linear' : 'activated' },
  ];
}

/**
 * @param seen numbers that the networks see of a context
 * @throws UserError when its tensors do not go together
 */
export async function contextPart(
  file: TensorFile,
  seen: number,
  net: ContextNet | undefined,
  answers: ImportAnswers,
): Promise<{ fields: VectorFields; tensors: Record<string, NdArray<Float32Array>> }> {
  if (seen === 0) return { fields: {}, tensors: {} };
  const size = net?.widths[0] ?? seen;
  const fields: VectorFields = {};
  const tensors: Record<string, NdArray<Float32Array>> = {};
  const [mean, std] = ['_mean', '_std'].map((end) =>
    [...file.tensors.keys()].find((name) => statistics.test(name) && name.endsWith(end)),
  );
  if (mean !== undefined && std !== undefined) {
    fields.contextNorm = true;
    tensors['context.mean'] = { shape: [size], data: await ofFeatures(file, mean, size) };
    tensors['context.std'] = { shape: [size], data: await ofFeatures(file, std, size) };
  }
  if (net) {
    const outputs = net.widths.at(-1)!;
    if (outputs !== seen) {
      throw new UserError(
        `${file.file}: ${net.layers.at(-1)} gives ${outputs} numbers for a context, and the networks see ${seen}. Save the whole state_dict() again.`,
      );
    }
    const table = net.layers.flatMap((layer, i) => under(`${layer}.`, `context.net.${i}.`, linearNames));
    Object.assign(tensors, await readTable(file, table));
    Object.assign(fields, {
      context: size,
      contextNet: net.widths.slice(1),
      contextActivation: activationOf(answers, activationQuestion),
      contextOutput: chosen(answers, outputQuestion(net)),
    });
  }
  return { fields, tensors };
}
