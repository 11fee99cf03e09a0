import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { buildRunConfig, requestedData, type DataShape, type RunRequest } from '../../config/build';
import { defined } from '../../base/defined';
import { ignoreUserError } from '../../base/user-error';
import { parseJsonText } from '../../config/json-text';
import { largestJson } from '../../config/run-status';
import type { DataConfig, RunConfig } from '../../config/schema';
import { readText } from '../../files/read';
import type { Dataset } from '../dataset';
import { isBuiltin, type OpenOptions, openSource, type OpenSource } from './open';
import { splitCounts } from '../split';
import { columnNames } from './table-overview';
import { checkBounds } from '../transforms';

/**
 * Opens the data of a new run and builds its full config.
 * @param baseFolder what a relative path in the request is relative to
 * @param look for who trains nothing: opens only so many pictures of more, none of which are held out
 * @throws UserError when data or settings are wrong
 */
export async function prepareRun(
  request: RunRequest,
  baseFolder: string,
  look: Pick<OpenOptions, 'signal' | 'pictures'> = {},
): Promise<{ config: RunConfig; dataset: Dataset; counts: { train: number; validation: number } }> {
  request = await withColumnsOfStart(request, baseFolder);
  const sourceData = requestedData(request);
  const options = { pictures: Infinity, ...look };
  let source = await openSource(sourceData, baseFolder, options);
  try {
    // Another split than the preset's may leave too few examples, so it waits until the preset is known.
    const config = buildRunConfig(request, shapeOf(source, sourceData));
    // The preset that suits the data may want other data, or them split otherwise.
    if (!readsTheSame(source, sourceData, config.data)) {
      await source.close();
      source = await openSource(config.data, baseFolder, options);
    }
    await checkBounds(source.opened, config.data, look.signal);
    const { total = 0, all } = source.opened;
    const dataset = source.split(total > all.count ? { ...config.data, validation: 0 } : config.data);
    return { config, dataset, counts: countsOf(source.opened, config.data) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Takes the columns of a checkpoint for the run that starts from it, by their names: features, condition, class and weights.
 * Only for a table that has them all, and unless the request chooses columns.
 */
async function withColumnsOfStart(request: RunRequest, baseFolder: string): Promise<RunRequest> {
  const { data: before, featureNames = [] } = request.start ?? {};
  if (featureNames.length === 0) return request;
  const asked = requestedData(request);
  const { columns, exclude, labelColumn, contextColumns, contextSource, labelContext, source } = asked;
  const isChosen = columns ?? exclude ?? labelColumn ?? contextColumns ?? contextSource;
  if (isChosen !== undefined || labelContext) return request;
  const names = (await columnNames(source, baseFolder).catch(ignoreUserError)) ?? [];
  const conditions = before?.contextColumns ?? [];
  const label = before?.labelColumn;
  const wanted = [...featureNames, ...conditions, ...(label === undefined ? [] : [label])];
  if (!wanted.every((name) => names.includes(String(name)))) return request;
  const weightColumn = before?.weightColumn;
  const weights = names.includes(String(weightColumn)) ? { weightColumn } : {};
  return {
    ...request,
    reading: { ...weights, ...request.reading, columns: [...featureNames] },
    context: defined({
      columns: conditions.length > 0 ? conditions : undefined,
      labelColumn: label,
      labels: before?.labelContext || undefined,
    }),
  };
}

/** Counts of all examples, also where only some were opened. */
export function countsOf(
  { total, all, test, testTotal }: OpenSource['opened'],
  data: DataConfig,
): { train: number; validation: number } {
  return splitCounts(total ?? all.count, data, testTotal ?? test?.count);
}

/** @param source a built-in name, or the path of data or of a run config (.json) that names them */
export async function requestFor(source: string, baseFolder: string) {
  if (isBuiltin({ source, format: 'auto' })) return { request: { data: source }, base: baseFolder };
  const file = path.resolve(baseFolder, source);
  if (!/\.json$/i.test(source)) return { request: { data: source }, base: baseFolder };
  const text = await readText(file, largestJson);
  return { request: { config: parseJsonText(text, file), fileName: file }, base: path.dirname(file) };
}

/** What a config has to know of open data. */
export function shapeOf({ opened, validationSource }: OpenSource, sourceData: DataConfig): DataShape {
  return {
    ...opened,
    examples: countsOf(opened, sourceData).train,
    provenance: { source: opened.source, ...(validationSource === undefined ? {} : { validationSource }) },
  };
}

/** Whether a source that was opened as asked is read by another config as well, which may split it otherwise. */
export function readsTheSame({ opened }: OpenSource, sourceData: DataConfig, data: DataConfig): boolean {
  const { fitted, damaged } = opened;
  const facts = { ...fitted, ...(damaged ? { damaged } : {}) };
  return isDeepStrictEqual(withoutSplit({ ...sourceData, ...facts }), withoutSplit(data));
}

/** Settings whose change means reading the data again; the path is known by now. */
function withoutSplit(data: DataConfig): object {
  // Not the seed, by which built-in points are drawn as well.
  return { ...data, validation: 0, limit: 0, source: '', validationSource: '' };
}
