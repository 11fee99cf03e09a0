/** A look at data before anything is trained on them: counts, statistics, a contact sheet, and what to know. */
import { ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { buildRunConfig, requestedData, type RunRequest } from '../../config/build';
import type { DataConfig, RunConfig } from '../../config/schema';
import { UserError } from '../../base/user-error';
import { readError, streamUnpacked } from '../../files/read';
import type { DataPreview, RefusedColumn } from '../../protocol/data';
import { sizeOf } from '../../base/shape';
import { blocks } from '../blocks';
import { columnNames, withoutContext } from '../context';
import { indexRange, spread, type Split } from '../dataset';
import { detectFormat } from './detect';
import { isBuiltin, openSource } from './open';
import type { Opened } from '../opened';
import { sampleSheet } from '../png';
import { countsOf, readsTheSame, requestFor, shapeOf } from './prepare';
import { createFeatureStatistics } from '../feature-statistics';
import { limited } from '../split';
import { checkBounds } from '../transforms';
import { findWarnings, ofRefused, type Facts } from './warnings';

/** Examples that statistics are taken of. */
const lookedVectors = 20_000;
export const lookedImages = 512;
const sheetExamples = 64;
const sheetColumns = 16;
/** This many examples, or fewer, are in one row. */
const oneRow = 8;
const shownRows = 20;
const shownFeatures = 64;
/** Tables that are larger are not read to their end. */
const largeTable = 2 ** 25;
const firstRows = 50_000;
/** Bytes of them in which lines are counted; the rest is taken to be alike. */
const mostCounted = 2 ** 26;

/**
 * Looks at a part of the data, so that large ones take seconds too.
 * @param source a built-in name, or the path of data or of a run config (.json) that names them
 * @param baseFolder what a relative path is relative to
 * @throws UserError when the data or the config cannot be read
 */
export async function previewData(
  source: string,
  baseFolder: string,
  { signal, ...choice }: Pick<RunRequest, 'reading' | 'context'> & { signal?: AbortSignal } = {},
): Promise<DataPreview> {
  const { request: bare, base } = await requestFor(source, baseFolder);
  let request: RunRequest = { ...bare, ...choice };
  let sourceData = requestedData(request);
  const large = await largeTableOf(sourceData, base);
  const options = {
    lenient: true,
    pictures: lookedImages,
    ...(signal ? { signal } : {}),
    ...(large ? { mostRows: firstRows } : {}),
  };
  let open = await openSource(sourceData, base, options);
  try {
    const { refused, ragged } = open.opened;
    const rest = refused && withoutRefused(request, open.opened, refused);
    if (rest && rest.reading.columns.length > 0) {
      request = { ...request, ...rest };
      sourceData = requestedData(request);
      await open.close();
      open = await openSource(sourceData, base, options);
    }
    const warnings = ofRefused(refused, ragged);
    let config: RunConfig | undefined;
    try {
      config = buildRunConfig(request, shapeOf(open, sourceData));
      await checkBounds(open.opened, config.data, signal);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      warnings.push(`Training is not possible with these data: ${error.message}`);
    }
    const data: DataConfig = config?.data ?? sourceData;
    if (rest?.reading.columns.length === 0) return nothingToModel(open.opened, data, warnings);
    if (!readsTheSame(open, sourceData, data)) {
      await open.close();
      open = await openSource(data, base, options);
    }
    const { opened } = open;
    const part = opened.all.count;
    const total =
      large === 'text'
        ? await countLines(path.resolve(base, sourceData.source), part, signal)
        : (opened.total ?? part);
    const counts = countsOf({ ...opened, total }, data);
    // The first rows of a table, or very few examples, may be less than what is to be held out.
    const parts =
      counts.train < 2
        ? undefined
        : open.split({
            ...data,
            ...(part < total ? { validation: 0 } : {}),
            // Gaps are looked at, not filled.
            missing: 'error',
          });
    const train = parts?.train ?? limited(opened.all, undefined, data.splitSeed);
    const isWeighted = opened.weights !== undefined && part === total;
    const summary = {
      name: opened.name,
      kind: opened.kind,
      train: counts.train,
      validation: isWeighted && parts ? parts.validation.count : counts.validation,
      shape: opened.shape,
      ...(opened.levels === undefined ? {} : { levels: opened.levels }),
      ...(opened.kind === 'image' && !isBuiltin(sourceData) ? { scaledTo: data.size ?? null } : {}),
      note: noteOf(opened.note, part, total, large),
    };
    const seen =
      opened.kind === 'image'
        ? await lookAtImages(withoutContext(train, opened), opened.shape, opened.levels ?? 256, signal)
        : await lookAtVectors(train, opened, total, signal);
    const { facts, ...shown } = seen;
    warnings.push(...findWarnings({ opened, data, config, counts, total, facts }));
    return {
      ...summary,
      ...shown,
      ...classesOf(train, opened, seen),
      ...(refused ? { refused } : {}),
      warnings,
    };
  } finally {
    await open.close();
  }
}

/** The same request without the columns that training refuses. */
function withoutRefused(
  { reading, context }: RunRequest,
  { columns = [], shape }: Opened,
  refused: readonly RefusedColumn[],
): { reading: { columns: number[] }; context?: RunRequest['context'] } {
  const features = sizeOf(shape);
  const stays = (column: number): boolean => !refused.some((other) => other.column === column);
  const contextColumns = columns.slice(features).filter(stays);
  return {
    reading: { ...reading, columns: columns.slice(0, features).filter(stays) },
    ...(contextColumns.length > 0 ? { context: { ...context, columns: contextColumns } } : {}),
  };
}

/** For a table of words. */
function nothingToModel(opened: Opened, data: DataConfig, warnings: string[]): DataPreview {
  const { name, kind, note, all, refused = [] } = opened;
  return {
    ...{ name, kind, ...countsOf(opened, data), shape: [0], range: [NaN, NaN], looked: all.count },
    note: noteOf(note, all.count, all.count, undefined),
    ...{ features: [], rows: [], refused, warnings },
  };
}

/** What is known at once of its rows: nothing of a text, their number of a Parquet file. */
async function largeTableOf(data: DataConfig, base: string): Promise<'text' | 'parquet' | undefined> {
  if (isBuiltin(data)) return undefined;
  const file = path.resolve(base, data.source);
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile() || info.size <= largeTable) return undefined;
  const format = data.format === 'auto' ? await detectFormat(file) : data.format;
  if (format === 'parquet') return 'parquet';
  return format === 'csv' || format === 'tsv' ? 'text' : undefined;
}

