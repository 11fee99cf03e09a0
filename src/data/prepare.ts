import { isDeepStrictEqual } from 'node:util';
import { buildRunConfig, requestedData, type RunRequest } from '../config/build';
import type { RunConfig } from '../config/schema';
import type { Dataset } from './dataset';
import { openDataset } from './open';

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
  const dataset = await openDataset(asked, baseFolder);
  const config = buildRunConfig(request, dataset);
  // The preset that suits the data may want them split otherwise.
  const same = isDeepStrictEqual({ ...asked, source: '' }, { ...config.data, source: '' });
  return { config, dataset: same ? dataset : await openDataset(config.data, baseFolder) };
}
