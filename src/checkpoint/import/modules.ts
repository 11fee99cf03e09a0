/** Reading a PyTorch state dict by its structure: numbered modules, and stacks of linear layers in them. */
import { entryOf } from '../../base/kept';
import { shortened } from '../../base/user-error';
import { mostFeatures } from '../../config/vector-model';
import { linearNames, under, type Renaming } from './names';
import type { TensorFile } from './types';
import { refuse } from './unread';

/** A module of a file, which is the tensors whose names begin with its own. */
export class FileModule {
  /** @param prefix its name with the dot: "flows.3." @param rests names of its tensors below it */
  constructor(
    readonly file: TensorFile,
    readonly prefix: string,
    readonly rests: readonly string[],
  ) {}

  /** Its name, without the last dot. */
  get at(): string {
    return this.prefix.slice(0, -1);
  }

  shape(rest: string): readonly number[] | undefined {
    return this.file.tensors.get(this.prefix + rest)?.shape;
  }

  length(rest: string): number | undefined {
    return lengthOf(this.file, this.prefix + rest);
  }

  /** The part of it whose names go on like this. */
  within(path: string): FileModule {
    return new FileModule(this.file, this.prefix + path, namesBelow(path, this.rests));
  }

  /** Whether it has tensors, and all of them are in that part. */
  isWithin(path: string): boolean {
    return this.rests.length > 0 && this.rests.every((rest) => rest.startsWith(path));
  }

  /** Only the tensors for which this is true. */
  filtered(fits: (rest: string) => boolean): FileModule {
    return new FileModule(this.file, this.prefix, this.rests.filter(fits));
  }

  /** Refuses a tensor that does not fit. @param why ends the sentence that begins with its name */
  refuseUnless(fits: (rest: string) => boolean, why = 'is not known'): void {
    const strange = this.rests.find((rest) => !fits(rest));
    if (strange !== undefined) refuse(`${this.prefix}${strange} ${why}`);
  }
}

/** The model that a file is of. */
export function wholeFile(file: TensorFile): FileModule {
  return new FileModule(file, '', [...file.tensors.keys()]);
}

/** The modules of a list, such as "flows.3.s.net.0.weight" of the list "flows". */
export interface NumberedModules {
  /** Up to the number of a module, for example "transform.transforms.". */
  prefix: string;
  /** By number, ascending: the names of its tensors below "PREFIX NUMBER .". Numbers are below the count of tensors. */
  modules: ReadonlyMap<number, readonly string[]>;
  /** Names with a number that no list reaches whose modules have a tensor each. */
  beyond: readonly string[];
}

export interface ModuleList extends NumberedModules {
  /** Names of the file that are not in the list. */
  others: readonly string[];
}

/**
 * Anything before the list's name belongs to the prefix. The first list of that name counts.
 * @param list empty where the numbers come first, as in a Sequential that is the flow
 */
export function moduleList(file: TensorFile, list: string): ModuleList | undefined {
  const named = list === '' ? '' : `${list.replaceAll('.', '\\.')}\\.`;
  const pattern = new RegExp(`^((?:.*?\\.)??${named})(\\d+)\\.(.+)$`, 's');
  const modules = new Map<number, string[]>();
  const others: string[] = [];
  const beyond: string[] = [];
  let prefix: string | undefined;
  for (const name of file.tensors.keys()) {
    const match = pattern.exec(name);
    if (match) prefix ??= match[1];
    if (!match || match[1] !== prefix) others.push(name);
    else {
      const number = Number(match[2]);
      // A number is a word of the file: what is counted up to it has to fit what the file holds.
      if (number >= file.tensors.size || String(number) !== match[2]) {
        beyond.push(name);
        continue;
      }
      entryOf(modules, number, () => []).push(match[3]!);
    }
  }
  if (prefix === undefined) return undefined;
  return { prefix, modules: new Map([...modules].sort(([a], [b]) => a - b)), beyond, others };
}

/** The list that a module consists of, if all its tensors are in that list. */
export function listWithin({ file, prefix, rests }: FileModule, list: string): NumberedModules | undefined {
  const modules = new Map<number, string[]>();
  const beyond: string[] = [];
  for (const rest of rests) {
    const end = rest.startsWith(`${list}.`) ? rest.indexOf('.', list.length + 1) : -1;
    const digits = rest.slice(list.length + 1, Math.max(0, end));
    if (end < 0 || !/^\d+$/.test(digits)) return undefined;
    const number = Number(digits);
    if (number >= file.tensors.size || String(number) !== digits) beyond.push(prefix + rest);
    else entryOf(modules, number, () => []).push(rest.slice(end + 1));
  }
  return { prefix: `${prefix}${list}.`, modules: new Map([...modules].sort(([a], [b]) => a - b)), beyond };
}

