/** From what a user names (data, preset, config file) and what the data are to the full config of a run. */
import { conventionsFor, conventionSets, type ConventionSet } from './conventions';
import { smallestPad } from './check-image';
import { contextSizeOf, modelContext } from './context-size';
import { fitSteps } from './fit-steps';
import { nearest } from './nearest';
import { parseDataConfig, parseRunConfig, parseTrainedConfig } from './parse';
import { presets } from './presets';
import type { Preset } from './preset';
import type { DataConfig, ModelConfig, RunConfig, StoredConfig } from './schema';
import { checkStartModel, checkStartTransforms, checkStart, type StartModel } from './start-model';
import { expectedTarget, functionTarget, isTargetName, targets } from './targets';
import { defined } from '../base/defined';
import { several, shownValue, UserError } from '../base/user-error';
import { isRecord } from './expected';

export interface RunRequest {
  /** A built-in name or a path; wins over the config's data.source. */
  data?: string;
  /** What the flow is given; wins over the config's data section. */
  context?: {
    columns?: readonly (string | number)[];
    source?: string;
    labels?: boolean;
    /** Column of a table with the class, whether the flow is given it or not. */
    labelColumn?: string | number;
  };
  /** Wins over the config's data section. */
  reading?: Pick<
    Partial<DataConfig>,
    'columns' | 'exclude' | 'weightColumn' | 'missing' | 'transforms' | 'crop' | 'size'
  >;
  /** Lies under the config. Without either, the preset that suits the data is taken; a set of conventions lies over that one. */
  preset?: string;
  /** A parsed config file. Sizes that the data tell (dim, height, width, channels, levels) may be absent. */
  config?: unknown;
  /** Named in messages about `config`. */
  fileName?: string;
  /** Number of features of a target that is a function. */
  features?: number;
  /** Wins over all else, for example { steps: 100 }. */
  training?: Partial<RunConfig['training']>;
  /** A checkpoint that the run starts from: its model is the run's, and a preset says only how to train. */
  start?: StartModel;
}

/** What the config has to know of the data; a `Dataset` is one. */
export interface DataShape {
  kind: 'vector' | 'image';
  name: string;
  /** [D] or [H, W, C]. */
  shape: number[];
  levels?: number;
  featureNames?: readonly string[];
  contextNames?: readonly string[];
  contextSize?: number;
  /** How images of different sizes were read, where the request does not say. */
  fitted?: Pick<DataConfig, 'crop' | 'size'>;
  /** Images that are left out, since they cannot be read. */
  damaged?: DataConfig['damaged'];
  /** To train on. */
  examples?: number;
  provenance: { source: string; validationSource?: string };
}

/** What can be named as a preset: presets, and sets of conventions. */
export const presetNames: readonly string[] = [...presets, ...conventionSets].map(({ name }) => name);

/** @throws UserError naming the presets that exist */
function named(name: string): { preset: Preset } | { conventions: ConventionSet } {
  const preset = presets.find((candidate) => candidate.name === name);
  if (preset) return { preset };
  const conventions = conventionSets.find((candidate) => candidate.name === name);
  if (conventions) return { conventions };
  const near = nearest(name, presetNames);
  throw new UserError(
    `There is no preset "${name}"; expected one of ${presetNames.join(', ')}.` +
      (near ? ` Did you mean "${near}"?` : ''),
  );
}

/**
 * The preset of a name as it is for some data.
 * @throws UserError when there is none, or it is for data of the other kind
 */
export function findPreset(name: string, dataset: DataShape): Preset {
  const match = named(name);
  if ('preset' in match) {
    if (match.preset.model.kind === dataset.kind) return match.preset;
    throw new UserError(
      `The preset "${name}" is for ${match.preset.model.kind} data, but ${dataset.name} contains ${kindOf(dataset)}. ` +
        `Use ${presetFor(dataset).name}, or leave the preset out.`,
    );
  }
  const { conventions } = match;
  const fields = conventions[dataset.kind];
  if (!fields) {
    const others = conventionsFor(dataset.kind).map((set) => set.name);
    throw new UserError(
      `The conventions "${name}" are for ${dataset.kind === 'image' ? 'vector' : 'image'} data, but ${dataset.name} contains ` +
        `${kindOf(dataset)}. Use one of ${others.join(', ')}.`,
    );
  }
  const base = presetFor(dataset);
  const { title, about } = conventions;
  // The fields fit data of this kind, as the base does.
  const model = { ...base.model, ...fields } as Preset['model'];
  return { ...base, name, title, about, model, training: { ...base.training, ...conventions.training } };
}

