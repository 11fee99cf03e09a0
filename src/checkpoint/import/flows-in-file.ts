/** Files with several flows, such as the members of an ensemble, or a prior next to a posterior. No file says which one is meant. */
import { several, shortened } from '../../base/user-error';
import type { ImportQuestion } from '../../protocol/import';
import { choice } from './questions';
import type { Recognized, TensorFile } from './types';

export interface FlowInFile {
  /** Prefix of its tensors' names, without the last dot. */
  key: string;
  title: string;
  /** The file without the tensors of the other flows. */
  of(file: TensorFile): TensorFile;
}

type Recognize = (file: TensorFile) => Pick<Recognized, 'title' | 'rest'> | undefined;

/** Flows are looked for in names and in modules that are nested so deep, in so many places and among so many tensors. */
const deepest = 6;
const mostTries = 64;
const mostTensors = 5000;

/** All flows of a file that has several; else none. */
export function flowsIn(file: TensorFile, recognize: Recognize): FlowInFile[] {
  const flows = file.models ? flowsAmongModels(file, recognize) : flowsAmongNames(file, recognize);
  return flows.length > 1 ? flows : [];
}

function flowsAmongModels({ models = [], ...whole }: TensorFile, recognize: Recognize): FlowInFile[] {
  return models.flatMap(({ key, ...model }) => {
    const of = (): TensorFile => ({ ...whole, ...model });
    const recognized = recognize(of());
    return recognized ? [{ key, title: recognized.title, of }] : [];
  });
}

function flowsAmongNames(file: TensorFile, recognize: Recognize): FlowInFile[] {
  let tries = 0;
  const visit = (prefix: string, names: readonly string[], depth: number): Omit<FlowInFile, 'of'>[] => {
    if (++tries > mostTries) return [];
    const recognized = recognize(below(file, prefix, names));
    if (recognized && (recognized.rest ?? []).length === 0)
      return [{ key: prefix.slice(0, -1), title: recognized.title }];
    if (depth >= deepest) return [];
    const parts = new Map<string, string[]>();
    for (const name of names) {
      const end = name.indexOf('.', prefix.length) + 1;
      if (end === 0) continue;
      const part = name.slice(0, end);
      if (!parts.get(part)?.push(name)) parts.set(part, [name]);
    }
    return [...parts].flatMap(([part, inside]) => visit(part, inside, depth + 1));
  };
  if (file.tensors.size > mostTensors) return [];
  const flows = visit('', [...file.tensors.keys()], 0);
  return flows.map(({ key, title }) => {
    const others = flows.flatMap((other) => (other.key === key ? [] : [`${other.key}.`]));
    return { key, title, of: (whole) => without(whole, others) };
  });
}

/** The tensors below a prefix, under the rest of their names. */
function below(file: TensorFile, prefix: string, names: readonly string[]): TensorFile {
  if (prefix === '') return file;
  const part = { ...file };
  // It goes by the names of the whole.
  delete part.pickled;
  return {
    ...part,
    tensors: new Map(names.map((name) => [name.slice(prefix.length), file.tensors.get(name)!])),
    read: (name) => file.read(prefix + name),
  };
}

function without(file: TensorFile, prefixes: readonly string[]): TensorFile {
  const isKept = (name: string): boolean => !prefixes.some((prefix) => `${name}.`.startsWith(prefix));
  const { modules } = file;
  return {
    ...file,
    tensors: new Map([...file.tensors].filter(([name]) => isKept(name))),
    ...(modules ? { modules: modules.filter(({ name }) => isKept(name)) } : {}),
  };
}

/** Whether weights are a moving average of others, by what scripts call them: "ema_model", "state_dict_ema". */
export function isAveraged(key: string): boolean {
  return /(^|[._-])(ema|swa|avg|averaged?|polyak|shadow)([._-]|$)/i.test(key);
}

export function flowQuestion(flows: readonly FlowInFile[]): ImportQuestion[] {
  if (flows.length === 0) return [];
  const options = flows.map(({ key, title }) => ({ value: key, label: `${key} (${title})` }));
  const detail = 'The file has several flows, such as an ensemble, and does not say which one is meant.';
  const averages = flows.filter(({ key }) => isAveraged(key));
  const isOneFlow = flows.length === 2 && flows[0]!.title === flows[1]!.title;
  // Whoever keeps an average of the weights evaluates and samples with it.
  if (isOneFlow && averages.length === 1) return [choice('flow', 'Flow', detail, options, averages[0]!.key)];
  return [{ ...choice('flow', 'Flow', detail, options), required: true }];
}

/** What a file has besides its flow, for people; undefined if there is nothing. */
export function restNote(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const groups = new Map<string, number>();
  for (const name of names) {
    const end = name.indexOf('.');
    const group = end < 0 ? name : `${name.slice(0, end)}.*`;
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  const shown = [...groups].slice(0, mostGroups).map(([group, count]) => restWords(group, count));
  const more = groups.size > mostGroups ? ` and ${groups.size - mostGroups} more` : '';
  return (
    `This file also holds ${shown.join(', ')}${more}, which ${names.length === 1 ? 'is' : 'are'} not part of the flow; ` +
    'x and the context are what the flow itself is given'
  );
}

const mostGroups = 6;

const restWords = (group: string, count: number): string =>
  group.endsWith('.*') ? `${shortened(group, 60)} (${several(count, 'tensor')})` : shortened(group, 60);
