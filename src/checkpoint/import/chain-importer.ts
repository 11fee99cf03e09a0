/**
 * Importers of vector flows. Each library keeps its layers in a numbered list of modules; an importer says what a module
 * is and which of our layers it becomes. Reading the list, comparing its couplings and writing the flow are the same
 * for all of them.
 */
import { defined } from '../../base/defined';
import { entryOf } from '../../base/kept';
import { invertOrder } from '../../base/order';
import { concatenated } from '../../base/rows';
import type { BaseInput } from '../../config/bases';
import type { ImageLayerInput } from '../../config/image-layers';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import type { NdArray } from '../../protocol/tensors';
import { several } from '../../base/user-error';
import { contextPart, contextQuestions, isOfContextNet, readContextNet } from './context-net';
import {
  beyondWords,
  FileModule,
  lengthOf,
  lengthOfList,
  listWithin,
  moduleList,
  otherContext,
  refuseTooMany,
  type ModuleList,
  type NumberedModules,
} from './modules';
import { readTable, under, type Renaming } from './names';
import { named } from '../../config/layer-folders';
import { mostLayers } from '../../config/vector-model';
import { renamed, type ImportedFlow, type Recognizer, type TensorFile } from './types';
import { questionnaireOf } from './questionnaire';
import { chainModel, withOwnParts, type ChainLayer, type VectorFields } from './vector-chain';
import { readOrNote, refuse } from './unread';

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
  /** Couplings for which this is the same have one description; under the words for another one: "runs the other way than". */
  alike: Readonly<Record<string, unknown>>;
}

/** The list of a file, in its order, all steps of `features`, with the couplings of it that are alike. */
export interface Chain<C extends CouplingStep, S extends Step> {
  file: TensorFile;
  steps: readonly (C | S)[];
  couplings: readonly C[];
  first: C;
  features: number;
  /** Class of the base distribution, where the file has tensors of one. */
  base?: string;
}

/** With what is trained of it, by name. */
export interface ReadBase {
  base: BaseInput;
  tensors?: Readonly<Record<string, Values>>;
}

/** One class of base distributions. */
export interface BaseReader {
  /** Its class, for messages. */
  kind: string;
  /** Names of its tensors, below the prefix; a function puts the names of a network in order, if the file has them. */
  names: readonly string[] | ((fileNames: readonly string[]) => string[] | undefined);
  /** @param values in the order of the names, as are their shapes */
  read(
    values: readonly Float32Array[],
    answers: ImportAnswers,
    shapes: readonly (readonly number[])[],
  ): ReadBase;
  /** Shapes of its tensors, in the order of the names; without it, a value for each feature. @param count of the names */
  shapes?(features: number, count: number): readonly (readonly number[])[];
  /** @param count of the names */
  questions?(count: number): ImportQuestion[];
}

/** One of our layers that a step becomes; of features or channels. */
export interface OurLayer<Layer = ChainLayer> {
  /** Prefix of its tensors in the file, without the last dot. */
  at: string;
  layer: Layer;
  /** Tensors that are read as the table says; our names are those below the layer. */
  table?: readonly Renaming[];
  /** Others, by their names below the layer. */
  tensors?: Readonly<Record<string, Values>>;
  /** Changes those that were read, or adds more. @param name of the layer in our flow, for example "couplings.0" */
  adapt?(tensors: Record<string, Values>, name: string): void | Promise<void>;
}

export interface ChainLibrary<C extends CouplingStep, S extends Step> extends Pick<
  Recognizer,
  'name' | 'modules'
