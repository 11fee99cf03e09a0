/** Examples to score: the same readers as training, with the model's choice of columns; or arrays. */
import path from 'node:path';
import type { DataConfig } from '../../config/schema';
import { dataMeans } from '../../config/standardization';
import { defined } from '../../base/defined';
import { UserError } from '../../base/user-error';
import { drawPlane, isPlaneName } from '../../data/builtin';
import { indexRange, type Examples, createResources } from '../../data/dataset';
import { detectFormat } from '../../data/open/detect';
import { readDigits, digitsShape } from '../../data/digits';
import { splitContext } from '../../data/context';
import { fillGaps, gapNote } from '../../data/gaps';
import { damagedImages } from '../../data/damaged';
import { toFloat32, type NpyArray } from '../../data/npy';
import { openSource, tableReaders } from '../../data/open/open';
import type { Rows } from '../../data/rows';
import type { TableOptions } from '../../data/table';
import { boundsNote } from '../../data/transforms';
import { isFolder } from '../../files/read';
import type { OpenedRunner } from '../model/opened-runner';
import { asSource } from '../model/user-files';
import { isArrayFile, readArray, type NamedArray } from './read-array';
import { sizeOf } from '../../base/shape';

/** Which of a file's arrays and columns to take. */
export interface TableChoice {
  /** Name of the array in an .npz. */
  array?: string;
  /** Names or zero-based numbers; wins over the model's. */
  columns?: (string | number)[];
  labelColumn?: string | number;
  /** Told what became of rows with gaps. */
  note?: (text: string) => void;
}

export interface ExampleRequest extends TableChoice {
  /** A path or a built-in name. */
  input: string;
  /** Values of one example of the model. */
  dimensions: number;
  kind: 'vector' | 'image';
  /** [H, W, C] before padding, for images in a table. */
  imageShape?: readonly number[];
  data?: DataConfig;
  featureNames?: readonly string[];
  /** What fills gaps, where the model was trained so: one mean for each column that is read. */
  means?: readonly number[];
}

/**
 * Reads a file as the examples of a model, with their context where the columns of a table hold it.
 * @throws UserError naming the file, the place in it and what was expected
 */
export async function readModelExamples(
  opened: Pick<OpenedRunner, 'runner' | 'data' | 'featureNames' | 'model'>,
  input: string,
  { condition, ...choice }: TableChoice & { condition?: string | undefined },
): Promise<NamedArray & { context?: Float32Array }> {
  const { runner, featureNames } = opened;
  const { context: info } = runner;
  if (!info || condition !== undefined || !opened.data?.contextColumns) return readOf(opened, input, choice);
  const features = sizeOf(runner.inputShape);
  const rows = {
    ...opened,
    runner: { ...runner, inputShape: [features + info.names.length] },
    featureNames: featureNames && [...featureNames, ...info.names],
  };
  const { array, where } = await readOf(rows, input, choice);
  const split = splitContext(toFloat32(array).data, { shape: [features], contextNames: info.names });
  const count = split.features.length / features;
  return {
    array: { shape: [count, features], dtype: 'float32', data: split.features },
    where,
    ...(split.context ? { context: split.context } : {}),
  };
}

async function readOf(
  { runner, data, featureNames, model }: Pick<OpenedRunner, 'runner' | 'data' | 'featureNames' | 'model'>,
  input: string,
  { array, columns, labelColumn, note }: TableChoice,
): Promise<NamedArray> {
  const { config } = runner;
  const fitted = model?.header.standardize;
  const found = await readExamples({
    input,
    dimensions: sizeOf(runner.inputShape),
    kind: config.kind,
    imageShape: config.kind === 'image' ? [config.height, config.width, config.channels] : undefined,
    ...defined({ array, columns, labelColumn, note }),
    data,
    featureNames,
    means: fitted && dataMeans(fitted),
  });
  const outside = note && (await boundsNote(fitted, toFloat32(found.array).data, sizeOf(runner.inputShape)));
  if (outside) note(`${input}: ${outside}.`);
  return found;
}

/** @throws UserError naming the file, the place in it and what was expected */
async function readExamples(request: ExampleRequest): Promise<NamedArray> {
  const { input, kind } = request;
  const builtin = await builtinExamples(request);
  if (builtin) return { array: builtin, where: input };
  const file = path.resolve(input);
  const format = await formatOf(file, kind);
  if (format === 'array') return readArray(input, request.array, 'x');
  if (request.array !== undefined) {
    throw new UserError(
      `${input}: is not an .npz archive, so --array ${request.array} does not apply; leave it out.`,
    );
  }
  return format === 'images' ? imageExamples(file, request) : tableExamples(file, request);
}

/** Arrays are read as they are, since they may be anything that fits the model; all else as in training. */
async function formatOf(file: string, kind: 'vector' | 'image'): Promise<'array' | 'images' | 'table'> {
  if (await isFolder(file)) return 'images';
  if (await isArrayFile(file)) {
    const format = await detectFormat(file).catch(() => 'npz');
    return format === 'images' ? 'images' : 'array';
  }
  const name = path.basename(file).toLowerCase().replace(/\.gz$/, '');
  if (/\.(csv|tsv|tab|txt|dat|data|parquet|nc)$/.test(name)) return 'table';
  if (kind === 'image' || /idx/.test(name)) return 'images';
  return 'table';
}

async function builtinExamples({ input, data }: ExampleRequest): Promise<NpyArray | undefined> {
  if (input === 'digits') {
    const all = await readDigits();
    return { shape: [all.count, ...digitsShape], dtype: 'uint8', data: Uint8Array.from(await readAll(all)) };
  }
  if (!isPlaneName(input)) return undefined;
  // The seed of the training data would give the points that the model was fitted to.
  const seed = (data?.splitSeed ?? 0) + 1_000_003;
  const all = drawPlane(input, seed, 20_000, data?.noise);
  return { shape: [all.count, 2], dtype: 'float32', data: await readAll(all) };
}

