/** What our own ONNX files say of the flow that they were made from. */
import * as v from 'valibot';
import { defined } from '../../base/defined';
import type { CheckpointHeader } from '../../checkpoint/checkpoint';
import { parseMetadata, standardizeSchema } from '../../checkpoint/metadata';
import { parseStoredConfig } from '../../config/parse';
import { type StoredConfig, hasLogit } from '../../config/schema';
import { UserError } from '../../base/user-error';
import { lowestShare } from '../../flow/preprocess';

const format = 'flowscope';
const formatVersion = 1;

export type OnnxPart = 'forward' | 'inverse' | 'sample';

export interface OnnxMetadata {
  part: OnnxPart;
  /** The same in the files of one export. */
  set?: string;
  config: StoredConfig;
  standardize?: CheckpointHeader['standardize'];
  step: number;
  /** Names of the couplings, which the columns of `logdet_layers` belong to. */
  couplings: string[];
  /** What is trained of the base distribution, by name. */
  base?: Readonly<Record<string, readonly number[]>>;
}

const couplingsSchema = v.array(v.string());
const baseSchema = v.record(v.string(), v.array(v.number()));

/** For `metadata_props`: texts that a person can read too. */
export function writeMetadata(metadata: OnnxMetadata, ports: Record<string, string>): Record<string, string> {
  const { part, set, config, standardize, step, couplings, base } = metadata;
  return {
    format,
    format_version: String(formatVersion),
    part,
    ...defined({ set }),
    architecture: 'RealNVP',
    layout: 'NHWC',
    ...Object.fromEntries(Object.entries(ports).map(([name, about]) => [`about.${name}`, about])),
    preprocessing: preprocessingOf(config, standardize),
    step: String(step),
    couplings: JSON.stringify(couplings),
    ...(standardize ? { standardize: JSON.stringify(standardize) } : {}),
    ...(base ? { base: JSON.stringify(base) } : {}),
    config: JSON.stringify(config),
  };
}

function preprocessingOf({ model }: StoredConfig, standardize: CheckpointHeader['standardize']): string {
  if (model.kind === 'vector') {
    if (!standardize) return 'none';
    const before = standardize.transforms ? 'single columns by their "transforms", then ' : '';
    return `${before}(x - mean) / std per feature, inside the graph; mean and std are in "standardize"`;
  }
  const { dataConstraint, dataRange, levels } = model;
  const noisy = `${model.pad} zero pixels added at each edge; v = pixel + uniform noise in [0, 1); `;
  if (!hasLogit(dataConstraint))
    return `${noisy}x = v / ${levels}${dataConstraint === 'centered' ? ' - 0.5' : ''}`;
  const low = Number(lowestShare(dataConstraint, dataRange).toPrecision(12));
  return `${noisy}p = ${low} + ${dataRange} * v / ${levels}; x = ln(p) - ln(1 - p)`;
}

/**
 * Undefined for a file that Flowscope did not write.
 * @throws UserError when it says that it is, but cannot be understood
 */
export function readMetadata(
  file: string,
  metadata: Readonly<Record<string, string>>,
): OnnxMetadata | undefined {
  if (metadata['format'] !== format) return undefined;
  const version = Number(metadata['format_version']);
  if (version !== formatVersion) {
    throw new UserError(
      `${file}: was written by another version of Flowscope (format ${metadata['format_version']}; this one reads ` +
        `${formatVersion}). Update Flowscope to open it.`,
    );
  }
  const part = metadata['part'];
  if (part !== 'forward' && part !== 'inverse' && part !== 'sample') {
    throw new UserError(
      `${file}: is damaged: its part is ${JSON.stringify(part)}; expected forward, inverse or sample.`,
    );
  }
  const json = <S extends v.GenericSchema>(schema: S, key: string): v.InferOutput<S> | undefined => {
    const text = metadata[key];
    return text === undefined ? undefined : parseMetadata(schema, text, { file, key });
  };
  return {
    part,
    config: parseStoredConfig(metadata['config'] ?? '', `${file} (config)`),
    step: Number(metadata['step'] ?? 0) || 0,
    couplings: json(couplingsSchema, 'couplings') ?? [],
    ...defined({
      set: metadata['set'],
      standardize: json(standardizeSchema, 'standardize'),
      base: json(baseSchema, 'base'),
    }),
  };
}