/** Data settings that come with only a name; the ones in conventions depend on the data. */
function dataOf(name: string): Partial<Preset['data']> {
  const match = named(name);
  return 'preset' in match ? match.preset.data : {};
}

/** A single feature leaves nothing for a coupling to see: splines of a context take its place. */
const ofOneFeature = (preset: Preset): Preset => ({
  ...preset,
  about: 'One feature: 3 autoregressive layers of splines, whose networks see the context alone.',
  model: {
    ...preset.model,
    layer: 'autoregressive',
    transform: 'rationalQuadratic',
    couplings: 3,
  } as Preset['model'],
});

/** The preset that suits the data when none is named. */
export function presetFor({ kind, shape, provenance }: DataShape): Preset {
  const match = presets.find(({ data }) => data.source !== undefined && data.source === provenance.source);
  if (match) return match;
  const general = kind === 'vector' ? 'tabular' : shape.join() === '28,28,1' ? 'mnist' : 'image';
  const preset = presets.find(({ name }) => name === general)!;
  return kind === 'vector' && shape[0] === 1 ? ofOneFeature(preset) : preset;
}

/**
 * A config may name its preset; one that is named besides wins.
 * @throws UserError for a preset that is not a name
 */
function withConfigPreset(request: RunRequest): RunRequest {
  const { config, fileName = 'config' } = request;
  if (!isRecord(config) || config.preset === undefined) return request;
  const { preset, ...rest } = config;
  if (typeof preset !== 'string') {
    throw new UserError(
      `${fileName}: preset: expected one of ${presetNames.join(', ')}, got ${shownValue(preset)}.`,
    );
  }
  return { ...request, preset: request.preset ?? preset, config: rest };
}

/**
 * Which data to open, before anything else is known.
 * @throws UserError when no data are named or the config's data section is wrong
 */
export function requestedData(request: RunRequest): DataConfig {
  const { data, context, reading, preset, config, start, fileName = 'config' } = withConfigPreset(request);
  const dataSection = section(config, 'data', fileName);
  const settings = {
    ...(preset ? dataOf(preset) : {}),
    ...dataSection,
    ...(data ? { source: data } : {}),
    ...contextData(context),
    ...defined(reading ?? {}),
  };
  const merged: Record<string, unknown> =
    settings.source === undefined ? { ...start?.data, ...settings } : settings;
  if (merged.source === undefined) {
    const why = start ? `, since ${start.file} does not say which it was trained on` : '';
    throw new UserError(`No data are given. Expected --data NAME or PATH, or data.source in a config${why}.`);
  }
  return parseDataConfig(
    {
      ...imageContext(merged, start?.model ?? section(config, 'model', fileName)),
      ...imageBits(merged, start),
      ...merged,
    },
    fileName,
  );
}

/** What the model says of images that come as context with its images. */
function imageContext(data: Record<string, unknown>, model: Record<string, unknown>) {
  const { context } = model;
  if (data.contextSource === undefined || !isRecord(context)) return {};
  return { contextShape: [context.height, context.width, context.channels] };
}

/** 8-bit images become images of as many bits as the checkpoint's, which may have fewer (5 for Glow). */
function imageBits({ source }: Record<string, unknown>, start: StartModel | undefined): { bits?: number } {
  const bits = start?.model.kind === 'image' ? Math.log2(start.model.levels) : 8;
  // The digits and arrays of yes and no have their own levels.
  return Number.isInteger(bits) && bits > 1 && bits < 8 && source !== 'digits' ? { bits } : {};
}

/** What a flow is given, as the data section has it. */
export function contextData(context: RunRequest['context']): Record<string, unknown> {
  const { columns: contextColumns, source: contextSource, labels, labelColumn } = context ?? {};
  return defined({ contextColumns, contextSource, labelColumn, labelContext: labels || undefined });
}

/**
 * The full config, checked. Sizes come from the data; `data.source` becomes what the data say it is, so that the
 * config means the same wherever it is kept.
 * @throws UserError when settings are wrong, or do not fit the data
 */
