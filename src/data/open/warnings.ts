/** What is worth knowing of data before a flow is trained on them. */
import { several } from '../../base/user-error';
import { largestOf, largestWhole, mayBeRounded, varies } from '../../base/variation';
import type { DataConfig, RunConfig } from '../../config/schema';
import type { Limit, RefusedColumn, ValueFinding } from '../../protocol/data';
import { offeredMap } from '../../protocol/offered-map';
import { isBuiltin } from './open';
import { fewest } from '../split';
import { withPoint } from '../decimal-comma';
import { namesOfDamaged } from '../damaged';
import type { FeatureStatistics } from '../feature-statistics';
import type { Opened } from '../opened';
import type { Ragged } from '../rows';

/** Fewer examples are learned by heart. */
const fewExamples = 500;
/** A feature with fewer values than this in many rows is not continuous. */
const fewValues = 64;
/** Deviations from the mean, and distances between the quartiles from the nearest of them. */
const outlier = 30;
const outlierOfQuartiles = 100;
/** Deviations. */
const farFromZero = 20;
/** Share of the deviation that float32 may round off. */
const mostRounded = 0.01;
/** Columns that a sentence names. */
const mostNamed = 5;
/** Pixels of an image beyond which a step on a processor takes seconds. */
const largeImage = 128 * 128;

/** What warnings are made of. */
export interface Facts {
  features?: readonly FeatureFacts[];
  /** Images: whether all channels were equal everywhere. */
  gray?: boolean;
  largest: number;
}

