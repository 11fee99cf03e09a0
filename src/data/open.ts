import path from 'node:path';
import type { DataConfig } from '../config/schema';
import { UserError } from '../config/user-error';
import { describePlane, drawPlane, isPlaneName, planeNames } from './builtin';
import type { Dataset, Split } from './dataset';
import { digitsLevels, digitsShape, readDigits } from './digits';
import { firstBytes, isFolder } from '../files/read';
import { readIdxImages } from './idx';
import { holdOut, limited } from './split';
import { readTable } from './table';

/** Names that `data.source` understands beside paths. */
export const builtinNames: readonly string[] = [...planeNames, 'digits'];

/**
 * Reads a dataset into memory and splits it.
 * @param baseFolder what a relative path is relative to: the folder of the config file, or the current one
 * @throws UserError naming the file, the place in it and what was expected
 */
export async function openDataset(config: DataConfig, baseFolder: string): Promise<Dataset> {
  const builtin =
    config.format === 'builtin' || (config.format === 'auto' && builtinNames.includes(config.source));
  if (builtin) return openBuiltin(config);
  const file = path.resolve(baseFolder, config.source);
  switch (config.format === 'auto' ? await detectFormat(config.source, file) : config.format) {
    case 'csv':
      return openTable(config, file, undefined);
    case 'tsv':
      return openTable(config, file, '\t');
    default:
      return openIdx(config, file);
  }
}

async function detectFormat(source: string, file: string): Promise<'csv' | 'tsv' | 'idx'> {
  const name = path.basename(file).toLowerCase().replace(/\.gz$/, '');
  try {
    if (await isFolder(file)) return 'idx';
  } catch (error) {
    throw withNames(error, source);
  }
  if (name.endsWith('.tsv') || name.endsWith('.tab')) return 'tsv';
  if (/\.(csv|txt|dat|data)$/.test(name)) return 'csv';
  const [a, b, type] = await firstBytes(file, 4);
  if (/idx\d|\.idx$/.test(name) || (a === 0 && b === 0 && type === 8)) return 'idx';
  throw new UserError(
    `${file}: cannot tell the format; expected .csv, .tsv or IDX, or one of ${builtinNames.join(', ')}. ` +
      `Set data.format to csv, tsv or idx.`,
  );
}

/** A name without dots or slashes was probably meant as one of ours. */
function withNames(error: unknown, source: string): unknown {
  if (!(error instanceof UserError) || /[./\\]/.test(source)) return error;
  return new UserError(
    `"${source}" is neither a file nor a built-in data set; expected a path or one of ${builtinNames.join(', ')}.`,
  );
}

async function openBuiltin(config: DataConfig): Promise<Dataset> {
  const { source } = config;
  if (source === 'digits') {
    const all = await readDigits();
    return {
      kind: 'image',
      name: source,
      shape: digitsShape,
      levels: digitsLevels,
      ...holdOut(all, config, source),
      labelNames: Array.from({ length: 10 }, (_, i) => String(i)),
      provenance: {
        source,
        rows: all.count,
        note: 'Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak; UCI; CC BY 4.0)',
      },
    };
  }
  if (!isPlaneName(source)) {
    throw new UserError(
      `There is no built-in data set "${source}"; expected one of ${builtinNames.join(', ')}.`,
    );
  }
  const all = drawPlane(source, config.splitSeed, config.count, config.noise);
  return {
    kind: 'vector',
    name: source,
    shape: [2],
    ...holdOut(all, config, source),
    featureNames: ['x', 'y'],
    provenance: { source, rows: all.count, note: describePlane(source) },
  };
}

async function openTable(config: DataConfig, file: string, delimiter: string | undefined): Promise<Dataset> {
  const table = await readTable(file, { ...config, delimiter });
  return {
    kind: 'vector',
    name: path.basename(file),
    shape: [table.featureNames.length],
    ...holdOut(table, config, file),
    featureNames: table.featureNames,
    labelNames: table.labelNames,
    provenance: { source: file, rows: table.count, note: `a table of ${table.featureNames.length} columns` },
  };
}

async function openIdx(config: DataConfig, file: string): Promise<Dataset> {
  const { file: images, shape, train, test } = await readIdxImages(file);
  // A published test file is the validation set; a count in the config shortens it, a fraction does not apply.
  const splits: { train: Split; validation: Split } = test
    ? {
        train: limited(train, config.limit, config.splitSeed),
        validation: limited(test, testCount(config), config.splitSeed),
      }
    : holdOut(train, config, images);
  const classes = train.labels?.reduce((largest, label) => Math.max(largest, label), 0);
  return {
    kind: 'image',
    name: path.basename(images),
    shape,
    levels: 256,
    ...splits,
    labelNames: classes === undefined ? undefined : Array.from({ length: classes + 1 }, (_, i) => String(i)),
    provenance: {
      source: images,
      rows: train.count + (test?.count ?? 0),
      note: test ? 'IDX images; the published test file is held out' : 'IDX images',
    },
  };
}

function testCount({ validation, limit }: DataConfig): number | undefined {
  const count = validation === 0 || validation >= 1 ? validation : undefined;
  return count === undefined ? limit : Math.min(count, limit ?? count);
}
