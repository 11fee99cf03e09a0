/** The data that a model was trained on, found again when first needed. */
import { exists } from '../../base/exists';
import path from 'node:path';
import type { CheckpointHeader } from '../../checkpoint/checkpoint';
import { UserError, shortened } from '../../base/user-error';
import { contextSizeOf, modelContext } from '../../config/context-size';
import type { Dataset } from '../../data/dataset';
import { builtinNames, openDataset } from '../../data/open/open';
import type { SplitInfo } from '../../protocol/model';
import { createUserFiles, type UserFiles } from './user-files';
import type { DataConfig } from '../../config/schema';

export interface ModelData extends UserFiles {
  /**
   * What can be shown of the data, without reading them where the checkpoint has their counts. Empty with a reason when
   * they are not there.
   */
  splits(): Promise<{ splits: SplitInfo[]; reason?: string }>;
  /** @throws UserError when the data are not there or do not fit the model */
  open(): Promise<Dataset>;
  /** Closes the data if they were opened; they are opened again when needed. */
  close(): Promise<void>;
}

const noData = 'The file does not say which data its flow was trained on.';

export function createModelData(header: CheckpointHeader, baseFolder: string): ModelData {
  const { config, data: record } = header;
  const { target } = config.training;
  let opened: Promise<Dataset> | undefined;
  const open = async (): Promise<Dataset> => {
    if (!config.data) throw new UserError(target ? `It was trained on the target ${target} alone.` : noData);
    refuseRemote(config.data, baseFolder);
    opened ??= openDataset(config.data, baseFolder).then(async (dataset) => {
      try {
        checkFits(dataset, header);
      } catch (error) {
        await dataset.close();
        throw error;
      }
      return dataset;
    });
    // Data that come back (a drive, a file) are found at the next try.
    opened.catch(() => (opened = undefined));
    return opened;
  };
  const files = createUserFiles(config.data);
  return {
    ...files,
    open,
    async close() {
      await files.closeFiles();
      const closing = opened;
      opened = undefined;
      await (await closing?.catch(() => undefined))?.close();
    },
    async splits() {
      try {
        if (config.data) refuseRemote(config.data, baseFolder);
        const counts =
          record && config.data && (await isThere(config.data.source, baseFolder))
            ? { train: record.train, validation: record.validation }
            : await open().then(({ train, validation }) => ({
                train: train.count,
                validation: validation.count,
              }));
        const splits = [
          { name: 'train' as const, count: counts.train },
          { name: 'validation' as const, count: counts.validation },
        ];
        return { splits: splits.filter(({ count }) => count > 0) };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { splits: [], reason: `The data of this run cannot be read. ${error.message}` };
      }
    },
  };
}

async function isThere(source: string, baseFolder: string): Promise<boolean> {
  return builtinNames.includes(source) || exists(path.resolve(baseFolder, source));
}

function checkFits(dataset: Dataset, { config }: CheckpointHeader): void {
  const { model } = config;
  const expected = model.kind === 'vector' ? [model.dim] : [model.height, model.width, model.channels];
  const context = modelContext(model);
  const dataContext = contextSizeOf(dataset);
  if (dataset.kind === model.kind && dataset.shape.join() === expected.join()) {
    if (dataContext === context) return;
    throw new UserError(
      `${dataset.provenance.source}: comes with a context of ${dataContext}; the model takes ${context}. ` +
        'The file was changed since the model was trained.',
    );
  }
  throw new UserError(
    `${dataset.provenance.source}: holds examples of ${dataset.shape.join('×')}; the model takes ${expected.join('×')}. ` +
      'The file was changed since the model was trained.',
  );
}

/**
 * On Windows, looking at a path of another machine signs in there with the user's name and password's hash, and a path of a
 * device waits for it. Neither is done for a path out of a file, unless the file itself lies on that share.
 * @param paths Windows' or the other rules; of this system by default
 * @throws UserError that says what to do
 */
export function refuseRemote(
  {
    source,
    validationSource,
    contextSource,
  }: Pick<DataConfig, 'source' | 'validationSource' | 'contextSource'>,
  baseFolder: string,
  paths: Pick<typeof path, 'resolve' | 'parse'> = path,
): void {
  const rootOf = (file: string): string => paths.parse(paths.resolve(file)).root.toLowerCase();
  for (const named of [source, validationSource, contextSource]) {
    if (named === undefined) continue;
    const root = rootOf(paths.resolve(baseFolder, named));
    if (!root.startsWith('\\\\') || root === rootOf(baseFolder)) continue;
    throw new UserError(
      `The file names data on another machine or a device (${shortened(named)}), which are not looked for. Copy them to this ` +
        'machine and choose the copy.',
    );
  }
}