/** The names that have a prefix, without it. */
function namesBelow(prefix: string, names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

/** Linear layers one after another, with an activation between each two. */
export interface LinearStack {
  /** Up to the numbers of the layers, from the start of the name. */
  prefix: string;
  /** The numbers of the linear layers in their Sequential. */
  numbers: readonly number[];
  /** Inputs, hidden widths, outputs. */
  widths: readonly number[];
  /** The hidden widths of these. */
  hidden: number[];
  /** Whether a number is left out, as dropout leaves it out. */
  hasDropout?: boolean;
}

/**
 * The linear layers among the tensors of a module; refused where there are others, or no such stack.
 * @param dropout before which layers it may come, besides an activation; it does nothing once trained
 * @param step how much the number grows from layer to layer
 */
export function linearStack(module: FileModule, dropout?: 'last' | 'any', step = 2): LinearStack {
  const numbers = new Set<number>();
  let path: string | undefined;
  for (const rest of module.rests) {
    const match =
      /^((?:.*\.)?)(0|[1-9]\d*)\.(weight|bias)$/.exec(rest) ??
      refuse(`${module.prefix}${rest} is not of a linear layer`);
    path ??= match[1]!;
    if (match[1] !== path)
      refuse(`${module.prefix}${rest} is not of the same stack as ${module.prefix}${path}`);
    numbers.add(Number(match[2]));
  }
  if (path === undefined) refuse(`${module.prefix} has no linear layers`);
  const prefix = module.prefix + path;
  const sorted = [...numbers].sort((a, b) => a - b);
  const widths = layerWidths(
    module.file,
    sorted.map((number) => `${prefix}${number}`),
  );
  for (const [i, number] of sorted.entries()) {
    const before = sorted[i - 1];
    const more = number - (before ?? -step) - step;
    const isLast = i === sorted.length - 1;
    const mayDrop = dropout === 'any' ? before !== undefined : dropout && isLast;
    if (more === 0 || (more === 1 && mayDrop)) continue;
    refuse(
      before === undefined
        ? `${prefix}${number} has modules before it, which may be activations`
        : `${prefix}${before} and ${prefix}${number} have more or less than an activation between them`,
    );
  }
  const hasDropout = sorted.at(-1)! > step * (sorted.length - 1);
  return { prefix, numbers: sorted, widths, hidden: widths.slice(1, -1), hasDropout };
}

/** Inputs of the first of some linear layers, and outputs of each; refused where they do not follow each other. */
export function layerWidths({ tensors }: TensorFile, layers: readonly string[]): number[] {
  const widths: number[] = [];
  for (const layer of layers) {
    const weight = tensors.get(`${layer}.weight`)?.shape;
    const bias = tensors.get(`${layer}.bias`)?.shape;
    if (weight?.length !== 2 || weight.includes(0)) refuse(`${layer} is not a linear layer`);
    if (bias?.length !== 1 || bias[0] !== weight[0]) refuse(`${layer} has no bias`);
    if (widths.length === 0) widths.push(weight[1]!);
    if (weight[1] !== widths.at(-1)) refuse(`${layer} does not fit the layer before it`);
    widths.push(weight[0]!);
  }
  return widths;
}

/** @param stack whose numbers may be paths */
export function stackNames(
  stack: { prefix: string; numbers: readonly (number | string)[] },
  flowscopePrefix: string,
): Renaming[] {
  return stack.numbers.flatMap((number, i) =>
    under(`${stack.prefix}${number}.`, `${flowscopePrefix}${i}.`, linearNames),
  );
}

/** For couplings, whose networks are all of the same widths. */
export function sizesOf({ hidden }: Pick<LinearStack, 'hidden'>): Record<string, string> {
  return { [otherSize]: hidden.join() };
}

/** In words, before the name of the first coupling. All couplings of a flow see the same context. */
export const otherContext = 'sees another context than';
export const otherSize = 'has a network of another size than';

/** D of a [D] or [1, D] tensor, which holds that many values; undefined for others. */
export function lengthOf(file: TensorFile, name: string): number | undefined {
  const shape = file.tensors.get(name)?.shape;
  if (!shape || shape.length === 0 || shape.slice(0, -1).some((n) => n !== 1)) return undefined;
  return shape.at(-1) || undefined;
}

/** Refuses more features than our flows allow; asked before anything of that length is made. */
export function refuseTooMany(features: number): void {
  if (features > mostFeatures)
    refuse(`a flow of at most ${mostFeatures} features (this one has ${features})`);
}

/** "64, 64", or "no hidden layers". */
export function hiddenWords(hidden: readonly number[]): string {
  if (hidden.length === 0) return 'without hidden layers';
  return `of ${hidden.slice(0, 8).join(', ')}${hidden.length > 8 ? `, … (${hidden.length} layers)` : ''}`;
}

/** One more than the largest number. */
export function lengthOfList(modules: ModuleList['modules']): number {
  return ([...modules.keys()].at(-1) ?? -1) + 1;
}

/** In words, a number that is beyond what the file holds; empty without any. */
export function beyondWords({ beyond }: Pick<NumberedModules, 'beyond'>): string[] {
  if (beyond.length === 0) return [];
  const more = beyond.length > 1 ? ` (and ${beyond.length - 1} more)` : '';
  return [`a place for ${shortened(beyond[0]!, 100)}${more}, whose number is beyond what the file holds`];
}
