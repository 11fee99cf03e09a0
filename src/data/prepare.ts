import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { buildRunConfig, requestedData, type DataShape, type RunRequest } from '../config/build';
import { parseJsonText } from '../config/json-text';
import { largestJson } from '../config/run-status';
import type { DataConfig, RunConfig } from '../config/schema';
import { readText } from '../files/read';
import type { Dataset } from './dataset';
import { isBuiltin, openDataset, openSource, type OpenSource } from './open';
import { splitCounts } from './split';

/**
 * Opens the data of a new run and builds its full config.
 * @param baseFolder what a relative path in the request is relative to
 * @throws UserError when data or settings are wrong
 */
export async function prepareRun(
  request: RunRequest,
  baseFolder: string,
): Promise<{ config: RunConfig; dataset: Dataset }> {
  const asked = requestedData(request);
  const source = await openSource(asked, baseFolder);
  let dataset: Dataset | undefined;
  try {
    // Another split than the preset's may leave too few examples, so it waits until the preset is known.
    const config = buildRunConfig(request, shapeOf(source, asked));
    // The preset that suits the data may want other data, or them split otherwise.
    if (readsTheSame({ ...asked, ...source.opened.fitted }, config.data)) dataset = source.split(config.data);
    return { config, dataset: dataset ?? (await openDataset(config.data, baseFolder)) };
  } finally {
    if (!dataset) await source.close();
  }
}

/** @param source a built-in name, or the path of data or of a run config (.json) that names them */
export async function requestFor(
  source: string,
  baseFolder: string,
): Promise<{ request: RunRequest; base: string }> {
  if (isBuiltin({ source, format: 'auto' })) return { request: { data: source }, base: baseFolder };
  const file = path.resolve(baseFolder, source);
  if (!/\.json$/i.test(source)) return { request: { data: source }, base: baseFolder };
  const text = await readText(file, largestJson);
  return { request: { config: parseJsonText(text, file), fileName: file }, base: path.dirname(file) };
}

/** What a config has to know of open data. */
export function shapeOf({ opened, validationSource }: OpenSource, asked: DataConfig): DataShape {
  return {
    ...opened,
    examples: splitCounts(opened.total ?? opened.all.count, asked, opened.test?.count).train,
    provenance: { source: opened.source, ...(validationSource === undefined ? {} : { validationSource }) },
  };
}

/** Whether two configs of the same source differ in how it is split only. */
export function readsTheSame(a: DataConfig, b: DataConfig): boolean {
  return isDeepStrictEqual(withoutSplit(a), withoutSplit(b));
}

/** Settings whose change means reading the data again; the path is known by now. */
function withoutSplit(data: DataConfig): object {
  // Not the seed, by which built-in points are drawn as well.
  return { ...data, validation: 0, limit: 0, source: '', validationSource: '' };
}
