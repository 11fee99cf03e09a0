import type * as v from 'valibot';
import { parseStoredConfig } from '../config/parse';
import type { StoredConfig } from '../config/schema';
import { UserError } from '../base/user-error';
import type { Dataset } from '../data/dataset';
import type { MetricsRow } from '../protocol/run';
import type { NdArray } from '../protocol/tensors';
import { dataRecordSchema, metricsSchema, originSchema, parseMetadata, standardizeSchema } from './metadata';
import { withSafetensors, writeSafetensors, type SafetensorsFile } from './tensors/safetensors';

export const checkpointFormat = 'flowscope';
export const checkpointVersion = 1;

/** Where the training data came from, so that a checkpoint can find them again and say what they were. */
export type DataRecord = v.InferOutput<typeof dataRecordSchema>;
/** A file of another library that was converted to our format. */
export type Origin = v.InferOutput<typeof originSchema>;

/** Everything of a checkpoint but its tensors. */
export interface CheckpointHeader {
  config: StoredConfig;
  /** Where a flow that was trained elsewhere comes from. */
  origin?: Origin;
  /** Optimizer steps done. */
  step: number;
  /** Seconds of training. */
  seconds: number;
  metrics?: MetricsRow;
  standardize?: v.InferOutput<typeof standardizeSchema>;
  data?: DataRecord;
}

/** What is the same for all checkpoints of a run. */
export type RunHeader = Omit<CheckpointHeader, 'step' | 'seconds' | 'metrics'>;

export interface Checkpoint extends CheckpointHeader {
  /** Parameters and running statistics under their names in the flow. */
  tensors: Record<string, NdArray>;
}

export function describeData(dataset: Dataset): DataRecord {
  return {
    name: dataset.name,
    source: dataset.provenance.source,
    rows: dataset.provenance.rows,
    train: dataset.train.count,
    validation: dataset.validation.count,
    shape: dataset.shape,
    featureNames: dataset.featureNames,
    contextNames: dataset.contextNames,
    labelNames: dataset.labelNames,
    note: dataset.provenance.note,
  };
}

/** Names of the features in their order, from the data or from another library. */
export function featureNamesOf({
  standardize,
  data,
  origin,
}: Pick<CheckpointHeader, 'standardize' | 'data' | 'origin'>): string[] | undefined {
  return standardize?.names ?? data?.featureNames ?? origin?.featureNames;
}

/** Replaces the file atomically. */
export async function saveCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  const { step, seconds, metrics, tensors } = checkpoint;
  await writeSafetensors(file, tensors, {
    ...checkpointMetadata(checkpoint),
    step: String(step),
    seconds: String(seconds),
    ...(metrics ? { metrics: JSON.stringify(metrics) } : {}),
  });
}

/** What all checkpoints of a run say of themselves. */
export function checkpointMetadata({ config, standardize, data, origin }: RunHeader): Record<string, string> {
  const metadata: Record<string, string> = {
    format: checkpointFormat,
    format_version: String(checkpointVersion),
    config: JSON.stringify(config),
  };
  if (standardize) metadata.standardize = JSON.stringify(standardize);
  if (data) metadata.data = JSON.stringify(data);
  if (origin) metadata.origin = JSON.stringify(origin);
  return metadata;
}

/** What a checkpoint says of itself. @throws UserError for a file that is damaged, not ours, or of a newer version */
export const readCheckpointHeader = (file: string): Promise<CheckpointHeader> =>
  withSafetensors(file, readHeader);

export function isCheckpoint(metadata: Readonly<Record<string, string>>): boolean {
  return metadata.format === checkpointFormat;
}

/** The same of an open file. */
export function readHeader({ file, metadata }: SafetensorsFile): CheckpointHeader {
  if (!isCheckpoint(metadata)) {
    throw new UserError(
      `${file}: is a safetensors file without a Flowscope model in it (its metadata lack format "${checkpointFormat}"). ` +
        `Open it to see its table of tensors.`,
    );
  }
  const version = Number(metadata.format_version);
  if (!Number.isInteger(version) || version < 1)
    throw new UserError(`${file}: is damaged: format_version is ${JSON.stringify(metadata.format_version)}.`);
  if (version > checkpointVersion) {
    throw new UserError(
      `${file}: was written by a newer version of Flowscope (format ${version}; this one reads up to ` +
        `${checkpointVersion}). Update Flowscope to open it.`,
    );
  }
  const jsonOf = <S extends v.GenericSchema>(schema: S, key: string): v.InferOutput<S> | undefined => {
    const text = metadata[key];
    return text === undefined ? undefined : parseMetadata(schema, text, { file, key });
  };
  return {
    config: parseStoredConfig(metadata.config ?? '', `${file} (config)`),
    step: numberOf(metadata, 'step', file),
    seconds: numberOf(metadata, 'seconds', file),
    metrics: jsonOf(metricsSchema, 'metrics'),
    standardize: jsonOf(standardizeSchema, 'standardize'),
    data: jsonOf(dataRecordSchema, 'data'),
    origin: jsonOf(originSchema, 'origin'),
  };
}

function numberOf(metadata: Record<string, string>, key: string, file: string): number {
  const value = Number(metadata[key] ?? NaN);
  if (!Number.isFinite(value) || value < 0) {
    throw new UserError(
      `${file}: is damaged: ${key} is ${JSON.stringify(metadata[key])}; expected a number.`,
    );
  }
  return value;
}
