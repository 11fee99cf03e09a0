/**
 * Importers of vector flows. Each library keeps its layers in a numbered list of modules; an importer says what a module
 * is and which layers of ours it becomes. Reading the list, comparing its couplings and writing the flow are the same
 * for all of them.
 */
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import type { NdArray } from '../../protocol/tensors';
import {
  beyondWords,
  lengthOfList,
  listWithin,
  moduleList,
  tooMany,
  type ModuleList,
  type NumberedModules,
} from './modules';
import { readOurs, under, type Renaming } from './names';
import type { Recognized, Recognizer, TensorFile } from './types';
import { layerNames } from '../../config/layer-folders';
import { chainModel, type ChainLayer, type VectorFields } from './vector-chain';

export type Values = NdArray<Float32Array>;

/** What a module of the list is, by its names and shapes. */
export interface Step {
  /** Its name in the file: "flows.3". */
  at: string;
  /** Absent where it takes any number of them. */
  features?: number;
}

/** Steps of these kinds, which have nothing but their name and features. */
export type StepOf<Kind extends string> = Kind extends string ? Step & { kind: Kind } : never;

export interface CouplingStep extends Step {
  features: number;
  /**
   * What the config says once for all couplings, so that it has to be as in the first one; under the words for a
   * coupling that differs: "runs the other way than".
   */
  alike: Readonly<Record<string, unknown>>;
}

/** The list of a file, in its order; all steps are of `features`, and all couplings of one kind. */
export interface Chain<C extends CouplingStep, S extends Step> {
  file: TensorFile;
  steps: readonly (C | S)[];
  couplings: readonly C[];
  first: C;
  features: number;
}

/** One layer of ours that a step becomes. */
export interface OurLayer {
  /** Prefix of its tensors in the file, without the last dot. */
  theirs: string;
  layer: ChainLayer;
  /** Tensors that are read as the table says; our names are those below the layer. */
  table?: readonly Renaming[];
  /** Adds tensors, or changes those that were read. @param name of the layer in our flow, for example "couplings.0" */
  adapt?(tensors: Record<string, Values>, name: string): void | Promise<void>;
}

export interface ChainLibrary<C extends CouplingStep, S extends Step> extends Pick<Recognizer, 'name'> {
  /** Name of the list of modules: "flows". Empty where the flow itself is the list. */
  list: string;
  /** A module of the list may be a list of that name itself, whose modules stand in its place. */
  nested?: boolean;
  /** What a file without it lacks. */
  lacks: string;
  /**
   * @param at prefix of the module's tensors @param rests their names below it
   * @returns what is in the way, in words, where it is no layer that is known
   */
  readStep(file: TensorFile, at: string, rests: readonly string[]): C | S | string;
  /** What a number without tensors stands for, or what is in the way. @param at as in `Step` */
  gap(at: string): S | string;
  /** Tensors outside of the list that belong to its layers: how many, and what is in the way, in words. */
  beside?(file: TensorFile, list: ModuleList): { fitting: number; missing: string[] };
  /** The base distribution, which becomes an ActNorm of ours unless it is a standard normal. */
  base?: {
    /** Prefix of its tensors: "q0.". */
    prefix: string;
    /** Its class, for messages. */
    kind: string;
    /** Of `logScale` and `shift`. */
    names: readonly Renaming[];
    /** Whether the file has scales for `logScale`. */
    isScale: boolean;
  };
  /** What else is in the way of a coupling, in words. */
  check?(coupling: C): string[];
  /** What comes after "NAME, D features, " in the title. */
  title(chain: Chain<C, S>): string;
  questions(chain: Chain<C, S>): ImportQuestion[];
  /** What the config says of all couplings. */
  model(chain: Chain<C, S>, answers: ImportAnswers): VectorFields;
  /** From data to latent; by default the steps as they are in the file. */
  order?(chain: Chain<C, S>, answers: ImportAnswers): readonly (C | S)[];
  /** From data to latent. */
  layers(
    step: C | S,
    chain: Chain<C, S>,
    answers: ImportAnswers,
  ): readonly OurLayer[] | Promise<readonly OurLayer[]>;
}

/** Lists in lists; names of a file could nest as deep as they are long. */
const deepest = 16;