> {
  /** Name of the list of modules: "flows". Empty where the flow itself is the list. */
  list: string;
  /** Prefix of a flow's one layer, where that is in no list. */
  alone?: string;
  /** Names that no other library has. */
  ownNames?: RegExp;
  /** A module of the list may be a list of this name itself, whose modules take its place. */
  nested?: string;
  /** How a module is wrapped that runs backwards. */
  inverse?: {
    /** Before the names of what is in it: "_transform.". */
    prefix: string;
    of(step: C | S): C | S;
  };
  /** What a file without it lacks. */
  lacks: string;
  /** Refuses what is not a known layer. */
  readStep(module: FileModule): C | S;
  /** What a number without tensors stands for. @param at as in `Step` */
  gap(at: string): S;
  /** Tensors outside of the list that belong to its layers, and what is in the way, in words. */
  beside?(file: TensorFile, list: ModuleList): { names: string[]; missing: string[] };
  /** Names below the flow's own prefix that do not change its density. */
  idle?: RegExp;
  /** The base distributions that a file may have; without tensors of one it is a standard normal. */
  base?: {
    /** Prefix of its tensors: "q0.". */
    prefix: string;
    /** Prefix of the list that the base does not have: "_transform.". */
    without?: string;
    readers: readonly BaseReader[];
    /** What it is in a file without tensors of one; undefined for a standard normal. */
    absent?(answers: ImportAnswers): ReadBase | undefined;
    /** Names below the prefix that say nothing. */
    idle?: readonly string[];
  };
  /** What else is in the way of a coupling, in words. */
  check?(coupling: C): string[];
  /** Parts couplings of the same sizes into those that are alike; without it they all are. */
  part?(couplings: readonly C[]): readonly (readonly C[])[];
  /** What is in the way of couplings that differ, one of each kind, in one flow; in words. */
  together?(firsts: readonly C[]): string[];
  /** What else is in the way of couplings that are alike, in words. */
  misfit?(chain: Chain<C, S>): string | undefined;
  /** What comes after "NAME, D features, " in the title, of couplings that are alike. */
  title(chain: Chain<C, S>): string;
  questions(chain: Chain<C, S>): ImportQuestion[];
  /** What a config says of couplings that are alike. */
  model(chain: Chain<C, S>, answers: ImportAnswers): VectorFields | Promise<VectorFields>;
  /** From data to latent; by default the steps as they are in the file. */
  order?(chain: Chain<C, S>, answers: ImportAnswers): readonly (C | S)[];
  /** One layer, or several from data to latent. */
  layers(step: C | S, chain: Chain<C, S>, answers: ImportAnswers): Layers | Promise<Layers>;
}

type Layers = OurLayer | readonly OurLayer[];

/** Lists in lists; names of a file could nest as deep as they are long. */
const deepest = 16;
/** Limit for all lists of a file; some modules do not become layers, and steps are compared with each other. */
const mostModules = 2 * mostLayers;

interface FoundBase {
  prefix: string;
  reader: BaseReader;
  /** Names of its tensors, below the prefix. */
  names: readonly string[];
}

