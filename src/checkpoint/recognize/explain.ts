/**
 * What each tensor of a file was taken for. No importer says it: the conversion is watched, and what its tables do not tell
 * is found by converting once more with a tensor that is a little different.
 */
import { defined } from '../../base/defined';
import type { NdArray } from '../../protocol/tensors';
import { layerFolders } from '../../config/layer-folders';
import { UserError } from '../../base/user-error';
import { interpret, type ImportOptions, type Unrecognized } from './load';
import { recognize } from './recognize';
import type { ImportedFlow, TensorFile } from '../import/types';
import { unwrapped } from '../import/wrapped-names';
import { withWeightNormNames } from '../import/weight-norm';

type Values = NdArray<Float32Array>;

export interface TakenTensor {
  /** In the file. */
  name: string;
  dtype: string;
  shape: readonly number[];
  /**
   * - `parameter`: it became tensors of our flow, or parts of these
   * - `structure`: it says how the flow is built, such as a mask or an order
   * - `unused`: it belongs to the flow, and nothing in it is needed
   * - `left-out`: it belongs to something else
   */
  use: 'parameter' | 'structure' | 'unused' | 'left-out';
  /** Our layer, for example "couplings.2". */
  layer?: string;
  /** Tensors of our flow. */
  becomes: readonly string[];
  /** Owner of a tensor that is left out. */
  of?: 'optimizer' | 'copy' | 'other';
}

export interface TakenFile {
  flow: ImportedFlow;
  tensors: TakenTensor[];
}

/** Conversions beyond this number are not tried; tensors are then told apart only by the names of their layers. */
const mostTries = 400;

/** What was read, and for which of our tensors. */
type Log = Map<string, Set<string | undefined>>;

/** The file, which keeps what it has read, writes down what is read, and may give one tensor changed. */
function watched(raw: TensorFile, kept: Map<string, Values>, log?: Log, changed?: string): TensorFile {
  let tensorName: string | undefined;
  const reader =
    (read: TensorFile['read'], prefix = ''): TensorFile['read'] =>
    async (name) => {
      const id = prefix + name;
      if (log) log.set(id, (log.get(id) ?? new Set()).add(tensorName));
      const values = kept.get(id) ?? (await read(name));
      kept.set(id, values);
      const data = id === changed ? values.data.map(nudged) : Float32Array.from(values.data);
      return { shape: [...values.shape], data };
    };
  const withReader = <T extends { key: string; read: TensorFile['read'] }>(part: T): T => ({
    ...part,
    read: reader(part.read, `${part.key}.`),
  });
  return {
    ...raw,
    read: reader(raw.read),
    ...(raw.copies ? { copies: raw.copies.map(withReader) } : {}),
    ...(raw.models ? { models: raw.models.map(withReader) } : {}),
    reading: (name) => (tensorName = name),
  };
}

/** So little that what must be a rotation still is one, and no mask or order what it was. */
function nudged(x: number): number {
  return x * (1 + 2 ** -14) + 2 ** -14;
}

/** @throws UserError when the file is damaged, or answers do not fit it */
export async function explainImport(
  whole: TensorFile,
  options: ImportOptions = {},
): Promise<TakenFile | Unrecognized> {
  const kept = new Map<string, Values>();
  const log: Log = new Map();
  const interpreted = await interpret(watched(whole, kept, log), options);
  if ('reason' in interpreted) return interpreted;
  const { recognized, answers } = interpreted;
  const flow = await recognized.convert(answers);
  const model = whole.models?.find(({ key }) => key === answers['flow']);
  const raw = model ? { ...whole, ...model } : whole;
  const before = model ? `${model.key}.` : '';
  const names = await namesInView(raw, before);
  const rest = new Set(recognized.rest);

  const layerAt = layerFinder(flow);
  const convertWith = async (changed: string): Promise<ImportedFlow | undefined> => {
    try {
      const again = recognize(watched(whole, kept, undefined, changed), recognized.library, answers);
      return await again?.convert(answers);
    } catch (error) {
      if (error instanceof UserError) return undefined;
      throw error;
    }
  };

  /** Effects of tensors that are the same part of layers of the same kind. */
  const known = new Map<string, Effect>();
  let tries = 0;
  const effectOf = async (id: string, view: string): Promise<Effect> => {
    const layer = layerAt.byPath(view);
    const key = layer && `${kindOf(layer.name)} ${layer.rest}`;
    const before = key === undefined ? undefined : known.get(key);
    if (before && layer) return moved(before, layer.name, flow);
    if (++tries > mostTries) return { use: 'parameter', becomes: [] };
    const effect = effectBetween(flow, await convertWith(id));
    const isInside = effect.becomes.every((name) => layer && name.startsWith(`${layer.name}.`));
    if (key !== undefined && isInside) known.set(key, { ...effect, of: layer!.name });
    return effect;
  };

  const tensors: TakenTensor[] = [];
  const add = async (
    { name, dtype, shape, of }: Pick<TakenTensor, 'name' | 'dtype' | 'shape' | 'of'>,
    id: string,
  ): Promise<void> => {
    const knownName = names.get(id);
    const view = knownName !== undefined && rest.has(knownName) ? undefined : knownName;
    const common = { name, dtype, shape: [...shape] };
    const reads = log.get(id);
    if (!reads) {
      const layer = view === undefined || of ? undefined : layerAt.byPath(view)?.name;
      const use = view === undefined || of ? 'left-out' : 'unused';
      const beside = of ?? (view === undefined ? 'other' : undefined);
      tensors.push({ ...common, use, becomes: [], ...defined({ layer, of: beside }) });
      return;
    }
    const exact = [...reads].filter(
      (target): target is string => target !== undefined && target in flow.tensors,
    );
    const effect: Effect =
      exact.length > 0 ? { use: 'parameter', becomes: exact } : await effectOf(id, view ?? id);
    const layer = layerAt.byTensors(effect.becomes) ?? (view && layerAt.byPath(view)?.name);
    tensors.push({ ...common, use: effect.use, becomes: effect.becomes, ...(layer ? { layer } : {}) });
  };
  const copied = await averagesOf(raw);
  for (const [name, { dtype, shape }] of raw.tensors) {
    const of = copied.has(name) && !log.has(name) ? 'copy' : undefined;
    await add({ name, dtype, shape, ...(of ? { of } : {}) }, before + name);
  }
  for (const rest of raw.rest ?? []) await add(rest, rest.name);
  return { flow, tensors };
}

