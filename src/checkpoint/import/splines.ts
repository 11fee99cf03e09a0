/** Maps of single features, by the number of values that a network gives for each: a shift, shift and scale, a spline. */
import { inverseSoftplus } from '../../base/softplus';
import type { TransformName } from '../../config/transforms';
import type { ImportQuestion, ImportAnswers } from '../../protocol/import';
import { mapColumns, type Values } from './chain-importer';
import path from 'node:path';
import { shortened, UserError } from '../../base/user-error';
import { savedArgument } from './module-facts';
import { choice, undecided } from './questions';
import type { TensorFile } from './types';

export interface FeatureMap {
  transform: TransformName;
  /** Bins of a spline. */
  bins?: number;
  /** Whether the spline has slopes of its own at both ends, as nflows' without tails, which map [0, 1]. */
  box?: true;
}

/** Limit of the config. */
const mostBins = 256;

/** What takes so many values a feature; a spline takes widths, heights and the slopes between its bins. */
export function featureMap(values: number): FeatureMap | undefined {
  if (values === 1) return { transform: 'additive' };
  if (values === 2) return { transform: 'affine' };
  const bins = binsOf(values + 1);
  return bins === undefined ? undefined : { transform: 'rationalQuadratic', bins };
}

/** A spline of nflows without tails, which takes the slopes at both ends too. */
export function boxSpline(values: number): FeatureMap | undefined {
  const bins = binsOf(values - 1);
  return bins === undefined ? undefined : { transform: 'rationalQuadratic', bins, box: true };
}

const binsOf = (values: number): number | undefined => {
  const bins = values / 3;
  return Number.isInteger(bins) && bins >= 2 && bins <= mostBins ? bins : undefined;
};

/** How many values a network gives for the spline of a feature. */
export const splineValues = (bins: number, box = false): number => 3 * bins + (box ? 1 : -1);

/** After "gives 7 values for 2 features; ". */
export const knownMaps =
  'known for each are 1 (a shift), 2 (shift and scale) and 3·bins − 1 (a spline of 2 to 256 bins)';

/** @param argument the library's own name for it */
export function boundQuestion(argument: 'bound' | 'tail_bound', fallback: number): ImportQuestion {
  return {
    key: argument === 'bound' ? 'bound' : 'tailBound',
    title: 'Bound of the splines',
    detail:
      `The \`${argument}\` argument, which a state dict does not hold: splines map from minus this to this, ` +
      'and change nothing outside.',
    answer: { kind: 'number', default: fallback, minimum: 1e-3 },
  };
}

/** Least share of a bin and least slope of nflows' splines, which normflows has too; also the least diagonal of LULinear. */
export const leastOfNflows = 1e-3;

/** Ours take softplus(u + this) + floor, so that 0 gives 1; what nflows has takes softplus(u) + floor. */
export const softplusOffset = inverseSoftplus(1 - leastOfNflows);

/** Ours from the values that nflows' splines take for the knots of a feature. @param at place among these values */
export function knotOf(u: number, at: number, bins: number): number {
  return at < 2 * bins ? u : u - softplusOffset;
}

/**
 * In place: the last layer of a network of nflows that gives the knots of each feature, one feature after the other.
 * @param width what the library divides widths and heights by the root of: a ResidualNet's width, and 1 for a MADE
 */
export function foldKnots(
  tensors: Record<string, Values>,
  layer: string,
  { bins, box }: { bins: number; box?: boolean },
  width: number,
): void {
  const values = splineValues(bins, box);
  mapColumns(tensors, layer, (x, column) => (column % values < 2 * bins ? x / Math.sqrt(width) : x));
  mapColumns(tensors, layer, (u, column) => knotOf(u, column % values, bins), ['bias']);
}

interface Option {
  value: string;
  label: string;
}

interface Other extends Option {
  computed?: boolean;
  /** The kinds among which the question chooses, where it is more than one. */
  parts?: readonly Option[];
}

/** What one library has. */
interface Kinds {
  name: string;
  /** The key of the question. */
  key: string;
  /** Class of the splines, which are computed. */
  spline: string;
  splineLabel(bins: number): string;
  /** What else takes so many values a feature, in the plural. */
  others(values: number): Other[];
  /** Values a feature at which another kind is as likely as splines. */
  ambiguousAt?: readonly number[];
}

/** How many bins if they are splines, or how many values if they are not. */
export interface Taken {
  bins?: number;
  values?: number;
  /** Which it is likely to be, where something besides the number of values says so. */
  likely?: string | undefined;
}

const valuesOf = ({ bins, values }: Taken): number | undefined =>
  values ?? (bins === undefined ? undefined : 3 * bins - 1);