/** Rows by counting line ends, which quoted line ends, comments and blank lines make a little too large; of many, of the first bytes. */
async function countLines(file: string, least: number, signal?: AbortSignal): Promise<number> {
  let lines = 0;
  let counted = 0;
  try {
    const source = await streamUnpacked(file);
    for await (const chunk of source) {
      signal?.throwIfAborted();
      const bytes = chunk as Buffer;
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
      counted += bytes.length;
      // Nobody knows how long a packed file is.
      if (counted >= mostCounted && source instanceof ReadStream) {
        const { size } = await stat(file);
        if (size > counted) lines = Number(((lines * size) / counted).toPrecision(3));
        break;
      }
    }
  } catch (error) {
    throw readError(file, error);
  }
  return Math.max(least, lines);
}

function noteOf(note: string, part: number, total: number, large: 'text' | 'parquet' | undefined): string {
  const shown = note.charAt(0).toUpperCase() + note.slice(1);
  if (part >= total || !large) return `${shown}.`;
  const about = large === 'text' ? 'about ' : '';
  return `${shown}, ${about}${total.toLocaleString('en')} rows; the first ${part.toLocaleString('en')} were read.`;
}

type Seen = Pick<DataPreview, 'range' | 'looked' | 'features' | 'rows' | 'sheet'> & { facts: Facts };

/** The classes of the examples that were looked at and of the rows that are shown; of files that are read in parts, after that. */
function classesOf(
  split: Split,
  { labelNames }: Opened,
  { looked, rows }: Seen,
): Pick<DataPreview, 'classes' | 'rowClasses'> {
  const { labels } = split;
  if (!labels || !labelNames) return {};
  const classes = labelNames.map((name) => ({ name, examples: 0 }));
  for (const index of spread(looked, split.count)) {
    const label = labels.at(index);
    if (label !== undefined && classes[label]) classes[label].examples++;
  }
  const rowClasses = rows?.map((_, index) => labelNames[labels.at(index) ?? -1] ?? '');
  return { classes, ...(rowClasses ? { rowClasses } : {}) };
}

