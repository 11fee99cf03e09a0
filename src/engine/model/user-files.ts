/** Files and folders of the user's as examples of an open model. */
import path from 'node:path';
import { parseDataConfig } from '../../config/parse';
import type { DataConfig, ImageModelConfig, ModelConfig } from '../../config/schema';
import { pendingOf } from '../../base/kept';
import { UserError } from '../../base/user-error';
import { detectFormat } from '../../data/open/detect';
import { quantizeSamples } from '../../data/images/fit';
import { keepsGeometry } from '../../data/picture';
import { joined } from '../../data/records';
import { openSource, type OpenSource } from '../../data/open/open';
import { squares } from '../../protocol/engine';

/** Examples in the units and the shape that the model takes, padding left out. */
type UserData = ReturnType<typeof userData>;

export type UserFiles = ReturnType<typeof createUserFiles>;

/** Others are closed when more are opened, the oldest first. */
const keptOpen = 4;

/** @param data of the model: other data are read as these were */
export function createUserFiles(data: DataConfig | undefined) {
  const files = new Map<string, Promise<UserData>>();
  const close = async (file: string): Promise<void> => {
    const closing = files.get(file);
    files.delete(file);
    await (await closing?.catch(() => undefined))?.close();
  };
  return {
    /** Opened once, and kept open. @throws UserError for what does not fit the model */
    async openFile(file: string, model: ModelConfig) {
      const opening = pendingOf(files, file, () => openUserFile(file, model, data));
      for (const old of [...files.keys()].slice(0, Math.max(0, files.size - keptOpen))) await close(old);
      return opening;
    },
    async closeFiles() {
      await Promise.all([...files.keys()].map(close));
    },
  };
}

async function openUserFile(
  file: string,
  model: ModelConfig,
  data: DataConfig | undefined,
): Promise<UserData> {
  if (!path.isAbsolute(file))
    throw new UserError(`${file}: is not an absolute path; choose the file or folder again.`);
  return model.kind === 'image' ? openImagesOf(file, model, data) : openRowsOf(file, model.dim, data);
}

/** The settings of the model's data for other ones. */
export function asSource(file: string, data: DataConfig | undefined): DataConfig {
  const config = {
    ...(data ?? parseDataConfig({ source: file }, file)),
    source: file,
    format: 'auto' as const,
  };
  delete config.validationSource;
  delete config.damaged;
  return config;
}

async function openRowsOf(file: string, dim: number, data: DataConfig | undefined): Promise<UserData> {
  // The columns of the training data first; a file of other software may be named and ordered otherwise.
  let reason: unknown;
  for (const config of data
    ? [asSource(file, data), asSource(file, undefined)]
    : [asSource(file, undefined)]) {
    let source: OpenSource | undefined;
    try {
      source = await openSource(config, path.dirname(file));
      const { kind, shape } = source.opened;
      if (kind === 'vector' && shape[0] === dim) return userData(source);
      reason ??= new UserError(
        `${file}: holds ${kind === 'vector' ? `rows of ${shape[0]} numbers` : 'images'}; the model takes rows of ${dim}.`,
      );
    } catch (error) {
      reason ??= error;
    }
    await source?.close();
  }
  throw reason;
}

async function openImagesOf(
  file: string,
  model: ImageModelConfig,
  data: DataConfig | undefined,
): Promise<UserData> {
  const { height, width, channels } = model;
  const format = await detectFormat(file);
  const changesGeometry = data && !keepsGeometry(data);
  const color = channels === 1 ? 'gray' : channels === 3 ? 'rgb' : 'auto';
  const plain: DataConfig = { ...asSource(file, undefined), color };
  // Cut to a square and scaled, unless the model's own data say otherwise; what has the right size stays as it is.
  const fitted: DataConfig = changesGeometry
    ? {
        ...asSource(file, data),
        crop: data.crop === 'random' ? 'center' : data.crop,
        bits: 8,
        color: plain.color,
      }
    : height === width
      ? { ...plain, ...squares(height) }
      : plain;
  let shape: number[] | undefined;
  // Arrays may have another number of levels, and cannot be scaled then.
  for (const config of format === 'images' ? [fitted] : [{ ...plain, color: 'auto' as const }, fitted]) {
    const source = await openSource(config, path.dirname(file));
    const { kind, levels = 256 } = source.opened;
    shape = source.opened.shape;
    if (kind === 'image' && shape.join() === [height, width, channels].join())
      return userData(source, quantizer(file, levels, model.levels));
    await source.close();
    if (kind !== 'image') break;
  }
  throw new UserError(
    `${file}: holds examples of ${shape?.join('×')}; the model takes ${height}×${width}×${channels}.`,
  );
}

/** @throws UserError where one set of levels does not say what the other would be */
function quantizer(
  file: string,
  from: number,
  to: number,
): ((values: Float32Array) => Float32Array) | undefined {
  if (from === to) return undefined;
  if (from !== 256)
    throw new UserError(`${file}: its pixels have ${from} levels; the model takes ${to}, or 256 to reduce.`);
  return (values) => quantizeSamples(values, to);
}

/** What a source holds out by itself comes after the rest. */
function userData(source: OpenSource, convert = (values: Float32Array): Float32Array => values) {
  const { all, test, shape, contextNames } = source.opened;
  const rows = joined(test ? [all, test] : [all]);
  const { count } = rows;
  return {
    count,
    /** Shape of one example, without its context. */
    shape,
    contextNames,
    /** [n, …] row-major, each with its context behind it where there is one. @throws UserError for an example that cannot be read */
    async read(indices: readonly number[], signal?: AbortSignal) {
      const wrong = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= count);
      if (wrong !== undefined) {
        throw new UserError(
          `${source.opened.source}: example ${wrong} was asked for; there are ${count}, numbered from 0.`,
        );
      }
      return convert(await rows.read(indices, { signal }));
    },
    close: () => source.close(),
  };
}
