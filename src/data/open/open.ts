import path from 'node:path';
import { contextSizeOf } from '../../config/context-size';
import type { DataConfig } from '../../config/schema';
import { defined } from '../../base/defined';
import { effectiveCount } from '../../base/effective-count';
import { several, UserError } from '../../base/user-error';
import { parseDataConfig } from '../../config/parse';
import { refuseSpecial } from '../../files/read';
import { openImageContext, openNpy, openNpz } from './arrays';
import { drawPlane, isPlaneName, planeFacts, planeNames } from '../builtin';
import { numbers, openCifar } from '../cifar';
import { addContext, columnNames } from '../context';
import { type Dataset, type Examples, createResources, type Resources } from '../dataset';
import { detectFormat, type FileFormat } from './detect';
import { digitsLevels, digitsShape, readDigits } from '../digits';
import { gapNote, withMeans } from '../gaps';
import { openIdxImages } from '../idx';
import { imageArrays } from '../images/arrays';
import { namesOfDamaged } from '../damaged';
import { openImages } from '../images/open-images';
import type { Opened } from '../opened';
import { readParquet } from '../parquet';
import { readNetcdf } from '../netcdf';
import { heldOutLimit, holdOut, limited } from '../split';
import { readTable } from '../table';
import { transformsOf } from '../transforms';
import { takeWeights } from '../weights';

/** Names that `data.source` accepts besides paths. */
export const builtinNames: readonly string[] = [...planeNames, 'digits'];

/** Whether a source is a built-in name and not a path. */
export function isBuiltin({ source, format }: Pick<DataConfig, 'source' | 'format'>): boolean {
  return format === 'builtin' || (format === 'auto' && builtinNames.includes(source));
}

/**
 * Opens a dataset and splits it. Data up to `memory` MiB are read now, larger ones when they are asked for.
 * @param baseFolder what a relative path is relative to: the folder of the config file, or the current one
 * @throws UserError naming the file, the place in it and what was expected
 */