function readAll(all: Examples): Promise<Float32Array> {
  return all.read(indexRange(0, all.count));
}

/** More pixels than that are not scored at once. */
const mostPixels = 2 ** 30;

/** Resized, cropped and reduced as the model's own data were. */
async function imageExamples(file: string, { input, data, note }: ExampleRequest): Promise<NamedArray> {
  const source = await openSource(asSource(file, data), path.dirname(file), { pictures: Infinity });
  try {
    const { all, shape, kind, damaged = [] } = source.opened;
    if (kind !== 'image')
      throw new UserError(`${input}: holds rows of ${shape[0]} numbers; expected images.`);
    if (all.count * all.size > mostPixels) {
      throw new UserError(
        `${input}: holds ${all.count} images of ${shape.join('×')}, too many for one call; give a part of them.`,
      );
    }
    if (damaged.length > 0)
      note?.(`${input}: left out ${damagedImages(damaged)}; the others are numbered from 0.`);
    const pixels = new Uint8Array(all.count * all.size);
    const block = 256;
    for (let start = 0; start < all.count; start += block) {
      const count = Math.min(block, all.count - start);
      pixels.set(await all.read(indexRange(start, count)), start * all.size);
    }
    return { array: { shape: [all.count, ...shape], dtype: 'uint8', data: pixels }, where: input };
  } finally {
    await source.close();
  }
}

async function tableExamples(file: string, request: ExampleRequest): Promise<NamedArray> {
  const { dimensions, kind, imageShape } = request;
  const table = await readModelTable(file, request);
  const size = table.featureNames.length;
  const { count } = table.all;
  const expected = imageShape ? sizeOf(imageShape) : dimensions;
  if (size !== expected) {
    const expectedSize =
      kind === 'image' ? `${expected} pixels (${imageShape?.join('×')})` : `${expected} features`;
    throw new UserError(
      `${request.input}: has ${size} columns to model; the model has ${expectedSize}. Choose columns with --columns, or leave a class out with --label-column.`,
    );
  }
  const values = await readAll(table.all);
  if (request.data?.missing === 'mean') fillWithMeans(values, table, request);
  const note = gapNote(table.gaps);
  if (note !== undefined)
    request.note?.(
      `${request.input}: ${note}${table.gaps.dropped ? '; the others are numbered from 0' : ''}.`,
    );
  if (kind === 'vector')
    return { array: { shape: [count, size], dtype: 'float32', data: values }, where: request.input };
  const at = values.findIndex((value) => !Number.isInteger(value));
  if (at >= 0) {
    throw new UserError(
      `${request.input}: example ${Math.floor(at / size)} holds the pixel ${values[at]}; expected integers.`,
    );
  }
  return {
    array: { shape: [count, ...imageShape!], dtype: 'int32', data: Int32Array.from(values) },
    where: request.input,
  };
}

function fillWithMeans(values: Float32Array, { gaps, all }: Rows, { input, means }: ExampleRequest): void {
  if (gaps.rows === 0) return;
  if (!means || means.length < all.size) {
    throw new UserError(
      `${input}: ${gaps.rows} of ${gaps.of} rows have gaps, and this file does not hold the means of the training rows that ` +
        'fill them. Use the checkpoint of the run, or fill them in.',
    );
  }
  fillGaps(values, means.slice(0, all.size));
}

/** The columns that the model was trained on, by name where the file has them; otherwise all but the class. */
async function readModelTable(file: string, request: ExampleRequest): Promise<Rows> {
  const { data, featureNames } = request;
  const labelColumn = request.labelColumn ?? data?.labelColumn;
  const tab = /\.(tsv|tab)(\.gz)?$/i.test(file);
  const base: TableOptions = {
    ...(tab ? { delimiter: '\t' } : {}),
    header: data?.header ?? 'auto',
    missing: data?.missing ?? 'error',
    ...defined({ labelColumn }),
  };
  const without = [
    ...(data?.exclude ?? []),
    ...(data?.weightColumn === undefined ? [] : [data.weightColumn]),
  ];
  const format = /\.parquet$/i.test(file) ? 'parquet' : /\.nc$/i.test(file) ? 'netcdf' : 'csv';
  const read = (options: TableOptions): Promise<Rows> =>
    tableReaders[format](file, options, createResources(Infinity));
  if (request.columns) return read({ ...base, columns: request.columns });
  const withContext: TableOptions = { ...base, ...defined({ contextColumns: data?.contextColumns }) };
  const named = featureNames?.every((name) => !/^column \d+$/.test(name)) ?? false;
  const attempts: TableOptions[] = [
    ...(data?.columns ? [{ ...withContext, columns: data.columns }] : []),
    ...(named && request.kind === 'vector'
      ? [{ ...base, labelColumn: undefined, columns: featureNames }]
      : []),
    ...(data?.columns
      ? []
      : [
          ...(without.length > 0 ? [{ ...withContext, exclude: without }] : []),
          withContext,
          { ...withContext, labelColumn: undefined },
        ]),
  ];
  // A file to score may lack the header or the class column of the training data; the first error says most.
  let first: unknown;
  for (const attempt of attempts) {
    try {
      const table = await read(attempt);
      if (table.featureNames.length === request.dimensions || attempt === attempts.at(-1)) return table;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      first ??= error;
    }
  }
  if (named && first instanceof UserError && request.kind === 'vector') {
    throw new UserError(
      `${first.message} The model was trained on ${featureNames!.join(', ')}; choose other columns with --columns.`,
    );
  }
  throw first;
}