export function chainImporter<C extends CouplingStep, S extends Step>(
  library: ChainLibrary<C, S>,
): Recognizer {
  const isCoupling = (step: C | S): step is C => 'alike' in step;

  /** One chain for each description of couplings, at least one; and the names that do not belong to the flow. */
  function readChains(file: TensorFile) {
    const list = moduleList(file, library.list);
    if (!list) return { share: 0, missing: [library.lacks] };
    const unknown: string[] = [];
    const gaps: string[] = [];
    let fitting = 0;
    const beyond: string[] = [];
    let read = 0;
    const readModule = (
      number: number,
      { prefix, modules }: NumberedModules,
      depth: number,
      backwards: boolean,
    ) => {
      const rests = modules.get(number);
      const { module, inverted } = unwrapped(new FileModule(file, `${prefix}${number}.`, rests ?? []));
      const { nested } = library;
      const inner = depth < deepest && nested !== undefined && rests && listWithin(module, nested);
      if (inner) return visit(inner, depth + 1, backwards !== inverted);
      const step = readOrNote(rests ? unknown : gaps, () => {
        const read = rests ? library.readStep(module) : library.gap(module.at);
        fitting += module.rests.length;
        return backwards === inverted ? read : library.inverse!.of(read);
      });
      return step ? [step] : [];
    };
    /** From data to latent, unless it is for `order` to turn them round. */
    const visit = (modules: NumberedModules, depth: number, backwards: boolean): (C | S)[] => {
      for (const name of modules.beyond) beyond.push(name);
      const length = lengthOfList(modules.modules);
      const stepsByModule: (C | S)[][] = [];
      // Each list in a list may count up to what the file holds.
      for (let number = 0; number < length && read++ <= mostModules; number++)
        stepsByModule.push(readModule(number, modules, depth, backwards));
      return (backwards ? stepsByModule.reverse() : stepsByModule).flat();
    };
    const { root, inverted } = rootOf(file, list);
    const steps = visit(list, 0, inverted);
    const beside = library.beside?.(file, list) ?? { names: [], missing: [] };
    fitting += beside.names.length;
    const missing = [...unknown, ...gaps, ...beyondWords({ beyond }), ...beside.missing];
    if (read > mostModules) missing.push(`a flow of at most ${mostModules} modules`);
    const base = readOrNote(missing, () => findBase(list, root));
    fitting += base?.names.length ?? 0;
    const ofBase = library.base && root + library.base.prefix;
    const ofLayers = new Set(beside.names);
    const belongs = (name: string): boolean =>
      ofLayers.has(name) ||
      (ofBase !== undefined && name.startsWith(ofBase)) ||
      isOfContextNet(name) ||
      (library.idle?.test(name.slice(root.length)) ?? false);
    const embedding = readOrNote(missing, () => readContextNet(file));
    fitting += embedding?.count ?? 0;
    const share = fitting / file.tensors.size;
    const left = list.others.filter((name) => !belongs(name) && !isCounter(file, name));
    const inside = left.filter((name) => name.startsWith(root));
    for (const name of inside) missing.push(`a meaning for ${name}, which may change the density`);

    const couplings = steps.filter(isCoupling);
    const first = couplings[0];
    if (!first && missing.length === 0)
      missing.push('a coupling or an autoregressive layer among its layers');
    if (!first || missing.length > 0) return { share, missing };
    const { features } = first;
    readOrNote(missing, () => refuseTooMany(features));
    if (missing.length > 0) return { share, missing };
    for (const step of steps) {
      if (step.features !== undefined && step.features !== features)
        missing.push(`${step.at} is not of ${features} features`);
      if (!isCoupling(step)) continue;
      if ((step.alike[otherContext] ?? 0) !== (first.alike[otherContext] ?? 0))
        missing.push(`${step.at} ${otherContext} ${first.at}`);
      missing.push(...(library.check?.(step) ?? []));
    }
    if (missing.length > 0) return { share, missing };
    if (base) readOrNote(missing, () => checkBase(file, base, features));
    if (missing.length > 0) return { share, missing };
    const chains = partsOf(couplings, file).map((alike) => ({
      ...{ file, steps, couplings: alike, first: alike[0]!, features },
      ...(base ? { base: base.reader.kind } : {}),
    }));
    const misfits = [
      ...(library.together?.(chains.map(({ first: one }) => one)) ?? []),
      ...chains.flatMap((chain) => library.misfit?.(chain) ?? []),
    ];
    if (misfits.length > 0) return { share, missing: misfits };
    return { chains, base, contextNet: embedding?.net, share, missing, rest: left };
  }

  function partsOf(couplings: readonly C[], file: TensorFile): readonly (readonly C[])[] {
    const parts = new Map<string, C[]>();
    const knownOf = knownIn(file);
    for (const coupling of couplings) {
      const key = JSON.stringify([coupling.alike, knownOf(coupling)]);
      entryOf(parts, key, () => []).push(coupling);
    }
    return [...parts.values()].flatMap((part) => library.part?.(part) ?? [part]);
  }

  /** What the modules of a file say of a coupling, by the keys of questions. */
  function knownIn({ modules = [] }: TensorFile): (coupling: C) => Record<string, string | number> {
    const facts = modules.length > 0 ? (library.modules?.(modules) ?? []) : [];
    return ({ at }) =>
      Object.fromEntries(
        facts.flatMap((fact) =>
          typeof fact !== 'string' && fact.at !== undefined && `${fact.at}.`.startsWith(`${at}.`)
            ? [[fact.key, fact.value]]
            : [],
        ),
      );
  }

  /** What a module is within the wrappers that make it run backwards, of which two cancel out. */
  function unwrapped(whole: FileModule): { module: FileModule; inverted: boolean } {
    const wrapper = library.inverse?.prefix;
    let [module, inverted] = [whole, false];
    while (wrapper !== undefined && module.isWithin(wrapper))
      [module, inverted] = [module.within(wrapper), !inverted];
    return { module, inverted };
  }

  /** Prefix of the flow's names, and whether its list is wrapped to run backwards. */
  function rootOf(file: TensorFile, list: ModuleList): { root: string; inverted: boolean } {
    const whole = list.prefix.slice(0, -`${library.list}.`.length);
    const { prefix = '', without = '' } = library.base ?? {};
    const bare = (name: string, end: string): string =>
      end !== '' && name.endsWith(end) ? name.slice(0, -end.length) : name;
    let root = bare(whole, without);
    let inverted = false;
    const isRoot = (): boolean => [...file.tensors.keys()].some((name) => name.startsWith(root + prefix));
    const wrapper = library.inverse?.prefix ?? '';
    for (let depth = 0; depth < deepest && wrapper !== '' && root.endsWith(wrapper) && !isRoot(); depth++)
      [root, inverted] = [bare(root, wrapper), !inverted];
    return { root, inverted };
  }

  function findBase(list: ModuleList, root: string): FoundBase | undefined {
    if (!library.base) return undefined;
    const { readers, idle = [] } = library.base;
    const prefix = root + library.base.prefix;
    const names = list.others.filter(
      (name) => name.startsWith(prefix) && !idle.includes(name.slice(prefix.length)),
    );
    if (names.length === 0) return undefined;
    const rests = names.map((name) => name.slice(prefix.length));
    for (const reader of readers) {
      const orderedNames = typeof reader.names === 'function' ? reader.names(rests) : reader.names;
      if (orderedNames?.length === rests.length && orderedNames.every((name) => rests.includes(name)))
        return { prefix, reader, names: orderedNames };
    }
    return refuse(`${prefix.slice(0, -1)} is not a ${readers.map(({ kind }) => kind).join(' or a ')}`);
  }

  /** Refuses a base of other shapes. */
  function checkBase(file: TensorFile, { prefix, reader, names }: FoundBase, features: number): void {
    const expected = reader.shapes?.(features, names.length);
    const wrong = names.find((name, i) => {
      const { shape } = file.tensors.get(prefix + name)!;
      const expectedShape = expected?.[i];
      if (!expectedShape) return lengthOf(file, prefix + name) !== features;
      // -1 stands for any number.
      return !(
        shape.length === expectedShape.length &&
        expectedShape.every((n, axis) => n === -1 || n === shape[axis])
      );
    });
    if (wrong === undefined) return;
    const { shape } = file.tensors.get(prefix + wrong)!;
    refuse(
      `${prefix.slice(0, -1)} is not a ${reader.kind} of ${features} features (${wrong} has the shape [${shape.join(', ')}])`,
    );
  }

  async function readBase(
    file: TensorFile,
    { prefix, reader, names }: FoundBase,
    answers: ImportAnswers,
  ): Promise<ReadBase> {
    const values: Float32Array[] = [];
    for (const name of names) values.push((await file.read(prefix + name)).data);
    const shapes = names.map((name) => file.tensors.get(prefix + name)!.shape);
    return reader.read(values, answers, shapes);
  }

  return {
    name: library.name,
    ...(library.modules ? { modules: library.modules } : {}),
    read(original) {
      const file = inList(original, library);
      const { chains, base, contextNet, rest = [], share, missing } = readChains(file);
      const ofClass = file.modules?.[0]?.object.className.startsWith(`${library.name}.`) === true;
      const isNamed = ofClass || [...original.tensors.keys()].some((name) => library.ownNames?.test(name));
      const whole = chains?.[0];
      if (!whole) return { share, missing, named: isNamed };
      const { steps, features } = whole;
      const places = new Map<C | S, number>(steps.map((step, i) => [step, i]));
      const questionnaire = questionnaireOf<C, Chain<C, S>>(chains, {
        questions: library.questions,
        known: knownIn(file),
        place: (coupling) => places.get(coupling)!,
      });
      return {
        title: [
          library.name,
          `${features} features`,
          chains.map((chain) => library.title(chain)).join(' and '),
          ...(contextNet ? [`context through ${several(contextNet.layers.length, 'layer')}`] : []),
        ].join(', '),
        questions: [
          ...questionnaire.questions,
          ...contextQuestions(contextNet),
          ...(base?.reader.questions?.(base.names.length) ?? []),
        ],
        known: questionnaire.known,
        rest,
        share,
        async convert(answers) {
          const parts = [];
          for (const part of questionnaire.parts(answers))
            parts.push({ ...part, fields: await library.model(part.chain, part.answers) });
          const [first] = parts;
          // Settings of autoregressive layers are theirs.
          const ofMasks = parts.map(({ fields: { contextFirst, madeMasks } }) =>
            defined({ contextFirst, madeMasks }),
          );
          const fields = Object.assign({}, first!.fields, ...ofMasks) as VectorFields;
          const layers: OurLayer[] = [];
          for (const step of library.order?.(whole, answers) ?? steps) {
            const part =
              parts.find(({ chain }) => isCoupling(step) && chain.couplings.includes(step)) ?? first!;
            const made = [await library.layers(step, part.chain, part.answers)].flat();
            const settings = {
              ...{ dim: features, fields: part.fields, others: fields, file: file.file },
              words: `${part.chain.first.at} differs from ${first!.chain.first.at}`,
            };
            // Couplings that differ from the first ones have their transform and their network for themselves.
            layers.push(
              ...(part === first
                ? made
                : made.map((one) => ({ ...one, layer: withOwnParts(one.layer, settings) }))),
            );
          }
          const flowBase = base ? await readBase(file, base, answers) : library.base?.absent?.(answers);
          const context = await contextPart(file, fields.context ?? 0, contextNet, answers);
          return chainFlow(
            file,
            {
              features,
              layers,
              fields: { ...fields, ...context.fields },
              ...(flowBase ? { base: flowBase } : {}),
            },
            context.tensors,
          );
        },
      };
    },
  };
}