interface FeatureFacts extends Omit<FeatureStatistics, 'histogram'> {
  /** Rows that were looked at. */
  count: number;
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
  if (counts.train < fewest) {
    warnings.push(
      `Training refuses so few examples: ${counts.train} would be left for it, and it needs ${fewest}.`,
    );
  } else if (counts.train < fewExamples) {
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
  warnings.push(...(kind === 'vector' ? ofFeatures(facts.features ?? [], data) : ofImages()));
  const bytes = total * opened.all.size * (kind === 'image' ? 1 : 4);
  if (bytes > data.memory * 2 ** 20) {
    warnings.push(
      `The data take ${mebibytes(bytes)}, more than the ${data.memory} MiB that they may (data.memory): examples are read from disk during training.`,
    );
  }
  return warnings;

  function ofImages(): string[] {
    const [height = 0, width = 0, channels = 1] = shape;
    const warnings: string[] = [];
    const { damaged = [] } = opened;
    if (damaged.length > 0) {
      const some = opened.total === undefined ? '' : ' of those that were looked at';
      warnings.push(
        `${several(damaged.length, 'image')}${some} cannot be read: ${namesOfDamaged(damaged)}. Training leaves out all such images.`,
      );
    }
    if (levels > 4 && facts.largest < levels / 4) {
      warnings.push(
        `Pixels only reach ${facts.largest} of ${levels - 1}: were they saved in another range? The flow models ` +
          `${levels} levels.`,
      );
    }
    if (facts.gray)
      warnings.push(
        'All channels are equal. Read as gray (data.color "gray"), they are a third of the work.',
      );
    const pad = config?.model.kind === 'image' ? config.model.pad : 0;
    if (pad > 0 && config?.model.kind === 'image') {
      const { scales, architecture, layers } = config.model;
      const halvings = architecture === 'glow' ? scales : scales - 1;
      warnings.push(
        `${height}×${width} pixels are padded to ${height + 2 * pad}×${width + 2 * pad}` +
          (layers ? '.' : `, since ${scales} scales halve them ${several(halvings, 'time')}.`),
      );
    }
    if (height * width > largeImage) {
      warnings.push(
        `Images of ${height}×${width}×${channels} are large for a RealNVP: a step takes seconds on a CPU. ` +
          'Choose a smaller size (--image-size, or data.size in a config).',
      );
    }
    return warnings;
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

/** All columns that training refuses, and rows that do not fit the table. */
export function ofRefused(refused: readonly RefusedColumn[] = [], ragged?: Ragged): string[] {
  const warnings: string[] = [];
  if (refused.length > 0) {
    const shown = refused.map(({ name, rows, example, where }) => {
      if (where === undefined) return `"${name}" (${example})`;
      const others =
        rows > 1 ? ` and ${several(rows - 1, 'other row', (rows - 1).toLocaleString('en'))}` : '';
      return `"${name}" (${JSON.stringify(example)} in ${where}${others})`;
    });
    const [columns, hold, them] =
      refused.length > 1 ? ['columns', 'hold', 'them'] : ['column', 'holds', 'it'];
    warnings.push(
      `Training refuses ${refused.length} ${columns} that ${hold} other than finite numbers: ${shown.join(', ')}. Make a class the label ` +
        `(--label-column, data.labelColumn), leave ${them} out (--exclude, data.exclude), or correct the values.`,
    );
  }
  if (ragged) {
    const { rows, where, columns, expected } = ragged;
    warnings.push(
      `Training refuses ${several(rows, 'row')} with another number of columns than the first: ${where} has ${columns}, not ${expected}. ` +
        'Correct or remove them.',
    );
  }
  return warnings;
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

function ofFeatures(features: readonly FeatureFacts[], data: DataConfig): string[] {
  const warnings: string[] = [];
  const empty = features.filter(({ min }) => Number.isNaN(min));
  if (empty.length > 0)
    warnings.push(
      `${named(empty)} ${empty.length > 1 ? 'have' : 'has'} no values. Leave ${empty.length > 1 ? 'them' : 'it'} out (--exclude, data.exclude).`,
    );
  const still = features.filter((feature) => !empty.includes(feature) && !varies(feature));
  const constant = still.filter((feature) => !mayBeRounded(feature));
  if (constant.length > 0) {
    warnings.push(
      `${named(constant)} ${constant.length > 1 ? 'do' : 'does'} not vary, but a density needs columns that vary. Leave ` +
        `${constant.length > 1 ? 'them' : 'it'} out (--exclude, data.exclude).`,
    );
  }
  const rounded = still.filter(mayBeRounded);
  if (rounded.length > 0) {
    const [vary, their, them] = rounded.length > 1 ? ['vary', 'their', 'them'] : ['varies', 'its', 'it'];
    warnings.push(
      `${named(rounded)} ${vary} too little beside ${their} size for float32 to tell ${their} values apart. ` +
        `Subtract what all have in common first, or leave ${them} out (--exclude, data.exclude).`,
    );
  }
  // Integers that noise is added to have a density as other numbers do.
  const withoutNoise = features.filter(
    (feature) => !still.includes(feature) && !data.transforms?.[feature.name]?.startsWith('dequantize'),
  );
  const wholes = withFinding(withoutNoise, 'few values');
  if (wholes.length > 0) {
    const [take, them, their] = wholes.length > 1 ? ['take', 'them', 'their'] : ['takes', 'it', 'its'];
    warnings.push(
      `${named(wholes.map(([feature]) => feature))} ${take} few whole numbers (${fewOf(wholes.map(([, { distinct }]) => distinct))}), ` +
        `as classes and small counts do. Modeled as numbers, ${their} density can ` +
        `grow without limit: give ${them} to the flow as a condition (--condition, data.contextColumns), ` +
        (data.labelColumn === undefined
          ? 'make a class the label (--label-column, data.labelColumn), '
          : '') +
        `leave ${them} out (--exclude, data.exclude), or add noise that samples are free of: ${mapsText(offersOf(wholes.map(([feature]) => feature)))}.`,
    );
  }
  const shared = withoutNoise.filter(
    (feature) => feature.wholeNumbers !== undefined && !wholes.some(([other]) => other === feature),
  );
  if (shared.length > 0) {
    warnings.push(
      `${named(shared)} ${shared.length > 1 ? 'hold' : 'holds'} whole numbers that rows share (${fewOf(shared.map(({ wholeNumbers }) => wholeNumbers!))} ` +
        'different), where a continuous density can grow without limit. Better train with noise that samples are free of: ' +
        `${mapsText(offersOf(shared))}.`,
    );
  }
  const discrete = withoutNoise.filter(
    (feature) =>
      !shared.includes(feature) &&
      !wholes.some(([other]) => other === feature) &&
      feature.distinct !== undefined &&
      feature.distinct < fewValues &&
      feature.count > 8 * feature.distinct,
  );
  if (discrete.length > 0) {
    warnings.push(
      `${named(discrete)} ${discrete.length > 1 ? 'take' : 'takes'} few different values ` +
        `(${fewOf(discrete.map(({ distinct }) => distinct!))}): a continuous density can grow without ` +
        'limit. Leave such columns out, or add noise to them.',
    );
  }
  const names = withFinding(features, 'row number').map(([feature]) => feature);
  if (names.length > 0) {
    warnings.push(
      `${named(names)} ${names.length > 1 ? 'seem' : 'seems'} to number or name the rows, and a density learns nothing from that. ` +
        `Leave ${names.length > 1 ? 'them' : 'it'} out (--exclude, data.exclude).`,
    );
  }
  const large = features.filter(
    (feature) => losesDigits(feature) && !names.includes(feature) && !still.includes(feature),
  );
  if (large.length > 0) {
    warnings.push(
      `${named(large)} ${large.length > 1 ? 'have' : 'has'} numbers of more digits than a flow reads, which are about 7: rows that differ only in ` +
        `later ones become equal. Leave ${large.length > 1 ? 'them' : 'it'} out (--exclude, data.exclude), or subtract what all have in common first.`,
    );
  }
  // A map takes tails and limits away.
  const bare = features.filter(({ name }) => data.transforms?.[name] === undefined);
  const heavy = withFinding(bare, 'heavy tail').map(([feature]) => feature);
  warnings.push(...ofTails(heavy));
  // Drawn points have the limits that were asked for.
  if (!isBuiltin(data)) warnings.push(...ofLimits(bare));
  const far = bare.filter((feature) => isFar(feature) && !heavy.includes(feature));
  if (far.length > 0) {
    warnings.push(
      `${named(far)} ${far.length > 1 ? 'have' : 'has'} values far from all others (${farthestOf(far[0]!)}): check for ` +
        'errors, or take a logarithm.',
    );
  }
  return warnings;
}

function ofTails(heavy: readonly FeatureFacts[]): string[] {
  if (heavy.length === 0) return [];
  const { name, min, max, quartiles } = heavy[0]!;
  const [, median = NaN] = quartiles ?? [];
  const isPositive = heavy.every((feature) => feature.min >= 0);
  const spread = `median ${short(median)}, ${-min > max ? `smallest ${short(min)}` : `largest ${short(max)}`}`;
  const maps = offersOf(heavy);
  const zero = maps.some(([, map]) => map === 'log:-1');
  const remedy = isPositive
    ? `train on ${heavy.length > 1 ? 'their logarithms' : 'its logarithm'}${zero ? ', log(1 + x)' : ''}: ${mapsText(maps)}`
    : `train on asinh(x / s), with s a usual size${heavy.length > 1 ? ' of each' : ''}, or give the flow a base with heavy tails (model.base "studentT")`;
  return [
    `${named(heavy)} ${heavy.length > 1 ? 'have heavy tails' : 'has a heavy tail'} (${heavy.length > 1 ? `"${name}": ` : ''}${spread}): a few ` +
      `values make up the deviation that all are divided by, so that a flow hardly sees the others. Better ${remedy}.`,
  ];
}

function ofLimits(features: readonly FeatureFacts[]): string[] {
  const entries = withFinding(features, 'limits');
  if (entries.length === 0) return [];
  const many = entries.some(([, { low, high }]) => (low?.share ?? high?.share) !== undefined);
  const shown = entries.slice(0, mostNamed).map(([{ name }, finding]) => `"${name}" ${limitsText(finding)}`);
  const maps = offersOf(entries.map(([feature]) => feature));
  return [
    `Values end abruptly: ${shown.join('; ')}${andMore(entries.length)}. Flows are smooth there, so samples lie beyond. Train on the ` +
      'logarithm of the distance to the limit, between two limits on the logit, or for angles and hours on a circle' +
      `${maps.length > 0 ? `, which keeps samples inside: ${mapsText(maps)}` : ', or cut samples off'}.` +
      (many
        ? ' Where many rows are the limit itself, a density can grow without limit: add noise to the column, or leave it out (--exclude, data.exclude).'
        : ''),
  ];
}

/** The option that asks for maps of columns, or where their names do not fit in it the field of a config. */
function mapsText(maps: readonly [column: string, map: string][]): string {
  return maps.every(([column]) => /^[^\s,="'`$\\]+$/.test(column))
    ? `--transform ${maps.map((map) => map.join('=')).join(',')} (data.transforms)`
    : `data.transforms ${JSON.stringify(Object.fromEntries(maps))}`;
}

const offersOf = (features: readonly FeatureFacts[]): [string, string][] =>
  features.slice(0, mostNamed).flatMap((feature): [string, string][] => {
    const map = offeredMap(feature);
    return map === undefined ? [] : [[feature.name, map]];
  });

/** "from 0 (60 % are 0) to 1" */
function limitsText({ low, high }: Extract<ValueFinding, { kind: 'limits' }>): string {
  const at = (what: string, limit: Limit | undefined): string[] => {
    if (!limit) return [];
    const value = short(limit.value);
    return [
      `${what} ${value}${limit.share === undefined ? '' : ` (${percent(limit.share)} of the values are ${value})`}`,
    ];
  };
  return [...at('from', low), ...at(low ? 'to' : 'up to', high)].join(' ');
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** Four digits. */
function short(value: number): string {
  const rounded = Number(value.toPrecision(4));
  const magnitude = Math.abs(rounded);
  return magnitude >= 1e6 ? rounded.toExponential() : String(rounded);
}

const fewOf = (counts: readonly number[]): string => counts.slice(0, 4).join(', ');

type FindingOf<Kind extends ValueFinding['kind']> = Extract<ValueFinding, { kind: Kind }>;

function withFinding<Kind extends ValueFinding['kind']>(
  features: readonly FeatureFacts[],
  kind: Kind,
): [FeatureFacts, FindingOf<Kind>][] {
  return features.flatMap((feature) => {
    const finding = feature.findings?.find((each): each is FindingOf<Kind> => each.kind === kind);
    return finding ? [[feature, finding] satisfies [FeatureFacts, FindingOf<Kind>]] : [];
  });
}

function isFar({ min, max, mean, std, quartiles }: FeatureFacts): boolean {
  if (std > 0 && Math.max(max - mean, mean - min) > outlier * std) return true;
  if (!quartiles) return false;
  const [low, , high] = quartiles;
  return high > low && Math.max(max - high, low - min) > outlierOfQuartiles * (high - low);
}

function farthestOf({ name, min, max, mean, quartiles }: FeatureFacts): string {
  const usual = quartiles ? `, half of the values from ${short(quartiles[0])} to ${short(quartiles[2])}` : '';
  return `"${name}" ${short(max - mean > mean - min ? max : min)}${usual}`;
}

/** In float32, large values are whole. Values far from zero compared with their spread are taken for numbers of something. */
function losesDigits({ min, max, mean, std }: FeatureFacts): boolean {
  const largest = largestOf({ min, max });
  const isFar = largest > largestWhole && Math.abs(mean) > farFromZero * std;
  return std > 0 && (isFar || largest * 2 ** -24 > mostRounded * std);
}

function named(features: readonly { name: string }[]): string {
  const shown = features
    .slice(0, mostNamed)
    .map(({ name }) => `"${name}"`)
    .join(', ');
  return `Column${features.length > 1 ? 's' : ''} ${shown}${andMore(features.length)}`;
}

const andMore = (count: number): string => (count > mostNamed ? ` and ${count - mostNamed} more` : '');
