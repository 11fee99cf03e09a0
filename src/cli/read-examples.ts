/** Examples to score: the same readers as training, with the model's choice of columns; or arrays. */
import path from 'node:path';
import type { DataConfig } from '../config/schema';
import { UserError } from '../config/user-error';
import { drawPlane, isPlaneName } from '../data/builtin';
import { readDigits, digitsShape } from '../data/digits';
import { readIdxImages } from '../data/idx';
import type { NpyArray } from '../data/npy';
import { readTable, type Table, type TableOptions } from '../data/table';
import { isFolder } from '../files/read';
import { isArrayFile, readArray, type NamedArray } from './read-array';

export interface ExampleRequest {
  /** A path or a built-in name. */
  input: string;
  /** Of an .npz. */
  array?: string;
  /** Names or zero-based numbers; wins over the model's. */
  columns?: (string | number)[];
  labelColumn?: string | number;
  /** Values of one example of the model. */
  dimensions: number;
  kind: 'vector' | 'image';
  /** [H, W, C] before padding, for images in a table. */
  imageShape?: readonly number[];
  data?: DataConfig;
  featureNames?: readonly string[];
}

/** @throws UserError naming the file, the place in it and what was expected */
export async function readExamples(request: ExampleRequest): Promise<NamedArray> {
  const { input, kind } = request;
  const builtin = await builtinExamples(request);
  if (builtin) return { array: builtin, where: input };
  const file = path.resolve(input);
  if (await isFolder(file)) return idxExamples(file, input);
  if (await isArrayFile(file)) return readArray(input, request.array, 'x');
  if (request.array !== undefined) {
    throw new UserError(
      `${input}: is not an .npz archive, so --array ${request.array} does not apply; leave it out.`,
    );
  }
  const name = path.basename(file).toLowerCase().replace(/\.gz$/, '');
  const isTable = /\.(csv|tsv|tab|txt|dat|data)$/.test(name);
  if (!isTable && (kind === 'image' || /idx/.test(name))) return idxExamples(file, input);
  return tableExamples(file, request);
}

async function builtinExamples({ input, data }: ExampleRequest): Promise<NpyArray | undefined> {
  if (input === 'digits') {
    const { count, values } = await readDigits();
    return { shape: [count, ...digitsShape], dtype: 'uint8', data: values };
  }
  if (!isPlaneName(input)) return undefined;
  // The seed of the training data would give the points that the model was fitted to.
  const seed = (data?.splitSeed ?? 0) + 1_000_003;
  const { count, values } = drawPlane(input, seed, 20_000, data?.noise);
  return { shape: [count, 2], dtype: 'float32', data: values };
}

async function idxExamples(file: string, where: string): Promise<NamedArray> {
  const { shape, train } = await readIdxImages(file);
  return { array: { shape: [train.count, ...shape], dtype: 'uint8', data: train.values }, where };
}

async function tableExamples(file: string, request: ExampleRequest): Promise<NamedArray> {
  const { dimensions, kind, imageShape } = request;
  const table = await readModelTable(file, request);
  const size = table.featureNames.length;
  const expected = imageShape ? imageShape.reduce((a, b) => a * b, 1) : dimensions;
  if (size !== expected) {
    const wanted =
      kind === 'image' ? `${expected} pixels (${imageShape?.join('×')})` : `${expected} features`;
    throw new UserError(
      `${request.input}: has ${size} columns to model; the model has ${wanted}. Choose columns with --columns, or leave a class out with --label-column.`,
    );
  }
  if (kind === 'vector') {
    return {
      array: { shape: [table.count, size], dtype: 'float32', data: table.values },
      where: request.input,
    };
  }
  const at = table.values.findIndex((value) => !Number.isInteger(value));
  if (at >= 0) {
    throw new UserError(
      `${request.input}: example ${Math.floor(at / size)} holds the pixel ${table.values[at]}; expected integers.`,
    );
  }
  return {
    array: { shape: [table.count, ...imageShape!], dtype: 'int32', data: Int32Array.from(table.values) },
    where: request.input,
  };
}

/** The columns that the model was trained on, by name where the file has them; otherwise all but the class. */
async function readModelTable(file: string, request: ExampleRequest): Promise<Table> {
  const { data, featureNames } = request;
  const labelColumn = request.labelColumn ?? data?.labelColumn;
  const tab = /\.(tsv|tab)(\.gz)?$/i.test(file);
  const base: TableOptions = {
    ...(tab ? { delimiter: '\t' } : {}),
    header: data?.header ?? 'auto',
    ...(labelColumn === undefined ? {} : { labelColumn }),
  };
  if (request.columns) return readTable(file, { ...base, columns: request.columns });
  const named = featureNames?.every((name) => !/^column \d+$/.test(name)) ?? false;
  const attempts: TableOptions[] = [
    ...(data?.columns ? [{ ...base, columns: data.columns }] : []),
    ...(named && request.kind === 'vector'
      ? [{ ...base, labelColumn: undefined, columns: featureNames }]
      : []),
    ...(data?.columns ? [] : [base, { ...base, labelColumn: undefined }]),
  ];
  // A file to score may lack the header or the class column of the training data; the first error says most.
  let first: unknown;
  for (const attempt of attempts) {
    try {
      const table = await readTable(file, attempt);
      if (table.featureNames.length === request.dimensions || attempt === attempts.at(-1)) return table;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      first ??= error;
    }
  }
  throw first;
}