/** A flow of one layer that is in no list, as a list of that layer. */
function inList(file: TensorFile, { list, alone }: { list: string; alone?: string }): TensorFile {
  const start = alone && [...file.tensors.keys()].find((name) => `.${name}`.includes(`.${alone}`));
  if (alone === undefined || start === undefined || moduleList(file, list)) return file;
  const prefix = start.slice(0, `.${start}`.indexOf(`.${alone}`) + alone.length);
  const first = `${prefix}${list.split('.').at(-1)}.0.`;
  return renamed(file, (name) => (name.startsWith(prefix) ? first + name.slice(prefix.length) : name));
}

/** A number of steps or batches. */
function isCounter(file: TensorFile, name: string): boolean {
  const { dtype, shape } = file.tensors.get(name)!;
  return shape.length === 0 && /^([UI]\d+|BOOL)$/.test(dtype);
}

/** Parts of a flow that a chain of layers becomes, from data to latent. */
export interface ChainParts {
  features: number;
  layers: readonly OurLayer[];
  /** What the config says of all of them. */
  fields: VectorFields;
  /** A standard normal where it is missing. */
  base?: ReadBase;
}

/**
 * @param more tensors of the flow, by our names
 * @throws UserError when tensors are missing, or their shapes do not go together
 */
export async function chainFlow(
  file: TensorFile,
  { features, layers, fields, base }: ChainParts,
  more: Readonly<Record<string, Values>> = {},
): Promise<ImportedFlow> {
  const read = await readLayers(file, layers, { ...more, ...base?.tensors });
  const chainLayers = layers.map(({ layer }) => layer);
  return {
    model: chainModel(features, chainLayers, { ...fields, ...(base ? { base: base.base } : {}) }, file.file),
    ...read,
  };
}

