import { parseStoredConfig } from '../config/parse';
import type { StoredConfig } from '../config/schema';
import { UserError } from '../base/user-error';
import type { Dataset } from '../data/dataset';
import type { MetricsRow } from '../protocol/run';
import type { NdArray } from '../protocol/tensors';
import {
  openSafetensors,
  readTensors,
  writeSafetensors,
  type SafetensorsEntry,
  type SafetensorsFile,
} from './safetensors';

const format = 'flowscope';
const formatVersion = 1;

/** Where the training data came from, so that a checkpoint can find them again and say what they were. */
export interface DataRecord {
  name: string;
  /** A built-in name or an absolute path. */
  source: string;
  rows: number;
  train: number;
  validation: number;
  shape: number[];
  featureNames?: string[];
  contextNames?: string[];
  labelNames?: string[];
  note: string;
}

/** A file of another library that was made into a flow of ours. */
export interface Origin {
  /** As docs/importing.md names it, for example "chrischute". */
  library: string;
  /** For people: "chrischute/real-nvp, 2 scales, 3 → 16 channels, 2 blocks". */
  title?: string;
  /** Name of the file, without its folder. */
  fileName: string;
  /** What the file does not hold and was taken from an answer or a default, in words: "image size 32×32 (default)". */
  assumptions: string[];
  /** What the library called the features and the numbers of the context, where the file says it. */
  featureNames?: string[];
  contextNames?: string[];
}

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
  /**
   * Vectors: subtracted from and divided out of the data before the flow, per feature and, behind these, per number of a
   * context.
   */
  standardize?: { mean: number[]; std: number[]; names?: string[]; contextNames?: string[] };
  data?: DataRecord;
}

export interface Checkpoint extends CheckpointHeader {
  /** Parameters and running statistics under their names in the flow. */
  tensors: Record<string, NdArray>;
}

export interface CheckpointInfoHeader extends CheckpointHeader {
  entries: Map<string, SafetensorsEntry>;
  bytes: number;
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

/** Of the features in their order, as the data or another library named them. */
export function featureNamesOf({
  standardize,
  data,
  origin,
}: Pick<CheckpointHeader, 'standardize' | 'data' | 'origin'>): string[] | undefined {
  return standardize?.names ?? data?.featureNames ?? origin?.featureNames;
}

/** Replaces the file atomically. */
export async function saveCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  const { config, step, seconds, metrics, standardize, data, origin, tensors } = checkpoint;
  const metadata: Record<string, string> = {
    format,
    format_version: String(formatVersion),
    config: JSON.stringify(config),
    step: String(step),
    seconds: String(seconds),
  };
  if (metrics) metadata.metrics = JSON.stringify(metrics);
  if (standardize) metadata.standardize = JSON.stringify(standardize);
  if (data) metadata.data = JSON.stringify(data);
  if (origin) metadata.origin = JSON.stringify(origin);
  await writeSafetensors(file, tensors, metadata);
}

/** @throws UserError for a file that is damaged, not ours, or of a newer version */
export async function loadCheckpoint(file: string): Promise<Checkpoint> {
  const opened = await openSafetensors(file);
  try {
    const header = readHeader(opened);
    return { ...header, tensors: await readTensors(opened) };
  } finally {
    await opened.close();
  }
}

/** What a checkpoint says of itself, without reading its tensors. */
export async function readCheckpointHeader(file: string): Promise<CheckpointInfoHeader> {
  const opened = await openSafetensors(file);
  try {
    return { ...readHeader(opened), entries: opened.tensors, bytes: opened.bytes };
  } finally {
    await opened.close();
  }
}

export function isOurs(metadata: Readonly<Record<string, string>>): boolean {
  return metadata.format === format;
}

function readHeader({ file, metadata }: SafetensorsFile): CheckpointHeader {
  if (!isOurs(metadata)) {
    throw new UserError(
      `${file}: is a safetensors file without a Flowscope model in it (its metadata lack format "${format}"). ` +
        `Open it to see its table of tensors.`,
    );
  }
  const version = Number(metadata.format_version);
  if (!Number.isInteger(version) || version < 1) {
    throw new UserError(`${file}: is damaged: format_version is ${JSON.stringify(metadata.format_version)}.`);
  }
  if (version > formatVersion) {
    throw new UserError(
      `${file}: was written by a newer version of Flowscope (format ${version}; this one reads up to ` +
        `${formatVersion}). Update Flowscope to open it.`,
    );
  }
  return {
    config: parseStoredConfig(metadata.config ?? '', `${file} (config)`),
    step: numberOf(metadata, 'step', file),
    seconds: numberOf(metadata, 'seconds', file),
    metrics: jsonOf<MetricsRow>(metadata, 'metrics', file),
    standardize: checkStandardize(jsonOf(metadata, 'standardize', file), file),
    data: jsonOf<DataRecord>(metadata, 'data', file),
    origin: jsonOf<Origin>(metadata, 'origin', file),
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

function jsonOf<T extends object>(
  metadata: Record<string, string>,
  key: string,
  file: string,
): T | undefined {
  const text = metadata[key];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T;
  } catch {
    // Said below.
  }
  throw new UserError(`${file}: is damaged: its metadata "${key}" is not a JSON object.`);
}

function checkStandardize(
  value: CheckpointHeader['standardize'],
  file: string,
): CheckpointHeader['standardize'] {
  if (!value) return undefined;
  const numbers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isFinite(n));
  const { mean, std } = value;
  if (!numbers(mean) || !numbers(std) || mean.length !== std.length || !std.every((s) => s > 0)) {
    throw new UserError(
      `${file}: is damaged: its standardization is not a mean and a positive deviation per feature.`,
    );
  }
  return value;
}
