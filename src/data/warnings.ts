/** What is worth knowing of data before a flow is trained on them. */
import { several } from '../base/text';
import { largestOf, largestWhole, mayBeRounded, varies } from '../base/variation';
import type { DataConfig, RunConfig } from '../config/schema';
import { withPoint } from './decimal-comma';
import { namesOfDamaged } from './images/damaged';
import type { FeatureStatistics } from './feature-statistics';
import type { Opened } from './opened';

/** Fewer examples are learned by heart. */
const fewExamples = 500;
/** A feature with fewer values than this in many rows is not continuous. */
const fewValues = 64;
const outlier = 30;
/** Fewer numbers in steps may be chance. */
const fewestInSteps = 50;
/** Deviations. */
const farFromZero = 20;
/** Of the deviation: what float32 may round off. */
const mostRounded = 0.01;
/** "id", "Order No.", "customer_id", "rowId". */
const identifierNames = [/(^|[\s_.-])(id|no\.?|nr\.?|uuid)$/i, /^(index|key)$/i, /[a-z\d]I[Dd]$/];
/** Pixels of an image beyond which a step on a processor takes seconds. */
const largeImage = 128 * 128;

/** What warnings are made of. */
export interface Facts {
  features?: readonly FeatureFacts[];
  /** Images: whether all channels were equal everywhere. */
  gray?: boolean;
  largest: number;
}

interface FeatureFacts extends Pick<
  FeatureStatistics,
  'name' | 'min' | 'max' | 'mean' | 'std' | 'whole' | 'step'
> {
  /** All values are missing. */
  empty: boolean;
  /** Different values that were seen; undefined when there were many. */
  distinct?: number;
  count: number;
  /** Largest distance from the mean, in deviations. */
  farthest: number;
}

interface Looked {
  opened: Opened;
  data: DataConfig;
  /** Absent when training would refuse the data. */
  config: RunConfig | undefined;
  counts: { train: number; validation: number };
  /** Examples in the source. */
  total: number;
  facts: Facts;
}

export function findWarnings({ opened, data, config, counts, total, facts }: Looked): string[] {
  const warnings: string[] = [];
  const { kind, shape, levels = 256 } = opened;
  if (counts.train < fewExamples) {
    warnings.push(
      `Only ${several(counts.train, 'example')} for training: the flow may memorize them. Watch the validation curve.`,
    );
  }
  if (counts.validation === 0) {
    warnings.push(
      'No examples are held out, so overfitting cannot be detected. Hold some out (data.validation).',
    );
  }
  warnings.push(...ofDecimalCommas(opened));
  warnings.push(...ofGaps(opened, data));
  warnings.push(...(kind === 'vector' ? ofFeatures(facts.features ?? [], data, total) : ofImages()));
  const bytes = total * opened.all.size * (kind === 'image' ? 1 : 4);
  if (bytes > data.memory * 2 ** 20) {
    warnings.push(
      `The data take ${mebibytes(bytes)}, more than the ${data.memory} MiB that they may (data.memory): examples are read from disk during training.`,
    );
  }
  return warnings;

  function ofImages(): string[] {
    const [height = 0, width = 0, channels = 1] = shape;
    const found: string[] = [];
    const { damaged = [] } = opened;
    if (damaged.length > 0) {
      const some = opened.total === undefined ? '' : ' of those that were looked at';
      found.push(
        `${several(damaged.length, 'image')}${some} cannot be read: ${namesOfDamaged(damaged)}. Training leaves out all such images.`,
      );
    }
    if (levels > 4 && facts.largest < levels / 4) {
      found.push(
        `Pixels only reach ${facts.largest} of ${levels - 1}: were they saved in another range? The flow models ` +
          `${levels} levels.`,
      );
    }
    if (facts.gray)
      found.push('All channels are equal. Read as gray (data.color "gray"), they are a third of the work.');
    const pad = config?.model.kind === 'image' ? config.model.pad : 0;
    if (pad > 0 && config?.model.kind === 'image') {
      const { scales, architecture, layers } = config.model;
      const halvings = architecture === 'glow' ? scales : scales - 1;
      found.push(
        `${height}×${width} pixels are padded to ${height + 2 * pad}×${width + 2 * pad}` +
          (layers ? '.' : `, since ${scales} scales halve them ${several(halvings, 'time')}.`),
      );
    }
    if (height * width > largeImage) {
      found.push(
        `Images of ${height}×${width}×${channels} are large for a RealNVP: a step takes seconds on a CPU. ` +
          'Choose a smaller size (--image-size, or data.size in a config).',
      );
    }
    return found;
  }
}

function ofDecimalCommas({ decimalCommas = [] }: Opened): string[] {
  const [first] = decimalCommas;
  if (!first) return [];
  const { example } = first;
  return [
    `${named(decimalCommas)} ${decimalCommas.length > 1 ? 'have' : 'has'} decimal commas: ${example} was read as ${withPoint(example)}.`,
  ];
}