/** The tensors of layers under our names, and where each layer is in the file. @param more tensors of the flow */
export async function readLayers(
  file: TensorFile,
  layers: readonly OurLayer<ChainLayer | ImageLayerInput>[],
  more: Readonly<Record<string, Values>> = {},
): Promise<Pick<ImportedFlow, 'tensors' | 'layerNames'>> {
  const names = named(layers.map(({ layer }) => layer)).map(({ name }) => name);
  const table = layers.flatMap(({ table }, i) => under('', `${names[i]}.`, table ?? []));
  const tensors = { ...(await readTable(file, table)), ...more };
  for (const [i, { adapt, tensors: others = {} }] of layers.entries()) {
    for (const [part, values] of Object.entries(others)) tensors[`${names[i]}.${part}`] = values;
    await adapt?.(tensors, names[i]!);
  }
  return { tensors, layerNames: Object.fromEntries(names.map((name, i) => [name, layers[i]!.at])) };
}

/** Independent normals that are not trained: a standard normal where they are. */
export function fixedNormal(loc: Float32Array, scale: Float32Array): ReadBase {
  if (loc.every((value) => value === 0) && scale.every((value) => value === 1))
    return { base: { kind: 'normal' } };
  return { base: { kind: 'diagonalNormal', loc: [...loc], scale: [...scale] } };
}

/** The same, trained by their logarithms; if all values are zero, they were never trained. */
export function trainedNormal(loc: Float32Array, logScale: Float32Array): ReadBase {
  if ([loc, logScale].every((values) => values.every((value) => value === 0)))
    return { base: { kind: 'normal' } };
  return {
    base: { kind: 'diagonalNormal', trained: true },
    tensors: {
      'base.loc': { shape: [loc.length], data: loc },
      'base.logScale': { shape: [logScale.length], data: logScale },
    },
  };
}