/**
 * Kinds of transforms that take as many values a feature as a rational-quadratic spline, so that they leave the same tensors.
 * Such a file is taken for splines and the other kinds are named, but where another kind is as likely, or no spline takes so
 * many values, it is refused until the user says what it is.
 */
export class SplineKinds {
  constructor(private readonly kinds: Kinds) {}

  /** None for other transforms. */
  questions(file: TensorFile, taken: Taken): ImportQuestion[] {
    const values = valuesOf(taken);
    if (values === undefined) return [];
    const { bins, likely } = taken;
    const { key, spline, ambiguousAt = [] } = this.kinds;
    const [first, ...others] = this.options(taken);
    const undecidable = bins === undefined || (ambiguousAt.includes(values) && !this.isSpline(file, bins));
    const label =
      bins === undefined ? first!.label : `${first!.label}, not ${this.otherWords(values, ' or ')}`;
    return [
      choice(
        key,
        'Transform of each feature',
        `All of these take ${values} values a feature, and leave the same tensors. Flowscope computes ${this.computedWords(taken)}.`,
        [{ ...first!, label }, ...others],
        likely ?? (undecidable ? undecided : spline),
      ),
    ];
  }

  /**
   * What they are; undefined for other transforms.
   * @throws UserError where the file holds what is not computed, or may, with how to say that it does not
   */
  check(tensorFile: TensorFile, taken: Taken, answers: ImportAnswers): string | undefined {
    const values = valuesOf(taken);
    if (values === undefined) return undefined;
    const { name, key } = this.kinds;
    const answer = answers[key] ?? this.questions(tensorFile, taken)[0]!.answer.default;
    const computed = this.computedOf(taken);
    const options = this.options(taken);
    const [, ...rest] = options;
    const option = options.find(({ value }) => value === answer);
    if (computed.some(({ value }) => value === answer)) return answer as string;
    const { file } = tensorFile;
    const what = option
      ? `which is taken for ${option.label}. Flowscope does not compute these.`
      : `which fits ${options[0]!.label} as well as ${rest.map(({ label }) => label).join(' and ')} of ${name}. ` +
        `Flowscope computes ${this.computedWords(taken)}.`;
    const ways = computed.map(({ value, label }, i) => {
      const where = i === 0 ? ` to ${shortened(path.basename(file))}.flowscope.json beside it` : '';
      return `If they are ${label}, write {"answers": {"${key}": "${value}"}}${where}, choose that in "Change How This File Is Read", or give convert --set ${key}=${value}. `;
    });
    throw new UserError(
      `${file}: Its networks give ${values} values a feature, ${what} ${ways.join('')}` +
        'Otherwise record the flow in Python with flowscope.record, and open the recording.',
    );
  }

  /** After "gives 20 values for 2 features; ": what is computed, and what a network that gives so many may be for. */
  knownFor(values: number): string {
    if (!Number.isInteger(values) || values < 3) return knownMaps;
    return `known are 1, 2 and 3·bins − 1 for each; ${values} are of ${this.otherWords(values, ' or ')}`;
  }

  /** The splines first, where it may be splines; then what is computed. */
  private options(taken: Taken): (Option & { computed: boolean })[] {
    const { spline, splineLabel, others } = this.kinds;
    const { bins } = taken;
    const all = [
      ...(bins === undefined ? [] : [{ value: spline, label: splineLabel(bins), computed: true }]),
      ...others(valuesOf(taken)!).flatMap(({ parts, ...other }) =>
        parts ? parts.map((part) => ({ computed: true, ...part })) : [{ computed: false, ...other }],
      ),
    ];
    return all.toSorted((a, b) => Number(b.computed) - Number(a.computed));
  }

  private computedOf(taken: Taken): Option[] {
    return this.options(taken).filter(({ computed }) => computed);
  }

  private computedWords(taken: Taken): string {
    const [all, computed] = [this.options(taken), this.computedOf(taken)];
    if (computed.length === all.length) return 'all of them';
    return computed.length === 1 ? 'the first one alone' : `the first ${computed.length} alone`;
  }

  private otherWords(values: number, between: string): string {
    return this.kinds
      .others(values)
      .map(({ label }) => label)
      .join(between);
  }

  /** Whether something besides the tensors says so: the bins that a script saved, or how to build what Flowscope wrote. */
  private isSpline({ extras }: TensorFile, bins: number): boolean {
    const build = extras['build'];
    if (typeof build === 'string' && /\b(NC?SF|MonotonicRQSTransform|\w*RationalQuadratic\w*)\b/.test(build))
      return true;
    return savedArgument(extras, ['bins', 'num_bins']) === bins;
  }
}