export function chainImporter<C extends CouplingStep, S extends Step>(
  library: ChainLibrary<C, S>,
): Recognizer {
  const isCoupling = (step: C | S): step is C => 'alike' in step;

  function read(file: TensorFile): { chain?: Chain<C, S>; base?: string; share: number; missing: string[] } {
    const list = moduleList(file, library.list);
    if (!list) return { share: 0, missing: [library.lacks] };
    const unknown: string[] = [];
    const gaps: string[] = [];
    const steps: (C | S)[] = [];
    let fitting = 0;
    const beyond: string[] = [];
    const visit = ({ prefix, modules, beyond: names }: NumberedModules, depth = 0): void => {
      for (const name of names) beyond.push(name);
      const length = lengthOfList(modules);
      // Each list in a list may count up to what the file holds; so many gaps say enough.
      for (let number = 0; number < length && gaps.length <= file.tensors.size; number++) {
        const at = `${prefix}${number}`;
        const rests = modules.get(number);
        const mayNest = library.nested && depth < deepest;
        const inner = mayNest && rests && listWithin(file, `${at}.`, library.list, rests);
        if (inner) {
          visit(inner, depth + 1);
          continue;
        }
        const step = rests ? library.readStep(file, `${at}.`, rests) : library.gap(at);
        if (typeof step === 'string') (rests ? unknown : gaps).push(step);
        else {
          steps.push(step);
          fitting += rests?.length ?? 0;
        }
      }
    };
    visit(list);
    const beside = library.beside?.(file, list) ?? { fitting: 0, missing: [] };
    fitting += beside.fitting;
    const missing = [...unknown, ...gaps, ...beyondWords({ beyond }), ...beside.missing];
    const base = library.base && list.prefix.slice(0, -`${library.list}.`.length) + library.base.prefix;
    const baseTensors = base === undefined ? [] : list.others.filter((name) => name.startsWith(base));
    const known = library.base?.names.map(({ theirs }) => `${base}${theirs as string}`) ?? [];
    if (baseTensors.every((name) => known.includes(name))) fitting += baseTensors.length;
    else missing.push(`${base!.slice(0, -1)} is not a ${library.base!.kind}`);
    const share = fitting / file.tensors.size;

    const couplings = steps.filter(isCoupling);
    const first = couplings[0];
    if (!first || missing.length > 0) return { share, missing };
    const { features } = first;
    const wide = tooMany(features);
    if (wide) return { share, missing: [wide] };
    for (const step of steps) {
      if (step.features !== undefined && step.features !== features) {
        missing.push(`${step.at} is not of ${features} features`);
      }
      if (!isCoupling(step)) continue;
      for (const [words, value] of Object.entries(step.alike)) {
        if (value !== first.alike[words]) missing.push(`${step.at} ${words} ${first.at}`);
      }
      missing.push(...(library.check?.(step) ?? []));
    }
    if (missing.length > 0) return { share, missing };
    const hasBase = baseTensors.length > 0 && baseTensors.length === known.length;
    return {
      chain: { file, steps, couplings, first, features },
      ...(hasBase ? { base } : {}),
      share,
      missing,
    };
  }

  async function baseLayer(file: TensorFile, prefix: string): Promise<OurLayer | undefined> {
    const { names, isScale } = library.base!;
    const tensors = await readOurs(file, under(prefix, '', names));
    const { logScale } = tensors;
    if (isScale) tensors['logScale'] = { ...logScale!, data: logScale!.data.map(Math.log) };
    if (Object.values(tensors).every(({ data }) => data.every((x) => x === 0))) return undefined;
    return { theirs: prefix.slice(0, -1), ...constantLayer(tensors) };
  }

  return {
    name: library.name,
    recognize(file): Recognized | undefined {
      const { chain, base } = read(file);
      if (!chain) return undefined;
      const { steps, features } = chain;
      return {
        title: `${library.name}, ${features} features, ${library.title(chain)}`,
        questions: library.questions(chain),
        async convert(answers) {
          const layers: OurLayer[] = [];
          for (const step of library.order?.(chain, answers) ?? steps) {
            layers.push(...(await library.layers(step, chain, answers)));
          }
          const last = base === undefined ? undefined : await baseLayer(file, base);
          if (last) layers.push(last);
          const ours = layers.map(({ layer }) => layer);
          const names = layerNames(ours);
          const table = layers.flatMap(({ table }, i) => under('', `${names[i]}.`, table ?? []));
          const tensors = await readOurs(file, table);
          for (const [i, { adapt }] of layers.entries()) await adapt?.(tensors, names[i]!);
          return {
            model: chainModel(features, ours, library.model(chain, answers), file.file),
            tensors,
            layerNames: Object.fromEntries(names.map((name, i) => [name, layers[i]!.theirs])),
          };
        },
      };
    },
    closeness(file) {
      const { share, missing } = read(file);
      return { share, missing };
    },
  };
}

/** An ActNorm of ours with these values. */
export function constantLayer(values: Readonly<Record<string, Values>>): Pick<OurLayer, 'layer' | 'adapt'> {
  return {
    layer: { kind: 'actNorm' },
    adapt(tensors, name) {
      for (const [part, value] of Object.entries(values)) tensors[`${name}.${part}`] = value;
    },
  };
}

/** x·e^logScale + offset from data to latent, as an ActNorm of ours, which is (x − shift)·e^(−logScale). */
export function affineLayer(logScale: Float32Array, offset: Float32Array): Pick<OurLayer, 'layer' | 'adapt'> {
  const shape = [logScale.length];
  return constantLayer({
    logScale: { shape, data: logScale.map((x) => -x) },
    shift: { shape, data: offset.map((x, i) => -x * Math.exp(-logScale[i]!)) },
  });
}

/** Of a coupling in which the features for which it is true condition. */
export function maskOf(features: number, conditions: (feature: number) => boolean): ChainLayer {
  return { kind: 'coupling', mask: Array.from({ length: features }, (_, i) => (conditions(i) ? 1 : 0)) };
}

/** A mask of the file, 1 where a feature conditions. */
export async function readMask(file: TensorFile, name: string): Promise<ChainLayer> {
  return { kind: 'coupling', mask: [...(await file.read(name)).data] as (0 | 1)[] };
}

/** Place i of the output takes the feature `order[i]`. */
export async function readOrder(file: TensorFile, name: string): Promise<ChainLayer> {
  return { kind: 'permute', order: [...(await file.read(name)).data] };
}

/** Weight and bias of a linear layer of ours, changed column by column, in place. */
export function mapColumns(
  tensors: Record<string, Values>,
  layer: string,
  change: (x: number, column: number, columns: number) => number,
): void {
  for (const part of ['weight', 'bias']) {
    const { shape, data } = tensors[`${layer}.${part}`]!;
    const columns = shape.at(-1)!;
    tensors[`${layer}.${part}`] = { shape, data: data.map((x, i) => change(x, i % columns, columns)) };
  }
}