interface Effect {
  use: 'parameter' | 'structure' | 'unused';
  becomes: readonly string[];
  /** Our layer in which these are. */
  of?: string;
}

/** @param after the flow of the changed file; undefined where it was refused */
function effectBetween(before: ImportedFlow, after: ImportedFlow | undefined): Effect {
  if (!after || JSON.stringify(after.model) !== JSON.stringify(before.model))
    return { use: 'structure', becomes: [] };
  const becomes = Object.entries(after.tensors)
    .filter(([name, { data }]) => {
      const dataBefore = before.tensors[name]?.data;
      return dataBefore?.length !== data.length || data.some((value, i) => !Object.is(value, dataBefore[i]));
    })
    .map(([name]) => name);
  return { use: becomes.length > 0 ? 'parameter' : 'unused', becomes };
}

/** The same part of another layer. */
function moved({ use, becomes, of }: Effect, layer: string, { tensors }: ImportedFlow): Effect {
  const names = becomes.map((name) => `${layer}${name.slice(of!.length)}`);
  return { use, becomes: names.filter((name) => name in tensors) };
}

const kindOf = (layer: string): string => layer.replace(/\.\d+$/, '');

/** Finds which of our layers names belong to. */
function layerFinder({ layerNames, tensors }: ImportedFlow) {
  const layerPaths = Object.entries(layerNames).sort(([, a], [, b]) => b.length - a.length);
  const layers = new Set([...Object.keys(layerNames), ...Object.keys(tensors).flatMap(layerOf)]);
  return {
    byPath(view: string): { name: string; rest: string } | undefined {
      const entry = layerPaths.find(
        ([, prefix]) =>
          prefix !== '' &&
          (view === prefix || view.startsWith(`${prefix}.`) || view.startsWith(`${prefix}/`)),
      );
      return entry && { name: entry[0], rest: view.slice(entry[1].length) };
    },
    byTensors(names: readonly string[]): string | undefined {
      for (const name of names) {
        const parts = name.split('.');
        for (let length = parts.length - 1; length > 0; length--) {
          const layer = parts.slice(0, length).join('.');
          if (layers.has(layer)) return layer;
        }
      }
      return undefined;
    },
  };
}

/** "couplings.0" of "couplings.0.net.0.weight". */
function layerOf(name: string): string[] {
  const [folder, number] = name.split('.');
  const isFolder = Object.values(layerFolders).some((one) => one === folder);
  return isFolder && number !== undefined ? [`${folder}.${number}`] : [];
}

/** Tells names that are read, and reads nothing. */
const nameReporter =
  (tell: (name: string) => void): TensorFile['read'] =>
  (name) => {
    tell(name);
    return Promise.resolve({ shape: [0], data: new Float32Array(0) });
  };

/** For each tensor of the file, by what it is read as, which starts with `before`: the name that importers know it by. */
async function namesInView(raw: TensorFile, before: string): Promise<Map<string, string>> {
  let last: string | undefined;
  const spy = (prefix: string) => nameReporter((name) => (last = prefix + name));
  const copies = raw.copies?.map((copy) => ({ ...copy, read: spy(`${copy.key}.`) }));
  const { file } = unwrapped({ ...raw, read: spy(before), ...(copies ? { copies } : {}) });
  const names = new Map<string, string>();
  for (const part of [file, ...(file.copies ?? [])]) {
    const view = withWeightNormNames({ ...file, ...part });
    for (const name of view.tensors.keys()) {
      await view.read(name);
      if (last !== undefined && !names.has(last)) names.set(last, name);
    }
  }
  return names;
}

/** Names of a moving average, or of the trained weights that it is of, in one state dict. */
async function averagesOf(raw: TensorFile): Promise<Set<string>> {
  if (raw.copies) return new Set();
  const seen: string[] = [];
  const { file } = unwrapped({ ...raw, read: nameReporter((name) => seen.push(name)) });
  for (const copy of file.copies ?? []) for (const name of copy.tensors.keys()) await copy.read(name);
  if (seen.length > 0) for (const name of file.tensors.keys()) await file.read(name);
  return new Set(seen);
}