export function buildRunConfig(original: RunRequest, dataset: DataShape): RunConfig {
  const { request, preset, fileName, parts } = partsOf(original, dataset);
  const data = {
    ...requestedData(request),
    ...dataset.fitted,
    ...(dataset.damaged ? { damaged: dataset.damaged } : {}),
    ...presetData(request, preset),
    source: dataset.provenance.source,
    ...defined({ validationSource: dataset.provenance.validationSource }),
    ...startData(request, dataset),
  };
  const run = parseRunConfig({ ...parts, data }, fileName);
  checkContext(run.model, dataset, request.start?.file ?? fileName);
  return run;
}

/**
 * The same of a run on a target alone; undefined where the request is for data too, or for no target. Early stopping waits to be asked
 * for: how many draws count may stand still while the loss falls.
 * @throws UserError as `buildRunConfig`
 */
export function buildTargetConfig(request: RunRequest): StoredConfig | undefined {
  const { config, fileName = 'config' } = request;
  const settings = section(config, 'training', fileName);
  const { objective, target, patience = 0 } = { ...settings, ...request.training };
  if (objective !== 'reverseKl') return undefined;
  if (typeof target !== 'string' || !(isTargetName(target) || functionTarget.test(target)))
    throw new UserError(`${fileName}: training.target: ${expectedTarget}, got ${shownValue(target)}.`);
  if (request.data ?? request.context ?? request.reading)
    throw new UserError(
      `A training on ${target} alone reads no data. Leave out the data, the columns and the condition, or take objective "mixed".`,
    );
  const start = request.start?.model;
  const dim = isTargetName(target)
    ? targets[target].dim
    : (request.features ?? (start?.kind === 'vector' ? start.dim : section(config, 'model', fileName).dim));
  if (typeof dim !== 'number')
    throw new UserError(
      `How many numbers does ${target} take? Say it with --features, or as model.dim in a config.`,
    );
  const shape = [dim];
  const facts: DataShape = { kind: 'vector', name: target, shape, provenance: { source: target } };
  const training = { ...request.training, patience };
  const { parts, fileName: file } = partsOf({ ...request, training }, facts);
  return parseTrainedConfig(parts, file);
}

/** What a config says besides its data. */
function partsOf(original: RunRequest, dataset: DataShape) {
  const request = withConfigPreset(original);
  const { config, fileName = 'config' } = request;
  const preset = request.preset
    ? findPreset(request.preset, dataset)
    : config === undefined
      ? presetFor(dataset)
      : undefined;
  const model = request.start
    ? startModel(request, request.start, dataset)
    : newModel(section(config, 'model', fileName), preset, dataset, fileName);
  const settings = { ...section(config, 'training', fileName), ...defined(request.training ?? {}) };
  const training = trainingOf(preset, settings, dataset.examples);
  return { request, preset, fileName, parts: { ...(isRecord(config) ? config : {}), model, training } };
}

function checkContext(model: ModelConfig, dataset: DataShape, file: string): void {
  const [modelSize, dataSize] = [modelContext(model), contextSizeOf(dataset)];
  if (modelSize === dataSize) return;
  const words = (size: number): string =>
    size === 0 ? 'no context' : `a context of ${several(size, 'number')}`;
  const advice = modelSize === 0 ? 'Leave it out' : 'Give it with --condition, or as data.contextSource';
  throw new UserError(
    `${file}: its flow takes ${words(modelSize)} with each example, but ${dataset.name} comes with ${words(dataSize)}. ${advice}.`,
  );
}

/** What the weights of a checkpoint were trained with. */
function startData(request: RunRequest, { kind }: DataShape): Partial<DataConfig> {
  const { start } = request;
  if (!start || kind !== 'vector') return {};
  checkStartTransforms(start, requestedData(request).transforms);
  return { standardize: start.standardized, ...(start.transforms ? { transforms: start.transforms } : {}) };
}

function startModel(
  { preset, config, fileName = 'config' }: RunRequest,
  start: StartModel,
  dataset: DataShape,
): Record<string, unknown> {
  if (preset !== undefined && 'conventions' in named(preset)) {
    throw new UserError(
      `The conventions "${preset}" define a model, but this run uses the model of ${start.file}. ` +
        'Leave them out, or train a new model without --from.',
    );
  }
  checkStart(start, dataset);
  checkStartModel(start, section(config, 'model', fileName), fileName);
  return start.model;
}