function ofGaps({ gaps }: Opened, { missing }: DataConfig): string[] {
  if (!gaps || gaps.rows === 0 || missing !== 'error') return [];
  const count = `${gaps.rows.toLocaleString('en')} of ${gaps.of.toLocaleString('en')} rows have gaps`;
  return [
    `${count}, which training refuses: leave out these rows (--missing drop, data.missing "drop"), or fill the gaps with the ` +
      'mean of the training rows (--missing mean, data.missing "mean").',
  ];
}

function mebibytes(bytes: number): string {
  return bytes < 2 ** 30 ? `${Math.ceil(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function ofFeatures(features: readonly FeatureFacts[], data: DataConfig, total: number): string[] {
  const found: string[] = [];
  const empty = features.filter((feature) => feature.empty);
  if (empty.length > 0)
    found.push(
      `${named(empty)} ${empty.length > 1 ? 'have' : 'has'} no values. Leave ${empty.length > 1 ? 'them' : 'it'} out.`,
    );
  const still = features.filter((feature) => !feature.empty && !varies(feature));
  const constant = still.filter((feature) => !mayBeRounded(feature));
  if (constant.length > 0) {
    found.push(
      `${named(constant)} ${constant.length > 1 ? 'do' : 'does'} not vary, but a density needs columns that vary. Leave ` +
        `${constant.length > 1 ? 'them' : 'it'} out (--exclude, data.exclude).`,
    );
  }
  const rounded = still.filter(mayBeRounded);
  if (rounded.length > 0) {
    const [vary, their, them] = rounded.length > 1 ? ['vary', 'their', 'them'] : ['varies', 'its', 'it'];
    found.push(
      `${named(rounded)} ${vary} too little beside ${their} size for float32 to tell ${their} values apart. ` +
        `Subtract what all have in common first, or leave ${them} out (--exclude, data.exclude).`,
    );
  }
  const discrete = features.filter(
    (feature) =>
      !still.includes(feature) &&
      feature.distinct !== undefined &&
      feature.distinct < fewValues &&
      feature.count > 8 * feature.distinct,
  );
  if (discrete.length > 0) {
    found.push(
      `${named(discrete)} ${discrete.length > 1 ? 'take' : 'takes'} few different values ` +
        `(${discrete
          .map(({ distinct }) => distinct)
          .slice(0, 4)
          .join(', ')}): a continuous density can grow without ` +
        'limit. Leave such columns out, or add noise to them' +
        `${data.labelColumn === undefined ? '; a class is better as the label (--label-column, data.labelColumn)' : ''}.`,
    );
  }
  const names = features.filter((feature) => isIdentifier(feature, total));
  if (names.length > 0) {
    found.push(
      `${named(names)} ${names.length > 1 ? 'seem' : 'seems'} to number or name the rows, and a density learns nothing from that. ` +
        `Leave ${names.length > 1 ? 'them' : 'it'} out (--exclude, data.exclude).`,
    );
  }
  const large = features.filter(
    (feature) => losesDigits(feature) && !names.includes(feature) && !still.includes(feature),
  );
  if (large.length > 0) {
    found.push(
      `${named(large)} ${large.length > 1 ? 'have' : 'has'} numbers of more digits than a flow reads, which are about 7: rows that differ only in ` +
        `later ones become equal. Leave ${large.length > 1 ? 'them' : 'it'} out (--exclude, data.exclude), or subtract what all have in common first.`,
    );
  }
  const far = features.filter(({ farthest }) => farthest > outlier);
  if (far.length > 0) {
    found.push(
      `${named(far)} ${far.length > 1 ? 'have' : 'has'} values more than ${outlier} standard deviations from the mean: check for ` +
        'errors, or take a logarithm.',
    );
  }
  return found;
}

function isIdentifier(
  { name, min, max, whole, step, distinct, count }: FeatureFacts,
  total: number,
): boolean {
  if (!whole || max === min) return false;
  const inSteps = step !== undefined && count >= fewestInSteps && (max - min) / step < 2 * total;
  return inSteps || (distinct === undefined && identifierNames.some((pattern) => pattern.test(name)));
}

/** Values are read as float32, in which all large ones are whole: far from zero beside their spread, they are taken for numbers of something. */
function losesDigits({ min, max, mean, std }: FeatureFacts): boolean {
  const largest = largestOf({ min, max });
  const isFar = largest > largestWhole && Math.abs(mean) > farFromZero * std;
  return std > 0 && (isFar || largest * 2 ** -24 > mostRounded * std);
}

function named(features: readonly { name: string }[]): string {
  const shown = features
    .slice(0, 5)
    .map(({ name }) => `"${name}"`)
    .join(', ');
  const more = features.length > 5 ? ` and ${features.length - 5} more` : '';
  return `Column${features.length > 1 ? 's' : ''} ${shown}${more}`;
}