/**
 * A trained mixture of normals. One independent normal is that, and a correlated one two equal ones.
 * @param loc [K, D]
 * @param logScale [K, D]
 * @param lower [K, D, D] of full covariances, as in flow/bases/mixture.ts
 */
export function trainedMixture(
  logits: Float32Array,
  loc: Float32Array,
  logScale: Float32Array,
  lower?: Float32Array,
): ReadBase {
  if (logits.length === 1) {
    if (!lower) return trainedNormal(loc, logScale);
    const [both, locs, logScales, lowers] = [logits, loc, logScale, lower].map((values) => twice(values));
    return trainedMixture(both!, locs!, logScales!, lowers);
  }
  const components = logits.length;
  const dim = loc.length / components;
  return {
    base: { kind: 'mixture', components, ...(lower ? { covariance: 'full' } : {}) },
    tensors: {
      'base.logits': { shape: [components], data: logits },
      'base.loc': { shape: [components, dim], data: loc },
      'base.logScale': { shape: [components, dim], data: logScale },
      ...(lower ? { 'base.lower': { shape: [components, dim, dim], data: lower } } : {}),
    },
  };
}

const twice = (values: Float32Array): Float32Array => Float32Array.from([...values, ...values]);

/**
 * x·e^logScale + offset from data to latent, as our ActNorm, which is (x − shift)·e^(−logScale); of features or channels.
 * @param reversed for the inverse of that map
 */
export function affineLayer(logScale: Float32Array, offset: Float32Array, reversed = false) {
  const shape = [logScale.length];
  const shift = reversed ? offset : offset.map((x, i) => -x * Math.exp(-logScale[i]!));
  return {
    layer: { kind: 'actNorm' as const },
    tensors: {
      logScale: { shape, data: reversed ? logScale : logScale.map((x) => -x) },
      shift: { shape, data: shift },
    },
  };
}

/** A coupling in which the features for which `conditions` is true condition the others. */
export function maskOf(features: number, conditions: (feature: number) => boolean): ChainLayer {
  return { kind: 'coupling', mask: Array.from({ length: features }, (_, i) => (conditions(i) ? 1 : 0)) };
}

/** A mask of the file, 1 where a feature conditions. */
export async function readMask(file: TensorFile, name: string): Promise<ChainLayer> {
  return { kind: 'coupling', mask: [...(await file.read(name)).data] as (0 | 1)[] };
}

/** Place i of the output takes the feature `order[i]`. @param reversed for the inverse of that */
export async function readOrder(file: TensorFile, name: string, reversed = false): Promise<ChainLayer> {
  const order = [...(await file.read(name)).data];
  return { kind: 'permute', order: reversed ? invertOrder(order) : order };
}

/** Lets one of our linear layers see so many features before what it sees, with weights of zero. */
export function withUnseen(tensors: Record<string, Values>, layer: string, features: number): void {
  const { shape, data } = tensors[`${layer}.weight`]!;
  const [inputs, outputs] = shape as [number, number];
  const all = new Float32Array((features + inputs) * outputs);
  all.set(data, features * outputs);
  tensors[`${layer}.weight`] = { shape: [features + inputs, outputs], data: all };
}

/** Lets one of our linear layers see more behind what it sees. In place. @param weights row-major, a row for each of these */
export function withSeen(tensors: Record<string, Values>, layer: string, weights: Float32Array): void {
  const { shape, data } = tensors[`${layer}.weight`]!;
  const [inputs, outputs] = shape as [number, number];
  const rows = inputs + weights.length / outputs;
  tensors[`${layer}.weight`] = { shape: [rows, outputs], data: concatenated([data, weights]) };
}

/** Changes the weight and bias of one of our linear layers in place, or one of the two, column by column. */
export function mapColumns(
  tensors: Record<string, Values>,
  layer: string,
  change: (x: number, column: number, columns: number) => number,
  parts: readonly ('weight' | 'bias')[] = ['weight', 'bias'],
): void {
  for (const part of parts) {
    const { shape, data } = tensors[`${layer}.${part}`]!;
    const columns = shape.at(-1)!;
    tensors[`${layer}.${part}`] = { shape, data: data.map((x, i) => change(x, i % columns, columns)) };
  }
}