export async function openDataset(config: DataConfig, baseFolder: string): Promise<Dataset> {
  const source = await openSource(config, baseFolder);
  try {
    return source.split(config);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Data that are open and can be split one way or another. */
export type OpenSource = Awaited<ReturnType<typeof openSource>>;

export interface OpenOptions {
  signal?: AbortSignal;
  /** Reads only the first rows of a table that takes long to read. */
  mostRows?: number;
  /** Reads on where training would refuse a table: gaps become NaN, and the columns of other cells are named. */
  lenient?: boolean;
  /**
   * So many pictures are decoded at once, to leave out the damaged ones unless the config names them; of more, only so many
   * are opened. Without it, a damaged one is an error when it is read.
   */
  pictures?: number;
}

type Look = Omit<OpenOptions, 'signal'>;

export async function openSource(
  config: DataConfig,
  baseFolder: string,
  { signal, ...look }: OpenOptions = {},
) {
  const resources = createResources(config.memory * 2 ** 20, signal);
  try {
    const openWhole = async (settings: DataConfig, how: Look): Promise<Opened> =>
      addContext(await openAny(settings, baseFolder, resources, how), settings, (other, shape) =>
        shape
          ? openImageContext(path.resolve(baseFolder, other), shape, resources)
          : openAny(parseDataConfig({ source: other }, other), baseFolder, resources, look),
      );
    // What comes with each image has to be as many.
    const opened = await openWhole(
      config,
      config.contextSource && look.pictures ? { ...look, pictures: Infinity } : look,
    );
    const { validationSource, damaged: _, ...bare } = config;
    // Which of these are damaged, no config says.
    const other =
      validationSource === undefined
        ? undefined
        : await openWhole({ ...bare, source: validationSource }, { pictures: Infinity, ...look });
    const held = other ? asHeldOut(opened, other) : opened;
    return {
      opened: held,
      /** Absolute path of the data that are held out, where the config names some. */
      ...(other ? { validationSource: other.source } : {}),
      /**
       * Closing the dataset closes the source.
       * @throws UserError when too few examples remain
       */
      split: (options: DataConfig) => splitOpened(held, options, other?.source, () => resources.close()),
      close: () => resources.close(),
    };
  } catch (error) {
    await resources.close();
    throw error;
  }
}

function splitOpened(
  opened: Opened,
  config: DataConfig,
  validationSource: string | undefined,
  close: () => Promise<void>,
): Dataset {
  const { kind, name, shape, levels, all, test, weights, testWeights, source, note } = opened;
  const { featureNames, contextNames, contextSize, labelNames } = opened;
  const { limit, splitSeed } = config;
  const splits = test
    ? {
        train: limited(all, limit, splitSeed, { weights }),
        validation: limited(test, heldOutLimit(config), splitSeed, { weights: testWeights, effective: true }),
      }
    : holdOut(all, config, source, weights);
  const parts =
    config.missing === 'mean'
      ? withMeans(splits, columnNames(opened), source, transformsOf(config, opened))
      : splits;
  return {
    kind,
    name,
    shape,
    ...parts,
    ...defined({ levels, featureNames, contextNames, contextSize, labelNames }),
    provenance: { source, ...defined({ validationSource }), rows: all.count + (test?.count ?? 0), note },
    close,
  };
}

/** Other data become what is held out; their classes are numbered as the first data's. */
function asHeldOut(opened: Opened, other: Opened): Opened {
  if (
    other.kind !== opened.kind ||
    other.shape.join() !== opened.shape.join() ||
    other.levels !== opened.levels ||
    contextSizeOf(other) !== contextSizeOf(opened)
  ) {
    throw new UserError(
      `${other.source}: holds ${kindOf(other)}; expected ${kindOf(opened)} as in ${opened.source}.`,
    );
  }
  const names = [...(opened.labelNames ?? [])];
  const { labels } = other.all;
  const known = opened.all.labels && labels && opened.labelNames && other.labelNames;
  const numbers = known
    ? other.labelNames!.map((name) => (names.includes(name) ? names.indexOf(name) : names.push(name) - 1))
    : [];
  const { count, size, read } = other.all;
  const bare: Examples = { count, size, read };
  const test: Examples = known
    ? { ...bare, labels: { length: labels.length, at: (index) => numbers[labels.at(index) ?? -1] } }
    : bare;
  return {
    ...opened,
    test,
    ...defined({ testWeights: other.weights }),
    ...(other.total === undefined ? {} : { testTotal: other.total }),
    ...(known ? { labelNames: names } : {}),
    note:
      `${opened.note.replace(/;[^;]*held out$/, '')}; ` +
      (other.damaged?.length ? `without ${namesOfDamaged(other.damaged)}, which cannot be read, ` : '') +
      `${other.name} is held out`,
  };
}

function kindOf(opened: Opened): string {
  const { kind, shape, levels } = opened;
  const context = contextSizeOf(opened);
  const contextWords = context > 0 ? ` with a context of ${context}` : '';
  return kind === 'vector'
    ? `rows of ${shape[0]} numbers${contextWords}`
    : `images of ${shape.join('×')} with ${levels} levels${contextWords}`;
}

export const tableReaders = { csv: readTable, tsv: readTable, parquet: readParquet, netcdf: readNetcdf };

/** Settings that would have no effect. */
function refuseTableSettings({ source, exclude, missing, weightColumn }: DataConfig): void {
  const set = {
    'data.exclude (--exclude)': exclude !== undefined,
    'data.weightColumn (--weight-column)': weightColumn !== undefined,
    'data.missing (--missing)': missing !== 'error',
  };
  const named = Object.entries(set).find(([, isSet]) => isSet)?.[0];
  if (named === undefined) return;
  throw new UserError(`${source}: is no table, so ${named} does not apply; leave it out.`);
}

async function openAny(
  config: DataConfig,
  baseFolder: string,
  resources: Resources,
  look: Look,
): Promise<Opened> {
  if (isBuiltin(config)) {
    refuseTableSettings(config);
    return openBuiltin(config, resources);
  }
  const file = path.resolve(baseFolder, config.source);
  try {
    await refuseSpecial(file);
  } catch (error) {
    throw withNames(error, config.source);
  }
  const format: FileFormat =
    config.format === 'auto' || config.format === 'builtin' ? await detectFormat(file) : config.format;
  if (!(format in tableReaders)) refuseTableSettings(config);
  switch (format) {
    case 'csv':
    case 'tsv':
    case 'parquet':
    case 'netcdf':
      return openTable({ ...config, ...look }, file, format, resources);
    case 'npy':
      return openNpy(file, config, resources);
    case 'npz':
      return openNpz(file, config, resources);
    case 'idx':
      return openIdx(config, file, resources);
    case 'cifar':
      return openCifarImages(config, file, resources);
    case 'images':
      return openImages(file, config, resources, look.pictures);
  }
}

/** A name without dots or slashes was probably meant as a built-in one. */
function withNames(error: unknown, source: string): unknown {
  if (!(error instanceof UserError) || /[./\\]/.test(source)) return error;
  return new UserError(
    `"${source}" is neither a file nor a built-in data set; expected a path or one of ${builtinNames.join(', ')}.`,
  );
}

async function openBuiltin(config: DataConfig, resources: Resources): Promise<Opened> {
  const { source } = config;
  if (source === 'digits') {
    const stored = { all: await readDigits(), shape: digitsShape, levels: digitsLevels, where: source };
    return {
      ...(await imageArrays(stored, config, resources)),
      name: source,
      labelNames: numbers(10),
      source,
      note: 'Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak; UCI; CC BY 4.0)',
    };
  }
  if (!isPlaneName(source)) {
    throw new UserError(
      `There is no built-in data set "${source}"; expected one of ${builtinNames.join(', ')}.`,
    );
  }
  return {
    kind: 'vector',
    name: source,
    shape: [2],
    all: drawPlane(source, config.splitSeed, config.count, config.noise),
    featureNames: ['x', 'y'],
    labelNames: numbers(planeFacts[source].parts),
    source,
    note: planeFacts[source].about,
  };
}

async function openTable(
  config: DataConfig & Look,
  file: string,
  format: keyof typeof tableReaders,
  resources: Resources,
): Promise<Opened> {
  const keeps = config.lenient && config.missing === 'error';
  const options = {
    ...config,
    ...(keeps ? { missing: 'mean' as const } : {}),
    ...(format === 'tsv' ? { delimiter: '\t' } : {}),
  };
  const rows = await tableReaders[format](file, options, resources);
  const gaps = keeps ? undefined : gapNote(rows.gaps);
  const hasWeights = config.weightColumn !== undefined;
  const names = rows.featureNames.slice(0, hasWeights ? -1 : undefined);
  const features = names.length - (config.contextColumns?.length ?? 0);
  const taken = hasWeights
    ? await takeWeights(rows.all, { name: rows.featureNames.at(-1)!, source: config.source, resources })
    : undefined;
  return {
    ...rows,
    ...taken,
    columns: rows.columns.slice(0, names.length),
    featureNames: names.slice(0, features),
    ...(config.contextColumns ? { contextNames: names.slice(features) } : {}),
    kind: 'vector',
    name: path.basename(file),
    shape: [features],
    source: file,
    note:
      `a table of ${several(features, 'column')}${config.contextColumns ? ` and a context of ${config.contextColumns.length}` : ''}` +
      (gaps === undefined ? '' : `; ${gaps}`) +
      (taken
        ? `; drawn by weight, ${several(rows.all.count, 'row')} count as ${Math.round(effectiveCount(taken.weights))}`
        : ''),
  };
}

async function openIdx(config: DataConfig, source: string, resources: Resources): Promise<Opened> {
  const { file, largestLabel, ...sets } = await openIdxImages(source, resources);
  return {
    ...(await openSets(config, sets, file, resources)),
    ...(largestLabel === undefined ? {} : { labelNames: numbers(largestLabel + 1) }),
    note: sets.test ? 'IDX images; the published test file is held out' : 'IDX images',
  };
}

async function openCifarImages(config: DataConfig, source: string, resources: Resources): Promise<Opened> {
  const { labelNames, note, ...sets } = await openCifar(source, resources);
  return { ...(await openSets(config, sets, source, resources)), labelNames, note };
}

/** Images of 256 levels, and a published test set, which is held out. */
async function openSets(
  config: DataConfig,
  { shape, train, test }: { shape: number[]; train: Examples; test?: Examples | undefined },
  source: string,
  resources: Resources,
) {
  const open = (all: Examples, where: string) =>
    imageArrays({ all, shape, levels: 256, where }, config, resources);
  const images = await open(train, source);
  const held = test && (await open(test, `${source} (test)`));
  return { ...images, name: path.basename(source), ...(held ? { test: held.all } : {}), source };
}