/** From the preset, the sizes of the data and what a config says. */
function newModel(
  settings: Record<string, unknown>,
  preset: Preset | undefined,
  dataset: DataShape,
  fileName: string,
): Record<string, unknown> {
  if (
    settings.kind !== undefined &&
    settings.kind !== dataset.kind &&
    (settings.kind === 'vector' || settings.kind === 'image')
  ) {
    throw new UserError(
      `${fileName}: model.kind: expected "${dataset.kind}", since ${dataset.name} holds ${kindOf(dataset)}, ` +
        `got "${settings.kind}".`,
    );
  }
  const sizes = sizesOf(dataset);
  for (const [key, size] of Object.entries(sizes)) {
    if (settings[key] !== undefined && settings[key] !== size && Number.isInteger(settings[key])) {
      throw new UserError(
        `${fileName}: model.${key}: expected ${size}, since ${dataset.name} holds ${kindOf(dataset)}, ` +
          `got ${JSON.stringify(settings[key])}. Leave it out to take it from the data.`,
      );
    }
  }
  const model: Record<string, unknown> = { kind: dataset.kind, ...preset?.model, ...sizes, ...settings };
  if (dataset.kind === 'image') fitPad(model);
  return model;
}

/** A preset chosen by the data (not named, or under conventions) gives its data settings too, where the user gave none. */
function presetData(request: RunRequest, preset: Preset | undefined): Record<string, unknown> {
  const chosen = request.preset === undefined || !('preset' in named(request.preset));
  // Data that a checkpoint brings along are set as they were for it.
  const brought = request.start?.data !== undefined && request.data === undefined;
  return chosen && !brought && request.config === undefined ? { ...preset?.data } : {};
}

/** Padding that the user did not choose is made large enough, where some is. */
function fitPad(model: Record<string, unknown>): void {
  const { height, width, scales = 2, pad } = model as Record<string, number | undefined>;
  if (pad !== undefined || model.layers !== undefined || !Number.isInteger(scales) || scales > 8) return;
  const { architecture } = model as { architecture?: string };
  model.pad =
    smallestPad({
      ...{ height: height!, width: width!, scales, pad: 0 },
      ...(architecture === undefined ? {} : { architecture }),
    }) ?? 0;
}

/** What the user set, over the preset's for so many examples. */
function trainingOf(
  preset: Preset | undefined,
  settings: Record<string, unknown>,
  examples: number | undefined,
): Record<string, unknown> {
  return fitWarmup({ ...(preset ? fitSteps(preset, settings, examples) : {}), ...settings }, settings);
}

/** A run shorter than its preset keeps a warm-up in proportion, unless the user chose one. */
function fitWarmup(
  training: Record<string, unknown>,
  settings: Record<string, unknown>,
): Record<string, unknown> {
  const { steps, warmupSteps = 0 } = training as Record<string, number | undefined>;
  if (settings.warmupSteps !== undefined || !Number.isInteger(steps) || warmupSteps < steps!) return training;
  return { ...training, warmupSteps: Math.floor(steps! / 10) };
}

function sizesOf({ kind, shape, levels, contextNames }: DataShape): Record<string, number> {
  if (kind === 'vector') return { dim: shape[0]!, context: contextNames?.length ?? 0 };
  return { height: shape[0]!, width: shape[1]!, channels: shape[2]!, levels: levels ?? 256 };
}

function kindOf({ kind, shape, contextNames }: DataShape): string {
  const context = contextNames ? ` with a context of ${contextNames.length}` : '';
  return kind === 'vector' ? `rows of ${shape[0]} numbers${context}` : `images of ${shape.join('×')}`;
}

function section(config: unknown, key: string, fileName: string): Record<string, unknown> {
  if (config === undefined) return {};
  if (!isRecord(config)) throw new UserError(`${fileName}: expected a JSON object.`);
  const value = config[key] ?? {};
  if (!isRecord(value))
    throw new UserError(`${fileName}: ${key}: expected an object, got ${JSON.stringify(value)}.`);
  return value;
}