async function lookAtVectors(
  split: Split,
  opened: Opened,
  total: number,
  signal?: AbortSignal,
): Promise<Seen> {
  const { size, count } = split;
  const { gaps, columns } = opened;
  const names = columnNames(opened);
  const modeled = sizeOf(opened.shape);
  const looked = Math.min(count, Math.max(100, Math.floor(Math.min(lookedVectors, 2 ** 24 / size))));
  const statistics = createFeatureStatistics(size);
  for await (const values of sampled(split, looked, signal)) statistics.add(values);
  const bare = await split.read(indexRange(0, Math.min(shownRows, count)), signal ? { signal } : {});
  const rows = Array.from({ length: Math.min(shownRows, count) }, (_, i) => [
    ...bare.subarray(i * size, i * size + Math.min(size, shownFeatures)),
  ]);
  const all = statistics.finish((d) => names?.[d] ?? `column ${d}`, total);
  // Not by the arguments of a call, of which there cannot be as many as a table has columns.
  const range: [number, number] = [Infinity, -Infinity];
  const features = all.slice(0, modeled);
  for (const { min, max } of features) {
    if (Number.isNaN(min)) continue;
    range[0] = Math.min(range[0], min);
    range[1] = Math.max(range[1], max);
  }
  return {
    range,
    looked,
    features: all
      .slice(0, shownFeatures)
      .map(({ distinct: _, ...feature }, d) => ({
        ...feature,
        ...(columns?.[d] === undefined ? {} : { column: columns[d] }),
        ...(gaps ? { gaps: gaps.columns[d] ?? 0 } : {}),
        ...(d < modeled ? {} : { condition: true }),
      })),
    rows,
    facts: { largest: range[1], features: features.map((feature) => ({ ...feature, count: looked })) },
  };
}

async function lookAtImages(
  split: Split,
  shape: readonly number[],
  levels: number,
  signal?: AbortSignal,
): Promise<Seen> {
  const looked = Math.min(
    split.count,
    Math.max(16, Math.min(lookedImages, Math.floor(2 ** 24 / split.size))),
  );
  const channels = shape[2] ?? 1;
  let min = Infinity;
  let max = -Infinity;
  let gray = channels === 3;
  for await (const values of sampled(split, looked, signal)) {
    for (let i = 0; i < values.length; i++) {
      min = Math.min(min, values[i]!);
      max = Math.max(max, values[i]!);
    }
    for (let i = 0; gray && i + 2 < values.length; i += 3) {
      gray = values[i] === values[i + 1] && values[i] === values[i + 2];
    }
  }
  const most = Math.min(sheetExamples, split.count, Math.max(1, Math.floor(2 ** 24 / split.size)));
  const columns = Math.min(
    most <= oneRow ? most : Math.ceil(Math.sqrt(2 * most)),
    ...[sheetColumns, Math.max(1, Math.floor(1600 / shape[1]!))],
  );
  // No row is left half empty.
  const examples = most - (most % columns);
  const data = await split.read(indexRange(0, examples), signal ? { signal } : {});
  const sheet = await sampleSheet({ shape: [examples, ...shape], data }, levels, columns);
  return { range: [min, max], looked, sheet: { ...sheet, columns, examples }, facts: { gray, largest: max } };
}

/** Examples evenly from all of a split, block by block. */
async function* sampled(split: Split, looked: number, signal?: AbortSignal): AsyncGenerator<Float32Array> {
  const places = spread(looked, split.count);
  const part: Split = {
    ...split,
    count: looked,
    read: (indices) =>
      split.read(
        Array.from(indices, (i) => places[i]!),
        signal ? { signal } : {},
      ),
  };
  for await (const { values } of blocks(part, Math.max(1, Math.floor(2 ** 20 / split.size)))) {
    signal?.throwIfAborted();
    yield values;
  }
}
